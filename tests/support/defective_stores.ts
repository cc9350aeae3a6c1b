import type { AppendHead, JobRecord, Store } from "../../src/ports/store.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";

/** A memory store as methods that can be replaced one by one: it answers at once. */
type Parts = { -readonly [K in keyof Store]: Store[K] };

function partsOf(): Parts {
  const store = memoryStore();
  return {
    create: (...args) => store.create(...args),
    find: (...args) => store.find(...args),
    load: (...args) => store.load(...args),
    append: (...args) => store.append(...args),
    compact: (...args) => store.compact(...args),
    send: (...args) => store.send(...args),
    outcome: (...args) => store.outcome(...args),
    inbox: (...args) => store.inbox(...args),
    commands: (...args) => store.commands(...args),
    enter: (...args) => store.enter(...args),
    renew: (...args) => store.renew(...args),
    leave: (...args) => store.leave(...args),
    held: (...args) => store.held(...args),
    take: (...args) => store.take(...args),
    claim: (...args) => store.claim(...args),
    nextDueAt: (...args) => store.nextDueAt(...args),
    list: (...args) => store.list(...args),
    count: (...args) => store.count(...args),
    delete: (...args) => store.delete(...args),
    purge: (...args) => store.purge(...args),
    permit: (query) => store.permit?.(query) ?? { now: query.now, granted: 0, freeAt: undefined },
    watch: (onEvent) => store.watch?.(onEvent) ?? (() => {}),
    close: () => store.close(),
  };
}

/** Makes a store in which `damage` replaces what it likes. */
function damaged(damage: (parts: Parts, store: Store) => void): () => Store {
  return () => {
    const parts = partsOf();
    damage(parts, { ...parts });
    return parts;
  };
}

/** What a memory store answers, which it does at once. */
function now<T>(answer: T | Promise<T>): T {
  if (answer instanceof Promise) throw new TypeError("the store has not answered at once");
  return answer;
}

function withHead(parts: Parts, store: Store, change: (head: AppendHead) => AppendHead): void {
  parts.append = (claim, revision, entries, head) => store.append(claim, revision, entries, head && change(head));
}

