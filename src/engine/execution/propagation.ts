import { isAsyncAnswer } from "../../base/thenable.ts";
import { describeValue } from "../../base/path.ts";
import type { HandlerInfo, Propagate } from "../../ports/around.ts";
import type { Job } from "../../job/job.ts";
import { NO_DETAILS, type Task } from "../../job/task.ts";
import type { EngineHost } from "./engine_host.ts";

/** Keeps the texts that a user's `propagate` returns with jobs and tasks. */
export class Propagation {
  readonly #propagate: Propagate;

  /** Makes the part of an engine that calls `propagate`. */
  constructor(propagate: Propagate) {
    this.#propagate = propagate;
  }

  /** Keeps the text that `propagate` returns with a new job. */
  toJob(host: EngineHost, job: Job): void {
    job.trace = this.#ask(host, job, undefined);
  }

  /** Keeps the text that `propagate` returns for a handler with the tasks that the handler's step makes. */
  toTasks(host: EngineHost, job: Job, handler: HandlerInfo, tasks: readonly Task[]): void {
    if (tasks.length === 0) return;
    const trace = this.#ask(host, job, handler);
    if (trace === undefined) return;
    // Details are replaced, never changed: those of plain tasks are one object.
    const plain = { ...NO_DETAILS, trace };
    for (const task of tasks) task.details = task.details === undefined ? plain : { ...task.details, trace };
  }

  /** A failure of `propagate` must not fail a job: its observer is told. */
  #ask({ events, timers }: EngineHost, job: Job, handler: HandlerInfo | undefined): string | undefined {
    try {
      const propagate = this.#propagate;
      const trace: unknown = propagate({ flowId: job.flowId, handler });
      if (trace === undefined || typeof trace === "string") return trace;
      const got = isAsyncAnswer(trace) ? "a promise" : describeValue(trace);
      throw new TypeError(`propagate must return a string or undefined, got ${got}`);
    } catch (error) {
      events?.callbackError(job, "propagate", error, timers.now());
      return undefined;
    }
  }
}
