import { owes } from "../../job/children.ts";
import { hasEnded, type Job } from "../../job/job.ts";
import { nextDueAt } from "../../job/ready_queue.ts";
import type { JobHead } from "../../ports/store.ts";

/**
 * The place of a released job: the head that its store must have. Engines that find the job go by this alone, so every release
 * writes what this function returns. An ended job is due while it owes something to its parent or its children. A task that waits
 * for an instant is due at that instant, even if the clock here says that it has passed: that clock may be ahead of the store's.
 */
export function placeOf(job: Job, at: number): Omit<JobHead, "consumed"> {
  const { status } = job;
  if (hasEnded(status)) return { status, dueAt: owes(job) ? at : undefined, endedAt: job.time.at };
  if (status === "paused") return { status, dueAt: undefined, endedAt: undefined };
  // When its last handler has returned while it was being released, a job has no task left, but it must still end.
  const isOver = job.tasks.size === 0 && job.children === undefined;
  return { status, dueAt: isOver ? at : nextDueAt(job, at), endedAt: undefined };
}
