const FORM = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3])(?::[0-5]\d){2}\.\d{3}Z$/;
/** Where the day of the month stands, and the last one that every month has. */
const DAY = { from: 8, to: 10, last: "28" } as const;

/** The last instant that ISO 8601 writes with a four-digit year. */
export const LAST_INSTANT = 253_402_300_799_999;

/** The instant some milliseconds later: a whole one, and none that could not be written. */
export function instantAfter(now: number, ms: number): number {
  return Math.min(Math.ceil(now + ms), LAST_INSTANT);
}

const EPOCH = { ms: 0, text: "1970-01-01T00:00:00.000Z" };

/** The last instant that was written, and its text: many commits, tasks and records share a millisecond. */
let written = EPOCH;
/** The last text that was read, and its instant, for the same reason. */
let read = EPOCH;

/**
 * The minute of the last written instant, and the beginning of its text: instants that are written one after the other mostly share
 * the minute.
 */
let minute = { from: 0, text: "1970-01-01T00:00:" };

/** Writes an instant (milliseconds since 1970) as ISO 8601 in UTC: `2026-01-31T12:00:00.000Z`. */
export function formatInstant(ms: number): string {
  if (ms !== written.ms) written = { ms, text: textOf(ms) };
  return written.text;
}

/** Whether two instants are one in documents: a host's clock may be finer than those. */
export function isSameInstant(a: number, b: number): boolean {
  return formatInstant(a) === formatInstant(b);
}

function textOf(ms: number): string {
  const rest = ms - minute.from;
  if (rest >= 0 && rest < 60_000 && Number.isInteger(rest)) {
    // A thousand more, so that there are zeros in front.
    return `${minute.text}${String(100_000 + rest).slice(1, 3)}.${String(1_000 + rest % 1_000).slice(1)}Z`;
  }
  const text = new Date(ms).toISOString();
  if (Number.isInteger(ms) && ms >= 0) minute = { from: ms - ms % 60_000, text: text.slice(0, -7) };
  return text;
}

/** Reads an instant as `formatInstant` writes it; nothing for any other text or a day that does not exist. */
export function parseInstant(text: string): number | undefined {
  if (text === read.text) return read.ms;
  if (!FORM.test(text)) return undefined;
  const ms = Date.parse(text);
  // Some runtimes take a day that a month does not have for one of the next.
  if (text.slice(DAY.from, DAY.to) > DAY.last && (Number.isNaN(ms) || formatInstant(ms) !== text)) return undefined;
  read = { text, ms };
  return ms;
}
