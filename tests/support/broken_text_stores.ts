import { type BrokenStore, turns } from "./broken_store.ts";

/** Stores that get texts, ids and their own end wrong. */
export const BROKEN_TEXTS: readonly BrokenStore[] = [
  {
    what: "texts that are normalized",
    noticedBy: "every text is returned unchanged: documents, entries, commands, keys, flows, statuses, owners",
    methods: (store) => ({
      append: (jobId, revision, entries, head) =>
        store.append(jobId, revision, entries.map((it) => it.normalize()), head),
    }),
  },
  {
    what: "texts that end at NUL",
    noticedBy: "every text is returned unchanged: documents, entries, commands, keys, flows, statuses, owners",
    methods: (store) => ({
      compact: (jobId, revision, snapshot) => store.compact(jobId, revision, snapshot.split("\0", 1).join()),
    }),
  },
  ...[
    ["ids in lower case", (jobId: string) => jobId.toLowerCase()] as const,
    ["ids of 255 characters at most", (jobId: string) => jobId.slice(0, 255)] as const,
    ["ids as names of files", (jobId: string) => jobId.replaceAll(/[^\w]/g, "_")] as const,
  ].map(([what, idOf]): BrokenStore => ({
    what,
    noticedBy: "job ids may be any text, and all are distinct",
    methods: (store) => ({
      create: (job) => store.create({ ...job, jobId: idOf(job.jobId) }),
      find: (jobId) => store.find(idOf(jobId)),
      load: (jobId) => store.load(idOf(jobId)),
      append: (jobId, ...rest) => store.append(idOf(jobId), ...rest),
      send: (jobId, ...rest) => store.send(idOf(jobId), ...rest),
      inbox: (jobId, after) => store.inbox(idOf(jobId), after),
      delete: (jobId) => store.delete(idOf(jobId)),
    }),
  })),
  {
    what: "a delete that takes ids which begin alike",
    noticedBy: "delete removes a job",
    methods: (store) => ({
      async delete(jobId) {
        const { jobs } = await store.list();
        const like = jobs.filter((it) => it.jobId.startsWith(jobId) && it.jobId !== jobId);
        for (const { jobId: other } of like) await store.delete(other);
        return await store.delete(jobId);
      },
    }),
  },
  {
    what: "a close that ends nothing",
    noticedBy: "after close every call fails",
    methods: () => ({ close: () => {} }),
  },
  {
    what: "a close that does not wait",
    noticedBy: "close waits for pending calls",
    methods: (store) => ({
      async append(...write) {
        await turns(50);
        await store.append(...write);
      },
    }),
  },
];
