import { isThenable } from "../../base/thenable.ts";
import type {
  JobClaim,
  JobRecord,
  MaybePromise,
  PermitQuery,
  ReplacedFlow,
  Store,
  TakeAnswer,
} from "../../ports/store.ts";
import type { FleetLedger } from "./fleet_ledger.ts";
import type { FleetTrace } from "./fleet_trace.ts";

/** What a process's view of the store belongs to. */
export interface StoreWatch {
  readonly ledger: FleetLedger;
  readonly trace: FleetTrace;
  /** The number of the process; 0 for calls that no process has made. */
  readonly process: number;
  /** The time by the clock of the store, if it has one: then that of the caller is ignored. */
  readonly clock: (() => number) | undefined;
  /** The true time. */
  readonly now: () => number;
}

/** Goes on with an answer, now or later. */
export function chain<A, B>(answer: MaybePromise<A>, next: (value: A) => MaybePromise<B>): MaybePromise<B> {
  return isThenable(answer) ? answer.then(next) : next(answer);
}

/** A store whose calls are written down in the ledger as it carries them out; `watch` and `close` are left to others. */
export function watchedStore(store: Store, { ledger, trace, process, clock, now: trueNow }: StoreWatch): Store {
  const at = (now: number): number => clock?.() ?? now;
  const permit = store.permit?.bind(store);
  const replaceFlow = store.replaceFlow?.bind(store);
  return {
    create: (jobs) =>
      chain(store.create(jobs), (answers) => {
        answers.forEach(({ isNew, record }, i) => {
          const job = jobs[i];
          if (!isNew || job === undefined || ledger.lives.has(record.life)) return;
          ledger.created(process, job, record);
          trace.add(() => `  store: created ${job.jobId}, life ${record.life}, owner ${record.owner ?? "none"}`);
        });
        return answers;
      }),
    find: (jobId) => store.find(jobId),
    load: (jobId) => store.load(jobId),
    append: (claim, expectedRevision, entries, given) => {
      const head = given && { ...given, at: at(given.at) };
      return chain(
        store.find(claim.jobId),
        (before) =>
          chain(store.append(claim, expectedRevision, entries, head), (answer) => {
            if (answer === "unread") trace.add(() => `  store: ${claim.jobId} must not end: its inbox is not read`);
            else {
              trace.add(() => `  store: ${claim.jobId} is given ${entries.map(kindOf).join(", ") || "a head"}`);
              const told = ledger.appended(claim, expectedRevision, entries, head, before, trueNow());
              trace.add(() => {
                const where = head && `; ${head.status}, due ${head.dueAt ?? "never"}, consumed ${head.consumed}` +
                    (head.releases ? ", released" : "");
                return `  store: ${claim.jobId} epoch ${claim.epoch} from ${expectedRevision}: ${told.join(", ")}${
                  where ?? ""
                }`;
              });
            }
            return answer;
          }),
      );
    },
    ...(replaceFlow && {
      replaceFlow: (claim: JobClaim, expectedRevision: number, replaced: ReplacedFlow) =>
        chain(store.find(claim.jobId), (before) =>
          chain(replaceFlow(claim, expectedRevision, replaced), () => {
            trace.add(() => `  store: ${claim.jobId} has flow ${replaced.flowHash} at ${expectedRevision}`);
            ledger.replaced(claim, expectedRevision, replaced, before);
          })),
    }),
    compact: (life, revision, snapshot) =>
      chain(store.compact(life, revision, snapshot), () =>
        chain(store.load(life.jobId), (stored) => {
          trace.add(() => `  store: ${life.jobId}, life ${life.life}, has a snapshot at ${revision}`);
          if (stored !== undefined) ledger.checkStored(stored);
        })),
    send: (job, command) =>
      chain(
        store.send(job, { ...command, now: at(command.now) }),
        (answer) =>
          chain(store.find(job.jobId), (record) => {
            ledger.sent(job, record, command, answer, trueNow());
            trace.add(() => `  store: command ${command.key} to ${job.jobId}: ${answer}`);
            return answer;
          }),
      ),
    outcome: (job, key) => store.outcome(job, key),
    inbox: (life, after, now) => {
      ledger.inboxRead(process, life.life, trueNow());
      return store.inbox(life, after, at(now));
    },
    commands: (owner, now) => {
      for (const { claim, life } of ledger.lives.values()) {
        if (claim?.incarnation === owner.incarnation) ledger.inboxRead(process, life, trueNow());
      }
      return store.commands(owner, at(now));
    },
    enter: (given) => {
      const query = { ...given, now: at(given.now) };
      return chain(store.enter(query), (answer) => {
        if (answer.incarnation !== undefined) ledger.entered(process, query, answer.incarnation, trueNow());
        trace.add(() => `  store: ${given.owner} enters as ${answer.incarnation ?? "nobody"}`);
        return answer;
      });
    },
    renew: (owner, leaseMs, given) => {
      const now = at(given);
      return chain(store.renew(owner, leaseMs, now), (answer) => {
        if (answer.isHeld) ledger.leases.renewed(owner, now + leaseMs);
        else trace.add(() => `  store: ${owner.owner}/${owner.incarnation} has no lease to renew`);
        return answer;
      });
    },
    leave: (owner) =>
      chain(store.leave(owner), () => {
        ledger.leases.left(owner);
        trace.add(() => `  store: ${owner.owner}/${owner.incarnation} has left`);
      }),
    held: (owner) => store.held(owner),
    take: (query) =>
      chain(
        store.list(),
        ({ jobs: before }) =>
          chain(store.take({ ...query, now: at(query.now) }), (it) => {
            for (const taken of it.jobs) ledger.taken(process, taken);
            return noteClaims(it, before, at(query.now), query.unread === true ? "take unread" : "take");
          }),
      ),
    claim: (query) =>
      chain(
        store.list(),
        ({ jobs: before }) =>
          chain(store.claim({ ...query, now: at(query.now) }), (it) => noteClaims(it, before, at(query.now), "claim")),
      ),
    nextDueAt: (query) => store.nextDueAt({ ...query, now: at(query.now) }),
    ...(permit && {
      permit: (query: PermitQuery) =>
        chain(permit({ ...query, now: at(query.now) }), (answer) => {
          const { owner, incarnation, queue, call, kept, started, wanted } = query;
          ledger.queues.permitted(query, answer.granted);
          trace.add(() =>
            `  store: ${owner}/${incarnation} keeps ${kept} of ${queue} by call ${call}, has started ${started}, ` +
            `is given ${answer.granted} of ${wanted}`
          );
          return answer;
        }),
    }),
    list: (query) => store.list(query),
    count: (filter) => store.count(filter),
    delete: (life) =>
      chain(store.delete(life), (isDeleted) => {
        if (isDeleted) ledger.deletedLife(life.life);
        if (isDeleted) trace.add(() => `  store: ${life.jobId}, life ${life.life}, is deleted`);
        return isDeleted;
      }),
    purge: (query) =>
      chain(store.purge(query), (count) =>
        chain(store.list(), ({ jobs }) => {
          const left = new Set(jobs.map(({ life }) => life));
          for (const life of [...ledger.lives.keys()]) if (!left.has(life)) ledger.purged(life);
          return count;
        })),
    close: () => {},
  };

  function noteClaims(
    answer: TakeAnswer,
    before: readonly JobRecord[],
    now: number,
    by: "take" | "take unread" | "claim",
  ): TakeAnswer {
    ledger.queues.claimed(answer.jobs.map(({ record }) => record), before, now, by);
    for (const taken of answer.jobs) {
      const record = before.find(({ life }) => life === taken.record.life);
      if (record !== undefined) ledger.claimed(process, taken, record, now, trueNow());
      ledger.checkStored(taken);
      const { jobId, epoch, owner, incarnation } = taken.record;
      trace.add(() => `  store: ${owner}/${incarnation} claims ${jobId}, epoch ${epoch}`);
    }
    return answer;
  }
}

/** What an entry says, in short. */
function kindOf(text: string): string {
  const { kind, status, consumed, task } = JSON.parse(text);
  return [kind, status, task && `task ${task.id ?? task}`, consumed && `consumed ${consumed}`].filter(Boolean).join(
    " ",
  );
}
