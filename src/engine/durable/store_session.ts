import { FencedError, StoreError } from "../../base/errors.ts";
import { callGuarded } from "../../base/thenable.ts";
import type { EngineEvent } from "../../ports/observer.ts";
import type { Incarnation, JobHead, JobRecord, Store, StoreEvent, TakenJob } from "../../ports/store.ts";
import type { CancelTimer, Timers } from "../../ports/timers.ts";
import type { Job } from "../../job/job.ts";
import { StepTransactions } from "../activation/step_transactions.ts";
import { answeringStore } from "./answering_store.ts";
import type { DurabilitySettings } from "./durability_settings.ts";
import type { Journal } from "./journal.ts";
import { Ownership } from "./ownership.ts";
import { claimPermitted, type QueuePermits } from "./queue_permits.ts";
import { ClaimingCalls, isPast, reconcile } from "./reconcile.ts";
import { pauseAfter } from "./retry_pause.ts";
import { beginIn } from "./transactions.ts";

/** A job that this engine has to do with: it is being started, it is live, or its handlers have not returned. */
interface Entry {
  readonly job: Job;
  /** Looks for commands to the job. */
  readonly poll: () => void;
  /** Looks for tasks that may run. */
  readonly wake: () => void;
  /** A claim on the job that came while it was here: it is taken up when this entry is gone. */
  next: TakenJob | undefined;
}

/** An engine's use of its store: the settings, its lease, and the jobs that it has. */
export class StoreSession {
  readonly store: Store;
  readonly settings: DurabilitySettings;
  readonly timers: Timers;
  readonly ownership: Ownership;
  /** Makes ids: of tokens, of keys. */
  readonly createId: () => string;
  /**
   * Jobs that were made here, not read: one of the same id in the store takes their place. Each with how far the store's clock was thought
   * to be ahead.
   */
  readonly fresh: WeakMap<Job, number> = new WeakMap();
  /** The journals of all jobs that this engine has claimed, lost ones included. */
  readonly journals: WeakMap<Job, Journal> = new WeakMap();
  /** Why jobs cannot be followed here that could not be started, or not be read again: what the store has of them is unknown. */
  readonly losses: WeakMap<Job, Error> = new WeakMap();
  /** Jobs at rest that this engine has claimed, or is claiming, for the commands that have come. */
  readonly serving: WeakMap<Job, Promise<void>> = new WeakMap();
  /** The records of jobs at rest, as they were last read or written here. */
  readonly records: WeakMap<Job, JobRecord> = new WeakMap();
  /** Those of the claimed jobs for which there is no place here: their commands are carried out, and they are let go before a handler runs. */
  readonly served: WeakSet<TakenJob> = new WeakSet();
  /** A job that this engine has claimed has gone live: workers are told. */
  onLive: (job: Job) => void = () => {};
  /** Takes up a job that was claimed without being asked for. An engine that cannot build flows lets it go. */
  onTaken: (taken: TakenJob) => void = (taken) => callGuarded(() => this.letGo(taken), (error) => this.onError(error));
  /** This engine's permits for jobs of a queue with limits over all workers, if one of its workers has stated some. */
  permitsIn: (queue: string | undefined) => QueuePermits | undefined = () => undefined;
  /** The incarnations that are known to have lived on without their lease: they have died of no job. */
  #survived: ReadonlySet<number> = new Set();
  readonly #entries: Map<string, Entry> = new Map();
  readonly #tell: (event: EngineEvent) => void;
  #stopWatch: CancelTimer | undefined;
  #stopPoll: CancelTimer | undefined;
  #stopUse: CancelTimer | undefined;
  #isRegaining = false;
  /** The calls that claim jobs without knowing which, and take them up. */
  readonly #claims: ClaimingCalls = new ClaimingCalls();
  /** Whether the engine has closed its store. */
  isClosed = false;

  /** Makes an engine's use of a store; `tell` calls the observer. */
  constructor(
    store: Store,
    settings: DurabilitySettings,
    timers: Timers,
    createId: () => string,
    tell: (event: EngineEvent) => void,
  ) {
    this.store = answeringStore(store, timers, settings);
    this.settings = settings;
    this.timers = timers;
    this.createId = createId;
    this.#tell = tell;
    this.ownership = new Ownership(this.store, settings, timers, createId, {
      onOver: () => void this.#regain(),
      onEntered: () => void this.#regain(),
      onRenewed: () => void this.reconcile(),
      onReplaced: (owner) => this.#tell({ type: "replaced", owner, at: timers.now() }),
      onError: (error) => this.onError(error),
    });
  }

