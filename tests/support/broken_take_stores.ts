import type { DueQuery, JobRecord, Store } from "../../src/ports/mod.ts";
import { dueSince } from "../../src/ports/mod.ts";
import { NOW } from "../../src/testing/store_contract/sample_jobs.ts";
import { type BrokenStore, idsWhere, recordsOf, takeChosen, turns } from "./broken_store.ts";

function byNumbers(...keysOf: ((record: JobRecord) => number)[]) {
  return (a: JobRecord, b: JobRecord): number => {
    for (const keyOf of keysOf) if (keyOf(a) !== keyOf(b)) return keyOf(a) - keyOf(b);
    return 0;
  };
}

/** A store that takes the first of the jobs that are due, in an order of its own. */
function wrongOrder(what: string, compare: (a: JobRecord, b: JobRecord) => number): BrokenStore {
  return {
    what,
    noticedBy: ["those of a smaller priority come first, then those that have been due for longest"],
    methods: (store) => ({
      take: takeChosen(store, (due, { limit }) => due.toSorted(compare).slice(0, limit)),
    }),
  };
}

/** Changes the queries by which jobs are found. */
function changeQueries(store: Store, change: <Q extends DueQuery>(query: Q) => Q | Promise<Q>): Partial<Store> {
  return {
    take: async (query) => await store.take(await change(query)),
    nextDueAt: async (query) => await store.nextDueAt(await change(query)),
  };
}

/** Changes queries so that some jobs are never due. */
function leaveOut(store: Store, isLeftOut: (record: JobRecord) => boolean): Partial<Store> {
  return changeQueries(store, async (query) => {
    return { ...query, exceptJobs: new Set([...query.exceptJobs ?? [], ...await idsWhere(store, isLeftOut)]) };
  });
}

const sinceOf = (record: JobRecord) => dueSince(record, Infinity) ?? 0;

