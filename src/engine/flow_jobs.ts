import { describeError } from "../values/error_data.ts";
import { CancelledError, StateError } from "../base/errors.ts";
import { payloadOf } from "../values/encoder.ts";
import type { Payload } from "../values/payload.ts";
import { type FlowGraph, freezeGraph } from "../model/flow_graph.ts";
import { apply } from "../job/apply.ts";
import { untilBegin } from "../job/arrivals.ts";
import type { Commit, StatusCommit } from "../job/commit.ts";
import { checkSteps } from "../job/decide.ts";
import { adoptLimits, firstAwaiting, hasEnded, Job, statusOf } from "../job/job.ts";
import { createTask, type Moment, NO_DETAILS, type Route, type Task } from "../job/task.ts";
import { deliveryKey, firstKey } from "../job/task_key.ts";
import type { Command } from "../documents/command.ts";
import { checkPreflight } from "../documents/preflight.ts";
import { statusCommit } from "./activation/commits.ts";
import { createPlan, type Plan } from "./activation/plan.ts";
import type { Claimed, JobStorage } from "./durable/job_storage.ts";
import type { Journal } from "./durable/journal.ts";
import { serve } from "./durable/serving.ts";
import { checkRedrive, failuresOf, type Redrive } from "./execution/redrive.ts";
import { refuse } from "./execution/refusal.ts";
import type { StoreSession } from "./durable/store_session.ts";
import { checkTakes, notHere } from "./refusals.ts";
import { Committer } from "./execution/committer.ts";
import type { EngineHost } from "./execution/engine_host.ts";
import { Execution, executionOf } from "./execution/execution.ts";
import { firstCommit } from "./execution/first_commit.ts";
import { JobListeners } from "./execution/listeners.ts";
import { type JobCallbacks, JobNotifier } from "./execution/notifier.ts";
import { DEFAULT_GRACE_MS, SHUTDOWN } from "./execution/resting.ts";
import type { StoredStart } from "./execution/stored_start.ts";
import { deadlineOf, type NewJobSettings } from "./new_job.ts";
import { bringToRest, type WaitOptions } from "./execution/waits.ts";
import type { TakenJob } from "../ports/store.ts";

/** Makes, starts and steers the jobs of one flow. */
export class FlowJobs {
  readonly #graph: FlowGraph;
  readonly #host: EngineHost;
  #lastTime: Moment = { at: NaN, ranMs: 0 };
  #plan: Plan | undefined;
  /** Keeps the jobs in the engine's store, if it has one. */
  readonly storage: JobStorage | undefined;
  #isShutDown = false;
  /** Jobs that a command has made go on since they were last claimed: they may have ended since. */
  readonly #resumed: WeakSet<Job> = new WeakSet();

  /** Prepares for the jobs of a flow. */
  constructor(graph: FlowGraph, host: EngineHost) {
    this.#graph = graph;
    this.#host = host;
    this.storage = host.store?.storageOf(graph, {
      perform: (job, command, consume) => this.#carryOut(job, command, consume),
      takeUp: (taken, job) => this.takeUp(taken, job),
      isClosed: () => this.#isClosed,
    });
  }

  /** The flow as the engine runs it: from the first start on, its structure is frozen. */
  get #frozenPlan(): Plan {
    freezeGraph(this.#graph);
    return this.#plan ??= createPlan(this.#graph);
  }

  /** The route of entries and of deliveries from outside to a slot: one shared object, once the flow is frozen. */
  routeTo(routine: string, slot: string): Route {
    return this.#plan?.routines.get(routine)?.slots.get(slot)?.route ?? { routine, slot, connection: undefined };
  }

