import { isThenable } from "../../base/thenable.ts";
import type { MaybePromise, PermitQuery, Store } from "../../ports/store.ts";
import type { Timers } from "../../ports/timers.ts";
import type { DurabilitySettings } from "./durability_settings.ts";
import { rollBack } from "./transactions.ts";

/**
 * A store whose calls fail that are not answered in time, as those over a connection whose other end is gone: whoever waits for the
 * answer would wait for ever, with the job in its hands. Nobody knows whether such a call is carried out, now or later, which is so of
 * any call that fails. An answer at once costs nothing. The questions of users that read any number of jobs take as long as they take.
 */
export function answeringStore(store: Store, timers: Timers, settings: DurabilitySettings): Store {
  const { answerTimeoutMs, leaseMs } = settings;
  if (answerTimeoutMs === Infinity) return store;

  function inTime<T>(
    name: string,
    answer: MaybePromise<T>,
    ms = answerTimeoutMs,
    late?: (value: T) => void,
  ): MaybePromise<T> {
    if (!isThenable(answer)) return answer;
    return new Promise<T>((resolve, reject) => {
      let isOver = false;
      const stop = timers.after(ms, () => {
        isOver = true;
        reject(new Error(`The store has not answered "${name}" within ${ms} ms; it may carry it out all the same`));
      });
      Promise.resolve(answer).then((value) => {
        stop();
        if (isOver) late?.(value);
        else resolve(value);
      }, (error) => {
        stop();
        reject(error);
      });
    });
  }

  const [permit, watch, begin] = [store.permit?.bind(store), store.watch?.bind(store), store.begin?.bind(store)];
  const time = store.time?.bind(store);
  const replaceFlow = store.replaceFlow?.bind(store);
  // A renewal that gets lost must be sent again while the lease runs.
  const renewalMs = Math.min(answerTimeoutMs, leaseMs / 3);
  return {
    create: (jobs) => inTime("create", store.create(jobs)),
    find: (jobId) => inTime("find", store.find(jobId)),
    load: (jobId) => inTime("load", store.load(jobId)),
    append: (claim, revision, entries, head, within) =>
      inTime("append", store.append(claim, revision, entries, head, within)),
    compact: (life, revision, snapshot) => inTime("compact", store.compact(life, revision, snapshot)),
    send: (job, command) => inTime("send", store.send(job, command)),
    outcome: (job, key) => inTime("outcome", store.outcome(job, key)),
    inbox: (life, after, now) => inTime("inbox", store.inbox(life, after, now)),
    commands: (owner, now) => inTime("commands", store.commands(owner, now)),
    enter: (query) => inTime("enter", store.enter(query)),
    renew: (owner, leaseMs, now) => inTime("renew", store.renew(owner, leaseMs, now), renewalMs),
    leave: (owner) => inTime("leave", store.leave(owner)),
    held: (owner) => inTime("held", store.held(owner)),
    take: (query) => inTime("take", store.take(query)),
    claim: (query) => inTime("claim", store.claim(query)),
    nextDueAt: (query) => inTime("nextDueAt", store.nextDueAt(query)),
    ...(permit && { permit: (query: PermitQuery) => inTime("permit", permit(query)) }),
    ...(replaceFlow && {
      replaceFlow: (...args: Parameters<typeof replaceFlow>) => inTime("replaceFlow", replaceFlow(...args)),
    }),
    ...(watch && { watch }),
    ...(time && { time: () => inTime("time", time()) }),
    // A transaction that begins too late is nobody's: it would keep its connection.
    ...(begin && { begin: async () => await inTime("begin", begin(), answerTimeoutMs, rollBack) }),
    list: (query) => store.list(query),
    count: (filter) => store.count(filter),
    delete: (life) => store.delete(life),
    purge: (query) => store.purge(query),
    close: () => store.close(),
  };
}
