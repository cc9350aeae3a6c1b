/** The incarnations that have lost a job, and which of them seem to have died: a task that has got no further meanwhile is poisoned. */
export class JobDeaths {
  readonly #lost: number[] = [];
  readonly #survived: Set<number> = new Set();
  /** The incarnations of which the last engine that claimed the job could know that they had lost it. */
  #known: ReadonlySet<number> = new Set();
  /** How many there were when each task last got further. */
  readonly #progress: Map<unknown, number> = new Map();

  /** An incarnation has lost the job to another engine. */
  lostBy(incarnation: number): void {
    this.#lost.push(incarnation);
    this.#known = new Set(this.#survived);
  }

  /** An incarnation has said that it lives. */
  survived(incarnation: number): void {
    this.#survived.add(incarnation);
  }

  /** A task has got further. */
  progressed(task: unknown): void {
    this.#progress.set(task, this.#lost.length);
  }

  /** How many have lost the job since a task last got further, and how many of these have died. */
  countsFor(task: unknown): { readonly died: number; readonly lost: number } {
    const lost = new Set(this.#lost.slice(this.#progress.get(task) ?? 0));
    return { died: [...lost].filter((it) => !this.#known.has(it)).length, lost: lost.size };
  }
}
