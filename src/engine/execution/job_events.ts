import { callGuarded } from "../../base/thenable.ts";
import type { EngineEvent, Observer, TaskEvent } from "../../ports/observer.ts";
import type { FailureCommit, StepCommit } from "../../job/commit.ts";
import type { Job } from "../../job/job.ts";
import type { Instant, Task } from "../../job/task.ts";

/** Makes the events of jobs for an engine's observer. Engines without an observer don't load this. */
export class JobEvents {
  readonly #observer: Observer;

  /** Makes the events for an observer. */
  constructor(observer: Observer) {
    this.#observer = observer;
  }

  /** Tells the observer. What it throws or rejects with is ignored: it cannot break a job, and there is nobody left to tell. */
  tell(event: EngineEvent): void {
    callGuarded(() => this.#observer(event), () => {});
  }

  /** The status of a job has changed. */
  status({ jobId, flowId }: Job, from: string, to: string, at: number): void {
    this.tell({ type: "status", jobId, flowId, from, to, at });
  }

  /** A task's handler is about to be called, or its generator to go on. */
  start({ jobId, flowId }: Job, { id: task, route: { routine, slot }, details }: Task, { at }: Instant): void {
    this.tell({ type: "start", jobId, flowId, routine, slot, task, attempt: details?.attempt ?? 0, at });
  }

  /** A step of a task, or its failure, has been committed; `attempt` is how often the task had failed before. */
  task(job: Job, commit: StepCommit | FailureCommit, attempt: number): void {
    const { jobId, flowId } = job;
    const { task, time: { at } } = commit;
    const { routine, slot } = task.route;
    const error = commit.kind === "failure" ? { error: commit.error } : {};
    const outcome = outcomeOf(commit);
    this.tell({ type: "task", jobId, flowId, routine, slot, task: task.id, attempt, outcome, ...error, at });
    if (commit.kind === "step") {
      this.#tellUnconnected(job, commit);
      for (const each of commit.effects?.withdrawn ?? []) this.#tellWithdrawn(job, each, at);
    }
  }

  /** Tells of what was emitted and goes nowhere. */
  #tellUnconnected({ jobId, flowId }: Job, { records, created, time: { at } }: StepCommit): void {
    for (const record of records) {
      if (!("source" in record)) continue;
      const { routine, event } = record.source;
      if (created.some(({ route: { connection } }) => connection?.event === event)) continue;
      this.tell({ type: "unconnected", jobId, flowId, routine, event, at });
    }
  }

  #tellWithdrawn({ jobId, flowId }: Job, { id: task, route: { routine, slot }, details }: Task, at: number): void {
    // Unreachable default: a task that is taken back has the key that it was emitted with.
    const attempt = details?.attempt ?? 0;
    this.tell({ type: "task", jobId, flowId, routine, slot, task, attempt, outcome: "withdrawn", at });
  }

  /** A handler reports live progress. */
  report({ jobId, flowId }: Job, routine: string, data: unknown, at: number): void {
    this.tell({ type: "report", jobId, flowId, routine, data, at });
  }

  /** A user's callback has thrown or rejected. */
  callbackError({ jobId, flowId }: Job, callback: string, error: unknown, at: number): void {
    this.tell({ type: "callback_error", jobId, flowId, callback, error, at });
  }
}

function outcomeOf(commit: StepCommit | FailureCommit): TaskEvent["outcome"] {
  if (commit.kind === "step") return commit.outcome === "done" ? "done" : "step";
  const { verdict } = commit;
  if (verdict.kind === "retry") return "retry";
  if (verdict.stop) return "stop";
  return verdict.status === "skipped" ? "skip" : "continue";
}
