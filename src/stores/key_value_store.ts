import { FencedError } from "../base/errors.ts";
import { checkInteger } from "../base/options.ts";
import type { IdSource } from "../ports/ids.ts";
import type { JobHead, NewJob, Store, StoredJob } from "../ports/store.ts";
import { checkEntries, CommandWatchers, dueOfAll, pageOfAll, PendingCalls } from "../ports/store_kit.ts";
import { commandsOf } from "./key_value_store/commands.ts";
import { type Head, KIND, toRecord } from "./key_value_store/head.ts";
import { jobKeysOf, recentHeads } from "./key_value_store/job_keys.ts";
import { isLive, jobsOf, sweep } from "./key_value_store/jobs.ts";
import { segmentedJournal } from "./key_value_store/journal.ts";
import { nameOf } from "./key_value_store/keys.ts";
import type { KeyValueStorage } from "./key_value_store/storage.ts";
import { quietly, valuesOf } from "./key_value_store/values.ts";

export type { KeyValueEntry, KeyValueStorage } from "./key_value_store/storage.ts";

/** Options of a key-value store. */
export interface KeyValueStoreOptions {
  /** The prefix of all keys, so that the storage can hold other data too. @default {"routilux/"} */
  readonly prefix?: string;
  /** The maximum size of a value in bytes; longer texts are split. @default {60000} */
  readonly maxValueBytes?: number;
  /** Makes unique ids for the keys of values. The default makes random UUIDs. */
  readonly ids?: IdSource;
}

/** The maximum size of the entries that are kept within a job's head, in bytes. */
const MOST_TAIL_BYTES = 4_000;

/**
 * A store in a key-value storage whose only atomic operation is a compare-and-set of one key: for edge functions, and
 * wherever there is no database. The storage is passed in as an object with four methods.
 *
 * Guarantees: every write is completed by setting one key, the job's head, so it is atomic, whenever a process ends and
 * whichever call fails. Stored data is as durable as the storage. A call whose answer was lost may or may not have been
 * made; repeating it is safe, at worst the repetition is fenced. An append sets one key, and sometimes two or three;
 * its cost depends neither on the length of the journal nor on the size of the job.
 *
 * Limits: `due` and `list` read the heads of all jobs, so the store suits thousands of jobs, not millions; delete jobs
 * that have ended. The values of an interrupted write are removed by the next compaction; those of an interrupted
 * creation stay. Commands stay until their job is deleted. `watch` reports only the commands that this store object
 * sends.
 *
 * @throws {RangeError} when `maxValueBytes` is not an integer of at least 1,000
 *
 * @example
 * ```ts
 * import { type KeyValueStorage, keyValueStore } from "@routilux/routilux/stores/key_value";
 *
 * const entries = new Map<string, { value: string; version: string }>();
 * let count = 0;
 * const storage: KeyValueStorage = { // in production: calls of a service
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
  const journal = segmentedJournal(values, Math.min(MOST_TAIL_BYTES, Math.floor(maxValueBytes / 4)), ids);
  const commands = commandsOf(storage, values, ids);
  const recent = recentHeads();
  const watchers = new CommandWatchers();
  const pending = new PendingCalls();
  let isClosed = false;

  const call = <T>(run: () => Promise<T>): Promise<T> => {
    if (isClosed) throw new Error("The key-value store is closed");
    return pending.add(run());
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
      watchers.notify(jobId);
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
        const heads = await jobs.allHeads();
        return dueOfAll(heads.map((it) => ({ record: toRecord(it), hasCommands: it.sent > it.head.consumed })), query);
      }),
    watch: (onCommand) => watchers.watch(onCommand),
    list: (query = {}) => call(async () => pageOfAll((await jobs.allHeads()).map(toRecord), query)),
    delete: (jobId) => call(() => remove(jobId)),
    async close(): Promise<void> {
      isClosed = true;
      await pending.finished();
    },
  };
}

/** Whether a job has reached a revision that is newer than its snapshot. */
function isAhead({ revision: last, snapshotRevision }: Head, revision: number): boolean {
  return revision > snapshotRevision && revision <= last;
}