  /**
   * Makes a pending job with its first task; from then on the flow's structure is frozen.
   *
   * @throws {SerializationError} naming the path of the part of the params that cannot travel
   */
  create(entry: Route, params: unknown, made: NewJobSettings): Job {
    const { jobId, deadlineMs: _, startAt, ...settings } = made;
    const time = { at: this.#host.timers.now(), ranMs: 0 };
    const subject = { action: `Cannot execute "${entry.routine}"`, root: "params" };
    const data = payloadOf(params, this.#graph.registry, subject, this.#graph.limits);
    const { ids } = this.#host;
    const newId = jobId ?? (ids.allowsLazyIds === true ? () => ids.id() : ids.id());
    const job = new Job({ jobId: newId, flowId: this.#graph.id }, time.at, settings);
    this.#host.store?.session.fresh.add(job);
    adoptLimits(job, this.#graph.limits);
    job.deadline = deadlineOf(made, time.at);
    this.#host.propagation?.toJob(this.#host, job);
    const details = startAt === undefined ? undefined : { ...NO_DETAILS, notBefore: startAt };
    const task = createTask(1, entry, data, time, details);
    if (this.#needsKeys(job)) Object.assign(task, firstKey());
    apply(job, { kind: "deliver", time, task, data, key: undefined });
    freezeGraph(this.#graph);
    return job;
  }

  /**
   * Makes a job live that is pending or at rest, after the preflight.
   *
   * @throws {StateError} when its status does not allow it
   * @throws {StepLimitError} when it was ended by the limit of its tasks, and that is no larger now
   * @throws {PreflightError} when it does not fit the flow; the job is unchanged
   */
  resume(job: Job, redrive: Redrive | undefined, callbacks: JobCallbacks): void {
    if (this.#isClosed) {
      const what = this.#host.isShutDown ? "its engine" : `flow "${this.#graph.id}"`;
      throw new StateError("resume", job.status, `Cannot resume job "${job.jobId}": ${what} has been shut down`);
    }
    this.#checkResume(job, redrive);
    const first = this.#firstCommit(job, redrive);
    const { storage } = this;
    const session = this.#host.store?.session;
    if (session !== undefined) this.#checkPlace("resume", job, session);
    const execution = new Execution(job, this.#frozenPlan, this.#host, callbacks);
    if (storage === undefined) {
      execution.resume(first);
      execution.prepare();
      execution.begin();
    } else this.#host.store?.start(this.#start(execution, storage, redrive));
  }

  #start(execution: Execution, storage: JobStorage, redrive: Redrive | undefined): StoredStart {
    const { job } = execution;
    return { storage, execution, createFirst: () => this.#firstCommit(job, redrive) };
  }

  /**
   * Takes up a job that this engine has claimed: it goes on, or its commands are carried out and it is let go. Returns the job if it
   * has gone on: the known object, if there is one.
   *
   * @throws {PreflightError} when it does not fit the flow; it has not been let go
   * @throws {SerializationError} when it cannot be read
   */
  async takeUp(taken: TakenJob, known?: Job): Promise<Job | undefined> {
    const { storage } = this;
    // Unreachable: only a store gives jobs.
    if (storage === undefined) return undefined;
    const { job: read, claim: attempts } = storage.replay(taken);
    const job = known ?? read;
    if (known !== undefined) known.become(read);
    this.#resumed.delete(job);
    if (job.status !== "running" && job.status !== "pending") {
      await serve(job, storage, taken, () => this.#resumed.has(job));
    } else {
      this.#goOn(job, storage.open(job, taken), { ...taken, attempts }, undefined);
    }
    return executionOf(job) === undefined && !this.#resumed.has(job) ? undefined : job;
  }

  /** Begins a job that this engine has claimed. */
  #goOn(job: Job, journal: Journal, claimed: Claimed, redrive: Redrive | undefined): void {
    const { storage } = this;
    // Unreachable: only a store gives jobs.
    if (storage === undefined) return;
    const execution = new Execution(job, this.#frozenPlan, this.#host, {});
    this.#host.store?.startClaimed(this.#start(execution, storage, redrive), journal, claimed);
  }

  /** The commit by which a job starts or goes on, after all checks. */
  #firstCommit(job: Job, redrive: Redrive | undefined): StatusCommit {
    checkPreflight(job, this.#graph, "resume");
    // A job that failed for its timeout would have no time left.
    const time = redrive !== undefined ? { ...this.#time(job), ranMs: 0 } : this.#time(job);
    return firstCommit(job, this.#frozenPlan, time, redrive);
  }

  /**
   * Ends a job that has not ended.
   *
   * @throws {StateError} when it has
   */
  cancel(job: Job, reason: string | undefined): void {
    if (hasEnded(statusOf(job))) throw refuse("cancel", job, "it has ended already");
    this.#whenBegun("cancel", job, this.#reach("cancel", job), () => this.#cancel(job, reason));
  }

  #cancel(job: Job, reason: string | undefined): void {
    if (hasEnded(job.status)) throw refuse("cancel", job, "it has ended already");
    const execution = this.#workingOn(job);
    if (execution !== undefined) execution.cancel(reason);
    else this.#cancelAtRest(job, reason);
  }

  #cancelAtRest(job: Job, reason: string | undefined): void {
    const from = job.status;
    const time = this.#time(job);
    const error = describeError(new CancelledError(reason), this.#host.errorStacks);
    const tell = () => new JobNotifier(job, this.#host).status(from, "cancelled", time.at);
    this.#commit(job, statusCommit("cancelled", time, { error }), tell);
  }

  /**
   * Adds a delivery from outside to a running or paused job, or fills the one that the slot awaits.
   *
   * @throws {StateError} when the job is pending or has ended
   * @throws {StepLimitError} when the job may make no more tasks
   */
  deliver(job: Job, route: Route, params: unknown): void {
    checkTakes(job);
    const { routine, slot: name } = route;
    const subject = { action: `Cannot deliver to slot "${name}" of routine "${routine}"`, root: "data" };
    const data = payloadOf(params, this.#graph.registry, subject, this.#graph.limits);
    const execution = this.#reach("deliver to", job);
    this.#checkSteps(job, route);
    this.#whenBegun("deliver", job, execution, () => {
      checkTakes(job);
      this.#deliver(job, route, data);
    });
  }

  /** Carries out a call as soon as its job has begun. The observer is told when the store had the job in a state that refuses it. */
  #whenBegun(call: string, job: Job, execution: Execution | undefined, act: () => void): void {
    const session = this.#host.store?.session;
    if (!job.isStarting || execution === undefined || session === undefined) return act();
    execution.whenBegun(() => {
      try {
        // A job that has come to rest at once is let go after this.
        const isHere = this.#workingOn(job) !== undefined || session.journalOf(job)?.isReleased === false;
        if (!isHere) throw session.lossOf(job) ?? refuse(call, job, notHere(job, session), "elsewhere");
        act();
      } catch (error) {
        session.onCommandError(job, call, error);
      }
    });
  }

  /** The task that a delivery fills; `undefined` when it makes a new one, as the job's limit allows. */
  #checkSteps(job: Job, { routine, slot }: Route): Task | undefined {
    const awaited = firstAwaiting(job, routine, slot);
    if (awaited === undefined) checkSteps(job.nextTaskId, this.#graph.limits.steps);
    return awaited;
  }

  #deliver(job: Job, route: Route, payload: Payload | undefined, sequence?: number): void {
    const awaited = this.#checkSteps(job, route);
    const time = this.#time(job);
    const id = job.nextTaskId;
    const key = this.#needsKeys(job) ? deliveryKey(awaited, sequence, id, time.at) : undefined;
    const task = awaited ?? Object.assign(createTask(id, route, payload, time, untilBegin(job)), key);
    const filled = awaited && key;
    const execution = this.#workingOn(job);
    if (execution !== undefined) execution.deliver(task, payload, filled);
    else this.#commit(job, { kind: "deliver", time, task, data: payload, key: filled });
  }

  /**
   * Drops failures.
   *
   * @throws {StateError} for a task of which the job has no failure
   */
  discard(job: Job, ids: readonly number[]): void {
    const execution = this.#reach("discard failures of", job);
    this.#whenBegun("discard failures of", job, execution, () => this.#discard(job, ids));
  }

  #discard(job: Job, ids: readonly number[]): void {
    const discarded = failuresOf("discard failures of", job, ids).map(({ task }) => task);
    const { status, error } = job;
    const commit = statusCommit(status, this.#time(job), { discarded, error });
    const execution = this.#workingOn(job);
    if (execution !== undefined) execution.committer.perform(commit);
    else this.#commit(job, commit);
  }

  /**
   * Carries out a command from the job's inbox.
   *
   * @throws what the call of the same name throws
   */
  #carryOut(job: Job, command: Command, consume: () => number): Promise<boolean> | boolean {
    const execution = this.#workingOn(job);
    if (command.type === "pause") {
      const { reason, checkpoint, graceMs = DEFAULT_GRACE_MS } = command;
      if (hasEnded(job.status)) throw refuse("pause", job, "it has ended already");
      // To pause what is paused changes nothing. What is just being let go of is paused by whoever has it next.
      if (execution === undefined) return job.status !== "running";
      return new Promise((resolve) => {
        // A job that was being released when the command came is not paused. Otherwise an observer may have resumed it.
        execution.listeners.onRest(() => resolve(!this.#host.isShutDown || job.status !== "running"));
        execution.rest({ reason, checkpoint }, graceMs, consume);
      });
    }
    if (command.type === "resume" && execution === undefined && this.#isClosed) return false;
    if (command.type === "cancel" && hasEnded(job.status)) throw refuse("cancel", job, "it has ended already");
    const sequence = consume();
    if (command.type === "deliver") {
      const { routine, slot } = command;
      checkTakes(job);
      this.#graph.routine(routine);
      this.#deliver(job, this.routeTo(routine, this.#graph.slot(routine, slot).name), command.data, sequence);
    } else if (command.type === "resume") {
      // To resume what runs changes nothing.
      if (execution !== undefined && !command.redrive) return true;
      const redrive = command.redrive ? { tasks: command.tasks } : undefined;
      this.#checkResume(job, redrive);
      const journal = this.storage?.journalOf(job);
      // Unreachable: commands are carried out for jobs that this engine has claimed.
      if (journal === undefined) return false;
      this.#resumed.add(job);
      // The commands that come after it are read before a task is taken.
      const claimed = { record: { sent: Infinity }, formerIncarnation: undefined, attempts: undefined };
      this.#goOn(job, journal, claimed, redrive);
    } else if (command.type === "discard") this.#discard(job, command.tasks);
    else this.#cancel(job, command.reason);
    return true;
  }

  /** Whether the commits of a job may come in another order when it goes on from an older state: then ids name no task for good. */
  #needsKeys({ settings }: Job): boolean {
    const strategy = settings.executionStrategy ?? this.#graph.executionStrategy;
    return strategy === "concurrent" || this.#host.store?.session.settings.mode === "relaxed";
  }

  /** Whether no job is started any more. */
  get #isClosed(): boolean {
    return this.#isShutDown || this.#host.isShutDown;
  }

  /** Takes no more jobs. With `drain`, the live ones run their due tasks; then they are paused. */
  async shutDown(drain: boolean, wait: WaitOptions): Promise<void> {
    this.#isShutDown = true;
    const { live, timers } = this.#host;
    await bringToRest([...live].filter((it) => it.plan === this.#plan), timers, SHUTDOWN, { drain, ...wait });
  }

  /**
   * The live execution that a call from here reaches; `undefined` for a job that only this process has, which is changed in
   * memory.
   *
   * @throws {StateError} for a job of the store that is not live here: whoever has it must learn of the call
   */
  #reach(event: string, job: Job): Execution | undefined {
    const execution = this.#workingOn(job);
    const session = this.#host.store?.session;
    if (execution === undefined && session !== undefined && (session.records.has(job) || session.losses.has(job))) {
      throw refuse(event, job, notHere(job, session), "elsewhere");
    }
    return execution;
  }

  /** Refuses a job of the store that is live here as another object, or that another engine owns as far as is known here. */
  #checkPlace(event: string, job: Job, session: StoreSession): void {
    const live = session.liveJob(job.jobId);
    if (live !== undefined && live !== job) throw refuse(event, job, "it is live already, as another JobState");
    const record = session.records.get(job);
    if (record !== undefined && session.elsewhere(record) !== undefined) {
      throw refuse(event, job, notHere(job, session), "elsewhere");
    }
  }

  /** The live execution of a job, unless it has performed its last commit, and only waits until that is stored. */
  #workingOn(job: Job): Execution | undefined {
    const execution = executionOf(job);
    return execution?.isOver === true ? undefined : execution;
  }

  /** Changes a job that is not live; `tell` is called when the change is stored. */
  #commit(job: Job, commit: Commit, tell?: () => void): void {
    const notifier = new JobNotifier(job, this.#host);
    new Committer(job, new JobListeners(), notifier, this.storage?.journalOf(job)).performLast(commit, tell);
  }

  #checkResume(job: Job, redrive: Redrive | undefined): void {
    if (job.owner !== undefined) throw refuse("resume", job, "it is live already");
    if (!hasEnded(job.status)) {
      if (redrive !== undefined) throw refuse("redrive", job, "only a job that has ended can be redriven");
      return;
    }
    if (redrive === undefined) {
      throw refuse(
        "resume",
        job,
        "it has ended; { redrive: true } puts its failures back, and goes on with what is pending",
      );
    }
    checkRedrive(job, redrive, this.#graph.limits.steps);
  }

  #time(job: Job): Moment {
    const execution = executionOf(job);
    if (execution !== undefined && !job.isStarting) return execution.time();
    const at = this.#host.timers.now();
    const { ranMs } = job.time;
    const last = this.#lastTime;
    return at === last.at && ranMs === last.ranMs ? last : this.#lastTime = { at, ranMs };
  }
}
