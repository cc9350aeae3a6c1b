/** A result, now or later. */
export type MaybePromise<T> = T | Promise<T>;

/** One life of a job: an id that was deleted and created again names another job. */
export interface JobLife {
  /** The job's id. */
  readonly jobId: string;
  /** The number of the life: no other job of the store, past or present, has it, and those that are created later have greater ones. */
  readonly life: number;
}

/** The right to write a job: the claim that an owner has been given. */
export interface JobClaim extends JobLife {
  /** How often this life of the job had been claimed by then. */
  readonly epoch: number;
}

/** One start of an engine: its name, and the number that the store gave it. */
export interface Incarnation {
  /** The engine's name. */
  readonly owner: string;
  /** The number: no other engine of the store, past or present, has it. */
  readonly incarnation: number;
}

/** The head of a job: what its owner writes so that the store can find the job without reading its texts. */
export interface JobHead {
  /** The job's status. */
  readonly status: string;
  /**
   * When something can be done for the job, if nobody has it: in milliseconds since 1970; `undefined` when only a command
   * can change that.
   */
  readonly dueAt: number | undefined;
  /** When the job has ended, in milliseconds since 1970; `undefined` while it has not. */
  readonly endedAt: number | undefined;
  /** The sequence of the last command of the inbox that the job has consumed; 0 for none. */
  readonly consumed: number;
}

/** The labels of a job: given at its start, and used to find jobs. Only `flowHash` ever changes, by `replaceFlow`. */
export interface JobLabels {
  /** When it was created, in milliseconds since 1970. */
  readonly createdAt: number;
  /** The id of its flow. */
  readonly flowId: string;
  /** A text that is equal for equal documents of flows. */
  readonly flowHash: string;
  /** The queue that it is in. */
  readonly queue: string;
  /** How urgent it is: those with a smaller number are taken first. */
  readonly priority: number;
  /** Names and texts that its user has given to it. */
  readonly tags: Readonly<Record<string, string>>;
  /** The job that has started it, if a job has. */
  readonly parentId: string | undefined;
}

/** A job as stores list it. */
export interface JobRecord extends JobLife, JobLabels, JobHead {
  /** How many entries have been appended to the job's journal since the job was created. */
  readonly revision: number;
  /** How often the job has been claimed. */
  readonly epoch: number;
  /** The name of the engine that has claimed the job, and not released it; `undefined` for none. */
  readonly owner: string | undefined;
  /** The incarnation of that engine. */
  readonly incarnation: number | undefined;
  /**
   * When the lease of that incarnation ends or has ended, in milliseconds since 1970; `undefined` when the job has no owner, or
   * its owner has left. While the lease runs, the job is held.
   */
  readonly heldUntil: number | undefined;
  /** The sequence of the last command in its inbox; 0 for none. */
  readonly sent: number;
}

/** A job to be created, at revision 0. */
export interface NewJob extends JobLabels, Omit<JobHead, "consumed"> {
  /** The job's id: any text. */
  readonly jobId: string;
  /** Names the call: a job that has this token already was created by it, and its answer was lost. */
  readonly token: string;
  /** The flow's document. Stored with the job, so that an engine can go on with the job without any other source. */
  readonly flow: string;
  /** The job's document. */
  readonly snapshot: string;
  /** The engine that has the job from the beginning, at epoch 1; `undefined` when none has, at epoch 0. */
  readonly claim: Incarnation | undefined;
}

/** The answer to the creation of a job. */
export interface CreateAnswer {
  /** Whether the call has made the job; if not, the id is taken. */
  readonly isNew: boolean;
  /** The job of that id. */
  readonly record: JobRecord;
}

/** Everything that a store keeps of a job except its inbox. Applying the entries in order to the snapshot gives the job. */
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

