import type { JobPage, JobRecord, Store, StoredCommand, StoredJob } from "../ports/store.ts";
import { checkEntries, CommandWatchers, PendingCalls } from "../ports/store_kit.ts";
import type { KvAtomic, KvClient, KvEntry, KvKey, KvKeyPart, KvSelector } from "./deno_kv_store/client.ts";
import { findJob } from "./deno_kv_store/heads.ts";
import { readCommands, sendCommand } from "./deno_kv_store/inbox.ts";
import { appendEntries, compactJob, loadJob } from "./deno_kv_store/journal.ts";
import { Keys, partsOf } from "./deno_kv_store/keys.ts";
import { dueJobs, listJobs } from "./deno_kv_store/lists.ts";
import { createJob, deleteJob } from "./deno_kv_store/lives.ts";

export type { KvAtomic, KvClient, KvEntry, KvKey, KvKeyPart, KvSelector };

/** Options of a Deno KV store. */
export interface DenoKvStoreOptions {
  /** The beginning of all keys. @default {["routilux"]} */
  readonly prefix?: KvKey | undefined;
}

/**
 * A store in Deno KV, for any number of processes at once. You get the client from `Deno.openKv()`, and close it after
 * the store, which leaves it open. Deno needs `--unstable-kv`, or `"unstable": ["kv"]` in its configuration.
 *
 * Guarantees:
 * - A write is one atomic operation that checks the revision of the job. Texts that are too large for one operation are
 *   first stored in parts that nothing refers to yet; parts that a crash leaves are removed by the next snapshot, or
 *   with the job.
 * - A stored write survives the process, and a loss of power as far as the database does. A local Deno KV database is a
 *   SQLite file.
 * - When a write gets no answer, the store checks whether it was made, and fails if it was not or if that is unknown.
 *   While another process writes to the same file and Deno KV reports that the database is locked, the store tries
 *   again for some seconds.
 * - Due jobs and lists are found by keys, without reading whole jobs. A list by flow or status reads the heads of all
 *   jobs within the given creation times.
 *
 * Writes of one process to one job wait for each other. Jobs that were created in the same millisecond are ordered by
 * the first 100 characters of their ids.
 *
 * @example
 * ```ts
 * import { denoKvStore } from "@routilux/routilux/stores/deno_kv";
 *
 * const kv = await Deno.openKv(":memory:");
 * const store = denoKvStore(kv);
 * await store.list({ status: "running" }); // { jobs: [] }
 * await store.close();
 * kv.close();
 * ```
 */
export function denoKvStore(kv: KvClient, options: DenoKvStoreOptions = {}): Store {
  const space = { kv, keys: new Keys(options.prefix ?? ["routilux"]) };
  const turns = new Map<string, Promise<void>>();
  const pending = new PendingCalls();
  const watchers = new CommandWatchers();
  let isClosed = false;

  /** Runs work if the store is open; `close` waits for it. */
  const use = async <T>(work: () => Promise<T>): Promise<T> => {
    if (isClosed) throw new Error("The Deno KV store is closed");
    return await pending.add(work());
  };
  /**
   * Runs work after all earlier writes of this process to the job, which would otherwise make each other fail and try
   * again.
   */
  const inTurn = <T>(jobId: string, work: () => Promise<T>): Promise<T> =>
    use(async () => {
      const before = turns.get(jobId);
      let resolve = () => {};
      const promise = new Promise<void>((done) => resolve = done);
      turns.set(jobId, promise);
      try {
        await before;
        return await work();
      } finally {
        if (turns.get(jobId) === promise) turns.delete(jobId);
        resolve();
      }
    });

  return {
    create: (job) => inTurn(job.jobId, () => createJob(space, job)),
    find: (jobId): Promise<JobRecord | undefined> =>
      use(async () => (await findJob(space, await partsOf(jobId)))?.record),
    load: (jobId): Promise<StoredJob | undefined> => use(() => loadJob(space, jobId)),
    append(jobId, expectedRevision, entries, head): Promise<void> {
      checkEntries(jobId, entries);
      return inTurn(jobId, () => appendEntries(space, jobId, expectedRevision, entries, head));
    },
    compact: (jobId, revision, snapshot) => inTurn(jobId, () => compactJob(space, jobId, revision, snapshot)),
    async send(jobId, command, key): Promise<boolean> {
      const isSent = await inTurn(jobId, () => sendCommand(space, jobId, command, key));
      if (isSent) watchers.notify(jobId);
      return isSent;
    },
    inbox: (jobId, after): Promise<StoredCommand[]> => use(() => readCommands(space, jobId, after)),
    due: (query): Promise<JobRecord[]> => use(() => dueJobs(space, query)),
    watch: (onCommand) => watchers.watch(onCommand),
    list: (query = {}): Promise<JobPage> => use(() => listJobs(space, query)),
    delete: (jobId) => inTurn(jobId, () => deleteJob(space, jobId)),
    async close(): Promise<void> {
      isClosed = true;
      await pending.finished();
    },
  };
}