/** A store with one defect each; the fault belongs to the store, or stands for one of the engine that looks the same from there. */
export const DEFECTIVE_STORES: Readonly<Record<string, () => Store>> = {
  "the inbox is not read after a claim": damaged((parts, store) => {
    const hide = (answer: Awaited<ReturnType<Store["take"]>>) => ({
      ...answer,
      jobs: answer.jobs.map((job) => ({ ...job, record: { ...job.record, sent: job.record.consumed } })),
    });
    parts.take = (query) => hide(now(store.take(query)));
    parts.claim = (query) => hide(now(store.claim(query)));
  }),
  "a command is consumed after the entry of its effect": damaged((parts, store) => {
    const late = new Map<string, number>();
    withHead(parts, store, (head) => {
      const key = `${head.status}`;
      const consumed = late.get(key) ?? 0;
      late.set(key, head.consumed);
      return head.endedAt === undefined && consumed < head.consumed ? { ...head, consumed } : head;
    });
  }),
  "an append is not fenced by the epoch": damaged((parts, store) => {
    parts.append = (claim, revision, entries, head) => {
      const { epoch = claim.epoch } = now(store.find(claim.jobId)) ?? {};
      return store.append({ ...claim, epoch }, revision, entries, head);
    };
  }),
  "an append is not fenced by the revision": damaged((parts, store) => {
    parts.append = (claim, expected, entries, head) => {
      const { revision = expected } = now(store.find(claim.jobId)) ?? {};
      return store.append(claim, revision, entries, head);
    };
  }),
  "an append is not fenced by the life": damaged((parts, store) => {
    parts.append = (claim, revision, entries, head) => {
      const { life = claim.life } = now(store.find(claim.jobId)) ?? {};
      return store.append({ ...claim, life }, revision, entries, head);
    };
  }),
  "the place is not written when a job is let go": damaged((parts, store) => {
    withHead(parts, store, (head) => head.releases ? { ...head, dueAt: undefined } : head);
  }),
  "an inbox is given as it was when it was read before": damaged((parts, store) => {
    const before = new Map<number, ReturnType<typeof seen>>();
    const seen = (life: Parameters<Store["inbox"]>[0], at: number) => now(store.inbox(life, 0, at)).commands;
    parts.inbox = (life, after, at) => {
      const commands = before.get(life.life) ?? [];
      before.set(life.life, seen(life, at));
      return { now: at, commands: commands.filter(({ sequence }) => sequence > after) };
    };
  }),
  "an end is not refused while commands are unread": damaged((parts, store) => {
    parts.append = (claim, revision, entries, head) => {
      const answer = now(store.append(claim, revision, entries, head));
      if (answer === "stored" || head === undefined) return answer;
      // The memory store refuses it: the job ends by two writes.
      store.append(claim, revision, entries, { ...head, endedAt: undefined, releases: false });
      return "stored";
    };
  }),
  "a job is held by any incarnation of its owner": damaged((parts, store) => {
    const untils = new Map<string, number>();
    const enter = parts.enter;
    parts.enter = (query) => {
      untils.set(query.owner, query.now + query.leaseMs);
      return enter(query);
    };
    parts.renew = (owner, leaseMs, at) => {
      const answer = now(store.renew(owner, leaseMs, at));
      if (answer.isHeld) untils.set(owner.owner, at + leaseMs);
      return answer;
    };
    const isFree = ({ owner }: JobRecord, at: number) => owner === undefined || (untils.get(owner) ?? 0) <= at;
    parts.take = (query) => {
      const held = now(store.list()).jobs.filter((it) => !isFree(it, query.now)).map(({ jobId }) => jobId);
      return store.take({ ...query, exceptJobs: new Set([...(query.exceptJobs ?? []), ...held]) });
    };
    parts.nextDueAt = (query) => {
      const held = now(store.list()).jobs.filter((it) => !isFree(it, query.now)).map(({ jobId }) => jobId);
      return store.nextDueAt({ ...query, exceptJobs: new Set([...(query.exceptJobs ?? []), ...held]) });
    };
  }),
  "an ended lease takes jobs": damaged((parts, store) => {
    const untils = new Map<number, number>();
    parts.enter = (query) => {
      const answer = now(store.enter(query));
      if (answer.incarnation !== undefined) untils.set(answer.incarnation, query.now + query.leaseMs);
      return answer;
    };
    parts.renew = (owner, leaseMs, at) => {
      const answer = now(store.renew(owner, leaseMs, at));
      if (answer.isHeld) untils.set(owner.incarnation, at + leaseMs);
      return answer;
    };
    // The memory store believes that it is earlier.
    parts.take = (query) =>
      store.take({ ...query, now: Math.min(query.now, (untils.get(query.incarnation) ?? Infinity) - 1) });
  }),
  "jobs are free as soon as their name is entered again": damaged((parts, store) => {
    parts.enter = (query) => store.enter({ ...query, takesOver: true });
  }),
  "a created job is not recognized when the answer was lost": damaged((parts, store) => {
    parts.create = (jobs) => store.create(jobs.map((job, i) => ({ ...job, token: `${Math.random()}${i}` })));
  }),
  "a key is forgotten": damaged((parts, store) => {
    let count = 0;
    parts.send = (job, command) => store.send(job, { ...command, key: `${command.key}` + " ".repeat(++count) });
  }),
  "jobs with unread commands are not due": damaged((parts, store) => {
    parts.take = (query) => store.take({ ...query, exceptJobs: withCommands(store, query.exceptJobs) });
    parts.nextDueAt = (query) => store.nextDueAt({ ...query, exceptJobs: withCommands(store, query.exceptJobs) });
  }),
  "a job that has ended takes no redrive, and says that it does": damaged((parts, store) => {
    parts.send = (job, command) => {
      const record = now(store.find(job.jobId));
      return record?.endedAt !== undefined && command.reopens ? "stored" : store.send(job, command);
    };
  }),
  "what could not be carried out is forgotten": damaged((parts, store) => {
    withHead(parts, store, (head) => ({ ...head, refused: [] }));
  }),
  "held() lists no job": damaged((parts) => {
    parts.held = () => [];
  }),
};

function withCommands(store: Store, except: ReadonlySet<string> = new Set()): ReadonlySet<string> {
  const unread = now(store.list()).jobs.filter(({ sent, consumed, owner }) => sent > consumed && owner === undefined);
  return new Set([...except, ...unread.map(({ jobId }) => jobId)]);
}
