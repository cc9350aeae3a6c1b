import { FencedError } from "../../mod.ts";
import type { JobHead, Store } from "../../src/ports/mod.ts";
import { type BrokenStore, turns } from "./broken_store.ts";

const NONE: JobHead = { flowId: "", status: "", wakeAt: undefined, owner: undefined, epoch: 0, consumed: 0 };

async function revisionOf(store: Store, jobId: string): Promise<number> {
  return (await store.find(jobId))?.revision ?? -1;
}

/** Stores that get journals, heads and snapshots wrong. */
export const BROKEN_JOURNALS: readonly BrokenStore[] = [
  {
    what: "no fence",
    noticedBy: "a former owner that writes after a new claim is refused, with and without a head",
    methods: (store) => ({
      append: async (jobId, _revision, ...rest) => store.append(jobId, await revisionOf(store, jobId), ...rest),
    }),
  },
  {
    what: "a fence against the past only",
    noticedBy: "a former owner with a revision above the job's is refused, before and after a snapshot",
    methods: (store) => ({
      append: async (jobId, revision, ...rest) =>
        store.append(jobId, Math.min(revision, Math.max(0, await revisionOf(store, jobId))), ...rest),
    }),
  },
  {
    what: "a fence that a snapshot tears down",
    noticedBy: "a former owner is still refused when a snapshot has replaced the entries of its revision",
    methods: (store) => ({
      async append(jobId, revision, ...rest) {
        const snapshotRevision = (await store.load(jobId))?.snapshotRevision ?? 0;
        await store.append(jobId, revision < snapshotRevision ? await revisionOf(store, jobId) : revision, ...rest);
      },
    }),
  },
  {
    what: "a fence that looks, and writes a moment later",
    noticedBy: "of two claims at the same revision exactly one succeeds, in each of many rounds",
    methods: (store) => ({
      async append(jobId, expected, ...rest) {
        const revision = await revisionOf(store, jobId);
        if (revision !== expected) throw new FencedError(jobId, expected, revision < 0 ? undefined : revision);
        await turns(3);
        try {
          await store.append(jobId, expected, ...rest);
        } catch {
          await store.append(jobId, await revisionOf(store, jobId), ...rest);
        }
      },
    }),
  },
  {
    what: "a refusal that changes the head",
    noticedBy: "a refused append has changed nothing",
    methods: (store) => ({
      async append(jobId, revision, entries, head) {
        const present = await revisionOf(store, jobId);
        if (present >= 0 && present !== revision) await store.append(jobId, present, [], head);
        await store.append(jobId, revision, entries, head);
      },
    }),
  },
  {
    what: "a refusal by another error",
    noticedBy: "a refused append",
    methods: (store) => ({
      async append(jobId, revision, ...rest) {
        if (await revisionOf(store, jobId) !== revision) throw new Error("No");
        await store.append(jobId, revision, ...rest);
      },
    }),
  },
  {
    what: "an append that makes the job",
    noticedBy: "append to an unknown job is refused, and creates none",
    methods: (store) => ({
      async append(jobId, revision, entries, head) {
        await store.create({ jobId, createdAt: 0, flow: "", snapshot: "", head: NONE });
        await store.append(jobId, revision, entries, head);
      },
    }),
  },
  {
    what: "a write sent again that passes as done",
    noticedBy: "a repeated write is refused, and is stored once",
    methods: (store) => ({
      async append(jobId, revision, entries, head) {
        const stored = await store.load(jobId);
        if (stored?.record.revision !== revision && stored?.entries.at(-1) === entries.at(-1)) return;
        await store.append(jobId, revision, entries, head);
      },
    }),
  },
  {
    what: "a head lost where none is given",
    noticedBy: "append replaces the whole head if one is given, else keeps it",
    methods: (store) => ({
      append: (jobId, revision, entries, head = { ...NONE, flowId: "flow", status: "running" }) =>
        store.append(jobId, revision, entries, head),
    }),
  },
  {
    what: "a head that keeps what is gone from the new one",
    noticedBy: "append replaces the whole head if one is given, else keeps it",
    methods: (store) => ({
      async append(jobId, revision, entries, head) {
        const { wakeAt, owner } = await store.find(jobId) ?? NONE;
        const merged = head && { ...head, wakeAt: head.wakeAt ?? wakeAt, owner: head.owner ?? owner };
        await store.append(jobId, revision, entries, merged);
      },
    }),
  },
  {
    what: "a create that overwrites",
    noticedBy: "create returns false for an existing id, and changes nothing",
    methods: (store) => ({
      async create(job) {
        if (await store.create(job)) return true;
        await store.delete(job.jobId);
        await store.create(job);
        return false;
      },
    }),
  },
  {
    what: "two creates that both say yes",
    noticedBy: "of two concurrent creations of the same job exactly one succeeds",
    methods: (store) => ({
      async create(job) {
        const isNew = await store.find(job.jobId) === undefined;
        await turns(3);
        return await store.create(job) || isNew;
      },
    }),
  },
  {
    what: "a load of two moments",
    noticedBy: "load returns a consistent job while another handle appends and compacts",
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
    what: "a snapshot that drops all entries",
    noticedBy: "compact drops the entries up to its revision",
    methods: (store) => ({
      compact: async (jobId, _revision, snapshot) => store.compact(jobId, await revisionOf(store, jobId), snapshot),
    }),
  },
  {
    what: "a snapshot that keeps the entries",
    noticedBy: "compact at the job's revision leaves no entries, and later appends succeed",
    methods: (store) => ({
      async load(jobId) {
        const stored = await store.load(jobId);
        return stored && { ...stored, entries: stored.entries.length === 0 ? ["kept"] : stored.entries };
      },
    }),
  },
  {
    what: "an older snapshot that takes the place of a newer one",
    noticedBy: "not above the snapshot's",
    methods: (store) => {
      const latest = new Map<string, string>();
      return {
        async compact(jobId, revision, snapshot) {
          latest.set(jobId, snapshot);
          await store.compact(jobId, revision, snapshot);
        },
        async load(jobId) {
          const stored = await store.load(jobId);
          return stored && { ...stored, snapshot: latest.get(jobId) ?? stored.snapshot };
        },
      };
    },
  },
  {
    what: "a snapshot that brings a job back",
    noticedBy: "compact of a deleted or unknown job has no effect",
    methods: (store) => ({
      async compact(jobId, revision, snapshot) {
        await store.create({ jobId, createdAt: 0, flow: "", snapshot, head: NONE });
        await store.compact(jobId, revision, snapshot);
      },
    }),
  },
];
