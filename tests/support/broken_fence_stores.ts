import { FencedError } from "../../src/base/errors.ts";
import type { JobClaim, JobLife, JobRecord, Store } from "../../src/ports/mod.ts";
import { sampleJob } from "../../src/testing/store_contract/sample_jobs.ts";
import { type BrokenStore, changeRecords, turns } from "./broken_store.ts";

type Append = Parameters<Store["append"]>;

/** An append whose claim and revision are changed by the job's record, if it is there. */
function appendAs(
  store: Store,
  change: (record: JobRecord, claim: JobClaim, revision: number) => readonly [JobClaim, number],
): Partial<Store> {
  return {
    async append(...[claim, revision, entries, head]: Append) {
      const record = await store.find(claim.jobId);
      const [as, at] = record === undefined ? [claim, revision] : change(record, claim, revision);
      return await store.append(as, at, entries, head);
    },
  };
}

async function lifeOf(store: Store, { jobId, life }: JobLife): Promise<JobLife> {
  return { jobId, life: (await store.find(jobId))?.life ?? life };
}

/** Stores that get fences and lives wrong. */
export const BROKEN_FENCES: readonly BrokenStore[] = [
  {
    what: "no fence",
    noticedBy: [
      "a former owner that writes after a new claim is refused, with and without a head or an entry",
      "of concurrent appends only the fenced ones fail",
    ],
    methods: (store) => appendAs(store, (record) => [record, record.revision]),
  },
  {
    what: "a fence by revision alone",
    noticedBy: [
      "a former owner that writes after a new claim is refused, with and without a head or an entry",
      "a former life that writes, compacts or deletes does not touch the job that was created anew under its id",
      "claim of one's own job raises its epoch, so that what was sent before is refused",
      "an engine that takes beside writes of the former owner gets the whole job, and the later of them are refused",
    ],
    methods: (store) => appendAs(store, (record, _claim, revision) => [record, revision]),
  },
  {
    what: "a fence against the past only",
    noticedBy: ["a revision above the job's is refused, before and after a snapshot"],
    methods: (store) => appendAs(store, (record, claim, revision) => [claim, Math.min(revision, record.revision)]),
  },
  {
    what: "a fence against former claims only",
    noticedBy: ["an epoch above the job's is refused"],
    methods: (store) =>
      appendAs(
        store,
        (record, claim, revision) => [{ ...claim, epoch: Math.min(claim.epoch, record.epoch) }, revision],
      ),
  },
  {
    what: "a fence that a snapshot tears down",
    noticedBy: ["a former owner is still refused when a snapshot has replaced the entries of its revision"],
    methods: (store) => ({
      async append(claim, revision, ...rest) {
        const stored = await store.load(claim.jobId);
        const isOld = stored !== undefined && revision < stored.snapshotRevision;
        return await store.append(claim, isOld ? stored.record.revision : revision, ...rest);
      },
    }),
  },
  {
    what: "a refusal that changes the head",
    noticedBy: ["a refused append has changed nothing: neither entries nor head"],
    methods: (store) => ({
      async append(claim, revision, entries, head) {
        const record = await store.find(claim.jobId);
        if (record !== undefined && record.revision !== revision) await store.append(record, record.revision, [], head);
        return await store.append(claim, revision, entries, head);
      },
    }),
  },
  {
    what: "a refusal by another error",
    noticedBy: ["a refused append has changed nothing: neither entries nor head"],
    methods: (store) => ({
      async append(claim, revision, ...rest) {
        if ((await store.find(claim.jobId))?.revision !== revision) throw new Error("No");
        return await store.append(claim, revision, ...rest);
      },
    }),
  },
  {
    what: "a refusal that tells of another job's revision",
    noticedBy: ["a refused append has changed nothing: neither entries nor head"],
    methods: (store) => ({
      async append(claim, revision, ...rest) {
        try {
          return await store.append(claim, revision, ...rest);
        } catch {
          throw new FencedError(claim.jobId, revision, 77);
        }
      },
    }),
  },
  {
    what: "an append that makes the job",
    noticedBy: [
      "append to an unknown job is refused, and creates none",
      "a former owner that writes to a deleted job is refused, and does not recreate it",
      "a delete that runs concurrently with other writes leaves nothing behind",
    ],
    methods: (store) => ({
      async append(claim, ...write) {
        await store.create([sampleJob(claim.jobId)]);
        return await store.append(claim, ...write);
      },
    }),
  },
  {
    what: "a write sent again that passes as done",
    noticedBy: ["a repeated write is refused, and is stored once"],
    methods: (store) => ({
      async append(claim, revision, entries, head) {
        const stored = await store.load(claim.jobId);
        if (stored?.record.revision !== revision && stored?.entries.at(-1) === entries.at(-1)) return "stored";
        return await store.append(claim, revision, entries, head);
      },
    }),
  },
  {
    what: "claims that outlive their release",
    noticedBy: ["an owner that has let go of a job is refused until it has claimed it again"],
    methods: (store) => ({
      async append(claim, revision, ...rest) {
        const record = await store.find(claim.jobId);
        const isReleased = record?.epoch === claim.epoch && record.revision === revision && record.owner === undefined;
        return isReleased && claim.epoch > 0 ? "stored" : await store.append(claim, revision, ...rest);
      },
    }),
  },
  {
    what: "snapshots of the owner only",
    noticedBy: ["a former owner that compacts changes neither the journal nor the claim"],
    methods: (store) => ({
      async compact(life, ...snapshot) {
        const record = await store.find(life.jobId);
        if ("epoch" in life && life.epoch !== record?.epoch) return;
        await store.compact(life, ...snapshot);
      },
    }),
  },
  {
    what: "calls that name no life",
    noticedBy: [
      "a former life that writes, compacts or deletes does not touch the job that was created anew under its id",
      "compact of a deleted or unknown job, or of another life, has no effect",
      "send to an unknown job or another life is answered so, and its inbox is empty",
    ],
    methods: (store) => ({
      compact: async (life, ...snapshot) => store.compact(await lifeOf(store, life), ...snapshot),
      delete: async (life) => store.delete(await lifeOf(store, life)),
      inbox: async (life, ...rest) => store.inbox(await lifeOf(store, life), ...rest),
      send: ({ jobId }, command) => store.send({ jobId }, command),
    }),
  },
  {
    what: "lives that are counted by each handle",
    noticedBy: ["lives are numbered in order over all jobs, also over those that are gone"],
    methods(store) {
      const lives = new Map<number, number>();
      return changeRecords(store, (record) => {
        const life = lives.get(record.life) ?? lives.size;
        lives.set(record.life, life);
        return { ...record, life };
      });
    },
  },
  {
    what: "lives that are numbered downwards",
    noticedBy: ["lives are numbered in order over all jobs, also over those that are gone"],
    methods: (store) => changeRecords(store, (record) => ({ ...record, life: -record.life })),
  },
  {
    what: "a fence that looks, and writes a moment later",
    noticedBy: ["of two writes at the same revision exactly one succeeds, in each of many rounds"],
    methods: (store) => ({
      async append(claim, expected, ...rest) {
        const before = await store.find(claim.jobId);
        if (before?.revision !== expected) throw new FencedError(claim.jobId, expected, before?.revision);
        await turns(3);
        try {
          return await store.append(claim, expected, ...rest);
        } catch {
          return await store.append(claim, (await store.find(claim.jobId))?.revision ?? expected, ...rest);
        }
      },
    }),
  },
];
