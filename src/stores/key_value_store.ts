import { FencedError } from "../base/errors.ts";
import { checkInteger } from "../base/options.ts";
import type { IdSource } from "../ports/ids.ts";
import type { JobHead, NewJob, Store, StoredJob } from "../ports/store.ts";
import { checkEntries } from "../ports/store_checks.ts";
import { isDue, pageAmong } from "../ports/store_lists.ts";
import { Watchers } from "../ports/watchers.ts";
import { commandsOf } from "./key_value_store/commands.ts";
import { type Head, KIND, toRecord } from "./key_value_store/head.ts";
import { jobKeysOf } from "./key_value_store/job_keys.ts";
import { isLive, jobsOf, quietly } from "./key_value_store/jobs.ts";
import { journalOf } from "./key_value_store/journal.ts";
import { nameOf } from "./key_value_store/keys.ts";
import { recentHeads } from "./key_value_store/recent_heads.ts";
import type { KeyValueStorage } from "./key_value_store/storage.ts";
import { sweep } from "./key_value_store/sweep.ts";
import { valuesOf } from "./key_value_store/values.ts";

export type { KeyValueEntry, KeyValueStorage } from "./key_value_store/storage.ts";

/** How a store keeps jobs in a key-value storage. */
export interface KeyValueStoreOptions {
  /** What all keys begin with, so that a storage can have other things too. @default {"routilux/"} */
  readonly prefix?: string;
  /** The most bytes that a value may have; longer ones are split. @default {60000} */
  readonly maxValueBytes?: number;
  /** Where the names of values come from, which must never be the same. The default are random UUIDs. */
  readonly ids?: IdSource;
}

/** The most bytes of entries that stand in a job's key itself. */
const MOST_TAIL_BYTES = 4_000;

/**
 * A store in a key-value storage that can do no more than compare and set one key at a time: for edge functions, and
 * wherever there is no database. The storage is handed in as an object with four methods.
 *
 * What it guarantees: a write counts when the one key of its job has been set, so it is all there or not at all, whenever
 * a process ends and whatever call fails; it survives as long as the storage keeps what it has confirmed. A call whose
 * answer was lost has been made or not, like any; writing once more is safe, at worst it is fenced. An append sets one key,
 * now and then two or three; its cost depends neither on the length of the journal nor on the size of the job.
 *
 * What it does not: `due` and `list` read the keys of all jobs, so it is made for thousands of jobs, not for millions;
 * delete those that have ended. What a process that has died leaves of a write is removed by the next compaction; only of
 * a job that it was creating it stays. Commands stay until their job is deleted. `watch` tells of the commands that this
 * store sends.
 *
 * @throws {RangeError} when `maxValueBytes` is not an integer of at least 1,000
 *
 * @example
 * ```ts
 * import { type KeyValueStorage, keyValueStore } from "@routilux/routilux/stores/key_value";
 *
 * const entries = new Map<string, { value: string; version: string }>();
 * let count = 0;
 * const storage: KeyValueStorage = { // in earnest: calls of a service
 *   get: (key) => entries.get(key),
 *   set(key, value, expected) {
 *     if (entries.get(key)?.version !== expected) return undefined;
 *     const version = String(++count);
 *     entries.set(key, { value, version });
 *     return version;
 *   },
 *   delete(key, expected) {
 *     if (expected === undefined || entries.get(key)?.version === expected) entries.delete(key);
 *   },
 *   list: (prefix) => [...entries.keys()].filter((key) => key.startsWith(prefix)),
 * };
 * const store = keyValueStore(storage);
 * await store.list({ status: "running" }); // { jobs: [] }
 * ```
 */
