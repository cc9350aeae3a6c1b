/** What a store answers: at once, or later. */
export type MaybePromise<T> = T | Promise<T>;

/** What a store keeps of a job beside its journal, so that it can be found and claimed without being read. */
export interface JobHead {
  /** The flow that it belongs to. */
  readonly flowId: string;
  /** Where it stands. */
  readonly status: string;
  /** When it must be looked at, in milliseconds since 1970: a waiting task is due, or the lease of its owner ends. */
  readonly wakeAt: number | undefined;
  /** The engine that has claimed it. */
  readonly owner: string | undefined;
  /** How often it has been claimed. */
  readonly epoch: number;
  /** The last command of its inbox that it has consumed; 0 for none. */
  readonly consumed: number;
}

/** A job in the lists of a store. */
export interface JobRecord extends JobHead {
  /** The job's id. */
  readonly jobId: string;
  /** How many entries its journal has had since it was created. */
  readonly revision: number;
  /** When it was created, in milliseconds since 1970. */
  readonly createdAt: number;
}

/** A job that is new to a store: revision 0. */
export interface NewJob {
  /** The job's id: any text. */
  readonly jobId: string;
  /** When it was created, in milliseconds since 1970. */
  readonly createdAt: number;
  /** The text of the flow's document: recovery needs no other source. */
  readonly flow: string;
  /** The text of the job's document. */
  readonly snapshot: string;
  /** What is kept beside it. */
  readonly head: JobHead;
}

/** All that a store has of a job. The job is its snapshot, and the entries after it applied in turn. */
export interface StoredJob {
  /** What the lists show. */
  readonly record: JobRecord;
  /** The text of the flow's document. */
  readonly flow: string;
  /** The text of the job's document at `snapshotRevision`. */
  readonly snapshot: string;
  /** The revision of the snapshot. */
  readonly snapshotRevision: number;
  /** The texts of the entries after the snapshot, up to the record's revision. */
  readonly entries: readonly string[];
}

/** A command in a job's inbox. */
export interface StoredCommand {
  /** Counted per job, from 1. */
  readonly sequence: number;
  /** The key by which it is sent once. */
  readonly key: string;
  /** Its text. */
  readonly text: string;
}

/** Which jobs must be looked at. */
export interface DueQuery {
  /** The present instant, in milliseconds since 1970. */
  readonly now: number;
  /** Jobs of this owner are due whatever their lease says: a process of the same name was here before. */
  readonly owner?: string | undefined;
  /** The most jobs to list. */
  readonly limit?: number | undefined;
}

/** Which jobs to list. */
export interface ListQuery {
  /** Jobs of this flow only. */
  readonly flowId?: string | undefined;
  /** Jobs in this status only. */
  readonly status?: string | undefined;
  /** Jobs created before this instant only, in milliseconds since 1970. */
  readonly createdBefore?: number | undefined;
  /** The most jobs on a page. @default {100} */
  readonly limit?: number | undefined;
  /** Where the page begins: the cursor of the one before. */
  readonly cursor?: string | undefined;
}

/** A page of jobs, oldest first. */
export interface JobPage {
  /** The jobs. */
  readonly jobs: readonly JobRecord[];
  /** Where the next page begins; absent on the last. */
  readonly cursor?: string;
}

/**
 * Where jobs survive. A job is a snapshot and a journal of entries, all of them texts that a store never looks into; beside
 * them stand its head, and an inbox of commands from others than its owner. Methods of a local store may answer at once;
 * errors are thrown or reject.
 *
 * `append` is the only fenced write: it names the revision that the writer believes in. A claim, a renewal and a release
 * are entries like any other, so whoever writes after somebody else has claimed the job is refused, whatever the store.
 *
 * The port asks of a store: one atomic compare-and-set per job, ordered reads by job, and an index over heads. It carries
 * further than the adapters here:
 * - PostgreSQL: a table `jobs` (head, revision, flow), `entries` with the primary key (job, revision) and `commands` with
 *   the keys (job, sequence) and (job, key). `append` is one transaction: `UPDATE jobs … WHERE id = $1 AND revision = $2`,
 *   then the entries. `due` is an index scan on `wake_at`; workers of pg-boss call it, or get a queued job with `startAfter`
 *   from `wakeAt`; `watch` is `LISTEN`.
 * - NATS: a stream with a subject per job; `append` publishes with `Nats-Expected-Last-Subject-Sequence`, the head in the
 *   message's headers and in a key-value bucket that is derived from the stream; snapshots are objects; the inbox is a
 *   subject with `Nats-Msg-Id` as key; `watch` is a consumer of it.
 * - A Durable Object: one object per job; its storage has the entries by revision, its input gate makes compare and set one
 *   step; `wakeAt` is its alarm; `list` and `due` ask an index object.
 */
export interface Store {
  /** Keeps a new job: false when there is one of this id, which stays as it is. */
  create(job: NewJob): MaybePromise<boolean>;
  /** What the lists show of a job. */
  find(jobId: string): MaybePromise<JobRecord | undefined>;
  /** All that there is of a job, as of one moment. */
  load(jobId: string): MaybePromise<StoredJob | undefined>;
  /**
   * Adds entries, at least one, to a job at `expectedRevision`, and changes its head where one is given: all of it or nothing.
   * When it returns or resolves, they survive as the store promises.
   *
   * @throws {FencedError} when the job is at another revision, or gone: nothing has changed
   */
  append(jobId: string, expectedRevision: number, entries: readonly string[], head?: JobHead): MaybePromise<void>;
  /**
   * Takes the job's document at a revision as its snapshot; the entries up to there are dropped. It is not fenced: what the
   * journal says up to a revision is the same for everybody. Without effect for a job that is gone, for a revision that is
   * not above that of the present snapshot, and for one that the job has not reached.
   */
  compact(jobId: string, revision: number, snapshot: string): MaybePromise<void>;
  /** Puts a command into a job's inbox, once for each key: false when there is no such job. */
  send(jobId: string, command: string, key: string): MaybePromise<boolean>;
  /** The commands in a job's inbox whose sequence is above `after`, in turn. */
  inbox(jobId: string, after: number): MaybePromise<readonly StoredCommand[]>;
  /** Jobs whose `wakeAt` has come, that have commands which are not consumed, or that the given owner has claimed. */
  due(query: DueQuery): MaybePromise<readonly JobRecord[]>;
  /** Calls back with the id of a job to which a command has been sent, by this process at least, until told to stop. */
  watch?(onCommand: (jobId: string) => void): () => void;
  /** Lists jobs page by page, by creation and id. */
  list(query?: ListQuery): MaybePromise<JobPage>;
  /** Removes a job with all that belongs to it: false when there is none. */
  delete(jobId: string): MaybePromise<boolean>;
  /** Ends the use of the store: waits for what is under way; later calls fail. */
  close(): MaybePromise<void>;
}
