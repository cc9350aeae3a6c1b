import type { Store } from "../../src/ports/mod.ts";

/** A store over a connection that may be gone: some of its calls are not answered. */
export interface SilentStore extends Store {
  /**
   * The next calls of a method, so many, are not answered, whether they are carried out or not. The returned function answers those that
   * are.
   */
  silence(method: Exclude<keyof Store, "watch" | "begin" | "close">, calls: number, isCarriedOut: boolean): () => void;
}

/** Wraps a store that answers at once. */
export function silentStore(inner: Store): SilentStore {
  const store: SilentStore = {
    ...inner,
    silence(method, calls, isCarriedOut) {
      let left = calls;
      const answers: (() => void)[] = [];
      const call = inner[method] as (...args: unknown[]) => unknown;
      Object.assign(store, {
        [method]: (...args: unknown[]) => {
          if (left-- <= 0) return call(...args);
          const answer = isCarriedOut ? call(...args) : undefined;
          return new Promise((resolve) => answers.push(() => resolve(answer)));
        },
      });
      return () => {
        for (const answer of answers.splice(0)) answer();
      };
    },
  };
  return store;
}
