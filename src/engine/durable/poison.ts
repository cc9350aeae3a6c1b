import type { Job } from "../../job/job.ts";
import { ReadyQueue } from "../../job/ready_queue.ts";
import type { Task } from "../../job/task.ts";
import type { FirstAttempt } from "../../documents/claim.ts";

/** The tasks that run first when a job goes on. */
export interface FirstTasks {
  /** Those that may run: they are written down with the claim. */
  readonly attempts: readonly FirstAttempt[];
  /** Those that no recovery has brought any further: processes have died with them again and again. */
  readonly poisoned: readonly Task[];
}

/**
 * Finds the tasks that as many handlers as may run at once begin with. If a process has died with the job, they have been
 * found once more; `before` is what that process had written down with its claim, and `undefined` when it had let go of the job.
 * A journal does not say which task was running when a process died, but a task that is first in the queue after each death is
 * the one to suspect.
 */
export function findFirstTasks(
  job: Job,
  workers: number,
  now: number,
  before: readonly FirstAttempt[] | undefined,
  maxRecoveries: number,
): FirstTasks {
  const queue = new ReadyQueue(job).fill({ at: now });
  const attempts: FirstAttempt[] = [];
  const poisoned: Task[] = [];
  for (let i = 0; i < Math.min(workers, MOST_WATCHED); i++) {
    const task = queue.take(Infinity);
    if (task === undefined) break;
    const { attempt = 0, step = 0 } = task.details ?? {};
    const last = before?.find((it) => it.task === task.id && it.attempt === attempt && it.step === step);
    const recoveries = before === undefined ? 0 : (last?.recoveries ?? 0) + 1;
    if (recoveries >= maxRecoveries) poisoned.push(task);
    else attempts.push({ task: task.id, attempt, step, recoveries });
  }
  return { attempts, poisoned };
}

/** The most tasks that are written down with a claim: a job may have any number of workers. */
const MOST_WATCHED = 64;
