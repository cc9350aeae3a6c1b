import { FencedError, StoreError } from "../../base/errors.ts";
import { Fifo } from "../../base/fifo.ts";
import { instantAfter } from "../../base/instant.ts";
import { isThenable } from "../../base/thenable.ts";
import type { JobHead } from "../../ports/store.ts";
import type { CancelTimer } from "../../ports/timers.ts";
import type { Commit } from "../../job/commit.ts";
import type { Job } from "../../job/job.ts";
import type { FirstAttempt } from "../../documents/claim.ts";
import { encodeClaim, encodeCommit } from "../../documents/commit.ts";
import { writeJob } from "../../documents/job.ts";
import { delayAfter } from "./durability_settings.ts";
import type { StoreSession } from "./store_session.ts";

/** What a journal calls back while its job is live. */
export interface JournalCallbacks {
  /** Entries have been stored, some time after they were handed in. */
  readonly onStored: () => void;
  /** The claim was renewed: a moment to look for commands. */
  readonly onRenewed: () => void;
  /** Nothing can be written any more: another engine has the job, or the store fails. */
  readonly onLost: (error: Error) => void;
}

interface Waiter {
  /** The revision that must be stored. */
  readonly revision: number;
  readonly run: () => void;
}

/**
 * The journal of one job in the store: it writes entries in the order of their commits, and calls back when one is stored. The
 * entries that are handed in during a write are written together by the next.
 */
export class Journal {
  /** Whether commands from the inbox are being read or carried out. */
  isPolling = false;
  /** Whether commands may have arrived that have not been read. */
  isAddressed = false;
  /** Resolves when the commands that were found by the last look into the inbox have been carried out. */
  polled: Promise<void> = Promise.resolve();
  /** Resolves when the commit by which the job comes to rest is stored, or never will be; `undefined` while none is being stored. */
  resting: Promise<void> | undefined;
  #onRested: (() => void) | undefined;
  /** How many such commits are being stored: a job at rest may take deliveries. */
  #rests = 0;
  /** The last command that was read; those before it have been carried out, or are being so. */
  read: number;
  /** When the last look into the inbox began that the store has answered: in elapsed time. */
  readAt: number = -Infinity;
  readonly #job: Job;
  readonly #session: StoreSession;
  #head: JobHead;
  #isHeadNew = false;
  /** The revision with all that was handed in, and the one that is stored. */
  #handed: number;
  #stored: number;
  #entries: string[] = [];
  /** When the oldest entry was handed in that is not being written yet, and the oldest of those that are: in elapsed time. */
  #gatheredAt: number | undefined;
  #writtenAt: number | undefined;
  readonly #waiters: Fifo<Waiter> = new Fifo();
  #isWriting = false;
  /** Whether `flush` is on the stack: a write that succeeds meanwhile calls no `onStored`, as the caller goes on by itself. */
  #isFlushing = false;
  #failures = 0;
  #callbacks: JournalCallbacks | undefined;
  #lost: Error | undefined;
  #stopRenewal: CancelTimer | undefined;
  #stopFlush: CancelTimer | undefined;
  /** Characters of entries since the last snapshot, and how many make the next one due. */
  #length = 0;
  #snapshotAt: number;

  /** The tasks that were first when the job was claimed by an owner that has died; `undefined` when the job was released. */
  readonly firstAttempts: readonly FirstAttempt[] | undefined;
  /** The tasks that stood first when the job was claimed here: each renewal names these, not those that are first by then. */
  #claimed: readonly FirstAttempt[] = [];

  /** Makes the journal of a job that is in the store at a revision. */
  constructor(job: Job, session: StoreSession, revision: number, head: JobHead, first?: readonly FirstAttempt[]) {
    this.#job = job;
    this.#session = session;
    this.firstAttempts = first;
    this.#handed = revision;
    this.#stored = revision;
    this.#head = head;
    this.read = head.consumed;
    this.#snapshotAt = session.settings.snapshotLength;
  }

  /** Whether an entry has not been stored yet. */
  get isBehind(): boolean {
    return this.#stored < this.#handed;
  }

  /** Whether nothing can be written any more. */
  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** Why nothing can be written any more, if that is so. */
  get lost(): Error | undefined {
    return this.#lost;
  }

  /** The head of the job as it was last known here. */
  get head(): JobHead {
    return this.#head;
  }

