/** Runs work on the same thing one after the other, and work on different things at once. */
export class TurnQueue {
  readonly #last: Map<string, Promise<void>> = new Map();

  /** Runs work after all earlier work with the same key. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    let resolve = () => {};
    const own = new Promise<void>((done) => resolve = done);
    this.#last.set(key, own);
    try {
      if (before !== undefined) await before;
      return await work();
    } finally {
      if (this.#last.get(key) === own) this.#last.delete(key);
      resolve();
    }
  }
}
