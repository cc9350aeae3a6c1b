/** A result, now or later. */
export type MaybePromise<T> = T | Promise<T>;

/**
 * The part of a job that a store can read: what it needs to find the job and to list it. Snapshot and journal are
 * opaque texts.
 */
export interface JobHead {
  /** The id of the job's flow. */
  readonly flowId: string;
  /** The job's current status. */
  readonly status: string;
  /**
   * When an engine must look at the job, in milliseconds since 1970: a waiting task is due, or the owner's lease ends.
   * `undefined` for a job that nobody has to look at.
   */
  readonly wakeAt: number | undefined;
  /** The name of the engine that has claimed the job; `undefined` when nobody owns it. */
  readonly owner: string | undefined;
  /** How many times the job has been claimed. */
  readonly epoch: number;
  /** The sequence of the last command of the inbox that the job has consumed; 0 for none. */
  readonly consumed: number;
}

/** A job as stores list it: its head, and what never changes. */
export interface JobRecord extends JobHead {
  /** The job's id. */
  readonly jobId: string;
  /** How many entries have been appended to the job's journal since the job was created. */
  readonly revision: number;
  /** When it was created, in milliseconds since 1970. */
  readonly createdAt: number;
}

/** A job to be created, at revision 0. */
export interface NewJob {
  /** The job's id: any text. */
  readonly jobId: string;
  /** When it was created, in milliseconds since 1970. */
  readonly createdAt: number;
  /** The flow's document. Stored with the job, so that an engine can recover the job without any other source. */
  readonly flow: string;
  /** The job's document. */
  readonly snapshot: string;
  /** The job's first head. */
  readonly head: JobHead;
}

/**
 * Everything that a store keeps of a job except its inbox. Applying the entries in order to the snapshot gives the job.
 */
export interface StoredJob {
  /** The job's record. */
  readonly record: JobRecord;
  /** The flow's document. */
  readonly flow: string;
  /** The job's document at `snapshotRevision`. */
  readonly snapshot: string;
  /** The revision of the snapshot. */
  readonly snapshotRevision: number;
  /** The entries after the snapshot, up to the record's revision. */
  readonly entries: readonly string[];
}

/** A command in a job's inbox. */
export interface StoredCommand {
  /** The command's number within its job, counted from 1. */
  readonly sequence: number;
  /** The sender's key: a second command with the same key is ignored. */
  readonly key: string;
  /** The command, as opaque text. */
  readonly text: string;
}

/** Which jobs `due` returns. */
export interface DueQuery {
  /** The current time, in milliseconds since 1970. */
  readonly now: number;
  /** Jobs of this owner are due even before their lease ends: an earlier process with the same name owned them. */
  readonly owner?: string | undefined;
  /**
   * The ids of jobs that are left out, and do not count against `limit`: the engine works on them already, or has found
   * that it cannot. @default {none}
   */
  readonly except?: ReadonlySet<string> | undefined;
  /** The maximum number of jobs. @default {no limit} */
  readonly limit?: number | undefined;
}

/** Which jobs `list` returns. */
export interface ListQuery {
  /** Jobs of this flow only. */
  readonly flowId?: string | undefined;
  /** Jobs in this status only. */
  readonly status?: string | undefined;
  /** Jobs created before this instant only, in milliseconds since 1970. */
  readonly createdBefore?: number | undefined;
  /** The maximum number of jobs on a page. @default {100} */
  readonly limit?: number | undefined;
  /** The cursor of the page before; absent for the first page. */
  readonly cursor?: string | undefined;
}

/** A page of jobs, oldest first. */
export interface JobPage {
  /** The jobs. */
  readonly jobs: readonly JobRecord[];
  /** The cursor of the next page; absent on the last page. */
  readonly cursor?: string;
}

