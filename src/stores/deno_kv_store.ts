import type { JobPage, JobRecord, Store, StoredCommand, StoredJob } from "../ports/store.ts";
import { checkEntries } from "../ports/store_checks.ts";
import { Watchers } from "../ports/watchers.ts";
import type { KvAtomic, KvClient, KvEntry, KvKey, KvKeyPart, KvSelector } from "./deno_kv_store/client.ts";
import { findJob } from "./deno_kv_store/heads.ts";
import { readCommands, sendCommand } from "./deno_kv_store/inbox.ts";
import { appendEntries, compactJob, loadJob } from "./deno_kv_store/journal.ts";
import { Keys, partsOf } from "./deno_kv_store/keys.ts";
import { dueJobs, listJobs } from "./deno_kv_store/lists.ts";
import { createJob, deleteJob } from "./deno_kv_store/lives.ts";

export type { KvAtomic, KvClient, KvEntry, KvKey, KvKeyPart, KvSelector };

/** Where a Deno KV store keeps its jobs. */
export interface DenoKvStoreOptions {
  /** What all keys begin with. @default {["routilux"]} */
  readonly prefix?: KvKey | undefined;
}

/**
 * A store in Deno KV, for any number of processes at once. The client comes from `Deno.openKv()`, and stays open when the
 * store is closed: it is yours. Deno needs `--unstable-kv`, or `"unstable": ["kv"]` in its configuration.
 *
 * It guarantees:
 * - A write is there whole or not at all: each is one atomic operation that checks the revision of the job. What is too
 *   large for one is stored in parts before, where nobody looks for them; what a crash leaves of that is cleared away by
 *   the next snapshot, or with the job.
 * - What was stored outlives the process, and a loss of power as far as the database does; a file of Deno KV is one of
 *   SQLite.
 * - When a write gets no answer, the store looks whether it was made, and fails only if it can't tell or it was not. While
 *   another process writes to the same file, and Deno KV says that it is locked, it tries again for some seconds.
 * - No job is read as a whole to find it: due jobs and lists are found by keys. A list by flow or status reads the heads of
 *   all jobs that are old enough.
 *
 * Writes of one process to one job wait for each other. Of jobs of one instant, those with ids of more than 100 characters
 * are listed by their first 100.
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
  const place = { kv, keys: new Keys(options.prefix ?? ["routilux"]) };
  const turns = new Map<string, Promise<void>>();
  const underWay = new Set<Promise<void>>();
  const watchers = new Watchers();
  let isClosed = false;

  /** Does something, if the store is open; `close` waits for it. */
  const use = async <T>(work: () => Promise<T>): Promise<T> => {
    if (isClosed) throw new Error("The Deno KV store is closed");
    const result = work();
    const done = result.then(() => {}, () => {});
    underWay.add(done);
    await done;
    underWay.delete(done);
    return await result;
  };
  /** Does something when all writes to the job before it are done: those of one process need not get in each other's way. */
  const inTurn = <T>(jobId: string, work: () => Promise<T>): Promise<T> =>
    use(async () => {
      const before = turns.get(jobId);
      const { promise, resolve } = Promise.withResolvers<void>();
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
    create: (job) => inTurn(job.jobId, () => createJob(place, job)),
    find: (jobId): Promise<JobRecord | undefined> =>
      use(async () => (await findJob(place, await partsOf(jobId)))?.record),
    load: (jobId): Promise<StoredJob | undefined> => use(() => loadJob(place, jobId)),
    append(jobId, expectedRevision, entries, head): Promise<void> {
      checkEntries(jobId, entries);
      return inTurn(jobId, () => appendEntries(place, jobId, expectedRevision, entries, head));
    },
    compact: (jobId, revision, snapshot) => inTurn(jobId, () => compactJob(place, jobId, revision, snapshot)),
    async send(jobId, command, key): Promise<boolean> {
      const isSent = await inTurn(jobId, () => sendCommand(place, jobId, command, key));
      if (isSent) watchers.tell(jobId);
      return isSent;
    },
    inbox: (jobId, after): Promise<StoredCommand[]> => use(() => readCommands(place, jobId, after)),
    due: (query): Promise<JobRecord[]> => use(() => dueJobs(place, query)),
    watch: (onCommand) => watchers.watch(onCommand),
    list: (query = {}): Promise<JobPage> => use(() => listJobs(place, query)),
    delete: (jobId) => inTurn(jobId, () => deleteJob(place, jobId)),
    async close(): Promise<void> {
      isClosed = true;
      await Promise.all(underWay);
    },
  };
}
