import type { Store } from "../../src/ports/mod.ts";
import { type TransactingStore, transactingStore } from "./transacting_store.ts";

/** A store with one connection: while a transaction is open, every other call waits until it is over. */
export function loneConnectionStore(): TransactingStore {
  const inner = transactingStore();
  let last: Promise<unknown> = Promise.resolve();
  /** Does something when the connection is free, which it takes until what is returned has passed. */
  const alone = <T>(run: () => Promise<{ readonly answer: T; readonly until?: Promise<unknown> }>): Promise<T> => {
    const done = last.then(run);
    last = done.then(({ until }) => until, () => {});
    return done.then(({ answer }) => answer);
  };
  const one = <T>(call: () => T | Promise<T>): Promise<T> => alone(async () => ({ answer: await call() }));
  const ends = new WeakMap<object, () => void>();
  const { append, begin, permit: _permit, watch, ...calls } = inner;
  const waiting = Object.fromEntries(
    Object.entries(calls).map(([name, call]) => {
      return [
        name,
        typeof call === "function" ? (...args: never[]) => one(() => Reflect.apply(call, inner, args)) : call,
      ];
    }),
  );
  const store: Store = {
    ...inner,
    ...waiting,
    async append(claim, revision, entries, head, within) {
      if (within === undefined) return await one(() => append(claim, revision, entries, head));
      try {
        return await append(claim, revision, entries, head, within);
      } finally {
        ends.get(within)?.();
      }
    },
    begin: () =>
      alone(async () => {
        const transaction = await begin();
        const { promise: until, resolve } = Promise.withResolvers<void>();
        const rollback = transaction.rollback.bind(transaction);
        transaction.rollback = () => {
          resolve();
          return rollback();
        };
        ends.set(transaction, resolve);
        return { answer: transaction, until };
      }),
    ...(watch && { watch }),
  };
  return Object.defineProperties({ ...store } as TransactingStore, {
    ledger: { get: () => inner.ledger },
    open: { get: () => inner.open },
  });
}
