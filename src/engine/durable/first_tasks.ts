import type { FirstAttempt } from "../../documents/claim.ts";
import type { Job } from "../../job/job.ts";
import { ReadyQueue } from "../../job/ready_queue.ts";
import type { Task } from "../../job/task.ts";

/** The most tasks that are written down with a claim: a job may have any number of workers. */
const MOST_WATCHED = 64;

/** What is known of the last claim on a job, which was not released. */
export interface LastClaim {
  /** The tasks that were written down with it. */
  readonly tried: readonly FirstAttempt[];
  /** The incarnation that had the job. */
  readonly owner: number;
}

/**
 * Finds the tasks that run first when a job goes on with so many workers: `attempts` are written down, `poisoned` must fail. `hasDied`
 * says whether an incarnation has died, as far as is known now: one that has only lost its lease says so when it enters again, and no
 * longer counts. A journal does not say which task was running when a process died, but a task that is first in the queue after each
 * death, and has not got any further, is the one to suspect.
 */
export function findFirstTasks(
  job: Job,
  workers: number,
  now: number,
  before: LastClaim,
  hasDied: (incarnation: number) => boolean,
  maxRecoveries: number,
): { readonly attempts: readonly FirstAttempt[]; readonly poisoned: readonly Task[] } {
  const queue = new ReadyQueue(job).fill({ at: now });
  const attempts: FirstAttempt[] = [];
  const poisoned: Task[] = [];
  for (let i = 0; i < Math.min(workers, MOST_WATCHED); i++) {
    const task = queue.take(Infinity);
    if (task === undefined) break;
    const { attempt = 0, step = 0 } = task.details ?? {};
    const last = before.tried.find((it) => it.task === task.id && it.attempt === attempt && it.step === step);
    const died = [...new Set([...last?.died ?? [], before.owner])].filter(hasDied);
    if (died.length >= maxRecoveries) poisoned.push(task);
    else attempts.push({ task: task.id, attempt, step, recoveries: died.length, died });
  }
  return { attempts, poisoned };
}
