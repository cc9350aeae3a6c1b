import type { ClassTable } from "../base/class_table.ts";
import { encodeValue } from "../base/encode.ts";
import { describeError, type ErrorData } from "../base/error_data.ts";
import { CancelledError, PausedError, StepLimitError, TimeoutError } from "../base/errors.ts";
import type { Stored } from "../base/json.ts";
import type { FlowLimits } from "../model/flow_limits.ts";
import type { Services } from "../model/services.ts";
import type { CancelTimer } from "../ports/timers.ts";
import { apply } from "../scheduler/apply.ts";
import type { Commit, FailureCommit, MergeCommit, StatusCommit, StepCommit } from "../scheduler/commit.ts";
import { createTasks, emitRecords } from "../scheduler/decide.ts";
import type { Job, JobStatus } from "../scheduler/job.ts";
import { ReadyQueue } from "../scheduler/ready_queue.ts";
import type { Task } from "../scheduler/task.ts";
import type { Activation, PauseWish } from "./activation.ts";
import { type CommitTime, failureCommit, statusCommit, stepCommit } from "./commits.ts";
import type { EngineHost } from "./engine_host.ts";
import { HandlerRunner, type RunnerHost } from "./handler_runner.ts";
import { JobClock } from "./job_clock.ts";
import { JobListeners } from "./job_listeners.ts";
import { type JobCallbacks, JobNotifier } from "./job_notifier.ts";
import { emissionsOf, type Plan, slotOf, type SlotPlan } from "./plan.ts";

/** How a job is run, all of it settled. */
export interface ExecutionSetup extends JobCallbacks {
  /** How many handlers may wait at the same time. */
  readonly workers: number;
  /** How long the job may work, in milliseconds. */
  readonly timeoutMs: number;
  /** Called when the job has ended or rests. */
  readonly onRest: () => void;
}

/** How long handlers may go on after a pause was asked for from inside, in milliseconds. */
export const DEFAULT_GRACE_MS = 1_000;

/** A live job: takes its tasks in turn, runs their handlers, commits what comes of them, until it ends or rests. */
export class Execution implements RunnerHost {
  readonly job: Job;
  readonly classes: ClassTable;
  readonly limits: FlowLimits;
  readonly services: Services;
  /** Whoever waits for the job. */
  readonly listeners: JobListeners = new JobListeners();
  readonly #plan: Plan;
  readonly #host: EngineHost;
  readonly #setup: ExecutionSetup;
  readonly #notifier: JobNotifier;
  readonly #clock: JobClock;
  readonly #queue: ReadyQueue;
  readonly #runner: HandlerRunner;
  #pausing: PauseWish | undefined;
  #stopGrace: CancelTimer | undefined;
  /** The loop is on the stack: what happens now is seen when it goes on. */
  #isPumping = false;
  /** The loop will run in a microtask. */
  #isWoken = false;
  /** The loop will run in one of the next macrotasks. */
  #isDeferred = false;
  /** A pause no longer waits for handlers. */
  #isAborting = false;
  #isOver = false;

