import type { Meter } from "@opentelemetry/api";
import type { Store } from "../../ports/store.ts";
import { durations, measure } from "./metrics.ts";

/**
 * A store whose calls are measured.
 *
 * @param onClose called before the store is closed
 */
export function measuredStore(store: Store, meter: Meter, onClose: () => void): Store {
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
      onClose();
      return store.close();
    },
  };
}
