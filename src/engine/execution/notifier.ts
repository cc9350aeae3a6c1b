import { callGuarded } from "../../base/thenable.ts";
import type { FailureCommit, StatusCommit, StepCommit } from "../../job/commit.ts";
import type { Job, OutputEntry } from "../../job/job.ts";
import type { Instant, Task } from "../../job/task.ts";
import type { EngineHost } from "./engine_host.ts";
import type { JobListeners } from "./listeners.ts";

/** What a caller of `execute` or `resume` listens to. */
export interface JobCallbacks {
  /** Called with each output, once it is committed. */
  readonly onOutput?: ((output: OutputEntry) => void) | undefined;
  /** Called with each report of a handler. */
  readonly onReport?: ((data: unknown, routineId: string) => void) | undefined;
  /** Called when the job has ended or rests. */
  readonly onRest?: (() => void) | undefined;
}

/** Reports what happens to one job to the observer and to the caller's callbacks. Without an observer no event is made. */
export class JobNotifier {
  readonly #job: Job;
  readonly #host: EngineHost;
  readonly #callbacks: JobCallbacks;

  /** Makes the notifier of a job. */
  constructor(job: Job, host: EngineHost, callbacks: JobCallbacks = {}) {
    this.#job = job;
    this.#host = host;
    this.#callbacks = callbacks;
  }

  /** The status has changed. */
  status(from: string, to: string, at: number): void {
    if (from !== to) this.#host.events?.status(this.#job, from, to, at);
  }

  /** The last commit of a live job is stored, or will not be; `from` was its status before. */
  rested(commit: StatusCommit | FailureCommit, from: string): void {
    if (commit.kind === "failure") this.task(commit);
    this.status(from, commit.kind === "status" ? commit.status : "failed", commit.time.at);
  }

  /** A task's handler is about to be called, or its generator to go on. */
  start(task: Task, time: Instant): void {
    this.#host.events?.start(this.#job, task, time);
  }

  /** A step of a task, or its failure, has been committed; `attempt` is what `attemptOf` has said before other commits were applied. */
  task(commit: StepCommit | FailureCommit, attempt?: number): void {
    this.#host.events?.task(this.#job, commit, attempt ?? attemptOf(commit));
  }

  /** Calls the caller's callbacks with the outputs and the reports of a live job. Returns this notifier. */
  listenTo(listeners: JobListeners): this {
    const { onOutput, onReport } = this.#callbacks;
    if (onOutput !== undefined) listeners.onOutput((output) => this.#call("onOutput", () => onOutput(output)));
    if (onReport !== undefined) {
      listeners.onReport((routine, data) => this.#call("onReport", () => onReport(data, routine)));
    }
    return this;
  }

  /** A handler reports live progress. */
  report(routine: string, data: unknown): void {
    this.#host.events?.report(this.#job, routine, data, this.#host.timers.now());
  }

  /** Calls a user's callback. Whatever it throws or rejects with is reported to the observer, and changes nothing. */
  #call(callback: string, run: () => unknown): void {
    const { events, timers } = this.#host;
    callGuarded(run, (error) => events?.callbackError(this.#job, callback, error, timers.now()));
  }
}

/** How often the task of a commit that has just been applied had failed before it. Later commits may change the number. */
export function attemptOf(commit: StepCommit | FailureCommit): number {
  const { kind, task } = commit;
  const attempt = task.details?.attempt ?? 0;
  return kind === "failure" && commit.verdict.kind === "retry" ? attempt - 1 : attempt;
}