  /** Makes the execution of a job whose status is `running`. */
  constructor(job: Job, plan: Plan, host: EngineHost, setup: ExecutionSetup) {
    this.job = job;
    this.#plan = plan;
    this.#host = host;
    this.#setup = setup;
    this.classes = plan.graph.registry;
    this.limits = plan.graph.limits;
    this.services = host.services;
    this.#notifier = new JobNotifier(job, host, setup);
    this.#clock = new JobClock(host.timers, job.ranMs, setup.timeoutMs, {
      onTimeout: () => this.#break("failed", new TimeoutError(`Job "${job.jobId}"`, setup.timeoutMs)),
      onAlarm: () => this.#pump(),
    });
    this.#queue = new ReadyQueue(job, this.now());
    this.#runner = new HandlerRunner(this, plan, host.timers);
  }

  /** How many handlers have returned a promise which has not settled. */
  get active(): number {
    return this.#runner.active;
  }

  get mayRun(): boolean {
    return !this.#isOver && !this.#isAborting;
  }

  now(): number {
    return this.#clock.now();
  }

  time(): CommitTime {
    const at = this.now();
    return { at, ranMs: this.#clock.ranMs(at) };
  }

  /** Starts, in a microtask: no handler runs before the caller goes on. `from` is the status before. */
  start(from: JobStatus): void {
    this.job.owner = this;
    this.#clock.work(this.now());
    this.#notifier.status(from, this.now());
    this.#sendDeferred();
    this.#wake();
  }

  /** Looks for due tasks, in case a timer is late. */
  poll(): void {
    this.#wake();
  }

  /** Brings in a delivery from outside. */
  deliver(task: Task, data: Stored): void {
    this.#commit({ kind: "deliver", ...this.time(), task, data });
    this.#queue.add(task, this.now());
    this.#clock.work(this.now());
    this.#wake();
  }

  /** Stops taking tasks and comes to rest; handlers that have not returned after `graceMs` are aborted. */
  pause(wish: PauseWish, graceMs: number): void {
    if (this.#pausing !== undefined || this.#isOver) return;
    this.#pausing = wish;
    const abort = () => {
      this.#isAborting = true;
      this.#runner.abortAll(new PausedError(graceMs));
      this.#settleDown();
    };
    if (graceMs === 0) abort();
    else {
      this.#stopGrace = this.#host.timers.setTimer(this.now() + graceMs, abort);
      this.#settleDown();
    }
  }

  /** Aborts all handlers and ends the job. */
  cancel(reason: string | undefined): void {
    this.#break("cancelled", new CancelledError(reason));
  }

  commitStep(activation: Activation, progress: Stored): void {
    this.#step(activation, "active", progress);
    this.#wake();
  }

  commitMerge(commit: MergeCommit): void {
    this.#commit(commit);
  }

  finished(activation: Activation): void {
    this.#step(activation, "done", undefined);
  }

  yielded(activation: Activation, progress: unknown): void {
    const { task } = activation;
    const subject = { action: `Cannot yield from routine "${activation.routineId}"`, root: "progress" };
    const kept = progress === undefined
      ? task.details?.progress
      : encodeValue(progress, this.classes, subject, this.limits);
    this.#step(activation, "parked", kept);
    this.#queue.add(task, this.now());
  }

  failed(task: Task, plan: SlotPlan, thrown: unknown): void {
    const isFatal = thrown instanceof StepLimitError;
    this.#failTask(task, plan, describeError(thrown, this.#host.errorStacks), { mayRetry: true, isFatal });
  }

  settled(): void {
    this.#pump();
  }

  report(activation: Activation, data: unknown): void {
    this.#notifier.report(activation.routineId, data);
  }

  #wake(): void {
    if (this.#isWoken || this.#isOver) return;
    this.#isWoken = true;
    Promise.resolve().then(() => {
      this.#isWoken = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#isPumping || this.#isOver) return;
    this.#isPumping = true;
    let now = this.now();
    this.#wakeDue(now);
    while (this.#mayTake(now)) {
      const task = this.#queue.take(this.limits.highWater);
      if (task === undefined) break;
      this.#clock.work(now);
      this.#runner.run(task);
      now = this.now();
      this.#wakeDue(now);
    }
    this.#isPumping = false;
    this.#settleDown();
  }

  /** Even while no task can be taken: an alarm for a task that stays waiting would ring again at once. */
  #wakeDue(now: number): void {
    if (this.#pausing !== undefined || this.#isOver) return;
    for (const task of this.#queue.wake(now)) this.#expire(task);
  }

  #mayTake(now: number): boolean {
    if (this.#isOver || this.#isDeferred || this.#pausing !== undefined || this.active >= this.#setup.workers) {
      return false;
    }
    if (!this.#host.pacer.isSpent(now)) return true;
    this.#isDeferred = true;
    this.#host.pacer.defer(() => {
      this.#isDeferred = false;
      this.#pump();
    });
    return false;
  }

  /** Sees whether the job ends, rests or waits, when no task is taken. */
  #settleDown(): void {
    if (this.#isOver || this.#isPumping) return;
    if (this.active > 0) {
      this.#clock.setAlarm(this.#pausing === undefined ? this.#queue.nextDueAt() : undefined);
    } else if (this.#pausing !== undefined) {
      const time = this.time();
      this.#end(statusCommit("paused", time, { pausePoint: { ...this.#pausing, at: time.at } }));
    } else if (!this.#queue.isEmpty) {
      if (!this.#isDeferred) this.#wake();
    } else if (this.job.tasks.size > 0) {
      this.#clock.rest(this.now());
      this.#clock.setAlarm(this.#queue.nextDueAt());
      this.listeners.idle();
    } else if (this.job.deferredEvents.length > 0) {
      this.#sendDeferred();
      this.#wake();
    } else {
      this.#end(statusCommit("completed", this.time()));
    }
  }

  #break(status: "failed" | "cancelled", error: Error): void {
    if (this.#isOver) return;
    const commit = statusCommit(status, this.time(), { error: describeError(error, this.#host.errorStacks) });
    this.#end(commit, error);
  }

  /**
   * Performs the last commit. The job is no longer live before anybody is told of it: handlers are aborted, timers stopped.
   */
  #end(commit: StatusCommit | FailureCommit, reason: Error = new CancelledError("the job has ended")): void {
    const from = this.job.status;
    apply(this.job, commit);
    this.#isOver = true;
    this.#stopGrace?.();
    this.#clock.stop();
    this.job.owner = undefined;
    this.#runner.abortAll(reason);
    this.#runner.disposeGenerators();
    this.#setup.onRest();
    if (commit.kind === "failure") this.#notifier.task(commit);
    this.#notifier.status(from, commit.at);
    this.listeners.committed();
    this.listeners.rested();
  }

  #step(activation: Activation, outcome: StepCommit["outcome"], progress: Stored): void {
    const { pauseWish } = activation;
    const commit = stepCommit(this.job, activation, outcome, progress, this.limits.steps, this.time());
    this.#commit(commit);
    if (outcome !== "done") activation.reset();
    for (const task of commit.created) this.#queue.add(task, commit.at);
    for (const output of commit.effects?.outputs ?? []) {
      this.listeners.output(output);
      this.#notifier.output(output);
    }
    this.#notifier.task(commit);
    if (pauseWish !== undefined) this.pause(pauseWish, DEFAULT_GRACE_MS);
  }

  /** An awaited delivery has not come in time. That is decided by the error handler, but never tried again. */
  #expire(task: Task): void {
    const { routine, slot } = task.route;
    const timeoutMs = task.details?.awaiting?.timeoutMs ?? 0;
    const error = new TimeoutError(`The delivery to slot "${slot}" of routine "${routine}"`, timeoutMs);
    this.#failTask(task, slotOf(this.#plan, task.route), describeError(error), { mayRetry: false, isFatal: false });
  }

  #failTask(
    task: Task,
    plan: SlotPlan,
    error: ErrorData,
    options: { readonly mayRetry: boolean; readonly isFatal: boolean },
  ): void {
    if (this.#isOver) return;
    const commit = failureCommit(this.job, task, plan.routine, error, options, this.time());
    if (commit.verdict.kind === "end" && commit.verdict.stop) {
      this.#end(commit, new CancelledError(`routine "${plan.routine.id}" has failed`));
      return;
    }
    this.#commit(commit);
    this.#notifier.task(commit);
    if (commit.verdict.kind === "retry") this.#queue.add(task, commit.at);
  }

  #sendDeferred(): void {
    if (this.#isOver || this.job.deferredEvents.length === 0) return;
    const time = this.time();
    const emissions = emissionsOf(this.#plan, this.job.deferredEvents);
    try {
      const created = createTasks(this.job, emissions, [], time.at, this.limits.steps);
      this.#commit({ kind: "deferred", ...time, created, records: emitRecords(emissions, time.at) });
      for (const task of created) this.#queue.add(task, time.at);
    } catch (error) {
      if (!(error instanceof StepLimitError)) throw error;
      this.#break("failed", error);
    }
  }

  #commit(commit: Commit): void {
    apply(this.job, commit);
    this.listeners.committed();
  }
}