/** A job's documents in another version of its flow. */
export interface ReplacedFlow {
  /** The hash of the flow's document. */
  readonly flowHash: string;
  /** The flow's document; the id of the flow stays the same. */
  readonly flow: string;
  /** The job's document, as it is in that flow. */
  readonly snapshot: string;
}

/** A job that has been claimed. */
export interface TakenJob extends StoredJob {
  /** The incarnation that had the job before, and has not released it; `undefined` when it was released, or never claimed. */
  readonly formerIncarnation: number | undefined;
}

/** The answer to `take` and `claim`. */
export interface TakeAnswer {
  /** The time by the store. */
  readonly now: number;
  /** The jobs, claimed. */
  readonly jobs: readonly TakenJob[];
  /** The incarnations of which the store knows that they lost their lease and lived on: they have died of no job. */
  readonly survived: readonly number[];
}

/** A command in a job's inbox. */
export interface StoredCommand {
  /** The command's number within its job, counted from 1. */
  readonly sequence: number;
  /** The sender's key. */
  readonly key: string;
  /** The command, as opaque text. */
  readonly text: string;
}

/** A command to be sent. */
export interface NewCommand {
  /** The sender's key: what was sent with it once is not sent again. */
  readonly key: string;
  /** The command, as opaque text. */
  readonly text: string;
  /** Whether a job that has ended takes the command, too; and those that come after it. */
  readonly reopens: boolean;
  /** The current time, in milliseconds since 1970; a store with a clock of its own goes by that. */
  readonly now: number;
  /** For how long after its command was consumed a key must be remembered, in milliseconds. */
  readonly keyRetentionMs: number;
  /** How many commands that are not consumed an inbox holds. */
  readonly room: number;
}

/**
 * What has become of a command. It was `stored`; it was `known`, sent with the same key and text before; it `differs` from what was
 * sent with that key; the job has `ended`, and no command in its inbox reopens it; its inbox is `full`; or the job is `unknown`. Only `stored` changes anything.
 */
export type SendAnswer = "stored" | "known" | "differs" | "ended" | "full" | "unknown";

/** A command that could not be carried out. */
export interface Refusal {
  /** The command's number within its job. */
  readonly sequence: number;
  /** Why it was not. */
  readonly reason: string;
}

/**
 * What has become of a command: it is `stored` and not consumed, it was consumed and is `done`, or it was consumed and `refused`, as it
 * could not be carried out.
 */
export type CommandOutcome =
  | { readonly status: "stored" | "done" }
  | { readonly status: "refused"; readonly reason: string };

/** The commands of an inbox. */
export interface InboxAnswer {
  /** The time by the store when it looked. */
  readonly now: number;
  /** The commands, in order. */
  readonly commands: readonly StoredCommand[];
}

/** The commands of all jobs of an owner. */
export interface CommandsAnswer {
  /** The time by the store when it looked. */
  readonly now: number;
  /** The jobs with commands that are not consumed. */
  readonly jobs: readonly (JobLife & { readonly commands: readonly StoredCommand[] })[];
}

/** How an engine enters a store. */
export interface EnterQuery {
  /** The engine's name. */
  readonly owner: string;
  /** How long its lease lasts unless it is renewed, in milliseconds. */
  readonly leaseMs: number;
  /** The current time, in milliseconds since 1970; a store with a clock of its own goes by that. */
  readonly now: number;
  /** Names the call: one that is repeated because its answer was lost gives the same incarnation, and renews its lease. */
  readonly token: string;
  /**
   * For an engine that has lost its lease, but has not died: its last incarnation. The call is refused when another engine has
   * entered under the name since. The store remembers that this incarnation has survived the loss of its lease.
   */
  readonly again?: number | undefined;
  /** Whether the jobs of the former incarnation are free at once, and not only when its lease ends. */
  readonly takesOver: boolean;
}

/** The answer to `enter`. */
export interface EnterAnswer {
  /** The time by the store. */
  readonly now: number;
  /** The number of the incarnation; `undefined` when `again` was refused. */
  readonly incarnation: number | undefined;
}

