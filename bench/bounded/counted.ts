import type { Store } from "@routilux/routilux/store";
import { memoryStore } from "@routilux/routilux/stores/memory";
import type { Timers } from "../../src/ports/timers.ts";

/** Timers of which one can say how many are pending. */
export interface CountedTimers extends Timers {
  /** How many are. */
  readonly pending: number;
}

/** Counts the pending ones of other timers. */
export function countTimers(timers: Timers): CountedTimers {
  const pending = new Set<object>();
  const add = (set: (callback: () => void) => () => void, callback: () => void) => {
    const timer = {};
    pending.add(timer);
    const cancel = set(() => {
      pending.delete(timer);
      callback();
    });
    return () => {
      pending.delete(timer);
      cancel();
    };
  };
  return {
    now: () => timers.now(),
    elapsed: () => timers.elapsed(),
    soon: (callback) => timers.soon(callback),
    setTimer: (at, callback) => add((run) => timers.setTimer(at, run), callback),
    after: (ms, callback) => add((run) => timers.after(ms, run), callback),
    get pending() {
      return pending.size;
    },
  };
}

/** A signal of which one can say how many listeners it has. */
export class CountedSignal {
  readonly signal: AbortSignal = new AbortController().signal;
  /** How many it has. */
  listeners = 0;

  constructor() {
    const { signal } = this;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      this.listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      this.listeners--;
      removeEventListener.apply(signal, args);
    };
  }
}

/** A memory store that knows how long the journals of its live jobs are, and which jobs have ended. */
export class CountedStore {
  readonly store: Store;
  /** How many subscribers it has. */
  subscriptions = 0;
  /** How many jobs have ended. */
  ended = 0;
  /** The most entries, and their characters, that a journal has had since the last call of `takeLongest`. */
  #longest = { entries: 0, characters: 0 };
  readonly #journals = new Map<string, { revision: number; readonly lengths: number[]; characters: number }>();

  constructor() {
    const store = memoryStore();
    this.store = {
      ...store,
      append: (claim, revision, entries, head) => {
        const answer = store.append(claim, revision, entries, head);
        this.#add(claim.jobId, entries);
        if (head?.endedAt !== undefined && answer === "stored") {
          this.ended++;
          this.#journals.delete(claim.jobId);
        }
        return answer;
      },
      compact: (life, revision, snapshot) => {
        this.#drop(life.jobId, revision);
        return store.compact(life, revision, snapshot);
      },
      watch: (onEvent) => {
        this.subscriptions++;
        const stop = store.watch?.(onEvent);
        return () => {
          this.subscriptions--;
          stop?.();
        };
      },
    };
  }

  /** Returns the length of the journal that was the longest since the last call. */
  takeLongest(): { readonly entries: number; readonly characters: number } {
    const longest = this.#longest;
    this.#longest = { entries: 0, characters: 0 };
    return longest;
  }

  #add(jobId: string, entries: readonly string[]): void {
    const journal = this.#journals.get(jobId) ?? { revision: 0, lengths: [], characters: 0 };
    this.#journals.set(jobId, journal);
    for (const { length } of entries) {
      journal.lengths.push(length);
      journal.characters += length;
    }
    this.#longest.entries = Math.max(this.#longest.entries, journal.lengths.length);
    this.#longest.characters = Math.max(this.#longest.characters, journal.characters);
  }

  #drop(jobId: string, revision: number): void {
    const journal = this.#journals.get(jobId);
    if (journal === undefined) return;
    for (const length of journal.lengths.splice(0, revision - journal.revision)) journal.characters -= length;
    journal.revision = revision;
  }
}
