import { formatInstant } from "../base/instant.ts";
import { RequestError } from "./failure.ts";
import { readRecords } from "./read_records.ts";
import type { StudioHost } from "./studio_host.ts";

/** How far back it is looked, in milliseconds, by the words of addresses. */
export const WINDOWS: Readonly<Record<string, number>> = {
  "15m": 900_000,
  "1h": 3_600_000,
  "1d": 86_400_000,
};
/** In how many parts of the same length a window is divided. */
const PARTS = 30;

/** What has happened in one part of a window. */
export interface ThroughputPart {
  /** When the part begins, in ISO 8601. */
  readonly from: string;
  /** How many jobs were created in it. */
  readonly created: number;
  /** How many jobs ended in it, in whatever status. */
  readonly ended: number;
  /** How many of those have failed. */
  readonly failed: number;
  /** How many entries the journals of those have: each step of a handler has made one. */
  readonly steps: number;
}

/** How many jobs were created and ended, by time. */
export interface Throughput {
  /** The length of a part, in milliseconds. */
  readonly partMs: number;
  /** The parts, in order; the last one ends now. */
  readonly parts: readonly ThroughputPart[];
  /** Whether all jobs of the store were looked at, and not only the newest. */
  readonly isWhole: boolean;
  /** How many jobs were looked at. */
  readonly lookedAt: number;
}

/**
 * Counts the jobs that were created and that ended in the last minutes or hours, among the newest jobs of the store. A store keeps no
 * such counts; to read so many records costs little.
 *
 * @throws {RequestError} for a window that there is not
 */
export async function measureThroughput({ store, timers }: StudioHost, window: string = "15m"): Promise<Throughput> {
  const length = Object.hasOwn(WINDOWS, window) ? WINDOWS[window] : undefined;
  if (length === undefined) {
    throw new RequestError(400, `window must be one of ${Object.keys(WINDOWS).join(", ")}`);
  }
  const { isWhole, records } = await readRecords(store, { newestFirst: true });
  const partMs = length / PARTS;
  const begin = timers.now() - length;
  const placeOf = (at: number | undefined) => at === undefined ? -1 : Math.floor((at - begin) / partMs);
  return {
    partMs,
    parts: Array.from({ length: PARTS }, (_, index): ThroughputPart => {
      // What happens at this moment belongs to the last part.
      const isIn = (at: number | undefined) => {
        const place = placeOf(at);
        return place === index || (index === PARTS - 1 && place === PARTS);
      };
      const ended = records.filter(({ endedAt }) => isIn(endedAt));
      return {
        from: formatInstant(begin + index * partMs),
        created: records.filter(({ createdAt }) => isIn(createdAt)).length,
        ended: ended.length,
        failed: ended.filter(({ status }) => status === "failed").length,
        steps: ended.reduce((sum, { revision }) => sum + revision, 0),
      };
    }),
    isWhole,
    lookedAt: records.length,
  };
}
