import { FencedError } from "../../src/base/errors.ts";
import type { JobRecord } from "../../src/ports/mod.ts";
import { type BrokenStore, turns } from "./broken_store.ts";

/** Stores that get concurrent calls and the life of a handle wrong. */
export const BROKEN_HANDLES: readonly BrokenStore[] = [
  {
    what: "two creates that both say yes",
    noticedBy: ["of two concurrent creations of the same job exactly one succeeds"],
    methods: (store) => ({
      async create(jobs) {
        const before = await Promise.all(jobs.map(({ jobId }) => store.find(jobId)));
        await turns(3);
        const answers = await store.create(jobs);
        return answers.map(({ record }, index) => ({ isNew: before[index] === undefined, record }));
      },
    }),
  },
  {
    what: "entries that get into another job",
    noticedBy: ["concurrent appends to many jobs are stored, each in its own job"],
    methods(store) {
      let latest: readonly string[] = [];
      return {
        async append(claim, revision, entries, head) {
          latest = entries;
          await turns(3);
          return await store.append(claim, revision, latest, head);
        },
      };
    },
  },
  {
    what: "writes that fail together",
    noticedBy: ["of concurrent appends only the fenced ones fail"],
    methods(store) {
      let isFenced = false;
      return {
        async append(claim, revision, ...rest) {
          const record = await store.find(claim.jobId);
          if (record?.revision !== revision) isFenced = true;
          await turns(3);
          if (isFenced) throw new FencedError(claim.jobId, revision, record?.revision);
          return await store.append(claim, revision, ...rest);
        },
      };
    },
  },
  {
    what: "a load of two moments",
    noticedBy: ["load returns a consistent job while another handle appends and compacts"],
    methods: (store) => ({
      async load(jobId) {
        const record = await store.find(jobId);
        await turns(3);
        const stored = await store.load(jobId);
        return stored && record && { ...stored, record };
      },
    }),
  },
  {
    what: "snapshots that live in their handle",
    noticedBy: ["everything stored survives closing and reopening the store"],
    methods(store) {
      const snapshots = new Map<string, string>();
      return {
        async compact(life, revision, snapshot) {
          snapshots.set(life.jobId, snapshot);
          await store.compact(life, revision, "");
        },
        async load(jobId) {
          const job = await store.load(jobId);
          return job && { ...job, snapshot: snapshots.get(jobId) ?? job.snapshot };
        },
      };
    },
  },
  {
    what: "records that a handle reads once",
    noticedBy: ["one handle sees what another has stored"],
    methods(store) {
      const records = new Map<string, JobRecord>();
      return {
        async find(jobId) {
          const record = records.get(jobId) ?? await store.find(jobId);
          if (record !== undefined) records.set(jobId, record);
          return record;
        },
      };
    },
  },
  {
    what: "a close that ends nothing",
    noticedBy: ["after close every call fails, and changes nothing"],
    methods: () => ({ close: () => {} }),
  },
  {
    what: "a close that does not wait",
    noticedBy: ["close waits for pending calls"],
    methods: (store) => ({
      async append(...write) {
        await turns(50);
        return await store.append(...write);
      },
    }),
  },
];
