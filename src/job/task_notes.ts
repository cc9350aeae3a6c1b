import { forgetKeyed, noteKeyed } from "./emit_keys.ts";
import { type Job, slotKey } from "./job.ts";
import type { Task, TaskDetails } from "./task.ts";

/** Notes what a job must find of a task that enters it, without a look at all of its tasks. */
export function noteDetailed(job: Job, task: Task, { awaiting, emitKey, priority }: TaskDetails): void {
  if (priority === "last") job.lastTasks++;
  if (awaiting !== undefined) startAwaiting(job, task);
  if (emitKey !== undefined) noteKeyed(job, task);
}

function startAwaiting(job: Job, task: Task): void {
  const key = slotKey(task.route.routine, task.route.slot);
  job.awaiting.set(key, (job.awaiting.get(key) ?? new Set()).add(task));
}

/** A task awaits no delivery any more: it has come, or waiting has ended. */
export function stopAwaiting(job: Job, task: Task): void {
  if (task.details?.awaiting === undefined) return;
  const key = slotKey(task.route.routine, task.route.slot);
  const others = job.awaiting.get(key);
  others?.delete(task);
  if (others?.size === 0) job.awaiting.delete(key);
}

/** Forgets a task that leaves its job. */
export function forgetDetailed(job: Job, task: Task, { emitKey, priority }: TaskDetails): void {
  if (priority === "last") job.lastTasks--;
  if (emitKey !== undefined) forgetKeyed(job, task);
}
