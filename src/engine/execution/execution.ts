import type { ClassTable } from "../../values/class_table.ts";
import { describeError } from "../../values/error_data.ts";
import { CancelledError } from "../../base/errors.ts";
import type { Payload } from "../../values/payload.ts";
import type { FlowGraph } from "../../model/flow_graph.ts";
import type { FlowLimits } from "../../model/flow_limits.ts";
import type { Services } from "../../model/context.ts";
import { owes } from "../../job/children.ts";
import type { DeliverCommit, FailureCommit, StatusCommit, StepCommit } from "../../job/commit.ts";
import { adoptLimits, hasEnded, hasToWait, type Job, type JobStatus } from "../../job/job.ts";
import type { Instant, Merged, Moment, Task } from "../../job/task.ts";
import type { Activation } from "../activation/activation.ts";
import type { ActivationHost, PauseRequest } from "../activation/activation_host.ts";
import { Committer } from "./committer.ts";
import { storeCheckpoint } from "./checkpoint.ts";
import { stepLimitOf } from "./child_ends.ts";
import { Deadlines, jobTimeout, lateError } from "./deadlines.ts";
import { sendDeferred } from "./deferred.ts";
import { mergeCommit, statusCommit, stepCommit } from "../activation/commits.ts";
import { type ConcurrencyLimits, concurrencyLimitsOf, takeNext } from "./concurrency.ts";
import type { EngineHost } from "./engine_host.ts";
import { missingResult } from "../activation/job_result.ts";
import { HandlerRunner, unsettled } from "./handler_runner.ts";
import { JobClock } from "./clock.ts";
import { Family } from "./family.ts";
import { JobListeners } from "./listeners.ts";
import { type JobCallbacks, JobNotifier } from "./notifier.ts";
import { workersOf } from "./first_commit.ts";
import { Loop } from "./loop.ts";
import { bindRoute, bindRoutes, type Plan, type SlotPlan } from "../activation/plan.ts";
import { DEFAULT_GRACE_MS, Resting } from "./resting.ts";
import { TaskFailures } from "./task_failures.ts";

/** Why no task may be taken now; `behind` is the store. */
type Obstacle = "not begun" | "ended" | "resting" | "lease over" | "undecided" | "no worker" | "behind" | "slice over";

const createEndedError = (): Error => new CancelledError("the job has ended");

/**
 * A live job: takes its tasks one after the other, runs their handlers and commits their effects, until it ends or rests. Merges,
 * and steps of tasks become commits here and nowhere else.
 */
export class Execution implements ActivationHost {
  readonly job: Job;
  readonly classes: ClassTable;
  readonly limits: FlowLimits;
  readonly resultSchema: FlowGraph["resultSchema"];
  readonly services: Services;
  /** Its children: those that it has, and those that it may ask for. */
  readonly children: Family;
  /** The callers that wait for the job. */
  readonly listeners: JobListeners;
  /** Reports to the observer what happens to the job. */
  readonly notifier: JobNotifier;
  /** Performs its commits. */
  readonly committer: Committer;
  /** The flow that it is a job of. */
  readonly plan: Plan;
  /** How many handlers may wait at the same time: none before the job goes on. */
  workers = 0;
  /** How many handlers of each routine may wait at the same time, where that is limited. */
  concurrency: ConcurrencyLimits | undefined;
  /** Runs its handlers. */
  readonly runner: HandlerRunner;
  /** Decides what follows from failures of tasks. */
  readonly failures: TaskFailures;
  /** Decides about awaited deliveries that have not come in time. */
  readonly deadlines: Deadlines;
  /** Called when the job is no longer live and its handlers have returned. */
  onDepart: (() => void) | undefined;
  readonly #host: EngineHost;
  readonly #loop: Loop;
  readonly #callbacks: JobCallbacks;
  readonly #clock: JobClock;
  /** The job's status before it went on. */
  #from: JobStatus = "pending";
  /** The calls that came before the job has begun to work. */
  readonly #early: (() => void)[] = [];
  #resting: Resting | undefined;
  /** Repeats the last request from this process to rest or to end, in the execution that takes the place of this one. */
  #again: ((next: Execution) => void) | undefined;
  /** The last request, if it was a cancel: requests that come while that end is being stored do not replace it. */
  #cancelled: (() => void) | undefined;
  /** Whether the last commit has been performed: later calls find a job at rest, also while that commit is being stored. */
  isOver = false;
  /** Whether the last commit releases the job: not while aborted handlers still run, or calls wait to be carried out. */
  #isReleased = true;

