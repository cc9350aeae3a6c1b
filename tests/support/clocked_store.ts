import type { Store } from "../../src/ports/mod.ts";

/** Makes a store go by a clock of its own, as that of a server: what its callers say of the time counts for nothing. */
export function clockedStore(store: Store, clock: () => number): Store {
  /** What is due at once, by the clock of a caller, is so by the store's. */
  const dueAtOf = (dueAt: number | undefined, now: number) => dueAt === now ? Math.min(dueAt, clock()) : dueAt;
  const toCaller = (at: number | undefined, now: number) => at === undefined ? undefined : at - clock() + now;
  const { permit } = store;
  return {
    ...store,
    create: (jobs) => store.create(jobs.map((job) => ({ ...job, dueAt: dueAtOf(job.dueAt, job.createdAt) }))),
    append(claim, expectedRevision, entries, head, within) {
      const made = head && { ...head, dueAt: dueAtOf(head.dueAt, head.at), at: clock() };
      return store.append(claim, expectedRevision, entries, made, within);
    },
    time: clock,
    send: (job, command) => store.send(job, { ...command, now: clock() }),
    inbox: (life, after) => store.inbox(life, after, clock()),
    commands: (owner) => store.commands(owner, clock()),
    enter: (query) => store.enter({ ...query, now: clock() }),
    renew: (owner, leaseMs) => store.renew(owner, leaseMs, clock()),
    take: (query) => store.take({ ...query, now: clock() }),
    claim: (query) => store.claim({ ...query, now: clock() }),
    nextDueAt: async (query) => toCaller(await store.nextDueAt({ ...query, now: clock() }), query.now),
    ...(permit && {
      async permit(query) {
        const answer = await permit({ ...query, now: clock() });
        return { ...answer, freeAt: toCaller(answer.freeAt, query.now) };
      },
    }),
  };
}