/** The answer to `renew`. */
export interface RenewAnswer {
  /** The time by the store. */
  readonly now: number;
  /** Whether the lease has been renewed: not when it had ended, or another incarnation has entered under the name. */
  readonly isHeld: boolean;
}

/** Which jobs an engine can work on. */
export interface DueQuery {
  /** The current time, in milliseconds since 1970; a store with a clock of its own goes by that. */
  readonly now: number;
  /** The ids of flows; only their jobs. @default {all} */
  readonly flows?: readonly string[] | undefined;
  /** The hashes of flows whose jobs are left out: the engine cannot build them. @default {none} */
  readonly exceptFlows?: ReadonlySet<string> | undefined;
  /** The ids of jobs that are left out, and do not count against a limit. @default {none} */
  readonly exceptJobs?: ReadonlySet<string> | undefined;
  /** The names of queues; only their jobs. @default {all} */
  readonly queues?: readonly string[] | undefined;
  /** Whether only jobs are meant whose inbox has commands that are not consumed. @default {false} */
  readonly unread?: boolean | undefined;
}

/** Of which jobs `nextDueAt` says when they are due. */
export interface NextDueQuery extends DueQuery {
  /** An incarnation whose jobs are left out: whoever asks has them, however many they are. @default {none} */
  readonly exceptIncarnation?: number | undefined;
  /**
   * A text that `watch` tells everybody, by `looked`, if nothing is due now: those who would have asked the same need not ask. A store may
   * leave that out.
   */
  readonly tells?: string | undefined;
}

/** Which jobs `take` claims. */
export interface TakeQuery extends DueQuery, Incarnation {
  /** The maximum number of jobs, at least 1. */
  readonly limit: number;
  /**
   * The call of `permit` that has given the permits for these jobs: none is claimed when it is not the last one of the incarnation for the
   * queue. So it does not matter how late a call arrives. With `unread`, the call need not have given any: the jobs are claimed without. @default {no permits are needed}
   */
  readonly permit?: Pick<PermitQuery, "queue" | "call"> | undefined;
}

/** How many jobs of a queue are worked on, over all workers of a store. */
export interface QueueLimits {
  /** How many jobs of the queue engines have at the same time at most. @default {no limit} */
  readonly globalConcurrency?: number | undefined;
  /** How many jobs of the queue are taken at most within any span of so many milliseconds. @default {no limit} */
  readonly rate?: { readonly count: number; readonly perMs: number } | undefined;
}

/** What an engine wants to take of a queue with limits. */
export interface PermitQuery extends Incarnation {
  /** The current time, in milliseconds since 1970; a store with a clock of its own goes by that. */
  readonly now: number;
  /** The name of the queue. */
  readonly queue: string;
  /** Counts the calls of the incarnation for this queue: one that arrives after a later one changes nothing. */
  readonly call: number;
  /** How many permits the incarnation keeps, whatever the limits: those of the jobs that it has. The others are free. */
  readonly kept: number;
  /** How many jobs it has taken by the permits of the call before; none is taken by them any more. */
  readonly started: number;
  /** How many more permits it wants. */
  readonly wanted: number;
  /** The limits that it keeps to. */
  readonly limits: QueueLimits;
}

/** The answer to `permit`. */
export interface PermitAnswer {
  /** The time by the store. */
  readonly now: number;
  /** How many of the wanted permits are given. */
  readonly granted: number;
  /**
   * When more could be given, if nothing happens until then: in milliseconds since 1970, by the clock of the caller; `undefined` when
   * all were given, or only those who have the others can tell.
   */
  readonly freeAt: number | undefined;
}

/** Which jobs `claim` claims. */
export interface ClaimQuery extends Incarnation {
  /** The current time, in milliseconds since 1970; a store with a clock of its own goes by that. */
  readonly now: number;
  /** The jobs, each with the life and the epoch at which it is claimed. */
  readonly jobs: readonly JobClaim[];
}