export function keyValueStore(storage: KeyValueStorage, options: KeyValueStoreOptions = {}): Store {
  const { prefix = "routilux/", maxValueBytes = 60_000, ids = { id: () => crypto.randomUUID() } } = options;
  checkInteger("Cannot open the key-value store", "maxValueBytes", maxValueBytes, 1_000);
  const values = valuesOf(storage, maxValueBytes);
  const keys = jobKeysOf(storage, values, prefix, ids);
  const jobs = jobsOf(storage, keys);
  const journal = journalOf(values, Math.min(MOST_TAIL_BYTES, Math.floor(maxValueBytes / 4)), ids);
  const commands = commandsOf(storage, values, ids);
  const recent = recentHeads();
  const watchers = new Watchers();
  const underWay = new Set<Promise<unknown>>();
  let isClosed = false;

  const call = <T>(run: () => Promise<T>): Promise<T> => {
    if (isClosed) throw new Error("The key-value store is closed");
    const promise = run();
    const end = (): void => void underWay.delete(promise);
    underWay.add(promise);
    promise.then(end, end);
    return promise;
  };
  const writeDocuments = async (data: string, flow: string, snapshot: string) => {
    const flowRef = await values.write(`${data}/f/0`, flow);
    try {
      return { flow: flowRef, snapshot: await values.write(`${data}/s/0/${ids.id()}`, snapshot) };
    } catch (error) {
      await values.remove(flowRef);
      throw error;
    }
  };
  const create = async ({ jobId, createdAt, flow, snapshot, head }: NewJob): Promise<boolean> => {
    const key = await keys.keyOf(jobId);
    const data = `${prefix}data/${await nameOf(jobId)}/${ids.id()}`;
    let documents: Pick<Head, "flow" | "snapshot"> | undefined;
    for (;;) {
      const located = await keys.read(key);
      if (located !== undefined && isLive(located)) {
        for (const ref of Object.values(documents ?? {})) await values.remove(ref);
        return false;
      }
      if (located !== undefined) await jobs.bury(located);
      documents ??= await writeDocuments(data, flow, snapshot);
      const begin = { revision: 0, snapshotRevision: 0, segments: [], tail: [], sent: 0 };
      const next = { ...KIND, jobId, data, createdAt, head: { ...head }, ...begin, ...documents };
      if (await keys.swing(key, undefined, next) !== undefined) return true;
    }
  };
  const append = async (jobId: string, expected: number, entries: readonly string[], head?: JobHead): Promise<void> => {
    let located = recent.take(jobId);
    if (located?.head.revision !== expected) located = await jobs.locate(jobId);
    for (;; located = await jobs.locate(jobId)) {
      if (located?.head.revision !== expected) throw new FencedError(jobId, expected, located?.head.revision);
      const { head: longer, written } = await journal.add(located.head, entries);
      const swung = await keys.swing(
        located.key,
        located,
        head === undefined ? longer : { ...longer, head: { ...head } },
      );
      if (swung !== undefined) return recent.put(jobId, swung);
      for (const ref of written) await values.remove(ref);
    }
  };
  const compact = async (jobId: string, revision: number, snapshot: string): Promise<void> => {
    let located = await jobs.locate(jobId);
    if (located === undefined || !isAhead(located.head, revision)) return;
    const { data } = located.head;
    const ref = await values.write(`${data}/s/${revision}/${ids.id()}`, snapshot);
    for (;; located = await jobs.locate(jobId)) {
      if (located?.head.data !== data || !isAhead(located.head, revision)) return await values.remove(ref);
      const { head } = located;
      const next = { ...head, ...journal.trim(head, revision), snapshot: ref, snapshotRevision: revision };
      const swung = await keys.swing(located.key, located, next);
      if (swung !== undefined) return await quietly(() => sweep(storage, swung.head));
    }
  };
  const send = async (jobId: string, text: string, key: string): Promise<boolean> => {
    for (;;) {
      const placed = await jobs.read(
        jobId,
        async (located) => ({ located, ...await commands.place(located.head, text, key) }),
      );
      if (placed === undefined) return false;
      if (!await jobs.count(placed.located, placed.sequence) || !placed.isOwn) continue;
      watchers.tell(jobId);
      return true;
    }
  };
  const remove = async (jobId: string): Promise<boolean> => {
    const key = await keys.keyOf(jobId);
    for (;;) {
      const located = await keys.read(key);
      if (located === undefined) return false;
      if (!isLive(located)) {
        await quietly(() => jobs.bury(located));
        return false;
      }
      const swung = await keys.swing(key, located, { ...KIND, jobId, data: located.head.data, isDeleted: true });
      if (swung === undefined) continue;
      await quietly(() => jobs.bury(swung));
      return true;
    }
  };

  return {
    create: (job) => call(() => create(job)),
    find: (jobId) =>
      call(async () => {
        const located = await jobs.locate(jobId);
        return located && toRecord(located.head);
      }),
    load: (jobId) =>
      call(() =>
        jobs.read(jobId, async ({ head }): Promise<StoredJob> => {
          const [flow, snapshot, entries] = await Promise.all([
            values.read(head.flow),
            values.read(head.snapshot),
            journal.load(head),
          ]);
          return { record: toRecord(head), flow, snapshot, snapshotRevision: head.snapshotRevision, entries };
        })
      ),
    append(jobId, expectedRevision, entries, head) {
      checkEntries(jobId, entries);
      return call(() => append(jobId, expectedRevision, [...entries], head));
    },
    compact: (jobId, revision, snapshot) => call(() => compact(jobId, revision, snapshot)),
    send: (jobId, text, key) => call(() => send(jobId, text, key)),
    inbox: (jobId, after) =>
      call(async () => await jobs.read(jobId, async ({ head }) => await commands.load(head, after)) ?? []),
    due: (query) =>
      call(async () => {
        const due = (await jobs.allHeads()).filter(({ head, sent }) => isDue(head, query) || sent > head.consumed);
        return due.slice(0, query.limit).map(toRecord);
      }),
    watch: (onCommand) => watchers.watch(onCommand),
    list: (query = {}) => call(async () => pageAmong((await jobs.allHeads()).map(toRecord), query)),
    delete: (jobId) => call(() => remove(jobId)),
    async close(): Promise<void> {
      isClosed = true;
      await Promise.allSettled(underWay);
    },
  };
}

/** Whether a job has come to a revision that its snapshot has not. */
function isAhead({ revision: last, snapshotRevision }: Head, revision: number): boolean {
  return revision > snapshotRevision && revision <= last;
}
