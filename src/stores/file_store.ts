/**
 * A store in a folder of files that people can read, for one process at a time.
 *
 * @module
 */
import { FencedError } from "../base/errors.ts";
import { checkRuntime } from "./file_store/json_lines.ts";
import { checkName, checkOptions, checkWord } from "../base/options.ts";
import type {
  AppendHead,
  CommandOutcome,
  CommandsAnswer,
  CreateAnswer,
  EnterAnswer,
  InboxAnswer,
  Incarnation,
  JobClaim,
  JobFilter,
  JobLife,
  JobPage,
  JobRecord,
  MaybePromise,
  NewJob,
  PermitAnswer,
  RenewAnswer,
  ReplacedFlow,
  SendAnswer,
  Store,
  StoredJob,
  TakeAnswer,
} from "../ports/store.ts";
import {
  dueSince,
  holdersOf,
  isFreeFor,
  isPurged,
  type KeptRecord,
  PendingCalls,
  StoreWatchers,
} from "../ports/store_kit.ts";
import { type Files, hostFiles, runThrough, waitFor } from "./file_store/files.ts";
import { Handles } from "./file_store/handles.ts";
import { JobFolder, type StoreFolder } from "./file_store/job_folder.ts";
import { JobIndex } from "./file_store/job_index.ts";
import type { Lock } from "./file_store/lock.ts";
import type { LockOwner } from "./file_store/lock_owner.ts";
import { lockFolder, openingFailure, readJobs } from "./file_store/opening.ts";
import { Owners } from "./file_store/owners.ts";
import { TAIL_BYTES } from "./file_store/tail.ts";
import { settleAll, then, valuesOf } from "./file_store/write_queue.ts";

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
 * document, `journal.jsonl` with one entry per line, `inbox.jsonl` with one command per line, `refusals.jsonl` with those that could
 * not be carried out. Each line has a checksum.
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
 * When the store is opened, the leases that another process was granted have ended, for only one can have it open: the jobs of a
 * process that was killed are due at once.
 *
 * The file `.numbers.jsonl` has the numbers of lives and incarnations that were given last. Without it, they go on after those of
 * the jobs that are there.
 *
 * @param folder The path of the folder; created if it does not exist.
 * @throws {Error} when another process has the folder open, a file is damaged, or the system refuses
 * @throws {TypeError} for an option of an unknown name
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
  checkRuntime();
  checkName("Cannot open a file store", "folder", folder);
  checkOptions("Cannot open a file store", options, { sync: true, isGone: true, files: true });
  const { files = hostFiles(), isGone = () => false } = options;
  const waits = checkWord("Cannot open a file store", "sync", options.sync ?? "full", ["full", "none"]) === "full";
  return new FileStore(folder, files, waits, isGone);
}

class FileStore implements Store {
  readonly #folder: StoreFolder;
  readonly #lock: Lock;
  readonly #owners: Owners;
  readonly #index: JobIndex<JobFolder>;
  readonly #creating: Map<string, Promise<JobFolder>> = new Map();
  readonly #pending: PendingCalls = new PendingCalls();
  readonly #watchers: StoreWatchers = new StoreWatchers();
  #isClosed = false;
  #closing: Promise<void> | undefined;

