import { FencedError, StateError } from "../../base/errors.ts";
import { isThenable } from "../../base/thenable.ts";
import { hashText } from "../../base/text_hash.ts";
import type { FlowGraph } from "../../model/flow_graph.ts";
import type { CreateAnswer, JobClaim, JobLabels, JobRecord, StoredJob, TakenJob } from "../../ports/store.ts";
import type { Job } from "../../job/job.ts";
import type { Claim } from "../../documents/claim.ts";
import { encodeClaim } from "../../documents/commit.ts";
import { flowTextOf } from "../../documents/flow_text.ts";
import { writeJob } from "../../documents/job.ts";
import { cancelIfDeleted, letGoOf } from "./child_jobs.ts";
import { findFirstTasks, type PoisonedTask } from "./first_tasks.ts";
import { Inbox, type PerformCommand } from "./inbox.ts";
import { Journal } from "./journal.ts";
import { placeOf } from "./place.ts";
import type { KeptJournal } from "./snapshots.ts";
import { madeByClock, readClock } from "./store_clock.ts";
import { replayStored } from "./stored_replay.ts";
import type { StoreSession } from "./store_session.ts";

/** A job as the store has it. */
export interface FoundJob extends StoredJob {
  readonly job: Job;
  /** What the journal says last of the tasks that stood first when an owner had died. */
  readonly claim: Claim | undefined;
}

/** What is known of a job that this engine has claimed. */
export interface Claimed extends Pick<TakenJob, "formerIncarnation"> {
  /** How many commands had been sent to it by then, and whose claim it is. */
  readonly record: Pick<JobRecord, "sent" | "owner" | "incarnation">;
  /** What the journal says last of the tasks that stood first when an owner had died. */
  readonly attempts: Claim | undefined;
}

/** A job to be stored, with the labels that its user states. */
export interface NewStoredJob extends Partial<Pick<JobLabels, "queue" | "priority" | "tags">> {
  readonly job: Job;
}

/** What has become of a job that could not be created. */
const UNKNOWN = "it may be stored or not; start it again under this id, which makes it one job";

/** The labels of a job for which its user states none. */
const DEFAULT_LABELS = { queue: "default", priority: 1, tags: {}, parentId: undefined };

/** The callbacks of the storage of a flow's jobs. */
export interface FlowHost {
  /** Carries out a command. */
  readonly perform: PerformCommand;
  /** Goes on with a claimed job, or carries out its commands; `job` is the object that stands for it here. */
  readonly takeUp: (taken: TakenJob, job: Job) => Promise<unknown>;
  /** Whether no job of the flow is started any more. */
  readonly isClosed: () => boolean;
}

/** Keeps the jobs of one flow: creates them in the store, reads them from there, and claims them. */
export class JobStorage {
  readonly #session: StoreSession;
  readonly #graph: FlowGraph;
  readonly #host: FlowHost;
  /** Reads the inboxes of its jobs. */
  readonly inbox: Inbox;
  /** The hash of the flow's text. */
  #flowHash: string | undefined;

  /** Makes the storage of a flow's jobs. */
  constructor(session: StoreSession, graph: FlowGraph, host: FlowHost) {
    this.#host = host;
    this.#session = session;
    this.inbox = new Inbox(
      session,
      graph.limits,
      host.perform,
      (job, journal) => this.serving(job, this.#takeBack(job, journal)),
    );
    this.#graph = graph;
  }

  /** The job's journal, if it can still be written. */
  journalOf(job: Job): Journal | undefined {
    return this.#session.journalOf(job);
  }

  /** Whether a job was made in this process, not read: if the store has a job of its id, that one's state replaces its own. */
  isFresh(job: Job): boolean {
    return this.#session.fresh.has(job);
  }

  /** The job's record as it was last known here, if it was read from the store, or was live here. */
  recordOf(job: Job): JobRecord | undefined {
    return this.#session.records.get(job);
  }

  /**
   * Sets the deadline of a job that was made here by the store's clock, if it has one: it may show another time than was thought then.
   *
   * @throws {StoreError} when the store keeps failing
   */
  readClock(job: Job): Promise<void> | undefined {
    const { ownership: { clock }, fresh } = this.#session;
    const ahead = fresh.get(job);
    if (clock === undefined || ahead === undefined) return undefined;
    return Promise.resolve(readClock(this.#session, job)).then(() => {
      const { deadline } = job;
      if (deadline !== undefined) job.deadline = { ...deadline, until: deadline.until + clock.ahead - ahead };
    });
  }

  /** Creates a job, claimed by this engine: `undefined` when the store has one of its id. */
  async create(job: Job): Promise<Journal | undefined> {
    const { ownership } = this.#session;
    const fields = { ...this.#fields(job), status: job.status, dueAt: undefined, ...DEFAULT_LABELS };
    const { snapshot } = fields;
    const record = await this.#session.attempt(job, async () => {
      const claim = await ownership.enter();
      const [answer] = await this.#session.store.create([{ ...fields, claim }]);
      return answer?.isNew === true && answer.record.incarnation === claim.incarnation ? answer.record : undefined;
    }, UNKNOWN);
    return record === undefined ? undefined : this.open(job, { record, snapshot, entries: [] });
  }

