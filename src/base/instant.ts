const FORM = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/** The last instant that ISO 8601 writes with a four-digit year. */
export const LAST_INSTANT = 253_402_300_799_999;

/** The instant some milliseconds later: a whole one, and none that could not be written. */
export function instantAfter(now: number, ms: number): number {
  return Math.min(Math.ceil(now + ms), LAST_INSTANT);
}

const EPOCH = { ms: 0, text: "1970-01-01T00:00:00.000Z" };

/** The instant that was written last: very much happens within a millisecond. */
let written = EPOCH;
/** The instant that was read last. */
let read = EPOCH;

/** Writes an instant (milliseconds since 1970) as ISO 8601 in UTC: `2026-01-31T12:00:00.000Z`. */
export function formatInstant(ms: number): string {
  if (ms !== written.ms) written = { ms, text: new Date(ms).toISOString() };
  return written.text;
}

/** Reads an instant as `formatInstant` writes it; nothing for any other text or a day that does not exist. */
export function parseInstant(text: string): number | undefined {
  if (text === read.text) return read.ms;
  if (!FORM.test(text)) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms) || formatInstant(ms) !== text) return undefined;
  read = { text, ms };
  return ms;
}
