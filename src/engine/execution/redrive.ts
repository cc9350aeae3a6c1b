import type { StatusCommit } from "../../job/commit.ts";
import { checkSteps } from "../../job/decide.ts";
import type { FailedTask, Job } from "../../job/job.ts";
import { createTask, detailsOfSuccessor, type Moment, NO_DETAILS, type Task } from "../../job/task.ts";
import { deliveryKey } from "../../job/task_key.ts";
import { isStepLimit } from "../../values/error_data.ts";
import type { RedrivenTask } from "../../documents/command.ts";
import { lacksResult } from "../activation/job_result.ts";
import { refuse } from "./refusal.ts";

/** How an ended job goes on. */
export interface Redrive {
  /** The failures that become tasks again; `undefined` for all that are not handled. */
  readonly tasks: readonly RedrivenTask[] | undefined;
  /** How often they may be tried again; `undefined` where the error handlers say it. */
  readonly maxRetries: number | undefined;
}

/**
 * Checks that an ended job can go on: that it has something to go on with, and that it was not ended by a limit that is no larger now.
 *
 * @throws {StateError} when nothing is left to do, or a failure is not there
 * @throws {StepLimitError} when the job has ended by the limit of its tasks
 */
export function checkRedrive(job: Job, redrive: Redrive, steps: number): void {
  const { status, tasks, deferredEvents, error, nextTaskId, children } = job;
  const chosen = redrive.tasks === undefined
    ? job.failures.filter(({ isHandled }) => !isHandled)
    : failuresOf("redrive", job, redrive.tasks.map(({ id }) => id));
  const hasWork = chosen.length > 0 ||
    (status !== "completed" && (tasks.size + deferredEvents.length > 0 || children !== undefined));
  if (!hasWork) throw refuse("redrive", job, nothingLeft(job, redrive.tasks !== undefined));
  // Without details the error is of a version that kept none.
  if (error !== undefined && isStepLimit(error)) checkSteps(Number(error.details?.limit ?? nextTaskId - 1) + 1, steps);
  const replaced = redrive.tasks?.filter(({ isReplaced }) => isReplaced).length ?? 0;
  if (replaced > 0) checkSteps(nextTaskId - 1 + replaced, steps);
}

function nothingLeft(job: Job, isChosen: boolean): string {
  const { droppedFailures: dropped, failures: { length } } = job;
  if (length === 0 && lacksResult(job)) {
    return "its tasks have completed, and a redrive repeats none of them; engine.fork() at a revision before its end, or another job, does";
  }
  const failures = length > 0
    ? isChosen ? "none of its failures is chosen" : "all its failures are handled"
    : dropped === 0
    ? "it has no failures"
    : `it has none of its failures any more (limits.failures dropped ${dropped})`;
  return `${failures}, and nothing is pending`;
}

/**
 * The failures of tasks.
 *
 * @throws {StateError} when there is none of one of them
 */
export function failuresOf(event: string, job: Job, ids: readonly number[]): readonly FailedTask[] {
  const known = new Map(job.failures.map((failure) => [failure.task.id, failure]));
  return Array.from(new Set(ids), (id) => {
    const failure = known.get(id);
    if (failure !== undefined) return failure;
    const has = known.size === 0 ? "no failures" : `failures of the tasks ${Array.from(known.keys()).join(", ")}`;
    throw refuse(event, job, `it has no failure of task ${id}; it has ${has}`);
  });
}

/** What the commit by which an ended job goes on says of its failures. */
export function redriveParts(
  job: Job,
  { tasks, maxRetries }: Redrive,
  time: Moment,
): Pick<StatusCommit, "redrive" | "redriven" | "maxRetries" | "discarded" | "created"> {
  if (tasks === undefined) return { redrive: true, redriven: undefined, maxRetries, discarded: [], created: [] };
  const byId = new Map(tasks.map((each) => [each.id, each]));
  const redriven: Task[] = [];
  const discarded: Task[] = [];
  const created: Task[] = [];
  for (const { task } of failuresOf("redrive", job, Array.from(byId.keys()))) {
    const asked = byId.get(task.id);
    if (asked?.isReplaced !== true) {
      redriven.push(task);
      continue;
    }
    const id = job.nextTaskId + created.length;
    const details = detailsOfSuccessor(task);
    const limited = maxRetries === undefined ? details : { ...(details ?? NO_DETAILS), maxRetries };
    const made = createTask(id, task.route, asked.data, time, limited);
    if (task.key !== undefined) made.key = deliveryKey(task.key, undefined, id, time.at);
    discarded.push(task);
    created.push(made);
  }
  return { redrive: true, redriven, maxRetries, discarded, created };
}
