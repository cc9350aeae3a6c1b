import { FencedError, StoreError } from "../../base/errors.ts";
import { isThenable } from "../../base/thenable.ts";
import type { JobClaim, JobRecord, StoreTransaction } from "../../ports/store.ts";
import type { CancelTimer } from "../../ports/timers.ts";
import type { Commit } from "../../job/commit.ts";
import type { Job } from "../../job/job.ts";
import { encodeCommit } from "../../documents/commit.ts";
import type { TransactionHolds } from "../activation/step_transactions.ts";
import { Consumption } from "./consumption.ts";
import { delayAfter } from "./durability_settings.ts";
import { InboxReads } from "./inbox_reads.ts";
import { findWrite, headsOf, type JournalRest, type JournalWrite } from "./journal_write.ts";
import { RestGate } from "./rest_gate.ts";
import { type KeptJournal, Snapshots } from "./snapshots.ts";
import { StoredWaiters } from "./stored_waiters.ts";
import type { StoreSession } from "./store_session.ts";
import { letGoBefore, rollBack, WaitingTransactions } from "./transactions.ts";

/** A claim, and the incarnation whose claim it is. */
type OwnClaim = JobClaim & Pick<JobRecord, "incarnation">;

/** The callbacks of a journal while its job is live. */
export interface JournalCallbacks {
  /** Entries have been stored, some time after they were handed in. */
  readonly onStored: () => void;
  /**
   * The store has refused that the job ends: its inbox has commands that were not read. What is stored goes on; a promise tells when
   * the job's object shows that.
   */
  readonly onUnread: () => void | Promise<unknown>;
  /** Nothing can be written any more: another engine has the job, or the store fails. */
  readonly onLost: (error: Error) => void;
}

/**
 * The journal of one job in the store: it writes entries in the order of their commits, and calls back when one is stored. The
 * entries that are handed in during a write are written together by the next.
 */
export class Journal implements TransactionHolds {
  /** What was read of the inbox. */
  readonly reads: InboxReads;
  /** Tells when the job has come to rest, or was let go of. */
  readonly resting: RestGate = new RestGate();
  /** Whether this journal is lost, or replaced by another because the store refused the job's end. */
  get isOver(): boolean {
    return this.lost !== undefined || this.#isReplaced;
  }

  /** Why nothing can be written any more, if that is so. */
  lost: Error | undefined;
  /** Whether the engine has let go of the job, or is just doing so. */
  isReleased = false;
  /**
   * Whether writes must wait because the job is being claimed again: a release that is written meanwhile would give the job to an
   * engine that is finished with it.
   */
  isHeld = false;
  /** Whether writes wait for what the job does in this turn. */
  #isGathering = false;
  /** What has been consumed of the inbox. */
  readonly consumption: Consumption;
  readonly #job: Job;
  /** The engine's use of the store. */
  readonly session: StoreSession;
  readonly #snapshots: Snapshots;
  /** Whether the consequences of a commit follow when it is stored. */
  readonly isStrict: boolean;
  /** The claim by which this engine has the job. */
  claim: OwnClaim;
  /** Whether the next write says what was consumed, and where the job stands. */
  #isHeadNew = false;
  /** The status before the last entry of the next write. */
  #status: string;
  #rest: JournalRest | undefined;
  /** The revision with all that was handed in, and the one that is stored. */
  #handed: number;
  #stored: number;
  #entries: string[] = [];
  readonly #transactions: WaitingTransactions = new WaitingTransactions();
  /** When the oldest entry was handed in that is not being written yet, and the oldest of those that are: in elapsed time. */
  #gatheredAt: number | undefined;
  #writtenAt: number | undefined;
  readonly #waiters: StoredWaiters = new StoredWaiters();
  /** The callbacks of the entries that the next write will store. */
  #after: (() => void)[] = [];
  #isWriting = false;
  #isReplaced = false;
  /** Whether `flush` is on the stack: a write that succeeds meanwhile calls no `onStored`, as the caller goes on by itself. */
  #isFlushing = false;
  #failures = 0;
  #callbacks: JournalCallbacks | undefined;
  #stopFlush: CancelTimer | undefined;
  /** Makes the journal of a job that this engine has claimed. */
  constructor(job: Job, session: StoreSession, kept: KeptJournal) {
    const { revision, consumed, status } = kept.record;
    this.#job = job;
    this.session = session;
    this.claim = kept.record;
    this.isStrict = session.settings.mode === "strict";
    this.#handed = this.#stored = revision;
    this.consumption = new Consumption(consumed);
    this.reads = new InboxReads(consumed);
    this.#status = status;
    this.#snapshots = new Snapshots(job, session, kept);
  }