  /** The last command that was consumed. */
  get consumed(): number {
    return this.#head.consumed;
  }

  /** Whether handlers have run as far ahead of the store as they may. */
  isFarAhead(elapsed: number): boolean {
    const since = this.#writtenAt ?? this.#gatheredAt;
    if (this.#isStrict || since === undefined || elapsed - since < this.#session.settings.flushMs) return false;
    this.flush();
    return this.isBehind;
  }

  /** Calls back while the job is live, and renews its claim until the job rests. */
  subscribe(callbacks: JournalCallbacks): void {
    this.#callbacks = callbacks;
    this.#scheduleRenewal();
  }

  /** Claims the job: writes of its owner before are fenced from now on. */
  claim(firstAttempts: readonly FirstAttempt[]): void {
    this.#head = { ...this.#head, epoch: this.#head.epoch + 1 };
    this.#claimed = firstAttempts;
    this.#addClaim();
  }

  /** Stores which commands have been consumed, by an entry of its own, unless an entry that waits to be written will say it. */
  acknowledge(): void {
    if (!this.#isHeadNew || this.#entries.length > 0) return;
    // A job whose last commit is being stored is no longer claimed.
    if (this.#callbacks !== undefined && this.#head.owner !== undefined) this.#addClaim();
    else this.#addOwner(this.#session.timers.now(), undefined, undefined, []);
    this.flush();
  }

  /** The next entry says that a command is consumed. */
  consume(sequence: number): void {
    this.#head = { ...this.#head, consumed: sequence };
    this.#isHeadNew = true;
  }

  /** Encodes a commit that has not been applied yet. */
  encode(commit: Commit): string {
    return JSON.stringify(encodeCommit(commit, this.#isHeadNew && this.consumed > 0 ? this.consumed : undefined));
  }

  /** Hands in the text of a commit that has been applied; `run` is called when its consequences may follow. */
  write(text: string, run?: () => void): void {
    // Unreachable: a job is detached when its journal is lost. Nothing is written after that.
    if (this.#lost !== undefined) return;
    this.#add(text);
    if (run !== undefined) {
      if (this.#isStrict) this.#waiters.push({ revision: this.#handed, run });
      else run();
    }
    this.#takeSnapshot();
    if (this.#isStrict) this.flush();
    else this.#scheduleFlush();
  }

  /** Hands in the text of a commit after which the job rests, and releases the claim; `run` is called when that is stored. */
  rest(text: string, wakeAt: number | undefined, run: () => void): void {
    this.#stopRenewal?.();
    this.#head = { ...this.#head, status: this.#job.status, wakeAt, owner: undefined };
    this.#isHeadNew = true;
    this.write(text);
    const callbacks = this.#callbacks;
    this.#rests++;
    this.resting ??= new Promise((resolve) => this.#onRested = resolve);
    this.whenStored(() => {
      // The job may have been resumed meanwhile.
      if (this.#callbacks === callbacks) this.#callbacks = undefined;
      run();
      if (--this.#rests === 0) this.#rested();
    });
    this.flush();
  }

  /** Calls back when all entries that were handed in are stored; never, when the journal is lost before. */
  whenStored(run: () => void): void {
    if (!this.isBehind) run();
    else this.#waiters.push({ revision: this.#handed, run });
  }

  /** Writes the entries that have been handed in, unless a write is under way. */
  flush(): void {
    if (this.#isWriting || this.#entries.length === 0 || this.#lost !== undefined) return;
    this.#stopFlush?.();
    this.#stopFlush = undefined;
    const entries = this.#entries;
    const head = this.#isHeadNew ? this.#head : undefined;
    this.#entries = [];
    this.#isHeadNew = false;
    this.#isWriting = true;
    this.#writtenAt = this.#gatheredAt;
    this.#gatheredAt = undefined;
    const isInside = this.#isFlushing;
    this.#isFlushing = true;
    this.#attempt(entries, head);
    this.#isFlushing = isInside;
  }

  get #isStrict(): boolean {
    return this.#session.settings.mode === "strict";
  }

  #attempt(entries: readonly string[], head: JobHead | undefined): void {
    const onError = (error: unknown) => this.#fail(error, entries, head);
    try {
      const result = this.#session.store.append(this.#job.jobId, this.#stored, entries, head);
      if (isThenable(result)) result.then(() => this.#succeed(entries.length), onError);
      else this.#succeed(entries.length);
    } catch (error) {
      onError(error);
    }
  }

  #succeed(count: number): void {
    this.#isWriting = false;
    this.#failures = 0;
    this.#writtenAt = undefined;
    this.#stored += count;
    for (
      let next = this.#waiters.peek();
      next !== undefined && next.revision <= this.#stored;
      next = this.#waiters.peek()
    ) {
      this.#waiters.shift();
      next.run();
    }
    if (this.#isStrict || this.#waiters.size > 0) this.flush();
    if (!this.#isFlushing) this.#callbacks?.onStored();
  }

  #fail(error: unknown, entries: readonly string[], head: JobHead | undefined): void {
    const { settings, timers } = this.#session;
    if (error instanceof FencedError) {
      if (this.#failures === 0) this.lose(error);
      else this.#recognize(error, entries, head);
      return;
    }
    this.#failures++;
    this.#session.onStoreError(this.#job, error);
    if (this.#failures >= settings.attempts) {
      this.lose(new StoreError(this.#job.jobId, this.#failures, { cause: error }));
      return;
    }
    timers.after(delayAfter(this.#failures, settings), () => this.#attempt(entries, head));
  }

  /** A write that failed may have arrived all the same: then the store refuses the next try because of our own entries. */
  #recognize(error: FencedError, entries: readonly string[], head: JobHead | undefined): void {
    Promise.resolve().then(() => this.#session.store.load(this.#job.jobId)).then((stored) => {
      const from = this.#stored - (stored?.snapshotRevision ?? 0);
      const isOurs = entries.every((entry, i) => stored?.entries[from + i] === entry);
      if (isOurs && stored?.record.revision === this.#stored + entries.length) this.#succeed(entries.length);
      else this.lose(error);
    }, (failure: unknown) => this.#fail(failure, entries, head));
  }

  /** Gives up: nothing more is written, and the live job is told. */
  lose(error: Error): void {
    this.#lost = error;
    this.#stopRenewal?.();
    this.#stopFlush?.();
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    callbacks?.onLost(error);
    this.#rested();
  }

  #rested(): void {
    this.resting = undefined;
    this.#onRested?.();
  }

  #takeSnapshot(): void {
    if (this.#length < this.#snapshotAt) return;
    const { store, settings } = this.#session;
    const { jobId } = this.#job;
    const text = writeJob(this.#job);
    const revision = this.#handed;
    this.#length = 0;
    this.#snapshotAt = Math.max(settings.snapshotLength, text.length);
    this.whenStored(() => {
      const onError = (error: unknown) => this.#session.onStoreError(this.#job, error);
      try {
        const result = store.compact(jobId, revision, text);
        if (isThenable(result)) result.then(undefined, onError);
      } catch (error) {
        onError(error);
      }
    });
  }

  #add(text: string): void {
    if (!this.#isStrict) this.#gatheredAt ??= this.#session.timers.elapsed();
    this.#entries.push(text);
    this.#handed++;
    this.#length += text.length;
  }

  #addClaim(): void {
    const { timers, settings } = this.#session;
    const at = timers.now();
    const until = instantAfter(at, settings.leaseMs);
    this.#head = { ...this.#head, status: this.#job.status, owner: settings.owner, wakeAt: until };
    this.#isHeadNew = true;
    this.#addOwner(at, settings.owner, until, this.#claimed);
  }

  /** Adds an entry that says which engine has the job, if any, and until when. */
  #addOwner(at: number, owner: string | undefined, until: number | undefined, tried: readonly FirstAttempt[]): void {
    const { consumed, epoch } = this.#head;
    this.#add(JSON.stringify(encodeClaim({ kind: "claim", at, consumed, epoch, owner, tried, until })));
  }

  #scheduleRenewal(): void {
    const { timers, settings } = this.#session;
    this.#stopRenewal?.();
    this.#stopRenewal = timers.after(settings.leaseMs / 3, () => {
      this.#addClaim();
      this.flush();
      this.#scheduleRenewal();
      this.#callbacks?.onRenewed();
    });
  }

  #scheduleFlush(): void {
    const { timers, settings } = this.#session;
    this.#stopFlush ??= timers.after(settings.flushMs, () => {
      this.#stopFlush = undefined;
      this.flush();
    });
  }
}
