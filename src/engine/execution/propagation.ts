import { isAsyncAnswer } from "../../base/thenable.ts";
import { describeValue } from "../../base/path.ts";
import type { HandlerInfo, Propagate } from "../../model/around.ts";
import type { Job } from "../../job/job.ts";
import { NO_DETAILS, type Task } from "../../job/task.ts";
import type { EngineHost } from "./engine_host.ts";

/** Keeps with a new job what `propagate` says of it. */
export function propagateToJob(host: EngineHost, propagate: Propagate, job: Job): void {
  job.trace = ask(host, propagate, job, undefined);
}

/** Keeps with the tasks that a step makes what `propagate` says of its handler. */
export function propagateToTasks(
  host: EngineHost,
  propagate: Propagate,
  job: Job,
  handler: HandlerInfo,
  tasks: readonly Task[],
): void {
  if (tasks.length === 0) return;
  const trace = ask(host, propagate, job, handler);
  if (trace === undefined) return;
  // Details are replaced, never changed: those of plain tasks are one object.
  const plain = { ...NO_DETAILS, trace };
  for (const task of tasks) task.details = task.details === undefined ? plain : { ...task.details, trace };
}

/** A failure of `propagate` must not fail a job: its observer is told. */
function ask(
  host: EngineHost,
  propagate: Propagate,
  job: Job,
  handler: HandlerInfo | undefined,
): string | undefined {
  const { flowId } = job;
  try {
    const trace: unknown = propagate({ flowId, handler });
    if (trace === undefined || typeof trace === "string") return trace;
    const got = isAsyncAnswer(trace) ? "a promise" : describeValue(trace);
    throw new TypeError(`propagate must return a string or undefined, got ${got}`);
  } catch (error) {
    if (host.isObserved) {
      const { jobId } = job;
      host.tell({ type: "callback_error", jobId, flowId, callback: "propagate", error, at: host.timers.now() });
    }
    return undefined;
  }
}
