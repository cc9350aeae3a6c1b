import { owes } from "../../job/children.ts";
import { hasEnded, type Job } from "../../job/job.ts";
import { nextDueAt } from "../../job/ready_queue.ts";
import type { JobHead } from "../../ports/store.ts";

/**
 * Where a job stands that is let go, as its store must know: whoever finds it there goes by nothing else. Every release writes what
 * this function says, and nothing else does. One that has ended is due while it owes something to its parent or its children. What waits for an instant is due then, also when that has passed by the clock here,
 * which may be ahead of the store's.
 */
export function placeOf(job: Job, at: number): Omit<JobHead, "consumed"> {
  const { status } = job;
  if (hasEnded(status)) return { status, dueAt: owes(job) ? at : undefined, endedAt: job.time.at };
  if (status === "paused") return { status, dueAt: undefined, endedAt: undefined };
  // Nothing is left of a job whose last handler returned while it was let go, but its end is.
  const isOver = job.tasks.size === 0 && job.children === undefined;
  return { status, dueAt: isOver ? at : nextDueAt(job, at), endedAt: undefined };
}
