import { hasEnded, type Job } from "./job.ts";
import { dueAt } from "./task.ts";

/** The instant at which a job's next task is due: now, when one is ready. */
export function nextDueAt(job: Job, now: number): number | undefined {
  if (hasEnded(job.status)) return undefined;
  let next = Infinity;
  for (const task of job.tasks) {
    const due = dueAt(task) ?? (task.details?.awaiting === undefined ? now : Infinity);
    next = Math.min(next, Math.max(due, now));
    if (next === now) break;
  }
  return next === Infinity ? undefined : next;
}
