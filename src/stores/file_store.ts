import { FencedError } from "../base/errors.ts";
import { checkWord } from "../base/options.ts";
import type { JobPage, JobRecord, MaybePromise, NewJob, Store } from "../ports/store.ts";
import { checkEntries, CommandWatchers, PendingCalls } from "../ports/store_kit.ts";
import { failure, type Files, hostFiles, runThrough, syncFolderNow, waitFor } from "./file_store/files.ts";
import { Handles } from "./file_store/handles.ts";
import { JobFolder, remove, type StoreFolder, TEMPORARY } from "./file_store/job_folder.ts";
import { JobIndex } from "./file_store/job_index.ts";
import { clearAttempts, type Lock, takeLock } from "./file_store/lock.ts";
import { type LockOwner, type OwnerState, stateOf } from "./file_store/lock_owner.ts";

export type { Files, LockOwner };

/** Options of a file store. */
export interface FileStoreOptions {
  /**
   * What a write waits for.
   * - `"full"`: for `fsync`. A stored write survives `kill -9`, a crash of the system, and a loss of power, provided
   *   that device and file system implement `fsync` correctly. Writes are asynchronous; writes to a job that arrive
   *   while another is being stored share the next `fsync`.
   * - `"none"`: for the operating system only. A stored write survives `kill -9`. After a loss of power or a crash of
   *   the system the last writes may be missing, of some jobs and not of others, and a file may be damaged, which is an
   *   error when it is read. All methods answer synchronously.
   *
   * @default {"full"}
   */
  readonly sync?: "full" | "none" | undefined;
  /**
   * Decides whether a lock is stale that was left by a process of which the system does not say whether it runs: on another
   * machine, say. By default it is not, and opening fails.
   */
  readonly isGone?: ((owner: LockOwner) => boolean) | undefined;
  /** Functions to use instead of those of `node:fs`. */
  readonly files?: Files | undefined;
}

/**
 * A store in a folder, for one process at a time; in Deno, Node and Bun.
 *
 * Each job has a folder with files of JSON lines that people can read: `snapshot.jsonl` with the flow and the job's
 * document, `journal.jsonl` with one entry per line, `inbox.jsonl` with one command per line. Each line has a checksum.
 * An incomplete last write, cut short by a crash, is ignored and truncated; damage anywhere before is an error that
 * names the file and the line.
 *
 * Besides what `sync` says, the store guarantees:
 * - A write is atomic. A failed write, on a full disk for instance, changes nothing, and the next one is not appended
 *   to a part of it. The one exception: if the process crashes right after a failure, the failed write may be found
 *   there afterwards.
 * - A second process is refused while the first runs, also from another container. The lock of a killed process is taken
 *   over at once where the system says that it has ended: in Deno, by its lock on a file, which needs only the permissions
 *   to read and to write the folder; in Node and Bun by the process id or, in a container, by a pipe beside the lock, which
 *   the program `mkfifo` makes. Elsewhere opening fails, with an error that names the lock file and what to do. Machines
 *   that share a folder need names of their own.
 * - Heads are kept in memory, and read from the end of each journal when the store is opened; snapshots and entries are
 *   not.
 *
 * Commands stay in the inbox file until their job is deleted.
 *
 * @param folder The path of the folder; created if it does not exist.
 * @throws {Error} when another process has the folder open, a file is damaged, or the system refuses
 *
 * @example
 * ```ts
 * import { fileStore } from "@routilux/routilux/stores/file";
 *
 * const folder = await Deno.makeTempDir();
 * const store = fileStore(folder);
 * await store.list({ status: "running" }); // { jobs: [] }
 * await store.close();
 * ```
 */
