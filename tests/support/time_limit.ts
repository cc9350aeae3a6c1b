/**
 * How long a test with processes or servers may wait, in milliseconds: many times what it needs on a slow machine. It is less than what
 * the runner gives a test: who has waited in vain says for what, and cleans up.
 */
export const MOST_WAIT_MS = 100_000;

/** A limit of time for all that a test waits for. */
export class TimeLimit {
  readonly #awaited = new Set<string>();
  readonly #passed: Promise<never>;
  readonly #timer: ReturnType<typeof setTimeout>;
  #error: Error | undefined;

  /** Begins to count; `onPassed` is called when time is up, and may say more about it. */
  constructor(ms: number = MOST_WAIT_MS, onPassed: () => string = () => "") {
    const { promise, reject } = Promise.withResolvers<never>();
    // Nobody may be waiting when time is up.
    promise.catch(() => {});
    this.#passed = promise;
    this.#timer = setTimeout(() => {
      const awaited = [...this.#awaited].join(", ") || "nothing that it has named";
      this.#error = new Error(`After ${ms} ms a test still waits for ${awaited}${onPassed()}`);
      reject(this.#error);
    }, ms);
  }

  /**
   * Waits for something.
   *
   * @throws what was waited for, when time is up
   */
  async waitFor<T>(what: string, promise: PromiseLike<T>): Promise<T> {
    this.#awaited.add(what);
    try {
      return await Promise.race([promise, this.#passed]);
    } finally {
      this.#awaited.delete(what);
    }
  }

  /**
   * Ends it.
   *
   * @throws what was waited for, when time was up: whatever the test has complained of is a consequence
   */
  end(): void {
    clearTimeout(this.#timer);
    if (this.#error !== undefined) throw this.#error;
  }
}

/** Runs something with a limit of time. */
export async function withTimeLimit<T>(run: (limit: TimeLimit) => Promise<T>, ms: number = MOST_WAIT_MS): Promise<T> {
  const limit = new TimeLimit(ms);
  try {
    return await run(limit);
  } finally {
    limit.end();
  }
}
