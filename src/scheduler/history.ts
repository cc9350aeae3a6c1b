import { Fifo } from "../base/fifo.ts";
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
  #parts: Fifo<Records> = new Fifo();
  #limit: number;
  #size = 0;
  #dropped = 0;
  /** How many of the oldest part's records are gone. */
  #skipped = 0;

  /** Makes an empty history of at most `limit` records. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many records are kept. */
  get size(): number {
    return this.#size;
  }

  /** How many older records are gone. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Fills the history with records that were kept before, of which `dropped` older ones are gone. */
  restore(records: Records, dropped: number = 0): void {
    this.#parts = new Fifo();
    this.#size = 0;
    this.#skipped = 0;
    this.#dropped = dropped;
    this.push(records);
  }

  /** Adds the records of a commit; the oldest make room for them. */
  push(records: Records): void {
    if (records.length === 0) return;
    this.#parts.push(records);
    this.#size += records.length;
    if (this.#size > this.#limit) this.#trim();
  }

  /** Sets another limit; the oldest records beyond it are dropped. */
  setLimit(limit: number): void {
    this.#limit = limit;
    if (this.#size > limit) this.#trim();
  }

  /** The kept records, oldest first, as a new array. */
  toArray(): HistoryRecord[] {
    const records: HistoryRecord[] = [];
    for (const part of this.#parts) for (const record of part) records.push(record);
    return records.slice(this.#skipped);
  }

  #trim(): void {
    const excess = this.#size - this.#limit;
    this.#size = this.#limit;
    this.#dropped = Math.min(this.#dropped + excess, MAX_COUNT);
    this.#skipped += excess;
    for (let part = this.#parts.peek(); part !== undefined && this.#skipped > 0; part = this.#parts.peek()) {
      if (part.length > this.#skipped) return this.#cut(part);
      this.#skipped -= part.length;
      this.#parts.shift();
    }
  }

  #cut(part: Records): void {
    if (part.length < LONG_PART || this.#skipped * 2 < part.length) return;
    this.#parts.replaceFirst(part.slice(this.#skipped));
    this.#skipped = 0;
  }
}
