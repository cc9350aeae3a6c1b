import type { Store } from "../../src/ports/mod.ts";
import { PendingCalls } from "../../src/ports/store_kit.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { wrapStore } from "./wrapped_store.ts";

const TURNS = 3;

/** Wraps a store so that it always answers later: one that answers at once hides races. */
export function lateStore(inner: Store = memoryStore()): Store {
  const pending = new PendingCalls();
  const late = async <T>(call: () => T | Promise<T>): Promise<T> => {
    for (let turn = 0; turn < TURNS; turn++) await Promise.resolve();
    const answer = await call();
    for (let turn = 0; turn < TURNS; turn++) await Promise.resolve();
    return answer;
  };
  return {
    ...wrapStore(inner, (call) => (...args) => pending.add(late(() => call(...args)))),
    async close() {
      await pending.finished();
      await inner.close();
    },
  };
}