  /** Makes the transactions of a handler, whose job has a journal. */
  transactionsOf(routineId: string, journal: Journal): StepTransactions {
    return new StepTransactions(routineId, journal, (action) => beginIn(this.store, action));
  }

  /** Tells the observer that the store has failed, for no single job. */
  onError(error: unknown): void {
    this.#tell({ type: "engine_error", error, at: this.timers.now() });
  }

  /** Tells the observer that this engine has claimed a job. */
  onClaimed({ record: { jobId, flowId }, formerIncarnation }: TakenJob): void {
    const fromDead = formerIncarnation !== undefined && !this.hasSurvived(formerIncarnation);
    this.#tell({ type: "taken", jobId, flowId, fromDead, at: this.timers.now() });
  }

  /** Tells the observer that this engine has let go of a job that has not ended. */
  onReleased({ jobId, flowId }: Job): void {
    this.#tell({ type: "released", jobId, flowId, at: this.timers.now() });
  }

  /** Tells the observer that a job that is due cannot go on here. */
  onRefused({ jobId, flowId }: JobRecord, error: unknown): void {
    this.#tell({ type: "refused", jobId, flowId, error, at: this.timers.now() });
  }

  /** Tells the observer that the store has failed; the call is repeated. */
  onStoreError({ jobId, flowId }: Pick<Job, "jobId" | "flowId">, error: unknown): void {
    this.#tell({ type: "store_error", jobId, flowId, error, at: this.timers.now() });
  }

  /** Tells the observer that a live job can be written no more: another engine has taken it, or the store has failed. */
  onLost({ jobId, flowId }: Job, error: unknown): void {
    this.#tell({ type: "lost", jobId, flowId, error, at: this.timers.now() });
  }

  /** Tells the observer that several engines in a row have lost a job with one task, which has not got any further. */
  onStalled({ jobId, flowId }: Job, task: number, losses: number): void {
    this.#tell({ type: "stalled", jobId, flowId, task, losses, at: this.timers.now() });
  }

  /** Tells the observer that a command could not be carried out. */
  onCommandError({ jobId, flowId }: Job, key: string, error: unknown): void {
    this.#tell({ type: "command_error", jobId, flowId, key, error, at: this.timers.now() });
  }

  /** The job of an id that this engine has to do with. Whether a given `Job` is live, `executionOf` says. */
  liveJob(jobId: string): Job | undefined {
    return this.#entries.get(jobId)?.job;
  }

  /** The ids of the jobs that this engine has to do with. */
  get liveIds(): Iterable<string> {
    return this.#entries.keys();
  }

  /** The permits for jobs of a job's queue, if it has limits that a worker here has stated. */
  permitsFor(job: Job | undefined): QueuePermits | undefined {
    return job && this.permitsIn(this.records.get(job)?.queue);
  }

