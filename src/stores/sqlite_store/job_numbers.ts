/** As many are kept at the most. */
const MOST = 10_000;

/**
 * The numbers of jobs that were written to. One that is out of date is no danger, as long as no other job has it: a number is
 * given once, unless the transaction that gave it is rolled back.
 */
export class JobNumbers {
  readonly #numbers: Map<string, number> = new Map();

  /** The number of a job, if it is known. */
  get(jobId: string): number | undefined {
    return this.#numbers.get(jobId);
  }

  /** Keeps the number of a job. */
  set(jobId: string, number: number): void {
    if (this.#numbers.size >= MOST) this.#numbers.clear();
    this.#numbers.set(jobId, number);
  }

  /** Forgets all numbers: some may have been given back. */
  forgetAll(): void {
    this.#numbers.clear();
  }
}
