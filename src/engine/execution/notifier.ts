import { callGuarded } from "../../base/thenable.ts";
import type { TaskEvent } from "../../ports/observer.ts";
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

/** Reports the events of one job to the observer and to the caller's callbacks. Without an observer no event is made. */
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
    if (from === to || !this.#host.isObserved) return;
    const { jobId, flowId } = this.#job;
    this.#host.tell({ type: "status", jobId, flowId, from, to, at });
  }

  /** The last commit of a live job is stored, or will not be; `from` was its status before. */
  rested(commit: StatusCommit | FailureCommit, from: string): void {
    if (commit.kind === "failure") this.task(commit);
    this.status(from, commit.kind === "status" ? commit.status : "failed", commit.time.at);
  }

  /** A task's handler is about to be called, or its generator to go on. To be called only with an observer. */
  start({ id: task, route: { routine, slot }, details }: Task, { at }: Instant): void {
    const { jobId, flowId } = this.#job;
    this.#host.tell({ type: "start", jobId, flowId, routine, slot, task, attempt: details?.attempt ?? 0, at });
  }

  /** A step of a task, or its failure, has been committed; `attempt` is what `attemptOf` has said before other commits were applied. */
  task(commit: StepCommit | FailureCommit, attempt?: number): void {
    if (this.#host.isObserved) this.#tellTask(commit, attempt);
  }

  #tellTask(commit: StepCommit | FailureCommit, attempt: number = attemptOf(commit)): void {
    const { jobId, flowId } = this.#job;
    const { task, time: { at } } = commit;
    const { routine, slot } = task.route;
    const error = commit.kind === "failure" ? { error: commit.error } : {};
    const outcome = outcomeOf(commit);
    this.#host.tell({ type: "task", jobId, flowId, routine, slot, task: task.id, attempt, outcome, ...error, at });
    if (commit.kind === "step") {
      this.#tellUnconnected(commit);
      for (const each of commit.effects?.withdrawn ?? []) this.#tellWithdrawn(each, at);
    }
  }

  /** Tells of what was emitted and goes nowhere. */
  #tellUnconnected({ records, created, time: { at } }: StepCommit): void {
    const { jobId, flowId } = this.#job;
    for (const record of records) {
      if (!("source" in record)) continue;
      const { routine, event } = record.source;
      if (created.some(({ route: { connection } }) => connection?.event === event)) continue;
      this.#host.tell({ type: "unconnected", jobId, flowId, routine, event, at });
    }
  }

  #tellWithdrawn({ id: task, route: { routine, slot }, details }: Task, at: number): void {
    const { jobId, flowId } = this.#job;
    const attempt = details?.attempt ?? 0;
    this.#host.tell({ type: "task", jobId, flowId, routine, slot, task, attempt, outcome: "withdrawn", at });
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
    if (!this.#host.isObserved) return;
    const { jobId, flowId } = this.#job;
    this.#host.tell({ type: "report", jobId, flowId, routine, data, at: this.#host.timers.now() });
  }

  /** Calls a user's callback. Whatever it throws or rejects with is reported to the observer, and changes nothing. */
  #call(callback: string, run: () => unknown): void {
    callGuarded(run, (error) => {
      const { jobId, flowId } = this.#job;
      this.#host.tell({ type: "callback_error", jobId, flowId, callback, error, at: this.#host.timers.now() });
    });
  }
}

/** How often the task of a commit that has just been applied had failed before it. Later commits may change the number. */
export function attemptOf(commit: StepCommit | FailureCommit): number {
  const { kind, task } = commit;
  const attempt = task.details?.attempt ?? 0;
  return kind === "failure" && commit.verdict.kind === "retry" ? attempt - 1 : attempt;
}

function outcomeOf(commit: StepCommit | FailureCommit): TaskEvent["outcome"] {
  if (commit.kind === "step") return commit.outcome === "done" ? "done" : "step";
  const { verdict } = commit;
  if (verdict.kind === "retry") return "retry";
  if (verdict.stop) return "stop";
  return verdict.status === "skipped" ? "skip" : "continue";
}