  /** Whether an entry has not been stored yet. */
  get isBehind(): boolean {
    return this.#stored < this.#handed;
  }

  /** Whether the job was claimed by an incarnation; the engine may have entered again since. */
  isOf(incarnation: number | undefined): boolean {
    return this.claim.incarnation === incarnation;
  }

  /** Whether the lease runs of the incarnation that has claimed the job. */
  hasLease(at: number, elapsed: number): boolean {
    const lease = this.session.ownership.lease(at, elapsed);
    return lease !== undefined && this.isOf(lease.incarnation);
  }

  /** Whether handlers have run as far ahead of the store as they may. */
  isFarAhead(elapsed: number): boolean {
    const since = this.#writtenAt ?? this.#gatheredAt;
    if (this.isStrict || since === undefined || elapsed - since < this.session.settings.flushMs) return false;
    this.flush();
    return this.isBehind;
  }

  /** Calls back while the job is live. */
  subscribe(callbacks: JournalCallbacks): void {
    this.#callbacks = callbacks;
  }

  /** Makes the next write state where a claimed job stands, and append `attempts`, the text of a claim's entry. */
  begin(attempts: string | undefined): void {
    this.#isHeadNew = true;
    if (attempts !== undefined) this.#add(attempts);
  }

  /** The engine has lost its lease, and has claimed the job again before anybody else did. */
  reclaim(record: JobRecord): void {
    const { jobId, revision } = this.claim = record;
    // A write that is under way finds out by itself.
    if (!this.#isWriting && revision !== this.#stored) this.lose(new FencedError(jobId, this.#stored, revision));
  }

  /** Whether a claim of this engine is the next one of the job: nobody has had the job in between. */
  isFollowedBy({ life, epoch, incarnation }: OwnClaim): boolean {
    return life === this.claim.life && epoch === this.claim.epoch + 1 && this.session.ownership.isOurs(incarnation);
  }

  /** Has writes wait until the first turn of the job is over: one write stores that it goes on, and how far it has come by then. */
  gather(): void {
    this.#isGathering = true;
  }

  /** Writes what has been handed in since `gather`, after the turn that has been asked for, or is on the stack. */
  gathered(): void {
    void Promise.resolve().then(() => this.#endGathering());
  }

  #endGathering(): void {
    this.#isGathering = false;
    this.flush();
    // A store that answers at once has it stored by now.
    this.#callbacks?.onStored();
  }

  /** Stores which commands have been consumed, unless an entry that waits to be written will say it. */
  acknowledge(): void {
    if (this.#isHeadNew && this.#entries.length === 0) this.flush();
  }

  /** The next entry says that a command is consumed. */
  consume(sequence: number): void {
    this.consumption.consume(sequence);
    this.#isHeadNew = true;
  }

  /** Encodes a commit that has not been applied yet. */
  encode(commit: Commit): string {
    return JSON.stringify(
      encodeCommit(commit, this.#isHeadNew && this.consumption.last > 0 ? this.consumption.last : undefined),
    );
  }

  /**
   * Hands in the text of a commit that has been applied; `run` is called when its consequences may follow. With `within`, the
   * transaction is committed with the entry.
   */
  write(text: string, run?: () => void, within?: StoreTransaction): void {
    // Unreachable: a job is detached when its journal is lost. Nothing is written after that.
    if (this.lost !== undefined) return;
    this.#handIn(text);
    this.#status = this.#job.status;
    if (within !== undefined) this.#transactions.add(this.#handed, within);
    if (run !== undefined) {
      if (this.isStrict) this.#waiters.add(this.#handed, run);
      else run();
    }
    if (this.isStrict) this.flush();
    else this.#scheduleFlush();
  }

  #handIn(text: string): void {
    this.#add(text);
    this.consumption.handed = this.consumption.last;
    const store = this.#snapshots.take(this.claim, this.#handed);
    if (store !== undefined) this.whenStored(store);
  }

  /**
   * Hands in the text of a commit after which the job rests, and lets go of the job, unless handlers still run; `run` is called when
   * that is stored.
   */
  rest(text: string, releases: boolean, run: () => void): void {
    this.#comeToRest({ releases, consumedBefore: this.consumption.handed });
    this.#handIn(text);
    const callbacks = this.#callbacks;
    // Before anything is written: a store that answers at once may refuse that the job ends.
    this.whenStored(() => {
      // The job may have been resumed meanwhile.
      if (releases && this.#callbacks === callbacks) this.#callbacks = undefined;
      run();
      this.resting.open();
    });
    this.flush();
  }

  /**
   * Lets go of the job as it stands; `run` is called when that is stored. With `idleMs`, what could be done at once is left for so
   * long, in milliseconds.
   */
  release(run: () => void = () => {}, idleMs?: number): void {
    if (this.isOver) return;
    this.#comeToRest({ releases: true, consumedBefore: this.consumption.last, idleMs });
    this.#after.push(run, () => this.resting.open());
    this.flush();
  }

  #comeToRest(rest: JournalRest): void {
    this.isReleased = rest.releases;
    this.#rest = rest;
    this.#isHeadNew = true;
    this.resting.close();
  }

  /** Calls back when all entries that were handed in are stored; never, when the journal is lost before. */
  whenStored(run: () => void): void {
    if (!this.isBehind) run();
    else this.#waiters.add(this.#handed, run);
  }

  hold(by: object): Promise<void> {
    // A transaction may take long: only what is handed in from now on waits for it.
    if (this.#isGathering) this.#endGathering();
    return this.#transactions.hold(by, () => this.#isWriting && !this.isOver);
  }

  unhold(by: object): void {
    this.#transactions.unhold(by);
  }

  /** Writes what has been handed in, unless a write is under way. */
  flush(): void {
    if (this.#isWriting || this.isHeld || this.#isGathering || this.isOver || this.session.isClosed) return;
    if (this.#transactions.isHeld || (this.#entries.length === 0 && !this.#isHeadNew)) return;
    this.#stopFlush?.();
    this.#stopFlush = undefined;
    const write = this.#createWrite();
    this.#isWriting = true;
    this.#writtenAt = this.#gatheredAt;
    this.#gatheredAt = undefined;
    const isInside = this.#isFlushing;
    this.#isFlushing = true;
    this.#attempt(write);
    this.#isFlushing = isInside;
  }

  #createWrite(): JournalWrite {
    const { entries, left, within } = this.#transactions.divide(this.#entries, this.#handed);
    this.#entries = left;
    // The head describes the job after all entries that are left, so it is written with them.
    if (left.length > 0) return { entries, head: undefined, headBefore: undefined, after: [], within };
    const [after, rest] = [this.#after, this.#rest];
    if (after.length > 0) this.#after = [];
    if (!this.#isHeadNew) return { entries, head: undefined, headBefore: undefined, after, within };
    this.#isHeadNew = false;
    this.#rest = undefined;
    const heads = headsOf(this.#job, this.session.timers.now(), this.consumption, this.#status, rest);
    this.#status = this.#job.status;
    return { entries, ...heads, after, within };
  }

  #attempt(write: JournalWrite): void {
    const claim = this.claim;
    const onError = (error: unknown) => this.#fail(error, write, claim);
    const onAnswer = (answer: "stored" | "unread") => answer === "unread" ? this.#refuse(write) : this.#succeed(write);
    try {
      const result = this.session.store.append(claim, this.#stored, write.entries, write.head, write.within);
      if (isThenable(result)) result.then(onAnswer, onError);
      else onAnswer(result);
    } catch (error) {
      onError(error);
    }
  }

  #succeed({ entries, head, after }: JournalWrite): void {
    // Whoever has the job was told that it is lost, and may have let it go on since.
    if (this.lost !== undefined) return;
    this.#isWriting = false;
    this.#transactions.idle();
    this.#failures = 0;
    this.#writtenAt = undefined;
    this.#stored += entries.length;
    if (head?.releases === true && head.endedAt === undefined) this.session.onReleased(this.#job);
    for (const run of after) run();
    this.#waiters.stored(this.#stored);
    // A timer that found this write under way does not come again.
    if (this.#stopFlush === undefined || this.#waiters.size > 0 || this.#after.length > 0) this.flush();
    if (!this.#isFlushing) this.#callbacks?.onStored();
  }

  /** The store refuses that the job ends now. All entries before its end are stored, and the execution decides again. */
  #refuse({ entries, headBefore: head, within }: JournalWrite): void {
    this.#handed--;
    this.isReleased = false;
    this.#waiters.dropAfter(this.#handed);
    const refused = () => {
      // The execution that decides again opens another journal, which takes over the commands that are being carried out.
      this.#isReplaced = true;
      const callbacks = this.#callbacks;
      this.#callbacks = undefined;
      const reading = callbacks?.onUnread();
      if (reading === undefined) this.resting.openAll();
      else void reading.finally(() => this.resting.openAll());
    };
    if (entries.length > 1) {
      return this.#attempt({ entries: entries.slice(0, -1), head, headBefore: undefined, after: [refused], within });
    }
    this.#isWriting = false;
    this.#transactions.idle();
    refused();
  }

  #fail(error: unknown, write: JournalWrite, claim: JobClaim): void {
    const { settings, timers } = this.session;
    if (error instanceof FencedError) return this.#recognize(error, write, claim);
    this.#failures++;
    this.session.onStoreError(this.#job, error);
    if (this.#failures >= settings.attempts) {
      this.lose(new StoreError(this.#job.jobId, this.#failures, { cause: error }));
      return;
    }
    if (write.within !== undefined) rollBack(write.within);
    const next = () => write.within === undefined ? this.#attempt(write) : this.#decide(write, claim, error);
    timers.after(delayAfter(this.#failures, settings), next);
  }

  /** A transaction is over, and it is not known whether it was committed. If it was not, the job goes on from its stored state. */
  #decide(write: JournalWrite, claim: JobClaim, cause: unknown): void {
    letGoBefore(this.session, claim, this.#stored).then((refusal) => {
      if (refusal !== undefined) this.#recognize(refusal, write, claim);
      else this.lose(new StoreError(claim.jobId, this.#failures, { cause }));
    }, (error: unknown) => this.#fail(error, write, claim));
  }

  /**
   * A write that failed may have arrived all the same: then the store refuses the next try because of our own entries. Or the job was
   * claimed again here while the write was under way, perhaps by a call whose answer is lost, or has not come yet.
   */
  #recognize(error: FencedError, write: JournalWrite, claim: JobClaim): void {
    Promise.resolve().then(() => this.session.store.load(claim.jobId)).then((stored) => {
      // Another journal of this engine may have the job by a later claim.
      if (this.lost !== undefined) return;
      const found = findWrite(write, claim.life, this.#stored, stored);
      const { record } = stored ?? {};
      if (record !== undefined && !found.isLetGo && this.isFollowedBy(record)) this.claim = record;
      const isClaimed = found.epoch === this.claim.epoch;
      if (found.isWritten) this.#succeed(write);
      else if (isClaimed && claim !== this.claim && found.revision === this.#stored) return this.#attempt(write);
      // A released job cannot be lost: no engine works on it.
      if (found.isLetGo) this.#callbacks = undefined;
      if (!isClaimed || !found.isWritten) this.lose(error);
    }, (failure: unknown) => this.#fail(failure, write, claim));
  }

  /** Gives up: nothing more is written, and the live job is told. */
  lose(error: Error): void {
    if (this.lost !== undefined) return;
    this.lost = error;
    this.#stopFlush?.();
    this.#transactions.rollBack();
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    callbacks?.onLost(error);
    this.resting.openAll();
  }

  #add(text: string): void {
    if (!this.isStrict) this.#gatheredAt ??= this.session.timers.elapsed();
    this.#entries.push(text);
    this.#handed++;
    this.#snapshots.add(text.length);
  }

  #scheduleFlush(): void {
    const { timers, settings } = this.session;
    this.#stopFlush ??= timers.after(settings.flushMs, () => {
      this.#stopFlush = undefined;
      this.flush();
    });
  }
}