  /** Creates jobs that are due for whoever takes them; `make` is told how far the store's clock is ahead of that of this process. */
  async createAll(make: (ahead: number) => readonly NewStoredJob[]): Promise<readonly CreateAnswer[]> {
    const making = madeByClock(this.#session, make);
    const jobs = isThenable(making) ? await making : making;
    const [first] = jobs;
    if (first === undefined) return [];
    const { store } = this.#session;
    // The jobs are due from the instant of their creation: a store with a clock of its own takes this as "at once", whatever the
    // clock of this process says.
    const made = jobs.map(({ job, ...labels }) => {
      return { ...this.#fields(job), ...DEFAULT_LABELS, ...labels, ...placeOf(job, job.createdAt), claim: undefined };
    });
    return await this.#session.attempt(first.job, () => store.create(made), UNKNOWN);
  }

  #fields(job: Job) {
    const { jobId, flowId, createdAt } = job;
    const [snapshot, token] = [writeJob(job), this.#session.createId()];
    return { jobId, flowId, createdAt, ...this.flowDocument(), snapshot, token, endedAt: undefined };
  }

  /** Whether a job was started with this flow as it is now. */
  hasThisFlow({ flowHash }: JobRecord): boolean {
    return flowHash === this.flowDocument().flowHash;
  }

  /** The flow's document, as stores keep it with a job. */
  flowDocument(): Pick<StoredJob & JobLabels, "flow" | "flowHash"> {
    const flow = flowTextOf(this.#graph);
    return { flow, flowHash: this.#flowHash ??= hashText(flow) };
  }

  /** Reads the job that the store has of a job's id. */
  async load(job: Job): Promise<FoundJob | undefined> {
    const stored = await this.#session.attempt(job, () => this.#session.store.load(job.jobId));
    return stored && this.replay(stored);
  }

  /**
   * Reads a job again that this engine has claimed.
   *
   * @throws {FencedError} when another engine has claimed it since, or it is gone
   */
  async loadAgain(job: Job, journal: Journal): Promise<FoundJob> {
    const found = await this.load(job);
    const { life, epoch } = journal.claim;
    const isSame = found?.record.life === life && found.record.epoch === epoch;
    if (found !== undefined && (isSame || journal.isFollowedBy(found.record))) return found;
    throw new FencedError(job.jobId, undefined, found?.record.revision);
  }

  /** Claims a job in the life and at the epoch at which it was last seen: `undefined` when it is gone, or somebody has claimed it since. */
  async claim(job: Job, { jobId, life, epoch }: JobClaim): Promise<TakenJob | undefined> {
    const { store, ownership, timers } = this.#session;
    let isRepeated = false;
    return await this.#session.attempt(job, async () => {
      const lease = await ownership.enter();
      const claim = async (epoch: number) => {
        const { jobs, survived } = await store.claim({ ...lease, now: timers.now(), jobs: [{ jobId, life, epoch }] });
        this.#session.addSurvivors(survived);
        return jobs[0];
      };
      const isSecond = isRepeated;
      isRepeated = true;
      const taken = await claim(epoch);
      if (taken !== undefined || !isSecond) return taken;
      // The first call may have claimed the job although its answer was lost.
      const record = await store.find(jobId);
      return record?.incarnation === lease.incarnation ? await claim(record.epoch) : undefined;
    });
  }

  /** Whether this engine has claimed a job, as another object or for its commands. */
  isHere({ incarnation }: JobRecord): boolean {
    return this.#session.ownership.isOurs(incarnation);
  }

  /** Whether a job is in a queue with limits over all workers that are known here. */
  isLimited({ queue }: JobRecord): boolean {
    return this.#session.permitsIn(queue) !== undefined;
  }

  /** Whether another engine has a job, as far as is known here. */
  isElsewhere(record: JobRecord): boolean {
    return this.#session.elsewhere(record) !== undefined;
  }

  /** Lets go of a job that this engine has claimed; see `letGoOf`. */
  letGo(job: Job, journal: Journal, goesOn: () => boolean, run: () => void): Promise<boolean> {
    return letGoOf(job, journal, this.#session, goesOn, run);
  }

  /** Remembers a job that was read from the store, and is at rest or live elsewhere. */
  note(job: Job, record: JobRecord): void {
    this.#session.records.set(job, record);
  }

  /** Opens the journal of a job that this engine has claimed. */
  open(job: Job, stored: KeptJournal): Journal {
    const journal = new Journal(job, this.#session, stored);
    this.#session.opened(job, journal);
    this.#session.records.set(job, stored.record);
    return journal;
  }

  /** Notes which tasks of a claimed job stand first, if its last owner has lost it. Returns the tasks that must fail, before any runs. */
  begin(job: Job, journal: Journal, workers: number, claimed: Claimed): readonly PoisonedTask[] {
    const { formerIncarnation, attempts: last, record: { owner, incarnation } } = claimed;
    const isOther = formerIncarnation !== undefined && !this.#session.ownership.isOurs(formerIncarnation);
    const isNoted = formerIncarnation !== undefined && last?.incarnation === formerIncarnation;
    if (!isOther && !isNoted) {
      journal.begin(undefined);
      return [];
    }
    const now = this.#session.timers.now();
    const hasDied = (incarnation: number) => !this.#session.hasSurvived(incarnation);
    const before = { tried: isNoted ? last.tried : [], owner: isOther ? formerIncarnation : undefined };
    const { maxRecoveries } = this.#session.settings;
    const { attempts, poisoned } = findFirstTasks(job, workers, now, before, { hasDied, maxRecoveries });
    for (const { task, died, survived } of attempts) {
      if (died.length + survived.length > 1) this.#session.onStalled(job, task, died.length + survived.length);
    }
    const { consumption: { last: consumed }, claim: { epoch } } = journal;
    const entry = { at: now, consumed, epoch, owner, incarnation, tried: attempts, until: undefined };
    journal.begin(JSON.stringify(encodeClaim({ kind: "claim", ...entry })));
    return poisoned;
  }

  /** Tells the engine's workers that a job that it has claimed has gone live. */
  live(job: Job): void {
    this.#session.onLive(job);
  }

  /** Notes why a job cannot be followed here. The store may still have the job, in another state. */
  notFollowed(job: Job, error: Error): void {
    this.#session.losses.set(job, error);
  }

  /** Tells the observer that a call from here has not had its effect. */
  undone(job: Job, call: string, error: Error): void {
    this.#session.onCommandError(job, call, error);
  }

  /** Tells the observer that a live job was lost. */
  lost(job: Job, error: Error): void {
    this.#session.onLost(job, error);
    if (error instanceof FencedError) void cancelIfDeleted(job, this.#session);
  }

  /**
   * Registers a job that this engine has to do with: commands in its inbox are looked for, and `wake` is called when the engine has
   * its lease again. The returned function ends that.
   */
  register(job: Job, wake: () => void): () => void {
    return this.#session.register(job, () => void this.inbox.poll(job), wake);
  }

  /** Notes that commands to a job at rest are being carried out, until the promise resolves. */
  serving(job: Job, done: Promise<void>): Promise<void> {
    this.#session.serving.set(job, done);
    return done;
  }

  /** Resolves when the engine has done with the commands for which it has claimed a job at rest, and what a call has changed there is stored. */
  async commandsDone(job: Job): Promise<void> {
    // A failure is told by the inbox for which it was claimed.
    await this.#session.serving.get(job)?.catch(() => {});
    await this.#session.journals.get(job)?.resting.passed;
  }

  /** A job that was let go while its inbox had commands is due: it is claimed again, unless somebody else was faster. */
  async #takeBack(job: Job, journal: Journal): Promise<void> {
    // A job that is being resumed reads its inbox by itself. Of a queue with limits, a worker takes it when those allow that.
    if (this.#host.isClosed() || job.isStarting || this.#session.permitsFor(job) !== undefined) return;
    const taken = await this.claim(job, journal.claim);
    if (taken === undefined) return;
    if (job.isStarting) {
      // It has been resumed meanwhile: that waits for this, and claims it anew.
      this.note(job, taken.record);
      return await this.#session.letGo(taken);
    }
    if (!this.#session.mayTakeUp(taken)) return;
    try {
      await this.#host.takeUp(taken, job);
    } catch (error) {
      this.#session.onRefused(taken.record, error);
      await this.#session.letGo(taken);
    }
  }

  /**
   * Makes a job from its snapshot and its entries.
   *
   * @throws {StateError} when it is of another flow
   * @throws {StoreError} when entries are missing
   */
  replay(stored: StoredJob): FoundJob {
    const { record } = stored;
    if (record.flowId !== this.#graph.id) {
      throw new StateError(
        "start",
        record.status,
        `Cannot start job "${record.jobId}" of flow "${this.#graph.id}": there is one of flow "${record.flowId}" already`,
      );
    }
    const replay = replayStored(stored, this.#graph.limits);
    return { ...stored, job: replay.finish(), claim: replay.claim };
  }
}
