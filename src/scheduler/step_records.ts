import type { Emission } from "./decide.ts";
import type { HistoryRecord, Records } from "./history.ts";
import type { Instant } from "./moment.ts";

/** The history of a step. It is seldom read: the records are made when it is, of what the commit has at hand anyway. */
export class StepRecords implements Records {
  /** How many records there are. */
  readonly length: number;
  readonly #started: string | undefined;
  readonly #emissions: readonly Emission[];
  readonly #time: Instant;

  /** Makes the records of what was emitted, after the `start` of a task of the routine `started`, if any. */
  constructor(started: string | undefined, emissions: readonly Emission[], time: Instant) {
    this.length = emissions.length + (started === undefined ? 0 : 1);
    this.#started = started;
    this.#emissions = emissions;
    this.#time = time;
  }

  /** The records from an index on. */
  slice(start: number): StepRecords {
    if (start === 0) return this;
    const starts = this.length - this.#emissions.length;
    return new StepRecords(undefined, this.#emissions.slice(start - starts), this.#time);
  }

  /** The records, made anew. */
  *[Symbol.iterator](): Generator<HistoryRecord, void, undefined> {
    const { at } = this.#time;
    const started = this.#started;
    if (started !== undefined) yield { routine: started, type: "start", event: undefined, data: undefined, at };
    for (const { source: { routine, event }, data } of this.#emissions) {
      yield { routine, type: "emit", event, data, at };
    }
  }
}