/** Which jobs are meant: those that fit all that is given. */
export interface JobFilter {
  /** Jobs of this flow only. */
  readonly flowId?: string | undefined;
  /** Jobs in this status only. */
  readonly status?: string | undefined;
  /** Jobs of this queue only. */
  readonly queue?: string | undefined;
  /** Jobs with these tags, and perhaps others. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Jobs that this job has started only. */
  readonly parentId?: string | undefined;
  /** Jobs created before this instant only, in milliseconds since 1970. */
  readonly createdBefore?: number | undefined;
  /** Jobs that ended before this instant only, in milliseconds since 1970. */
  readonly endedBefore?: number | undefined;
}

/** Which jobs `list` returns. */
export interface ListQuery extends JobFilter {
  /** The maximum number of jobs on a page. @default {100} */
  readonly limit?: number | undefined;
  /** The cursor of the page before; absent for the first page. */
  readonly cursor?: string | undefined;
  /** Whether the newest jobs come first; the pages of one list are all in one order. @default {false} */
  readonly newestFirst?: boolean | undefined;
}

/** A page of jobs, in the order of the query: oldest first, unless it says otherwise. */
export interface JobPage {
  /** The jobs. */
  readonly jobs: readonly JobRecord[];
  /** The cursor of the next page; absent on the last page. */
  readonly cursor?: string;
}

/** Which jobs `purge` deletes. */
export interface PurgeQuery {
  /** Jobs that ended before this instant, in milliseconds since 1970. */
  readonly endedBefore: number;
  /** Jobs in this status only. */
  readonly status?: string | undefined;
  /** The maximum number of jobs. */
  readonly limit: number;
}

/**
 * A notice from a store to those who `watch` it: a job was sent a command, has become free and is due at an instant, or has ended;
 * notices may have been lost, so that everything must be looked at again; or somebody has just looked for jobs that are due and found
 * none: `by` is what that call of `nextDueAt` was given as `tells`.
 */
export type StoreEvent =
  | { readonly type: "command" | "ended"; readonly jobId: string }
  | { readonly type: "due"; readonly at: number }
  | { readonly type: "looked"; readonly by: string }
  | { readonly type: "gap" };

/**
 * A transaction in which a handler's own statements and the append of its step are committed together: both, or neither. It is over when
 * `append` has committed it, or has failed in any other way than by `unread`.
 */
export interface StoreTransaction {
  /** The object that runs the handler's statements: a connection, or what the client of the database calls a transaction. */
  readonly client: unknown;
  /**
   * Runs statements of the transaction. When `run` rejects, or the database refuses what it has done, that is undone, and nothing else.
   *
   * @throws what `run` throws, and what the database says
   */
  attempt<T>(run: () => MaybePromise<T>): Promise<T>;
  /** Undoes everything, and ends the transaction; no effect when it is over. */
  rollback(): MaybePromise<void>;
}

/**
 * Where jobs survive. A job consists of a snapshot, a journal of entries after it, a record, and an inbox of commands
 * from anybody but the job's owner. Flows, snapshots, entries and commands are texts that a store never parses. A local store
 * may answer synchronously; errors are thrown or reject.
 *
 * Engines are owners. One enters the store under its name, gets an incarnation, and renews its lease, which is for all of its jobs
 * together. A job is held when it is claimed by an incarnation whose lease runs: the present one of its owner, or a former one whose
 * lease has not ended yet, which has not left, and which was not taken over. A job that is not held is due
 *
 * - when it has an owner: that one has died, or lost its lease;
 * - when its inbox has commands that are not consumed, also after its end;
 * - when its `dueAt` has passed, also after its end: then it has something left to do, as to tell the job that has started it.
 *
 * `append` is the write of an owner, and it is fenced: the caller names the life of the job, the epoch of its claim, and the
 * revision that it expects, and a store refuses any other. So once an owner has let go of a job, another engine has claimed it, or the
 * job was deleted, every write of the former owner is refused, however late it comes. `replaceFlow` is fenced likewise.
 *
 * A store may forget an owner that has left, and one whose lease, with those of its former incarnations, ended more than a day ago: an
 * engine that was not given a name has a new one at each start. The jobs of a forgotten owner are due, as those of one that has left.
 * An engine that enters again under a forgotten name gets an incarnation like any other, whose number nobody had before.
 *
 * The port needs one atomic compare-and-set per job, ordered reads within a job, and an index over records. A store without a clock
 * of its own goes by the `now` of its callers, whose clocks must agree to about a tenth of a lease.
 */
