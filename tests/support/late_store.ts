import type { MaybePromise, Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";

/** Wraps a store so that it always answers later: one that answers at once hides races. */
export function lateStore(inner: Store = memoryStore()): Store {
  const late = <A extends unknown[], R>(call: (...args: A) => MaybePromise<R>) => async (...args: A): Promise<R> => {
    for (let turns = 0; turns < 3; turns++) await Promise.resolve();
    const answer = await call(...args);
    for (let turns = 0; turns < 3; turns++) await Promise.resolve();
    return answer;
  };
  const { create, find, load, append, compact, due, list, send, inbox, watch, close } = inner;
  return {
    create: late(create),
    find: late(find),
    load: late(load),
    append: late(append),
    compact: late(compact),
    due: late(due),
    list: late(list),
    send: late(send),
    inbox: late(inbox),
    delete: late(inner.delete),
    ...(watch && { watch }),
    close,
  };
}
