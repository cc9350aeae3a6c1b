import { MAX_COUNT } from "../base/bounded_list.ts";
import { instantAfter } from "../base/instant.ts";
import type { FailedTask, Job } from "./job.ts";
import { letGoOfItems } from "./slot_data.ts";
import { listsOf } from "./slot_changes.ts";
import { NO_DETAILS, type Task, type TaskDetails } from "./task.ts";
import { deliveryKey } from "./task_key.ts";

/** Drops the oldest failures, and releases what their tasks hold: no redrive can put them back. */
export function dropFailures(job: Job, count: number): void {
  for (const { task } of job.failures.splice(0, count)) letGo(job, task);
  job.droppedFailures = Math.min(job.droppedFailures + count, MAX_COUNT);
}

/** A task that will not run again keeps how often it has failed and how many steps it has made, and lets go of what it holds. */
export function letGo(job: Job, task: Task): void {
  const { details } = task;
  if (details === undefined) return;
  letGoOfLists(job, task);
  const { attempt, step } = details;
  task.details = attempt === 0 && step === 0 ? NO_DETAILS : { ...NO_DETAILS, attempt, step };
}

/** A task lets go of the items of its slot's lists that it holds. */
export function letGoOfLists(job: Job, { details, route }: Task): void {
  const merged = details?.merged;
  if (merged?.kind === "lists") letGoOfItems(listsOf(job, route.routine, route.slot), merged.lists);
}

/**
 * Takes failures out of a job, so that their tasks start over with the data and the progress that they had stored; the outcomes of
 * their routines are reset. `maxRetries` is how often they may be tried again, where that is not left to the error handlers.
 */
export function takeFailures(
  job: Job,
  isTaken: (failure: FailedTask) => boolean,
  at: number,
  maxRetries: number | undefined,
): Task[] {
  const taken = job.failures.filter(isTaken);
  for (const { task, isHandled } of taken) {
    // The failure was handled: its effects have been compensated. The redriven task does its work anew, so that its key, and that
    // of its compensation, must be new.
    if (isHandled) task.key = deliveryKey(task.key, undefined, task.id, at);
    const state = job.routineStates.get(task.route.routine);
    if (state !== undefined) state.status = undefined;
    if (task.details !== undefined || maxRetries !== undefined) task.details = startOver(task.details, at, maxRetries);
  }
  removeFailures(job, isTaken);
  return taken.map(({ task }) => task);
}

/** Drops failures for good. */
export function discardFailures(job: Job, tasks: readonly Task[]): void {
  const gone = new Set(tasks);
  for (const { task } of job.failures) if (gone.has(task)) letGo(job, task);
  removeFailures(job, ({ task }) => gone.has(task));
}

function removeFailures({ failures }: Job, isGone: (failure: FailedTask) => boolean): void {
  const left = failures.filter((failure) => !isGone(failure));
  failures.length = 0;
  // One by one: a job may have more failures than a call takes arguments.
  for (const failure of left) failures.push(failure);
}

/** A delivery that did not come is awaited for as long again. */
function startOver(details: TaskDetails = NO_DETAILS, at: number, maxRetries: number | undefined): TaskDetails {
  const { timeoutMs } = details.awaiting ?? {};
  const awaiting = details.awaiting &&
    { ...details.awaiting, until: timeoutMs === undefined ? undefined : instantAfter(at, timeoutMs) };
  return { ...details, attempt: 0, maxRetries, notBefore: undefined, parked: false, awaiting };
}