  /**
   * Makes the execution of a job, which may still have to be resumed, or to be read from its store. Whoever listened to the execution
   * `before` listens to this one.
   */
  constructor(job: Job, plan: Plan, host: EngineHost, callbacks: JobCallbacks, before?: Execution) {
    this.job = job;
    this.plan = plan;
    this.#host = host;
    this.#callbacks = callbacks;
    this.listeners = before?.listeners ?? new JobListeners();
    ({ registry: this.classes, limits: this.limits, resultSchema: this.resultSchema } = plan.graph);
    this.services = host.services;
    this.children = new Family(job, () => (host.store ?? host.inner).childrenOf(this));
    this.failures = new TaskFailures(this, host.errorStacks, (...end) => this.#end(...end));
    this.deadlines = new Deadlines(this);
    this.onDepart = before?.onDepart;
    this.notifier = before?.notifier ?? new JobNotifier(job, host, callbacks).listenTo(this.listeners);
    this.#clock = new JobClock(host.timers, host.stopwatch, {
      onTimeout: (timeoutMs) => this.breakOff("failed", jobTimeout(job, timeoutMs)),
      onAlarm: () => this.#loop.wake(),
      onSet: (byMs) => this.deadlines.clockSet(byMs),
    });
    this.runner = new HandlerRunner(this, host, unsettled(before?.runner ?? host.runners.get(job)));
    this.committer = new Committer(job, this.listeners, this.notifier);
    this.#loop = new Loop((time) => this.#takeTasks(time), () => this.#endOrWait(), host.pacer);
    job.owner = this;
    job.isStarting = true;
    host.live.add(this);
  }

  /** Whether failures are still decided: not when the job has ended, or comes to rest. */
  get mayDecide(): boolean {
    return !this.isOver && this.#resting === undefined;
  }

  now(): number {
    return this.#clock.now();
  }

  time(): Moment {
    return this.#clock.time();
  }

  /** Performs the commit by which the job goes on; `claim` is called before that commit is stored. */
  resume(commit: StatusCommit, claim?: () => void): void {
    const { job, plan: { graph } } = this;
    this.workers = workersOf(job.settings, graph);
    this.#from = job.status;
    bindRoutes(job, this.plan);
    adoptLimits(job, this.limits);
    this.committer.perform(commit, [], undefined, claim);
  }

  /** Fills the queue with the tasks of a job that has been resumed, except those that must fail before any runs. */
  prepare(without?: readonly Task[]): void {
    this.deadlines.prepare(this.job);
    if (this.workers > 1) this.concurrency = concurrencyLimitsOf(this.plan, this.committer, this.workers);
    const { executionTimeoutMs = this.plan.graph.executionTimeoutMs } = this.job.settings;
    this.committer.queue.fill(this.#clock.prepare(this.job.time.ranMs, executionTimeoutMs), without);
  }

  /**
   * Begins; the first task is taken in a microtask, so that no handler runs before the caller goes on. `first` carries out the
   * commands that the store has, before anything that was asked for here since.
   */
  begin(first?: () => void): void {
    // A task that failed before may have ended the job.
    if (this.isOver) return;
    this.job.isStarting = false;
    this.time();
    this.#clock.work();
    this.notifier.status(this.#from, this.job.status, this.now());
    first?.();
    // What brings the job to rest is stored before the calls after it are made: they may change the job again.
    for (let act; !this.isOver && (act = this.#early.shift()) !== undefined;) act();
    this.children.start(this.job.children);
    this.#loop.wake();
  }

  /** Does something as soon as the job, which is being started, has begun, or has left before. */
  whenBegun(act: () => void): void {
    this.#early.push(act);
  }

  /**
   * Calls back when the job is in the store with all that was performed, or has left before; at once without a store. It may call
   * back twice.
   */
  whenStored(run: () => void): void {
    if (!this.job.isStarting) return this.committer.whenStored(run);
    this.listeners.onRest(run);
    this.#early.push(() => this.committer.whenStored(run));
  }

  /**
   * Ends this execution without a commit: another engine has the job, it is at rest in the store, or it can no longer be stored. Unless it
   * `isReleased`, its journal lets go of the job when the handlers have returned.
   */
  leave(error?: Error, isReleased = true): void {
    // A second call must not end what has begun since.
    if (this.job.owner !== this) return;
    this.#isReleased = isReleased;
    // Unreachable default: no handler runs of a job that leaves without an error.
    this.#stop(() => error ?? new CancelledError("the job does not work here"));
    this.#depart(() => this.listeners.rested(error));
  }

  /**
   * Another execution of the job, in place of this one: the store has refused the end of this one, or this one has not begun and
   * would run another version of the flow.
   */
  again(plan: Plan = this.plan): Execution {
    this.#host.live.delete(this);
    const next = new Execution(this.job, plan, this.#host, this.#callbacks, this);
    next.#early.push(...this.#early.splice(0));
    (this.#cancelled ?? this.#again)?.(next);
    return next;
  }

  /** Looks in a microtask for tasks that may be taken: a timer may be late, the store has caught up, a handler was given up. */
  poll(): void {
    this.#loop.wake();
  }

  /** Brings in a delivery whose commit has been made. The job ends where the end of a child would be more than it may take. */
  bringIn(commit: DeliverCommit): void {
    const error = stepLimitOf(commit, this.limits.steps);
    if (error !== undefined) return this.breakOff("failed", error);
    commit.task.route = bindRoute(commit.task.route, this.plan);
    this.#clock.work();
    this.committer.perform(commit, [commit.task]);
    this.#loop.wake();
  }

  /**
   * Stops taking tasks and comes to rest: paused by a request, or, without one, released. Handlers that have not returned after
   * `graceMs` are aborted.
   */
  rest(request: PauseRequest | undefined, graceMs: number, beforeCommit?: () => void): void {
    // A command that is not consumed is carried out again.
    if (beforeCommit === undefined) this.#again = (next) => next.rest(request, graceMs);
    if (this.#resting !== undefined || this.isOver) return;
    this.#resting = new Resting(request, graceMs, beforeCommit);
    this.children.all?.rest?.(graceMs);
    this.#resting.begin(this.#host.timers, this.runner, () => this.#endOrWait());
  }

  /**
   * Ends the job; all handlers are aborted. `again` does the same to the execution that takes the place of this one: a command that is not
   * consumed is carried out again without it.
   */
  cancel(reason: string | undefined, again?: () => void): void {
    this.#again = this.#cancelled = again;
    this.breakOff("cancelled", new CancelledError(reason));
  }

  commitStep(activation: Activation, progress: Payload | undefined): Promise<void> {
    return storeCheckpoint(this, activation, progress, this.#host.pacer);
  }

  /** Merges the delivery of a task into its slot, once for all attempts of its handler. */
  merge(task: Task, plan: SlotPlan): Merged {
    const commit = mergeCommit(this, task, plan, this.time());
    this.committer.perform(commit);
    return commit.merged;
  }

  /** Commits what a handler has done since its last commit; `follow` is called when that may be seen. */
  step(activation: Activation, outcome: StepCommit["outcome"], progress?: Payload, follow?: () => void): void {
    const { pauseRequest } = activation;
    activation.transactions?.checkCommit();
    const commit = stepCommit(this.job, activation, outcome, progress, this.limits.steps, this.time());
    this.#host.propagation?.toTasks(this.#host, this.job, activation, commit.created);
    const readied = outcome === "parked" ? [...commit.created, commit.task] : commit.created;
    this.committer.perform(commit, readied, follow, undefined, activation);
    if (commit.effects !== undefined) this.children.start(commit.effects.children);
    if (outcome !== "done") activation.reset();
    if (pauseRequest !== undefined) this.rest(pauseRequest, DEFAULT_GRACE_MS);
  }

  /** A handler that waited is done: another task may be taken, in the continuation of that handler. */
  handlerDone(): void {
    // The commit before this has read the clock.
    this.#loop.run(this.job.time);
  }

  report(activation: Activation, data: unknown): void {
    this.notifier.report(activation.routineId, data);
    this.listeners.report(activation.routineId, data);
  }

  /** The clock is read once per handler: by its commit, or here when it waits and another may begin. */
  #takeTasks(known: Moment | undefined): void {
    const director = this.workers > 1 ? this.#host.director : undefined;
    let time = known ?? this.time();
    if (this.deadlines.jobEndsAt <= time.at && this.#mayWake(time)) return this.breakOff("failed", lateError(this.job));
    for (;;) {
      // Even while no task may be taken: the alarm for a due task that stays among the waiting ones would ring again at once.
      if (this.committer.queue.hasWaiting && this.#mayWake(time)) {
        this.deadlines.decide(this.committer.queue.wake(time));
      }
      const obstacle = this.#obstacle(time);
      if (obstacle !== undefined) return obstacle === "slice over" ? this.#loop.defer() : undefined;
      const { concurrency, committer: { queue }, limits: { highWater } } = this;
      const task = concurrency ? concurrency.take(highWater, director) : takeNext(queue, highWater, director);
      if (task === undefined) break;
      this.#clock.work();
      this.notifier.start(task, time);
      this.runner.run(task);
      if (this.runner.active >= this.workers) break;
      // The moment of the last commit is older than this turn while the handler waits: the clock may have been set since.
      time = this.runner.active === 0 ? this.job.time : this.time();
    }
  }

  /** Why no task may be taken now; `undefined` when one may. It is decided nowhere else. */
  #obstacle(time: Instant): Obstacle | undefined {
    if (this.job.isStarting) return "not begun";
    if (!this.mayDecide) return this.isOver ? "ended" : "resting";
    if (this.runner.active >= this.workers) return "no worker";
    const { journal } = this.committer;
    if (journal !== undefined) {
      if (!this.#hasLease(time)) return "lease over";
      // Tasks of the same instant come after it, as they do without a store.
      if (this.deadlines.isReading) return "undecided";
      if (journal.isFarAhead(this.#clock.elapsed) || this.committer.isHeld(this.limits.highWater)) return "behind";
    }
    if (this.#loop.isDeferred || this.#host.pacer.isSpent(time)) return "slice over";
    return undefined;
  }

  /** Without its lease, an engine starts nothing and decides nothing: another one may have the job by now. */
  #hasLease({ at }: Instant): boolean {
    return this.committer.journal?.hasLease(at, this.#clock.elapsed) !== false;
  }

  #mayWake(time: Instant): boolean {
    return !this.job.isStarting && this.mayDecide && this.#hasLease(time);
  }

  /** When a waiting task must be looked at: not while the job comes to rest; and without a lease, the job is woken by the next one. */
  #nextAlarm(): number | undefined {
    const next = Math.min(this.committer.queue.nextDueAt() ?? Infinity, this.deadlines.jobEndsAt);
    // Most jobs wait for no instant: they are spared the look at the clock.
    return next === Infinity || this.#resting !== undefined || !this.#hasLease(this.time()) ? undefined : next;
  }

  /** Ends the job, brings it to rest or lets it wait, when no task is taken. */
  #endOrWait(): void {
    if (this.isOver || this.#loop.isRunning || this.job.isStarting) return;
    if (this.runner.active > 0) {
      this.#clock.watch();
      this.#clock.setAlarm(this.#nextAlarm());
    } else if (this.#resting !== undefined) {
      if (this.children.all?.areAtRest === false) return this.#clock.rest();
      this.#end(this.#resting.commit(this.time()));
    } else if (!this.committer.queue.isEmpty) {
      // A turn will be taken: after the host's event loop, or when the store has caught up.
      this.#clock.watch();
    } else if (hasToWait(this.job)) {
      if (this.deadlines.isReading || this.committer.isBehind() || this.children.all?.isStarting === true) {
        return this.#clock.watch();
      }
      this.#clock.rest();
      this.#clock.setAlarm(this.#nextAlarm());
      if (this.listeners.awaitsIdle && this.children.all?.isBusy !== true) this.listeners.idle();
      executionOf(this.job.holder)?.children.all?.idle?.();
    } else if (this.job.deferredEvents.length > 0) {
      const error = sendDeferred(this);
      if (error !== undefined) return this.breakOff("failed", error);
      this.#loop.wake();
    } else {
      const error = missingResult(this.job, this.plan.graph);
      if (error === undefined) this.#end(statusCommit("completed", this.time()));
      else this.breakOff("failed", error);
    }
  }

  /** Ends the job before its time. */
  breakOff(status: "failed" | "cancelled", error: Error): void {
    // Unreachable: those who call this have looked whether the job is over. It must not end twice.
    if (this.isOver) return;
    const active = this.runner.activeTasks();
    const commit = statusCommit(status, this.time(), { active, error: describeError(error, this.#host.errorStacks) });
    this.#end(commit, () => error);
  }

  /** Performs the last commit: handlers are aborted, timers stopped. Whoever waits is told when it is stored. */
  #end(commit: StatusCommit | FailureCommit, createReason = createEndedError): void {
    const from = this.job.status;
    const tell = () => {
      this.notifier.rested(commit, from);
      this.listeners.committed();
      this.listeners.rested();
    };
    this.committer.performLast(commit, () => this.#depart(tell), () => {
      this.#stop(createReason);
      if (hasEnded(this.job.status)) this.children.all?.cancel?.();
      // What was asked for before the job has begun is done at rest, by whoever has it.
      return this.#isReleased = this.runner.isSettled && this.#early.length === 0 && !owes(this.job);
    });
  }

  /** From now on no task is taken and no failure is decided. */
  #stop(createReason: () => Error): void {
    this.isOver = true;
    this.#resting?.stop();
    this.deadlines.stop();
    this.#clock.stop();
    this.runner.stop(createReason);
  }

  /** The job is no longer live before anybody is told of it. */
  #depart(tell: () => void): void {
    this.job.owner = undefined;
    this.job.isStarting = false;
    this.#host.leave(this);
    this.#callbacks.onRest?.();
    // Before these calls change the job: nobody is told of what is not stored.
    tell();
    for (const act of this.#early.splice(0)) act();
    this.#host.letGo(this, this.#isReleased);
  }
}

/** The execution of a job, if there is one and it is live. */
export function executionOf(job: Job | undefined): Execution | undefined {
  return job?.owner instanceof Execution ? job.owner : undefined;
}
