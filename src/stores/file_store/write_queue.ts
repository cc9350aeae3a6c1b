import type { MaybePromise } from "../../ports/store.ts";
import { runThrough, waitFor, type Work } from "./files.ts";

/** Goes on with a result, at once if it is there. */
export function then<T, U>(result: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return result instanceof Promise ? result.then(next) : next(result);
}

/** What has become of a call. */
export type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/** Makes calls that do not depend on each other; answers when all have succeeded or failed. */
export function settleAll<T>(calls: readonly (() => MaybePromise<T>)[]): MaybePromise<Outcome<T>[]> {
  const outcomes: Outcome<T>[] = [];
  const pending: Promise<void>[] = [];
  for (const [at, call] of calls.entries()) {
    const keep = (value: T): void => void (outcomes[at] = { value });
    const fail = (error: unknown): void => void (outcomes[at] = { error });
    try {
      const result = call();
      if (result instanceof Promise) pending.push(result.then(keep, fail));
      else keep(result);
    } catch (error) {
      fail(error);
    }
  }
  return pending.length === 0 ? outcomes : Promise.all(pending).then(() => outcomes);
}

/** The values of calls, if none has failed; else the first error is thrown. */
export function valuesOf<T>(outcomes: readonly Outcome<T>[]): T[] {
  return outcomes.map((outcome) => {
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  });
}

/** A file that collects writes, and then stores them all at once. */
export interface WriteTarget {
  /** Stores the collected writes; when this throws, none of them has happened. */
  store(): Work<void>;
}

/** A write that may be stored together with others to the same target. */
interface Write {
  readonly target: WriteTarget;
  /** Decides the write, and returns the function that answers its caller once the group is stored. */
  readonly decide: () => () => void;
  readonly reject: (error: unknown) => void;
}

/** Work that must not overlap with any write. It answers its caller itself. */
type ExclusiveWork = () => Promise<void>;

/**
 * The writes to one job, in order. While a group of writes is being stored, new ones form the next group, so that they
 * share one flush. With `waits` false, each write is stored before its call returns.
 */
export class WriteQueue {
  readonly #waits: boolean;
  readonly #turns: (Write | ExclusiveWork)[] = [];
  #isRunning = false;

  /** Makes an empty queue; `waits` says whether writes wait for a flush to the device. */
  constructor(waits: boolean) {
    this.#waits = waits;
  }

  /**
   * Queues a write. `decide` runs when all writes before it have been decided, and collects the write in `target`; the
   * result is returned once the write is stored.
   */
  write<T>(target: WriteTarget, decide: () => T): MaybePromise<T> {
    if (!this.#waits) {
      const answer = decide();
      runThrough(target.store());
      return answer;
    }
    return new Promise((resolve, reject) => {
      const tell = (): () => void => {
        try {
          const answer = decide();
          return () => resolve(answer);
        } catch (error) {
          return () => reject(error);
        }
      };
      this.#add({ target, decide: tell, reject });
    });
  }

  /** Runs work while no write is being stored. */
  alone<T>(start: () => Work<T>): MaybePromise<T> {
    if (!this.#waits) return runThrough(start());
    return new Promise((resolve, reject) => this.#add(() => waitFor(start()).then(resolve, reject)));
  }

  #add(turn: Write | ExclusiveWork): void {
    this.#turns.push(turn);
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // Waits a microtask, so that writes of the same synchronous code form one group.
    await undefined;
    for (let turn = this.#turns[0]; turn !== undefined; turn = this.#turns[0]) {
      if (typeof turn === "function") {
        this.#turns.shift();
        await turn();
      } else await this.#store(turn.target);
    }
    this.#isRunning = false;
  }

  async #store(target: WriteTarget): Promise<void> {
    const group = this.#take(target);
    const tells = group.map(({ decide }) => decide());
    try {
      await waitFor(target.store());
    } catch (error) {
      // The queued writes may depend on the failed ones, and would be refused as if another process had interfered.
      // They fail with the true error instead.
      for (const { reject } of [...group, ...this.#take(target)]) reject(error);
      return;
    }
    for (const tell of tells) tell();
  }

  /** Removes the writes to a target from the head of the queue. */
  #take(target: WriteTarget): Write[] {
    const group: Write[] = [];
    for (let turn = this.#turns[0]; turn !== undefined; turn = this.#turns[0]) {
      if (typeof turn === "function" || turn.target !== target) break;
      group.push(turn);
      this.#turns.shift();
    }
    return group;
  }
}
