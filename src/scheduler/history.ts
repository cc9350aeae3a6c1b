import type { Stored } from "../base/json.ts";
import { MAX_COUNT } from "../base/limits.ts";

/** The kinds of history records. */
export const RECORD_TYPES: readonly ["start", "emit", "error", "retry", "skip"] = [
  "start",
  "emit",
  "error",
  "retry",
  "skip",
];

/** What a history record tells. */
export type RecordType = "start" | "emit" | "error" | "retry" | "skip";

/** One line of a job's history. */
export interface HistoryRecord {
  /** The routine's id. */
  readonly routine: string;
  /** What happened. */
  readonly type: RecordType;
  /** The event, for `emit`. */
  readonly event: string | undefined;
  /** The payload, or the error. */
  readonly data: Stored;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** The record of the first commit of a routine's task. */
export function startRecord(routine: string, at: number): HistoryRecord {
  return { routine, type: "start", event: undefined, data: undefined, at };
}

/** What one commit adds to the history. */
export interface Records extends Iterable<HistoryRecord> {
  /** How many records there are. */
  readonly length: number;
  /** The records from an index on. */
  slice(start: number): Records;
}

/** A part that is cut when half of it is gone: shorter ones wait till all of it is. */
const LONG_PART = 1_024;

/** The newest records of a job up to a limit, in the parts in which they came, and the count of those that are gone. */
export class History {
  #parts: Records[] = [];
  #limit: number;
  /** More than the limit: what is beyond it goes now and then, much at once. */
  #most: number;
  /** How many records the parts have that were not gone when they were last trimmed. */
  #held = 0;
  /** How many of the oldest part's records were. */
  #skipped = 0;
  /** How many were in all. */
  #dropped = 0;

  /** Makes an empty history of at most `limit` records. */
  constructor(limit: number) {
    this.#limit = limit;
    this.#most = withRoom(limit);
  }

  /** How many records are kept. */
  get size(): number {
    return Math.min(this.#held, this.#limit);
  }

  /** How many older records are gone. */
  get dropped(): number {
    return Math.min(this.#dropped + this.#held - this.size, MAX_COUNT);
  }

  /** Fills the history with records that were kept before, of which `dropped` older ones are gone. */
  restore(records: Records, dropped: number = 0): void {
    this.#parts = [];
    this.#held = 0;
    this.#skipped = 0;
    this.#dropped = dropped;
    this.push(records);
  }

  /** Adds the records of a commit; the oldest make room for them. */
  push(records: Records): void {
    const { length } = records;
    if (length === 0) return;
    this.#parts.push(records);
    this.#held += length;
    if (this.#held > this.#most) this.#trim();
  }

  /** Sets another limit; the oldest records beyond it are dropped. */
  setLimit(limit: number): void {
    this.#trim();
    this.#limit = limit;
    this.#most = withRoom(limit);
    this.#trim();
  }

  /** The kept records, oldest first, as a new array. */
  toArray(): HistoryRecord[] {
    const records: HistoryRecord[] = [];
    for (const part of this.#parts) for (const record of part) records.push(record);
    return records.slice(records.length - this.size);
  }

  #trim(): void {
    this.#skipped += this.#held - this.size;
    this.#dropped = this.dropped;
    this.#held = this.size;
    let gone = 0;
    for (const { length } of this.#parts) {
      if (length > this.#skipped) break;
      this.#skipped -= length;
      gone++;
    }
    if (gone > 0) this.#parts.splice(0, gone);
    this.#cut();
  }

  #cut(): void {
    const [part] = this.#parts;
    if (part === undefined || part.length < LONG_PART || this.#skipped * 2 < part.length) return;
    this.#parts[0] = part.slice(this.#skipped);
    this.#skipped = 0;
  }
}

function withRoom(limit: number): number {
  return limit + Math.floor(limit / 4);
}