  constructor(root: string, files: Files, waits: boolean, isGone: (owner: LockOwner) => boolean) {
    const read = (record: KeptRecord): JobRecord => this.#read(record);
    const index = new JobIndex<JobFolder>(read, (owner, incarnation) => this.#owners.leaseEndOf(owner, incarnation));
    this.#index = index;
    this.#folder = {
      ...{ root, files, waits, read, handles: new Handles(files) },
      ...{ scratch: new Uint8Array(TAIL_BYTES), abandoned: new Set<string>() },
      onHead: (job, before, after) => {
        index.update(job);
        this.#watchers.tellOfAppend(before, after);
      },
      onFlow: (job) => index.regroup(job),
      onSent: (job) => {
        index.update(job);
        this.#watchers.tell({ type: "command", jobId: job.record.jobId });
      },
    };
    this.#lock = lockFolder(root, files, isGone);
    try {
      this.#owners = new Owners(files, root, waits, (owner) => index.due.leasesChanged(owner));
      for (const job of readJobs(this.#folder)) {
        this.#owners.noteFound(job.record);
        index.add(job);
      }
    } catch (error) {
      this.#lock.release();
      throw openingFailure(root, error);
    }
  }

  create(jobs: readonly NewJob[]): MaybePromise<readonly CreateAnswer[]> {
    this.#open();
    const own = jobs.map((job) => ({ ...job, tags: { ...job.tags } }));
    return this.#watched(then(settleAll(own.map((job) => () => this.#create(job))), valuesOf));
  }

  find(jobId: string): JobRecord | undefined {
    const job = this.#find(jobId);
    return job && this.#read(job.record);
  }

  load(jobId: string): StoredJob | undefined {
    return this.#find(jobId)?.load();
  }

  append(
    claim: JobClaim,
    expectedRevision: number,
    entries: readonly string[],
    head?: AppendHead,
  ): MaybePromise<"stored" | "unread"> {
    return this.#watched(this.#written(claim, expectedRevision).append(claim, expectedRevision, entries, head));
  }

  compact(life: JobLife, revision: number, snapshot: string): MaybePromise<void> {
    return this.#watched(this.#findLife(life)?.compact(revision, snapshot));
  }

  replaceFlow(claim: JobClaim, expectedRevision: number, replaced: ReplacedFlow): MaybePromise<void> {
    return this.#watched(this.#written(claim, expectedRevision).replaceFlow(claim, expectedRevision, replaced));
  }

  send(...[{ jobId, life }, command]: Parameters<Store["send"]>): MaybePromise<SendAnswer> {
    const job = life === undefined ? this.#find(jobId) : this.#findLife({ jobId, life });
    return job === undefined ? "unknown" : this.#watched(job.send(command));
  }

  outcome(...[{ jobId, life }, key]: Parameters<Store["outcome"]>): CommandOutcome | undefined {
    const job = life === undefined ? this.#find(jobId) : this.#findLife({ jobId, life });
    return job?.outcomeOf(key);
  }

  inbox(life: JobLife, after: number, now: number): InboxAnswer {
    return { now, commands: this.#findLife(life)?.commandsAfter(after) ?? [] };
  }

  commands(owner: Incarnation, now: number): CommandsAnswer {
    this.#open();
    const jobs = this.#index.due.heldBy(owner, "unread");
    return {
      now,
      jobs: jobs.map((job) => {
        const { jobId, life } = job.record;
        return { jobId, life, commands: job.commandsAfter(0) };
      }),
    };
  }

  enter(...[query]: Parameters<Store["enter"]>): MaybePromise<EnterAnswer> {
    this.#open();
    return this.#watched(then(this.#owners.enter(query), (incarnation) => ({ now: query.now, incarnation })));
  }

  renew(owner: Incarnation, leaseMs: number, now: number): MaybePromise<RenewAnswer> {
    this.#open();
    return this.#watched(then(this.#owners.renew(owner, leaseMs, now), (isHeld) => ({ now, isHeld })));
  }

  leave(owner: Incarnation): MaybePromise<void> {
    this.#open();
    return this.#watched(this.#owners.leave(owner));
  }

  held(owner: Incarnation): JobClaim[] {
    this.#open();
    return this.#index.due.claimsOf(owner);
  }

  take(...[query]: Parameters<Store["take"]>): MaybePromise<TakeAnswer> {
    const isDue = (record: KeptRecord) => dueSince(this.#read(record), query.now) !== undefined;
    const due = () => this.#owners.isPermitted(query) ? this.#index.due.due(query) : [];
    return this.#claim(query, () => due().map((job) => ({ job, isFree: isDue })));
  }

  claim(...[query]: Parameters<Store["claim"]>): MaybePromise<TakeAnswer> {
    return this.#claim(query, () =>
      query.jobs.flatMap((claim) => {
        const job = this.#findLife(claim);
        const isFree = (record: KeptRecord) =>
          record.epoch === claim.epoch && isFreeFor(this.#read(record), query, query.now);
        return job !== undefined && isFree(job.record) ? [{ job, isFree }] : [];
      }));
  }

  nextDueAt(...[query]: Parameters<Store["nextDueAt"]>): number | undefined {
    this.#open();
    return this.#index.due.nextDueAt(query);
  }

  permit(...[query]: Parameters<NonNullable<Store["permit"]>>): MaybePromise<PermitAnswer> {
    this.#open();
    return this.#watched(then(this.#owners.permit(query), (it) => this.#watchers.tellOfPermit(it, query.now)));
  }

  watch(...[onEvent]: Parameters<NonNullable<Store["watch"]>>): () => void {
    return this.#watchers.watch(onEvent);
  }

  list(query: Parameters<Store["list"]>[0] = {}): JobPage {
    this.#open();
    return this.#index.list(query);
  }

  count(filter: JobFilter = {}): number {
    this.#open();
    return this.#index.count(filter);
  }

  delete(life: JobLife): MaybePromise<boolean> {
    const job = this.#findLife(life);
    return job === undefined ? false : this.#watched(this.#delete(job, () => true));
  }

  purge(...[query]: Parameters<Store["purge"]>): MaybePromise<number> {
    this.#open();
    const isMeant = (record: KeptRecord) => isPurged(record, query);
    const calls = this.#index.purged(query).map((job) => () => this.#delete(job, isMeant));
    return this.#watched(then(settleAll(calls), (outcomes) => valuesOf(outcomes).filter((isGone) => isGone).length));
  }

  close(): MaybePromise<void> {
    if (this.#isClosed) return this.#closing;
    this.#isClosed = true;
    const ended = this.#pending.isEmpty ? this.#end() : this.#pending.finished().then(() => this.#end());
    if (ended instanceof Promise) this.#closing = ended;
    return ended;
  }

  #end(): MaybePromise<void> {
    return then(settleAll([() => this.#owners.save()]), (outcomes) => {
      this.#folder.handles.closeAll();
      this.#lock.release();
      valuesOf(outcomes);
    });
  }

  #open(): void {
    if (this.#isClosed) throw new Error("The file store is closed; close it last, by engine.close()");
  }

  #find(jobId: string): JobFolder | undefined {
    this.#open();
    return this.#index.get(jobId);
  }

  #written({ jobId }: JobClaim, expectedRevision: number): JobFolder {
    const job = this.#find(jobId);
    if (job === undefined) throw new FencedError(jobId, expectedRevision, undefined);
    return job;
  }

  #findLife({ jobId, life }: JobLife): JobFolder | undefined {
    const job = this.#find(jobId);
    return job?.record.life === life ? job : undefined;
  }

  #read(record: KeptRecord): JobRecord {
    const { owner, incarnation } = record;
    const isFree = owner === undefined || incarnation === undefined;
    return { ...record, heldUntil: isFree ? undefined : this.#owners.leaseEndOf(owner, incarnation) };
  }

  #watched<T>(result: MaybePromise<T>): MaybePromise<T> {
    return result instanceof Promise ? this.#pending.add(result) : result;
  }