export function fileStore(folder: string, options: FileStoreOptions = {}): Store {
  const { files = hostFiles(), isGone = () => false } = options;
  const waits = checkWord("Cannot open a file store", "sync", options.sync ?? "full", ["full", "none"]) === "full";
  const index = new JobIndex<JobFolder>();
  const handles = new Handles(files);
  const store: StoreFolder = {
    root: folder,
    files,
    handles,
    abandoned: new Set(),
    waits,
    onChange: (job) => index.update(job),
  };
  const lock = open(store, index, isGone);
  const creating = new Map<string, Promise<JobFolder>>();
  const pending = new PendingCalls();
  const watchers = new CommandWatchers();
  let isClosed = false;
  let closing: Promise<void> | undefined;

  const find = (jobId: string): JobFolder | undefined => {
    if (isClosed) throw new Error("The file store is closed");
    return index.get(jobId);
  };
  const watched = <T>(result: MaybePromise<T>): MaybePromise<T> =>
    result instanceof Promise ? pending.add(result) : result;
  const createInTurn = async (job: NewJob): Promise<boolean> => {
    const { jobId } = job;
    for (let other = creating.get(jobId); other !== undefined; other = creating.get(jobId)) await other.catch(() => {});
    if (index.get(jobId) !== undefined) return false;
    const made = waitFor(JobFolder.create(store, job));
    creating.set(jobId, made);
    try {
      index.add(await made);
      return true;
    } finally {
      creating.delete(jobId);
    }
  };
  const tell = (jobId: string, isSent: boolean): boolean => {
    if (isSent) watchers.notify(jobId);
    return isSent;
  };
  const end = () => {
    handles.closeAll();
    lock.release();
  };

  return {
    create(job): MaybePromise<boolean> {
      if (find(job.jobId) !== undefined) return false;
      if (waits) return watched(createInTurn(job));
      index.add(runThrough(JobFolder.create(store, job)));
      return true;
    },
    find: (jobId) => find(jobId)?.record,
    load: (jobId) => find(jobId)?.load(),
    append(jobId, expectedRevision, entries, head): MaybePromise<void> {
      checkEntries(jobId, entries);
      const job = find(jobId);
      if (job === undefined) throw new FencedError(jobId, expectedRevision, undefined);
      return watched(job.append(expectedRevision, entries, head));
    },
    compact: (jobId, revision, snapshot) => watched(find(jobId)?.compact(revision, snapshot)),
    send(jobId, text, key): MaybePromise<boolean> {
      const sent = find(jobId)?.send(key, text) ?? false;
      return typeof sent === "boolean" ? tell(jobId, sent) : watched(sent.then((isSent) => tell(jobId, isSent)));
    },
    inbox: (jobId, after) => find(jobId)?.commandsAfter(after) ?? [],
    due(query): JobRecord[] {
      find("");
      return index.due(query);
    },
    watch: (onCommand) => watchers.watch(onCommand),
    list(query = {}): JobPage {
      find("");
      return index.list(query);
    },
    delete(jobId): MaybePromise<boolean> {
      const job = find(jobId);
      return job === undefined ? false : watched(job.delete(() => index.remove(job)));
    },
    close(): MaybePromise<void> {
      if (isClosed) return closing;
      isClosed = true;
      if (pending.isEmpty) return end();
      closing = pending.finished().then(end);
      return closing;
    },
  };
}

/** Locks the folder, removes what a crash has left, and reads the head of each job. */
function open(store: StoreFolder, index: JobIndex<JobFolder>, isGone: (owner: LockOwner) => boolean): Lock {
  const { root, files } = store;
  const ask = (owner: LockOwner, path: string): OwnerState => {
    const state = stateOf(files, root, owner, path);
    return state === "unknown" && isGone(owner) ? "gone" : state;
  };
  let lock: Lock | undefined;
  try {
    files.mkdirSync(root, { recursive: true });
    lock = takeLock(files, root, ask);
    clearAttempts(files, root, ask);
    const names = files.readdirSync(root);
    const temporary = names.filter((name) => name.startsWith(TEMPORARY));
    // The renaming must be on the device before the content is removed: else a loss of power could bring a damaged job
    // back.
    if (temporary.length > 0) syncFolderNow(files, root);
    for (const name of temporary) remove(files, `${root}/${name}`);
    for (const name of names) {
      if (name.startsWith(".")) continue;
      const job = JobFolder.open(store, name);
      if (job !== undefined) index.add(job);
    }
    return lock;
  } catch (error) {
    lock?.release();
    throw failure(`Cannot open the file store in "${root}"`, error);
  }
}
