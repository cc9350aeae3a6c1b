import { FencedError } from "../base/errors.ts";
import { checkWord } from "../base/options.ts";
import type { JobPage, JobRecord, MaybePromise, NewJob, Store } from "../ports/store.ts";
import { checkEntries } from "../ports/store_checks.ts";
import { Watchers } from "../ports/watchers.ts";
import { failure, type Files, hostFiles, runThrough, syncFolderNow, waitFor } from "./file_store/files.ts";
import { Handles } from "./file_store/handles.ts";
import { JobFolder, type JobPlace, PASSING, remove } from "./file_store/job_folder.ts";
import { JobIndex } from "./file_store/job_index.ts";
import { clearAttempts, type Lock, takeLock } from "./file_store/lock.ts";
import { type LockOwner, type OwnerState, stateOf } from "./file_store/lock_owner.ts";

export type { Files, LockOwner };

/** How a file store keeps its promises. */
export interface FileStoreOptions {
  /**
   * What is waited for before a write counts as done.
   * - `"full"`: the device says that it has it. What was stored is there after `kill -9`, after a crash of the system, and
   *   after a loss of power, provided that device and file system are true to `fsync`. Writes answer later; those of a job
   *   that come while one is being stored are stored together.
   * - `"none"`: the system has it. What was stored is there after `kill -9`. After a loss of power or a crash of the system
   *   the writes of the last moments may be missing, of some jobs and not of others, and a file may be damaged, which is an
   *   error when it is read. All methods answer at once.
   *
   * @default {"full"}
   */
  readonly sync?: "full" | "none" | undefined;
  /**
   * Decides whether a process still runs that has left a lock and can't be asked: it ran on another host, or in another
   * container. By default it counts as running, and opening fails.
   */
  readonly isGone?: ((owner: LockOwner) => boolean) | undefined;
  /** The functions to call instead of those of `node:fs`. */
  readonly files?: Files | undefined;
}

/**
 * A store in a folder, for one process at a time; in Deno, Node and Bun.
 *
 * Each job is a folder of files that people can read, JSON line by line: `snapshot.jsonl` with the flow and the job's
 * document, `journal.jsonl` with an entry a line, `inbox.jsonl` with the commands. Every line has a check of its content:
 * the rest of a write that a crash has cut short is passed over and cut off; a line that is damaged before that is an error
 * which names the file and the line.
 *
 * It guarantees what `sync` says, and:
 * - A write is there whole or not at all. One that failed, on a full disk for instance, has changed nothing, and the next
 *   does not stand behind half of it. Its failure and a crash right after it may leave the write there nevertheless.
 * - A second process is refused while the first runs; the lock of a process that was killed is taken over. In Deno that
 *   needs no permission but those to read and to write the folder.
 * - What the lists tell is in memory, read at the opening from the end of each journal; what jobs hold is not.
 *
 * A command takes its place in the inbox as long as its job is there.
 *
 * @param folder Where it is; made if it isn't there.
 * @throws {Error} when another process has it open, a file is damaged, or the system refuses
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
  const place: JobPlace = {
    root: folder,
    files,
    handles,
    abandoned: new Set(),
    waits,
    onChange: (job) => index.update(job),
  };
  const lock = open(place, index, isGone);
  const creating = new Map<string, Promise<JobFolder>>();
  const underWay = new Set<Promise<unknown>>();
  const watchers = new Watchers();
  let isClosed = false;
  let closing: Promise<void> | undefined;

  const find = (jobId: string): JobFolder | undefined => {
    if (isClosed) throw new Error("The file store is closed");
    return index.get(jobId);
  };
  const watched = <T>(result: MaybePromise<T>): MaybePromise<T> => {
    if (result instanceof Promise) {
      const done = () => void underWay.delete(result);
      underWay.add(result);
      result.then(done, done);
    }
    return result;
  };
  const createInTurn = async (job: NewJob): Promise<boolean> => {
    const { jobId } = job;
    for (let other = creating.get(jobId); other !== undefined; other = creating.get(jobId)) await other.catch(() => {});
    if (index.get(jobId) !== undefined) return false;
    const made = waitFor(JobFolder.create(place, job));
    creating.set(jobId, made);
    try {
      index.add(await made);
      return true;
    } finally {
      creating.delete(jobId);
    }
  };
  const tell = (jobId: string, isSent: boolean): boolean => {
    if (isSent) watchers.tell(jobId);
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
      index.add(runThrough(JobFolder.create(place, job)));
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
      if (underWay.size === 0) return end();
      closing = Promise.allSettled(underWay).then(end);
      return closing;
    },
  };
}

/** Takes the folder, clears away what a crash has left, and reads where each job stands. */
function open(place: JobPlace, index: JobIndex<JobFolder>, isGone: (owner: LockOwner) => boolean): Lock {
  const { root, files } = place;
  const ask = (owner: LockOwner, path: string): OwnerState => {
    const state = stateOf(files, owner, path);
    return state === "unknown" && isGone(owner) ? "gone" : state;
  };
  let lock: Lock | undefined;
  try {
    files.mkdirSync(root, { recursive: true });
    lock = takeLock(files, root, ask);
    clearAttempts(files, root, ask);
    const names = files.readdirSync(root);
    const passing = names.filter((name) => name.startsWith(PASSING));
    // A folder that a loss of power could put back into its place must still be whole then.
    if (passing.length > 0) syncFolderNow(files, root);
    for (const name of passing) remove(files, `${root}/${name}`);
    for (const name of names) {
      if (name.startsWith(".")) continue;
      const job = JobFolder.open(place, name);
      if (job !== undefined) index.add(job);
    }
    return lock;
  } catch (error) {
    lock?.release();
    throw failure(`Cannot open the file store in "${root}"`, error);
  }
}
