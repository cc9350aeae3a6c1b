import { Fifo } from "../../base/fifo.ts";

interface Waiter {
  /** The revision that must be stored. */
  readonly revision: number;
  readonly run: () => void;
}

/** What waits until entries of a journal are stored, in their order. */
export class StoredWaiters {
  readonly #waiters: Fifo<Waiter> = new Fifo();

  /** How many wait. */
  get size(): number {
    return this.#waiters.size;
  }

  /** Adds one; its revision is no smaller than those of the others. */
  add(revision: number, run: () => void): void {
    this.#waiters.push({ revision, run });
  }

  /** The journal is stored up to a revision: calls back those that wait for that, and those that these add. */
  stored(revision: number): void {
    for (
      let next = this.#waiters.peek();
      next !== undefined && next.revision <= revision;
      next = this.#waiters.peek()
    ) {
      this.#waiters.shift();
      next.run();
    }
  }

  /** Nothing after a revision will be stored: forgets those that wait for it. */
  dropAfter(revision: number): void {
    const { size } = this.#waiters;
    for (let i = 0; i < size; i++) {
      const waiter = this.#waiters.shift();
      if (waiter !== undefined && waiter.revision <= revision) this.#waiters.push(waiter);
    }
  }
}
