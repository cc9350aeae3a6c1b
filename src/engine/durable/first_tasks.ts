import type { FirstAttempt } from "../../documents/claim.ts";
import type { Job } from "../../job/job.ts";
import { ReadyQueue } from "../../job/ready_queue.ts";
import type { Task } from "../../job/task.ts";

/** The most tasks that are written down with a claim: a job may have any number of workers. */
const MOST_WATCHED = 64;

/**
 * How many times `maxRecoveries` engines may lose a job in a row, without having died, before the tasks that stood first fail as well.
 * To lose a lease and live on says little of a task: the machine has slept, the network was down, or a handler of another job has blocked
 * the event loop. But where it happens with one step again and again, and no engine gets any further, each repeats its effects: a handler
 * that blocks for longer than the lease would go from worker to worker for ever.
 */
const LOSSES_PER_DEATH = 4;

/** What is known of the last claim on a job, which was not released. */
export interface LastClaim {
  /** The tasks that were written down with it. */
  readonly tried: readonly FirstAttempt[];
  /** The incarnation that had the job; `undefined` for one of this engine, which says nothing. */
  readonly owner: number | undefined;
}

/** What is known of the engines. */
export interface EngineFates {
  /**
   * Whether an incarnation has died, as far as is known now: one that has only lost its lease says so when it enters again, and counts
   * as a survivor from then on.
   */
  readonly hasDied: (incarnation: number) => boolean;
  /** See `DurabilityOptions`. */
  readonly maxRecoveries: number;
}

/** A task that must fail, since no engine gets any further with it. */
export interface PoisonedTask {
  readonly task: Task;
  /** How many engines in a row have died with it. */
  readonly died: number;
  /** How many have lost the job with it and lived on. */
  readonly survived: number;
}

/** What is found of the tasks that run first. */
export interface FirstTasks {
  /** Those to be written down. */
  readonly attempts: readonly FirstAttempt[];
  /** Those that must fail. */
  readonly poisoned: readonly PoisonedTask[];
}

/**
 * Finds the tasks that run first when a job goes on with so many workers. A journal does not say which task was running when an engine
 * lost the job, but a task that is first in the queue after each loss, and has not got any further, is the one to suspect.
 */
export function findFirstTasks(
  job: Job,
  workers: number,
  now: number,
  { tried, owner }: LastClaim,
  { hasDied, maxRecoveries }: EngineFates,
): FirstTasks {
  const queue = new ReadyQueue(job).fill({ at: now });
  const attempts: FirstAttempt[] = [];
  const poisoned: PoisonedTask[] = [];
  const last = owner === undefined ? [] : [owner];
  for (let i = 0; i < Math.min(workers, MOST_WATCHED); i++) {
    const task = queue.take(Infinity);
    if (task === undefined) break;
    const { attempt = 0, step = 0 } = task.details ?? {};
    const before = tried.find((it) => it.task === task.id && it.attempt === attempt && it.step === step);
    const lost = new Set([...before?.died ?? [], ...before?.survived ?? [], ...last]);
    const died = [...lost].filter(hasDied);
    const survived = [...lost].filter((it) => !hasDied(it));
    if (died.length >= maxRecoveries || lost.size >= LOSSES_PER_DEATH * maxRecoveries) {
      poisoned.push({ task, died: died.length, survived: survived.length });
    } else attempts.push({ task: task.id, attempt, step, recoveries: died.length, died, survived });
  }
  return { attempts, poisoned };
}