  #create(job: NewJob): MaybePromise<CreateAnswer> {
    const taken = this.#index.get(job.jobId);
    if (taken !== undefined) return this.#answerFor(taken, job);
    if (this.#folder.waits) return this.#createInTurn(job);
    return then(this.#owners.nextLife(), (life) => this.#added(runThrough(JobFolder.create(this.#folder, job, life))));
  }

  async #createInTurn(job: NewJob): Promise<CreateAnswer> {
    const { jobId } = job;
    for (let other = this.#creating.get(jobId); other; other = this.#creating.get(jobId)) await other.catch(() => {});
    const taken = this.#index.get(jobId);
    if (taken !== undefined) return this.#answerFor(taken, job);
    const made = this.#made(job);
    this.#creating.set(jobId, made);
    try {
      return this.#added(await made);
    } finally {
      this.#creating.delete(jobId);
    }
  }

  async #made(job: NewJob): Promise<JobFolder> {
    return await waitFor(JobFolder.create(this.#folder, job, await this.#owners.nextLife()));
  }

  #answerFor(taken: JobFolder, { token }: NewJob): CreateAnswer {
    return { isNew: taken.isMadeBy(token), record: this.#read(taken.record) };
  }

  #added(job: JobFolder): CreateAnswer {
    const { owner, dueAt } = job.record;
    this.#index.add(job);
    if (owner === undefined && dueAt !== undefined) this.#watchers.tell({ type: "due", at: dueAt });
    return { isNew: true, record: this.#read(job.record) };
  }

  #delete(job: JobFolder, isMeant: (record: KeptRecord) => boolean): MaybePromise<boolean> {
    return job.delete(isMeant, () => this.#index.remove(job));
  }

  #claim(query: Incarnation & { readonly now: number }, choose: () => readonly Candidate[]): MaybePromise<TakeAnswer> {
    this.#open();
    const { now } = query;
    const chosen = this.#owners.isPresent(query, now) ? choose() : [];
    for (const { job } of chosen) this.#index.setClaiming(job, true);
    const holders = holdersOf(chosen.map(({ job }) => job.record));
    const claims = chosen.map(({ job, isFree }) => () => job.claim(query, isFree));
    const outcomes = then(
      settleAll([() => this.#owners.endLeases(holders, now)]),
      ([ended]) => ended !== undefined && "error" in ended ? [ended] : settleAll(claims),
    );
    return this.#watched(then(outcomes, (settled) => {
      for (const { job } of chosen) this.#index.setClaiming(job, false);
      const jobs = settled.flatMap((it) => "value" in it && it.value !== undefined ? [it.value] : []);
      // The jobs that were claimed must be answered. One whose files are damaged stays claimed: alone, it is told.
      if (jobs.length === 0) valuesOf(settled);
      return { now, jobs, survived: this.#owners.survived };
    }));
  }
}

/** A job that may be claimed. */
interface Candidate {
  readonly job: JobFolder;
  /** Whether it still may be, by its record after the writes before. */
  readonly isFree: (record: KeptRecord) => boolean;
}