  /** The ids of those that are in a queue, as far as that is known. */
  jobsIn(queue: string): readonly string[] {
    const jobs = Array.from(this.#entries.values(), ({ job }) => job);
    return jobs.filter((job) => this.records.get(job)?.queue === queue).map(({ jobId }) => jobId);
  }

  /** Adds a job that this engine has to do with, until the returned function is called. */
  register(job: Job, poll: () => void, wake: () => void): () => void {
    const { jobId } = job;
    const entry: Entry = { job, poll, wake, next: undefined };
    this.#entries.set(jobId, entry);
    this.#stopUse ??= this.ownership.use();
    this.#stopWatch ??= this.store.watch?.((event) => this.#onEvent(event));
    this.#schedulePoll();
    this.#checkLease(job);
    return () => {
      if (this.#entries.get(jobId) === entry) this.#unregister(job, entry);
    };
  }

  #unregister(job: Job, { next }: Entry): void {
    this.#entries.delete(job.jobId);
    const journal = this.journals.get(job);
    if (journal !== undefined) this.#claims.ended(journal.claim);
    this.permitsFor(job)?.left(job.jobId, journal);
    const isOurs = this.ownership.lease()?.incarnation === next?.record.incarnation;
    if (next !== undefined && isOurs && !isPast(next.record, journal?.claim)) this.onTaken(next);
    if (this.#entries.size === 0) this.#stop((error) => this.onStoreError(job, error));
  }

  #stop(onError: (error: unknown) => void): void {
    callGuarded(() => this.#stopWatch?.(), onError);
    this.#stopUse?.();
    this.#stopPoll?.();
    this.#stopWatch = this.#stopUse = this.#stopPoll = undefined;
  }

  /**
   * Runs a call that claims jobs which are not known here, until they are taken up: meanwhile `reconcile` leaves its jobs alone.
   */
  claiming<T>(run: () => Promise<T>): Promise<T> {
    return this.#claims.run(run);
  }

  /**
   * Says whether a claimed job may be taken up now: not by a claim that is over. If the engine still has to do with it, an older claim is
   * dropped, and a newer one waits until it has not.
   */
  mayTakeUp(taken: TakenJob): boolean {
    const { record } = taken;
    if (this.#claims.isOver(record)) return false;
    const entry = this.#entries.get(record.jobId);
    if (entry === undefined) return true;
    const journal = this.journals.get(entry.job);
    if (isPast(record, journal?.claim) || isPast(record, entry.next?.record)) return false;
    if (journal?.isOver === false && !journal.isReleased && journal.isFollowedBy(record)) {
      journal.reclaim(record);
      return false;
    }
    entry.next = taken;
    // One that is being let go of shows by itself whether this claim came before that, or after.
    if (journal?.isReleased === false) journal.lose(new FencedError(record.jobId, undefined, record.revision));
    return false;
  }

  /**
   * Checks that the engine has not been closed.
   *
   * @throws {TypeError} naming the action
   */
  checkOpen(action: string): void {
    if (this.isClosed) throw new TypeError(`${action}: its engine is closed; make a new one`);
  }

  /** Ends the lease, unless a job still needs it. */
  async leave(): Promise<void> {
    if (this.#entries.size > 0 || this.isClosed) return;
    try {
      await this.ownership.leave();
    } catch (error) {
      // The lease ends by itself.
      this.onError(error);
    }
  }

  /** Ends the use of the store. Jobs whose handlers have not returned are free when the lease ends: nothing is written any more. */
  close(): void {
    this.isClosed = true;
    this.#stop((error) => this.onError(error));
  }

  /** Adds what the store knows of incarnations that have lived on. */
  addSurvivors(survived: readonly number[]): void {
    if (survived.length !== this.#survived.size) this.#survived = new Set(survived);
  }

  /** Whether an incarnation is known to live, or to have lived on without its lease. */
  hasSurvived(incarnation: number): boolean {
    return this.ownership.isOurs(incarnation) || this.#survived.has(incarnation);
  }

  /** Why a job can no longer be followed here, if that is so. */
  lossOf(job: Job): Error | undefined {
    return this.losses.get(job) ?? this.journals.get(job)?.lost;
  }

  /** The job's journal, if it can still be written. */
  journalOf(job: Job): Journal | undefined {
    const journal = this.journals.get(job);
    return journal?.isOver === true ? undefined : journal;
  }

  /** The name of another engine that has a job, as far as is known here. */
  elsewhere({ owner, incarnation, heldUntil }: JobRecord): string | undefined {
    if (owner === undefined || heldUntil === undefined || heldUntil <= this.timers.now()) return undefined;
    // The jobs of an engine that had this name before are free as soon as this one has entered.
    if (owner === this.ownership.name && this.settings.takeOver === "at once") return undefined;
    return this.ownership.isOurs(incarnation) ? undefined : owner;
  }

  /**
   * Lets go of a claimed job that does not go on here: it is due when it was, or when its new place says. Only the job of an engine that
   * has not let go of it has no instant: it is due now.
   *
   * @throws what the store throws
   */
  async letGo({ record, formerIncarnation }: TakenJob, place: Omit<JobHead, "consumed"> = record): Promise<void> {
    const { status, endedAt, consumed, revision } = { ...record, ...place };
    const at = this.timers.now();
    this.#claims.ended(record);
    const dueAt = formerIncarnation === undefined || endedAt !== undefined ? place.dueAt : at;
    try {
      await this.store.append(record, revision, [], { status, dueAt, endedAt, consumed, at, releases: true });
    } catch (error) {
      this.permitsIn(record.queue)?.notLetGo(record.jobId);
      throw error;
    }
  }

  /** Asks the store, and again if it fails, as often as `attempts` says; `outcome` is what the error says then of the job. */
  async attempt<T>(job: Pick<Job, "jobId" | "flowId">, ask: () => T | Promise<T>, outcome?: string): Promise<T> {
    const { settings } = this;
    for (let failures = 1;; failures++) {
      try {
        return await ask();
      } catch (error) {
        this.onStoreError(job, error);
        if (failures >= settings.attempts) throw new StoreError(job.jobId, failures, { cause: error }, outcome);
        await pauseAfter(failures, this);
      }
    }
  }

  #onEvent(event: StoreEvent): void {
    if (event.type === "command") this.#entries.get(event.jobId)?.poll();
    else if (event.type === "gap") { for (const { poll } of [...this.#entries.values()]) poll(); }
  }

  #schedulePoll(): void {
    this.#stopPoll ??= this.timers.after(this.settings.commandPollMs, () => {
      this.#stopPoll = undefined;
      callGuarded(() => this.#pollAll(), (error) => this.onError(error));
      if (this.#entries.size > 0) this.#schedulePoll();
    });
  }

  /** Asks for the commands to all jobs of this engine at once. */
  async #pollAll(): Promise<void> {
    const lease = this.ownership.lease();
    if (lease === undefined) return;
    const { jobs } = await this.store.commands(lease, this.timers.now());
    for (const { jobId } of jobs) this.#entries.get(jobId)?.poll();
  }

  /** See `reconcile`. */
  reconcile(): Promise<boolean> {
    return reconcile(this, this.heldJournals(), () => this.#claims.running);
  }

  /** The journals of the jobs that this engine has claimed. One that is being let go of needs no claim: whoever finds it may have it. */
  heldJournals(): readonly Journal[] {
    return [...this.#entries.values()].flatMap(({ job }) => this.journalOf(job) ?? []).filter((it) => !it.isReleased);
  }

  /** A journal was opened. */
  opened(job: Job, journal: Journal): void {
    this.journals.set(job, journal);
    this.losses.delete(job);
    this.#checkLease(job);
  }

  /** The lease may have ended, or the engine may have entered again, while a job was being claimed. */
  #checkLease(job: Job): void {
    const lease = this.ownership.lease();
    if (lease === undefined || this.journalOf(job)?.isOf(lease.incarnation) === false) void this.#regain();
  }

  /** The lease has ended: enters again, and claims the jobs that nobody else has claimed since. The others are lost. */
  async #regain(): Promise<void> {
    if (this.#isRegaining || !this.ownership.isUsed) return;
    this.#isRegaining = true;
    const { ownership, settings } = this;
    const { name } = ownership;
    for (let failures = 1;; failures++) {
      let journals = this.heldJournals();
      const lose = (create: (jobId: string) => Error) => {
        for (const journal of journals) journal.lose(create(journal.claim.jobId));
      };
      try {
        const lease = await ownership.enter();
        // Also those that were claimed for the incarnation before while the engine was entering.
        journals = this.heldJournals().filter((it) => !it.isOf(lease.incarnation));
        if (ownership.name !== name) {
          lose((jobId) => new FencedError(jobId, undefined, undefined, `another engine has started as "${name}"`));
          break;
        }
        if (journals.length === 0) break;
        await this.#claimAgain(lease, journals);
        failures = 0;
      } catch (error) {
        this.onError(error);
        if (failures >= settings.attempts) {
          // Also those of jobs that have been taken up while the store was failing.
          journals = this.heldJournals().filter((it) => !it.isOf(ownership.lease()?.incarnation));
          lose((jobId) => new StoreError(jobId, failures, { cause: error }));
          break;
        }
        await pauseAfter(failures, this);
      }
    }
    this.#isRegaining = false;
    for (const { wake } of [...this.#entries.values()]) wake();
  }

  async #claimAgain(lease: Incarnation, journals: readonly Journal[]): Promise<void> {
    for (const journal of journals) journal.isHeld = true;
    try {
      const answer = await claimPermitted(
        journals.map(({ claim }) => claim),
        (jobId) => this.permitsFor(this.liveJob(jobId)),
        (jobs) => this.store.claim({ ...lease, now: this.timers.now(), jobs }),
      );
      const claimed = new Map(answer.jobs.map(({ record }) => [record.jobId, record]));
      const held = claimed.size < journals.length ? await this.store.held(lease) : [];
      const heldLives = new Map(held.map((claim) => [claim.life, { ...claim, ...lease }]));
      for (const journal of journals) {
        const { jobId, life } = journal.claim;
        const record = claimed.get(jobId);
        const next = heldLives.get(life);
        if (record !== undefined) journal.reclaim(record);
        // By a call whose answer is lost, or under way.
        else if (!journal.isOver && next !== undefined && journal.isFollowedBy(next)) journal.claim = next;
        else journal.lose(new FencedError(jobId, undefined, undefined, "its lease has ended"));
      }
    } finally {
      for (const journal of journals) {
        journal.isHeld = false;
        journal.flush();
      }
    }
  }
}
