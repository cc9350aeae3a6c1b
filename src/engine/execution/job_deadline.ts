import type { Deadline } from "../../job/job.ts";

/** The deadline of a live job, by the wall clock. Where that is set back, the deadline comes no later. */
export class JobDeadline {
  readonly #until: number;
  /** By how much the wall clock has been set. */
  #setBy = 0;

  /** Makes the deadline of a job that has one. */
  constructor({ until }: Deadline) {
    this.#until = until;
  }

  /** What the wall clock shows at the deadline. */
  get at(): number {
    return this.#until + Math.min(0, this.#setBy);
  }

  /** The wall clock has been set forward by some milliseconds, or back, if they are negative. */
  clockSet(byMs: number): void {
    this.#setBy += byMs;
  }
}
