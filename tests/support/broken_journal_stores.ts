import type { JobRecord } from "../../src/ports/mod.ts";
import { HEAD, sampleJob } from "../../src/testing/store_contract/sample_jobs.ts";
import { type BrokenStore, changeRecords } from "./broken_store.ts";

const EMPTY: JobRecord = {
  ...{ jobId: "", life: 0, createdAt: 0, flowId: "", flowHash: "", queue: "", priority: 0, tags: {}, parentId: "" },
  ...{ status: "", dueAt: undefined, endedAt: undefined, consumed: 0, sent: 0, revision: 0, epoch: 0 },
  ...{ owner: undefined, incarnation: undefined, heldUntil: undefined },
};

/** Stores that get creation, entries, heads and snapshots wrong. */
export const BROKEN_JOURNALS: readonly BrokenStore[] = [
  {
    what: "labels that are lost",
    noticedBy: ["create stores a job with its flow, its document, its labels and its head, at revision 0"],
    methods: (store) => changeRecords(store, (record) => ({ ...record, parentId: undefined })),
  },
  {
    what: "a create that overwrites",
    noticedBy: ["create of an existing id says so, and changes nothing"],
    methods: (store) => ({
      async create(jobs) {
        const answers = await store.create(jobs);
        if (answers.every(({ isNew }) => isNew)) return answers;
        for (const { record } of answers) await store.delete(record);
        return (await store.create(jobs)).map(({ record }) => ({ isNew: false, record }));
      },
    }),
  },
  {
    what: "tokens that are forgotten",
    noticedBy: ["a create that is repeated with its token says that the job is its own"],
    methods: (store) => {
      let calls = 0;
      return { create: (jobs) => store.create(jobs.map((it) => ({ ...it, token: `${it.token} ${++calls}` }))) };
    },
  },
  {
    what: "a create of several that ends at the first one that is there",
    noticedBy: ["create makes several jobs at once, each for itself, and answers in order"],
    methods: (store) => ({
      async create(jobs) {
        const answers = [];
        for (const job of jobs) {
          const [answer] = await store.create([job]);
          if (answer !== undefined) answers.push(answer);
          if (answer?.isNew !== true) break;
        }
        return answers;
      },
    }),
  },
  {
    what: "a record of a job that nobody has created",
    noticedBy: ["an unknown job is neither found nor loaded"],
    methods: (store) => ({ find: async (jobId) => await store.find(jobId) ?? { ...EMPTY, jobId } }),
  },
  {
    what: "entries in the wrong order",
    noticedBy: ["append adds entries in order, and each raises the revision by one"],
    methods: (store) => ({
      append: (claim, revision, entries, head) => store.append(claim, revision, entries.toReversed(), head),
    }),
  },
  {
    what: "a head lost where none is given",
    noticedBy: ["append replaces the whole head if one is given, else keeps it"],
    methods: (store) => ({
      append: (claim, revision, entries, head = HEAD) => store.append(claim, revision, entries, head),
    }),
  },
  {
    what: "a head that keeps what is gone from the new one",
    noticedBy: [
      "append replaces the whole head if one is given, else keeps it",
      "take goes by the latest head: a later dueAt, none, and the end",
    ],
    methods: (store) => ({
      async append(claim, revision, entries, head) {
        const { dueAt } = await store.find(claim.jobId) ?? EMPTY;
        return await store.append(claim, revision, entries, head && { ...head, dueAt: head.dueAt ?? dueAt });
      },
    }),
  },
  {
    what: "a release that leaves the owner",
    noticedBy: ["a head that releases the job clears its owner, and keeps its epoch"],
    methods: (store) => ({
      append: (claim, revision, entries, head) =>
        store.append(claim, revision, entries, head && { ...head, releases: false }),
    }),
  },
  {
    what: "a head alone that counts as an entry",
    noticedBy: ["append of a head alone leaves the journal as it is"],
    methods: (store) => ({
      append: (claim, revision, entries, head) =>
        store.append(claim, revision, entries.length === 0 ? [""] : entries, head),
    }),
  },
  {
    what: "an append of nothing that passes",
    noticedBy: ["append of neither an entry nor a head fails"],
    methods: (store) => ({
      append: (claim, revision, entries, head) =>
        entries.length === 0 && head === undefined ? "stored" : store.append(claim, revision, entries, head),
    }),
  },
  {
    what: "a load that shares its entries",
    noticedBy: ["the store shares no objects with its callers: later changes have no effect on each other"],
    methods: (store) => {
      const shared: string[] = [];
      return {
        async load(jobId) {
          const job = await store.load(jobId);
          shared.splice(0, Infinity, ...job?.entries ?? []);
          return job && { ...job, entries: shared };
        },
      };
    },
  },
  {
    what: "tags that are shared",
    noticedBy: ["the store shares no objects with its callers: later changes have no effect on each other"],
    methods(store) {
      let tags: Readonly<Record<string, string>> = {};
      return {
        ...changeRecords(store, (record) => ({ ...record, tags })),
        create(jobs) {
          for (const job of jobs) tags = job.tags;
          return store.create(jobs);
        },
      };
    },
  },
  {
    what: "a delete that takes ids which begin alike",
    noticedBy: ["delete removes a job with everything that belongs to it, and nothing of other jobs"],
    methods: (store) => ({
      async delete(life) {
        const { jobs } = await store.list();
        for (const job of jobs) {
          if (job.jobId.startsWith(life.jobId) && job.jobId !== life.jobId) await store.delete(job);
        }
        return await store.delete(life);
      },
    }),
  },
  {
    what: "a delete that never says no",
    noticedBy: ["delete removes a job with everything that belongs to it, and nothing of other jobs"],
    methods: (store) => ({ delete: async (life) => (await store.delete(life), true) }),
  },
  {
    what: "keys that outlive their job",
    noticedBy: [
      "a job that is created again after delete has nothing of the former one",
      "purge deletes jobs that have ended before an instant, with everything that belongs to them",
    ],
    methods(store) {
      const keys = new Set<string>();
      return {
        async send(job, command) {
          const answer = await store.send(job, command);
          const key = JSON.stringify([job.jobId, command.key]);
          if (answer === "stored" && keys.has(key)) return "known";
          keys.add(key);
          return answer;
        },
      };
    },
  },
  {
    what: "a snapshot that drops all entries",
    noticedBy: ["compact drops the entries up to its revision and keeps those after it"],
    methods: (store) => ({
      compact: async (life, _revision, snapshot) =>
        store.compact(life, (await store.find(life.jobId))?.revision ?? 0, snapshot),
    }),
  },
  {
    what: "a snapshot that keeps the last entry",
    noticedBy: ["compact at the job's revision leaves no entries, and later appends succeed"],
    methods: (store) => ({
      async load(jobId) {
        const stored = await store.load(jobId);
        return stored && { ...stored, entries: stored.entries.length === 0 ? ["kept"] : stored.entries };
      },
    }),
  },
  {
    what: "an older snapshot that takes the place of a newer one",
    noticedBy: ["compact at a revision that is not above the snapshot's has no effect"],
    methods(store) {
      const latest = new Map<string, string>();
      return {
        async compact(life, revision, snapshot) {
          latest.set(life.jobId, snapshot);
          await store.compact(life, revision, snapshot);
        },
        async load(jobId) {
          const stored = await store.load(jobId);
          return stored && { ...stored, snapshot: latest.get(jobId) ?? stored.snapshot };
        },
      };
    },
  },
  {
    what: "a snapshot ahead of its job",
    noticedBy: ["compact at a revision that the job has not reached has no effect"],
    methods: (store) => ({
      async compact(life, revision, snapshot) {
        const record = await store.find(life.jobId);
        await store.compact(life, Math.min(revision, record?.revision ?? 0), snapshot);
      },
    }),
  },
  {
    what: "a snapshot that brings a job back",
    noticedBy: ["compact of a deleted or unknown job, or of another life, has no effect"],
    methods: (store) => ({
      async compact(life, revision, snapshot) {
        await store.create([sampleJob(life.jobId, { snapshot })]);
        await store.compact(life, revision, snapshot);
      },
    }),
  },
  {
    what: "a snapshot that empties the inbox",
    noticedBy: ["compact does not change the inbox"],
    methods(store) {
      const read = new Map<string, number>();
      return {
        async compact(life, ...snapshot) {
          read.set(life.jobId, (await store.find(life.jobId))?.sent ?? 0);
          await store.compact(life, ...snapshot);
        },
        inbox: (life, after, now) => store.inbox(life, Math.max(after, read.get(life.jobId) ?? 0), now),
      };
    },
  },
];