export interface Store {
  /** Creates jobs, each for itself. Returns an answer for each, in order. */
  create(jobs: readonly NewJob[]): MaybePromise<readonly CreateAnswer[]>;
  /** Returns a job's record. */
  find(jobId: string): MaybePromise<JobRecord | undefined>;
  /** Returns a consistent copy of a job, as of one moment. */
  load(jobId: string): MaybePromise<StoredJob | undefined>;
  /**
   * Appends entries, and replaces the head if one is given, and with it releases the job if `releases` says so; atomically. There is
   * at least one entry or a head. With a transaction of `begin`, it is committed by this. When the call returns or resolves, the write is as durable as the store promises. Returns
   * `unread`, and changes nothing, for a head that says that the job has ended, which the present one does not say, while the
   * inbox has commands beyond those that the head has consumed.
   *
   * @throws {FencedError} when the job is of another life, epoch or revision, when its claim was released, or when it is gone: nothing
   *   has changed
   */
  append(
    claim: JobClaim,
    expectedRevision: number,
    entries: readonly string[],
    head?: AppendHead,
    within?: StoreTransaction,
  ): MaybePromise<"stored" | "unread">;
  /**
   * Replaces the snapshot by the job's document at `revision`, and drops the entries up to there. Not fenced by the claim: the
   * journal up to a revision is the same for everybody. No effect when there is no such life of the job, when `revision` is not
   * above that of the present snapshot, or when the job has not reached it.
   */
  compact(life: JobLife, revision: number, snapshot: string): MaybePromise<void>;
  /**
   * Replaces a job's flow, its hash and the snapshot, and drops all entries; atomically. The snapshot is that of the present revision,
   * which stays, as do the head, the claim and the inbox. Fenced as `append` is; done again, it changes nothing more. A `compact` that
   * comes late has no effect: the job has no entry before the snapshot. Without this method, jobs keep the flow of their start.
   *
   * @throws {FencedError} when the job is of another life, epoch or revision, when its claim was released, or when it is gone: nothing
   *   has changed
   */
  replaceFlow?(claim: JobClaim, expectedRevision: number, replaced: ReplacedFlow): MaybePromise<void>;
  /** Adds a command to a job's inbox, once per key; of any life, when none is given. */
  send(
    job: { readonly jobId: string; readonly life?: number | undefined },
    command: NewCommand,
  ): MaybePromise<SendAnswer>;
  /**
   * Returns what has become of the command that was sent with a key; `undefined` when there is none, or its key is no longer remembered.
   * Of any life, when none is given.
   */
  outcome(
    job: { readonly jobId: string; readonly life?: number | undefined },
    key: string,
  ): MaybePromise<CommandOutcome | undefined>;
  /** Returns the commands in a job's inbox with a sequence above `after`, in order. */
  inbox(life: JobLife, after: number, now: number): MaybePromise<InboxAnswer>;
  /** Returns the commands that are not consumed, of all jobs that an incarnation has claimed. */
  commands(owner: Incarnation, now: number): MaybePromise<CommandsAnswer>;
  /** Gives an engine an incarnation, with a lease from now on; a former one of its name loses the right to renew. */
  enter(query: EnterQuery): MaybePromise<EnterAnswer>;
  /** Renews the lease of an incarnation. One that has been found to have ended, here or by a claim, has ended for good. */
  renew(owner: Incarnation, leaseMs: number, now: number): MaybePromise<RenewAnswer>;
  /** Ends the lease of an incarnation: the jobs that it has not released are due at once. */
  leave(owner: Incarnation): MaybePromise<void>;
  /** Returns the jobs that an incarnation has claimed and not released, also those that have ended. */
  held(owner: Incarnation): MaybePromise<readonly JobClaim[]>;
  /**
   * Claims jobs that are due, for an incarnation whose lease runs; for another one, none. The leases of those that had these jobs
   * before end for good with that: a caller whose clock is behind cannot renew them. Those of a smaller `priority` come first,
   * and among these those that have been due for longest: a job with commands counts as due since its creation, one whose owner has
   * lost its lease since then, any other since its `dueAt`; among equals the oldest is first.
   */
  take(query: TakeQuery): MaybePromise<TakeAnswer>;
  /**
   * Claims the given jobs, due or not, for an incarnation whose lease runs: those of the given life and epoch that nobody else holds.
   */
  claim(query: ClaimQuery): MaybePromise<TakeAnswer>;
  /** Returns the instant at which `take` finds something, if nothing happens until then: in milliseconds since 1970. */
  nextDueAt(query: NextDueQuery): MaybePromise<number | undefined>;
  /**
   * Gives an incarnation whose lease runs permits for jobs of a queue: no more than the limits leave, given what all incarnations whose
   * leases run have, and what was taken. The permits of an incarnation are free when its lease has ended, or it has left; that it has ended is for good
   * then. A permit counts as a start from this call until the next one of the incarnation for the queue, which says how many jobs were taken,
   * and then as one at the time of that call. `watch` tells by `due` when permits are free that were refused before. Without this method,
   * the store knows no limits over all workers.
   */
  permit?(query: PermitQuery): MaybePromise<PermitAnswer>;
  /**
   * Calls back with what happens to jobs in this process, and in any other if the store can observe it. Returns a function that ends
   * the subscription.
   */
  watch?(onEvent: (event: StoreEvent) => void): () => void;
  /** Returns a page of jobs, ordered by creation time and id: oldest first, or in exactly the reverse order. */
  list(query?: ListQuery): MaybePromise<JobPage>;
  /** Returns how many jobs there are. */
  count(filter?: JobFilter): MaybePromise<number>;
  /** Deletes a job with everything that belongs to it. Returns false when there is no such life of it. */
  delete(life: JobLife): MaybePromise<boolean>;
  /** Deletes jobs that have ended, whose inbox has no unconsumed command, that have no `dueAt`, and that nobody has claimed; returns how many. */
  purge(query: PurgeQuery): MaybePromise<number>;
  /** Begins a transaction for the statements of a handler; only stores over a database that has such. */
  begin?(): Promise<StoreTransaction>;
  /**
   * Returns the time by the store's clock, in milliseconds since 1970; only a store that has one, as a server has. All instants that its
   * engines give it are by that clock, as far as they know it. Without this method, the store goes by the `now` of its callers.
   */
  time?(): MaybePromise<number>;
  /** Closes the store after the pending calls are done; later calls fail. */
  close(): MaybePromise<void>;
}

/** The head that an append gives a job. */
export interface AppendHead extends JobHead {
  /** When it was made, in milliseconds since 1970; a store with a clock of its own goes by that. */
  readonly at: number;
  /** Whether the owner lets go of the job. */
  readonly releases: boolean;
  /**
   * Those of the commands that are consumed with this head which could not be carried out; it is remembered as long as their keys. The
   * others are done. @default {none}
   */
  readonly refused?: readonly Refusal[] | undefined;
}
