const FORM = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/** The last instant that ISO 8601 writes with a four-digit year. */
export const LAST_INSTANT = 253_402_300_799_999;

/** The instant some milliseconds later: a whole one, and none that could not be written. */
export function instantAfter(now: number, ms: number): number {
  return Math.min(Math.ceil(now + ms), LAST_INSTANT);
}

/** Writes an instant (milliseconds since 1970) as ISO 8601 in UTC: `2026-01-31T12:00:00.000Z`. */
export function formatInstant(ms: number): string {
  return new Date(ms).toISOString();
}

/** Reads an instant as `formatInstant` writes it; nothing for any other text or a day that does not exist. */
export function parseInstant(text: string): number | undefined {
  if (!FORM.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) || formatInstant(ms) !== text ? undefined : ms;
}