/**
 * Where jobs survive. A job consists of a snapshot, a journal of entries after it, a head, and an inbox of commands
 * from anybody but the job's owner. Snapshots, entries and commands are texts that a store never parses. A local store
 * may answer synchronously; errors are thrown or reject.
 *
 * `append` is the only fenced write: the caller names the revision that it expects, and a store refuses any other.
 * Claims, renewals and releases are entries like all others. So once another engine has claimed a job, every write of
 * the former owner is refused.
 *
 * The port needs three things: one atomic compare-and-set per job, ordered reads within a job, and an index over heads.
 * Other databases than those of the stores here offer them too:
 * - PostgreSQL: tables `jobs` (head, revision, flow), `entries` with primary key (job, revision), and `commands` with
 *   keys (job, sequence) and (job, key). `append` is one transaction: `UPDATE jobs … WHERE id = $1 AND revision = $2`,
 *   then the entries. `due` is an index scan on `wake_at`; workers of pg-boss call it, or get a queued job with
 *   `startAfter` from `wakeAt`; `watch` is `LISTEN`.
 * - NATS: a stream with one subject per job. `append` publishes with `Nats-Expected-Last-Subject-Sequence`; the head is
 *   in the message's headers and in a key-value bucket derived from the stream; snapshots are objects; the inbox is a
 *   subject with `Nats-Msg-Id` as key; `watch` is a consumer of that subject.
 * - A Durable Object: one object per job. Its storage holds the entries by revision, its input gate makes
 *   compare-and-set atomic, `wakeAt` is its alarm; `list` and `due` ask an index object.
 */
export interface Store {
  /** Stores a new job. Returns false, and changes nothing, when a job with this id exists. */
  create(job: NewJob): MaybePromise<boolean>;
  /** Returns a job's record. */
  find(jobId: string): MaybePromise<JobRecord | undefined>;
  /** Returns a consistent copy of a job, as of one moment. */
  load(jobId: string): MaybePromise<StoredJob | undefined>;
  /**
   * Appends entries (at least one) to a job at `expectedRevision`, and replaces its head if one is given; atomically.
   * When the call returns or resolves, the write is as durable as the store promises.
   *
   * @throws {FencedError} when the job is at another revision, or gone: nothing has changed
   */
  append(jobId: string, expectedRevision: number, entries: readonly string[], head?: JobHead): MaybePromise<void>;
  /**
   * Replaces the snapshot by the job's document at `revision`, and drops the entries up to there. Not fenced: the
   * journal up to a revision is the same for everybody. No effect when the job does not exist, when `revision` is not
   * above that of the present snapshot, or when the job has not reached it.
   */
  compact(jobId: string, revision: number, snapshot: string): MaybePromise<void>;
  /** Adds a command to a job's inbox, once per key. Returns false when the job does not exist. */
  send(jobId: string, command: string, key: string): MaybePromise<boolean>;
  /** Returns the commands in a job's inbox with a sequence above `after`, in order. */
  inbox(jobId: string, after: number): MaybePromise<readonly StoredCommand[]>;
  /**
   * Returns the jobs whose `wakeAt` has passed, that have unconsumed commands, or that are owned by the given owner. Those
   * that have been due for longest come first, so that no job waits for ever behind newer ones: a job with unconsumed
   * commands and a job of the given owner count as due since their creation, any other since its `wakeAt`; among equals
   * the oldest is first.
   */
  due(query: DueQuery): MaybePromise<readonly JobRecord[]>;
  /**
   * Calls `onCommand` with the id of each job that this process, or any other if the store can observe it, sends a
   * command to. Returns a function that ends the subscription.
   */
  watch?(onCommand: (jobId: string) => void): () => void;
  /** Returns a page of jobs, ordered by creation time and id. */
  list(query?: ListQuery): MaybePromise<JobPage>;
  /** Deletes a job with everything that belongs to it. Returns false when there is none. */
  delete(jobId: string): MaybePromise<boolean>;
  /** Closes the store after the pending calls are done; later calls fail. */
  close(): MaybePromise<void>;
}
