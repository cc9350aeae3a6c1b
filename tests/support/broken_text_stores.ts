import type { Store } from "../../src/ports/mod.ts";
import { type BrokenStore, changeRecords } from "./broken_store.ts";

const ALL_TEXTS = "every text is returned unchanged: documents, entries, commands, keys, and all that a record has";

/** Methods that change the id of a job wherever it is named. */
function changeIds(store: Store, idOf: (jobId: string) => string): Partial<Store> {
  const as = <T extends { readonly jobId: string }>(job: T): T => ({ ...job, jobId: idOf(job.jobId) });
  return {
    create: (jobs) => store.create(jobs.map(as)),
    find: (jobId) => store.find(idOf(jobId)),
    load: (jobId) => store.load(idOf(jobId)),
    append: (claim, ...rest) => store.append(as(claim), ...rest),
    send: (job, command) => store.send(as(job), command),
    inbox: (life, ...rest) => store.inbox(as(life), ...rest),
    delete: (life) => store.delete(as(life)),
  };
}

/** Stores that get texts, ids and numbers wrong. */
export const BROKEN_TEXTS: readonly BrokenStore[] = [
  {
    what: "texts that are normalized",
    noticedBy: [ALL_TEXTS],
    methods: (store) => ({
      append: (claim, revision, entries, head) =>
        store.append(claim, revision, entries.map((it) => it.normalize()), head),
    }),
  },
  {
    what: "texts that end at NUL",
    noticedBy: [ALL_TEXTS],
    methods: (store) => ({
      compact: (life, revision, snapshot) => store.compact(life, revision, snapshot.split("\0", 1).join()),
    }),
  },
  {
    what: "halves of surrogate pairs that are replaced",
    noticedBy: [ALL_TEXTS],
    methods: (store) => ({
      send: (job, command) => store.send(job, { ...command, text: command.text.toWellFormed() }),
    }),
  },
  {
    what: "owners without a leading mark of byte order",
    noticedBy: [ALL_TEXTS],
    methods: (store) => changeRecords(store, (it) => ({ ...it, owner: it.owner?.replace(/^\ufeff/, "") })),
  },
  {
    what: "tags that are trimmed",
    noticedBy: [ALL_TEXTS],
    methods: (store) => ({
      create: (jobs) =>
        store.create(jobs.map((job) => {
          const tags = Object.entries(job.tags).map(([name, value]) => [name, value.trim()]);
          return { ...job, tags: Object.fromEntries(tags) };
        })),
    }),
  },
  {
    what: "queues that are trimmed",
    noticedBy: ["take goes by any flow, hash, queue and id"],
    methods: (store) => ({
      take: (query) => store.take({ ...query, queues: query.queues?.map((it) => it.trim()) }),
    }),
  },
  ...[
    ["ids in lower case", (jobId: string) => jobId.toLowerCase()] as const,
    ["ids of 255 characters at most", (jobId: string) => jobId.slice(0, 255)] as const,
    ["ids as names of files", (jobId: string) => jobId.replaceAll(/[^\w]/g, "_")] as const,
  ].map(([what, idOf]): BrokenStore => ({
    what,
    noticedBy: ["job ids may be any text, and all are distinct"],
    methods: (store) => changeIds(store, idOf),
  })),
  {
    what: "ids whose halves of surrogate pairs are replaced",
    noticedBy: ["ids that are not well-formed Unicode are refused or distinct"],
    methods: (store) => changeIds(store, (jobId) => jobId.toWellFormed()),
  },
  ...[
    ["keys", (store: Store): Partial<Store> => ({
      send: (job, command) => store.send(job, { ...command, key: command.key.slice(0, 255) }),
    })] as const,
    ["names of owners", (store: Store): Partial<Store> => ({
      enter: (query) => store.enter({ ...query, owner: query.owner.slice(0, 255) }),
    })] as const,
    ["values of tags", (store: Store): Partial<Store> => ({
      create: (jobs) =>
        store.create(jobs.map((job) => {
          const tags = Object.entries(job.tags).map(([name, value]) => [name, value.slice(0, 255)]);
          return { ...job, tags: Object.fromEntries(tags) };
        })),
    })] as const,
  ].map(([what, methods]): BrokenStore => ({
    what: `${what} of 255 characters at most`,
    noticedBy: ["names of 1 KiB are kept apart: ids, keys, owners, flows, queues, tags"],
    methods,
  })),
  {
    what: "whole milliseconds",
    noticedBy: ["numbers are returned unchanged: times, priorities, fractions of milliseconds"],
    methods: (store) => changeRecords(store, (it) => ({ ...it, dueAt: it.dueAt && Math.floor(it.dueAt) })),
  },
  {
    what: "documents of 10 MB at most",
    noticedBy: ["a job with 100,000 pending tasks is stored, compacted and loaded"],
    methods: (store) => ({
      compact: (life, revision, snapshot) => store.compact(life, revision, snapshot.slice(0, 10_000_000)),
    }),
  },
  {
    what: "journals of 5,000 entries at most",
    noticedBy: ["a journal of 10,000 entries is loaded in order, and a snapshot replaces any part of it"],
    methods: (store) => ({
      async load(jobId) {
        const job = await store.load(jobId);
        return job && { ...job, entries: job.entries.slice(0, 5_000) };
      },
    }),
  },
  {
    what: "entries of 64 KiB at most",
    noticedBy: ["entries and commands of a megabyte are stored completely"],
    methods: (store) => ({
      append: (claim, revision, entries, head) =>
        store.append(claim, revision, entries.map((it) => it.slice(0, 65_536)), head),
    }),
  },
];
