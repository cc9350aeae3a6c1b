import type { Meter } from "@opentelemetry/api";
import type { Store } from "../../ports/store.ts";
import { durations, measure } from "./metrics.ts";

/** A store whose calls are measured, and what is called before it is closed. */
interface Measured {
  readonly store: Store;
  readonly onClose: (() => void)[];
}

/** The measured stores, by the stores: engines that share a store must have one object for it, which the last of them closes. */
const known: WeakMap<Store, Measured> = new WeakMap();

/**
 * A store whose calls are measured: by the first meter with which it was given.
 *
 * @param onClose called before the store is closed
 */
export function measuredStore(store: Store, meter: Meter, onClose: () => void): Store {
  const found = known.get(store);
  const stops = found?.onClose ?? [];
  const measured = found ?? { store: measureCalls(store, meter, stops), onClose: stops };
  stops.push(onClose);
  known.set(store, measured);
  return measured.store;
}

function measureCalls(store: Store, meter: Meter, onClose: readonly (() => void)[]): Store {
  const histogram = durations(meter, "routilux.store.duration", "Duration of calls of the store");
  const timed = <A extends unknown[], R>(name: string, call: (...args: A) => R) => (...args: A): R =>
    measure(histogram, { "routilux.store.operation": name }, () => call.apply(store, args));
  return {
    create: timed("create", store.create),
    find: timed("find", store.find),
    load: timed("load", store.load),
    append: timed("append", store.append),
    compact: timed("compact", store.compact),
    send: timed("send", store.send),
    outcome: timed("outcome", store.outcome),
    inbox: timed("inbox", store.inbox),
    commands: timed("commands", store.commands),
    enter: timed("enter", store.enter),
    renew: timed("renew", store.renew),
    leave: timed("leave", store.leave),
    held: timed("held", store.held),
    take: timed("take", store.take),
    claim: timed("claim", store.claim),
    nextDueAt: timed("nextDueAt", store.nextDueAt),
    list: timed("list", store.list),
    count: timed("count", store.count),
    delete: timed("delete", store.delete),
    purge: timed("purge", store.purge),
    ...(store.watch && { watch: store.watch.bind(store) }),
    ...(store.permit && { permit: timed("permit", store.permit) }),
    ...(store.time && { time: timed("time", store.time) }),
    ...(store.replaceFlow && { replaceFlow: timed("replaceFlow", store.replaceFlow) }),
    ...(store.begin && { begin: timed("begin", store.begin) }),
    close: () => {
      for (const stop of onClose) stop();
      return store.close();
    },
  };
}
