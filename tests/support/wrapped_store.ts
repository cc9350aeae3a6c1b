import type { MaybePromise, Store } from "../../src/ports/mod.ts";

/** Puts something around a call of a store. */
export type Wrap = <A extends unknown[], R>(call: (...args: A) => MaybePromise<R>) => (...args: A) => MaybePromise<R>;

/** Wraps all methods of a store except `watch` and `close`: writes in one way, and reads in the same or in another one. */
export function wrapStore(store: Store, write: Wrap, read: Wrap = write): Store {
  return {
    create: write((...args) => store.create(...args)),
    append: write((...args: Parameters<Store["append"]>) => store.append(...args)),
    compact: write((...args) => store.compact(...args)),
    send: write((...args) => store.send(...args)),
    enter: write((...args) => store.enter(...args)),
    renew: write((...args) => store.renew(...args)),
    leave: write((...args) => store.leave(...args)),
    take: write((...args) => store.take(...args)),
    claim: write((...args) => store.claim(...args)),
    delete: write((...args) => store.delete(...args)),
    purge: write((...args) => store.purge(...args)),
    find: read((...args) => store.find(...args)),
    load: read((...args) => store.load(...args)),
    outcome: read((...args) => store.outcome(...args)),
    inbox: read((...args) => store.inbox(...args)),
    commands: read((...args) => store.commands(...args)),
    held: read((...args) => store.held(...args)),
    nextDueAt: read((...args) => store.nextDueAt(...args)),
    list: read((...args: Parameters<Store["list"]>) => store.list(...args)),
    count: read((...args: Parameters<Store["count"]>) => store.count(...args)),
    ...(store.permit && { permit: write(store.permit.bind(store)) }),
    ...(store.time && { time: read(store.time.bind(store)) }),
    ...(store.replaceFlow && { replaceFlow: write(store.replaceFlow.bind(store)) }),
    ...(store.watch && { watch: store.watch.bind(store) }),
    close: () => store.close(),
  };
}