/** Stores that get due jobs and their order wrong. */
export const BROKEN_TAKES: readonly BrokenStore[] = [
  {
    what: "a job that waits until its creation, by a clock that was ahead",
    noticedBy: ["a job with a command, or without its owner, is due at once, also if its creator's clock was ahead"],
    methods: (store) => leaveOut(store, ({ createdAt }) => createdAt > NOW),
  },
  {
    what: "taken jobs without their entries",
    noticedBy: ["take claims the jobs that are due, and returns them whole"],
    methods: (store) => ({
      async take(query) {
        const answer = await store.take(query);
        return { ...answer, jobs: answer.jobs.map((job) => ({ ...job, entries: [] })) };
      },
    }),
  },
  {
    what: "taken jobs as they were before",
    noticedBy: ["take claims the jobs that are due, and returns them whole"],
    methods: (store) => ({
      async take(query) {
        const before = new Map((await recordsOf(store)).map((it) => [it.jobId, it]));
        const answer = await store.take(query);
        return {
          ...answer,
          jobs: answer.jobs.map((job) => ({ ...job, record: before.get(job.record.jobId) ?? job.record })),
        };
      },
    }),
  },
  {
    what: "jobs that are due an instant late",
    noticedBy: [
      "a job that nobody has is due once its dueAt has passed, also after its end",
      "at the instant of nextDueAt take finds something, and before it nothing",
    ],
    methods: (store) => ({ take: (query) => store.take({ ...query, now: query.now - 1 }) }),
  },
  {
    what: "commands that wake nobody",
    noticedBy: [
      "a job with a command that is not consumed is due, whatever its dueAt, also after its end",
      "nextDueAt is now when a job has a command that is not consumed, and nobody holds it",
    ],
    methods: (store) => leaveOut(store, ({ owner, sent, consumed }) => owner === undefined && sent > consumed),
  },
  {
    what: "ended jobs that are never due",
    noticedBy: [
      "a job with a command that is not consumed is due, whatever its dueAt, also after its end",
      "a job that has ended and was not released is due when its owner's lease has ended",
    ],
    methods: (store) => leaveOut(store, ({ endedAt }) => endedAt !== undefined),
  },
  {
    what: "jobs that are taken from those who hold them",
    noticedBy: ["a job that is held is not due, whatever it has"],
    methods: (store) => ({
      async take(query) {
        for (const { owner, incarnation } of await recordsOf(store)) {
          if (owner !== undefined && incarnation !== undefined && owner !== query.owner) {
            await store.leave({ owner, incarnation });
          }
        }
        return await store.take(query);
      },
    }),
  },
  {
    what: "a take without a limit",
    noticedBy: ["take takes no more than its limit, and each job once"],
    methods: (store) => ({ take: (query) => store.take({ ...query, limit: Infinity }) }),
  },
  {
    what: "a limit that jobs which are not due count against",
    noticedBy: ["take takes no more than its limit, and each job once"],
    methods: (store) => ({
      async take(query) {
        const first = new Set((await recordsOf(store)).slice(0, query.limit).map(({ jobId }) => jobId));
        return await store.take({ ...query, exceptJobs: await idsWhere(store, ({ jobId }) => !first.has(jobId)) });
      },
    }),
  },
  {
    what: "jobs of a dead owner as if they had been due since their creation",
    noticedBy: ["a job whose owner has lost its lease counts as due since then"],
    methods: (store) => ({
      take: takeChosen(store, (due, { limit }) => {
        const since = (it: JobRecord) => it.owner === undefined ? sinceOf(it) : it.createdAt;
        return due.toSorted(byNumbers((it) => it.priority, since)).slice(0, limit);
      }),
    }),
  },
  wrongOrder("due jobs in the order of their ids", (a, b) => a.jobId < b.jobId ? -1 : 1),
  wrongOrder("due jobs without an order of priority", byNumbers(sinceOf, (it) => it.createdAt)),
  wrongOrder("due jobs of larger priority first", byNumbers((it) => -it.priority, sinceOf, (it) => it.createdAt)),
  wrongOrder("due jobs in the order of their creation", byNumbers((it) => it.priority, (it) => it.createdAt)),
  wrongOrder("jobs with commands last", byNumbers((it) => it.priority, (it) => it.sent, sinceOf, (it) => it.createdAt)),
  wrongOrder("the newest first among equals", byNumbers((it) => it.priority, sinceOf, (it) => -it.createdAt)),
  {
    what: "jobs of which the same is taken again and again",
    noticedBy: ["a job that is due again comes after those that have been due since before"],
    methods: (store) => ({
      take: takeChosen(store, (due, { limit }) => due.toSorted((a, b) => b.epoch - a.epoch).slice(0, limit)),
    }),
  },
  {
    what: "jobs that are left out but count against the limit",
    noticedBy: ["jobs that are left out do not count against the limit"],
    methods: (store) => ({
      take: async (query) => {
        const { exceptJobs, limit } = query;
        const taking = takeChosen(
          store,
          (due) => due.slice(0, limit).filter(({ jobId }) => exceptJobs?.has(jobId) !== true),
        );
        return await taking({ ...query, exceptJobs: undefined });
      },
    }),
  },
  {
    what: "jobs of which none is left out",
    noticedBy: ["jobs that are left out do not count against the limit"],
    methods: (store) => changeQueries(store, (query) => ({ ...query, exceptJobs: undefined })),
  },
  ...([["flows"], ["queues"], ["exceptFlows"]] as const).map(([name]): BrokenStore => ({
    what: `due jobs that are not chosen by ${name}`,
    noticedBy: [
      "take goes by flow, by the flow's hash and by queue, and the others do not count against the limit",
      "take goes by any flow, hash, queue and id",
    ],
    methods: (store) => changeQueries(store, (query) => ({ ...query, [name]: undefined })),
  })),
  {
    what: "due jobs that are taken also where only those with commands are asked for",
    noticedBy: ["take and nextDueAt with unread go by jobs with commands that are not consumed only"],
    methods: (store) => changeQueries(store, (query) => ({ ...query, unread: undefined })),
  },
  {
    what: "due jobs without commands that count against the limit where only the others are asked for",
    noticedBy: ["take and nextDueAt with unread go by jobs with commands that are not consumed only"],
    methods: (store) => ({
      take: async (query) => {
        const taking = takeChosen(
          store,
          (due, { limit }) =>
            due.slice(0, limit).filter(({ sent, consumed }) => query.unread !== true || sent > consumed),
        );
        return await taking({ ...query, unread: undefined });
      },
    }),
  },
  {
    what: "a nextDueAt of all jobs where only those with commands are asked for",
    noticedBy: ["take and nextDueAt with unread go by jobs with commands that are not consumed only"],
    methods: (store) => ({ nextDueAt: (query) => store.nextDueAt({ ...query, unread: undefined }) }),
  },
  {
    what: "jobs of dead owners that are not found by their commands",
    noticedBy: ["take and nextDueAt with unread go by jobs with commands that are not consumed only"],
    methods: (store) =>
      changeQueries(store, async (query) => {
        if (query.unread !== true) return query;
        const owned = await idsWhere(store, ({ owner }) => owner !== undefined);
        return { ...query, exceptJobs: new Set([...query.exceptJobs ?? [], ...owned]) };
      }),
  },
  {
    what: "flows that are left out by their ids",
    noticedBy: ["take goes by flow, by the flow's hash and by queue, and the others do not count against the limit"],
    methods: (store) =>
      changeQueries(store, async (query) => {
        const { exceptFlows = new Set(), ...rest } = query;
        return {
          ...query,
          ...rest,
          exceptFlows: undefined,
          exceptJobs: await idsWhere(store, (it) => exceptFlows.has(it.flowId)),
        };
      }),
  },
  {
    what: "other queues that count against the limit",
    noticedBy: ["take goes by flow, by the flow's hash and by queue, and the others do not count against the limit"],
    methods: (store) => ({
      take: async (query) => {
        const { queues, limit } = query;
        const taking = takeChosen(
          store,
          (due) => due.slice(0, limit).filter(({ queue }) => queues?.includes(queue) !== false),
        );
        return await taking({ ...query, queues: undefined });
      },
    }),
  },
  {
    what: "a nextDueAt for whoever asks, too, of its own jobs",
    noticedBy: ["nextDueAt leaves out the jobs of an incarnation, as long as it has claimed them"],
    methods: (store) => ({ nextDueAt: (query) => store.nextDueAt({ ...query, exceptIncarnation: undefined }) }),
  },
  {
    what: "a nextDueAt without all jobs that the asking incarnation has ever had",
    noticedBy: ["nextDueAt leaves out the jobs of an incarnation, as long as it has claimed them"],
    methods: (store) => {
      const had = new Map<string, number>();
      return {
        async create(jobs) {
          for (const { jobId, claim } of jobs) if (claim !== undefined) had.set(jobId, claim.incarnation);
          return await store.create(jobs);
        },
        nextDueAt: (query) => {
          const own = [...had].filter(([, it]) => it === query.exceptIncarnation).map(([jobId]) => jobId);
          return store.nextDueAt({ ...query, exceptJobs: new Set([...query.exceptJobs ?? [], ...own]) });
        },
      };
    },
  },
  {
    what: "a nextDueAt that ended jobs have, too",
    noticedBy: ["nextDueAt is the earliest dueAt of the jobs that nobody has"],
    methods: (store) => ({
      async nextDueAt() {
        const instants = (await recordsOf(store)).flatMap(({ dueAt }) => dueAt === undefined ? [] : [dueAt]);
        return instants.length === 0 ? undefined : Math.min(...instants);
      },
    }),
  },
  {
    what: "a nextDueAt that is the present instant for what has been due for long",
    noticedBy: ["nextDueAt of what has been due for long is an instant that has passed, whatever clock asks"],
    methods: (store) => ({
      async nextDueAt(query) {
        const at = await store.nextDueAt(query);
        return at === undefined ? undefined : Math.max(at, query.now);
      },
    }),
  },
  {
    what: "a nextDueAt that is late",
    noticedBy: ["at the instant of nextDueAt take finds something, and before it nothing"],
    methods: (store) => ({
      async nextDueAt(query) {
        const at = await store.nextDueAt(query);
        return at === undefined ? undefined : at + 1;
      },
    }),
  },
  {
    what: "a nextDueAt without those that are held",
    noticedBy: ["nextDueAt is the end of the lease of a job that is held, whatever else it has"],
    methods: (store) => ({
      nextDueAt: leaveOut(store, ({ owner }) => owner !== undefined).nextDueAt ?? store.nextDueAt,
    }),
  },
  {
    what: "takers who look, and claim a moment later",
    noticedBy: ["engines that take at the same time get different jobs, and all jobs together"],
    methods: (store) => ({
      async take(query) {
        const taken = new Map((await recordsOf(store)).map((it) => [it.jobId, it]));
        await turns(3);
        const due = [...taken.values()].filter((it) => dueSince(it, query.now) !== undefined).slice(0, query.limit);
        const answer = await store.take(query);
        const jobs = [];
        for (const { jobId } of due) {
          const job = await store.load(jobId);
          if (job !== undefined) jobs.push({ ...job, formerIncarnation: undefined });
        }
        return { ...answer, jobs };
      },
    }),
  },
  {
    what: "a take that reads the entries a moment before",
    noticedBy: [
      "an engine that takes beside writes of the former owner gets the whole job, and the later of them are refused",
    ],
    methods: (store) => ({
      async take(query) {
        const before = new Map<string, readonly string[]>();
        for (const { jobId } of await recordsOf(store)) before.set(jobId, (await store.load(jobId))?.entries ?? []);
        await turns(5);
        const answer = await store.take(query);
        return { ...answer, jobs: answer.jobs.map((job) => ({ ...job, entries: before.get(job.record.jobId) ?? [] })) };
      },
    }),
  },
];
