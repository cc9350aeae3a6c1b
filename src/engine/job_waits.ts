import type { Timers } from "../ports/timers.ts";
import { hasEnded, type Job, type JobStatus } from "../scheduler/job.ts";
import { dueAt } from "../scheduler/task.ts";
import type { Execution } from "./execution.ts";
import { wait, type WaitOptions } from "./waiting.ts";

/** How far a job is. */
export interface JobProgress {
  /** Where it stands. */
  readonly status: JobStatus;
  /** How many tasks have not ended. */
  readonly pending: number;
  /** How many handlers wait for something just now. */
  readonly active: number;
}

/** What `settle` answers. */
export interface Settled {
  /** Where the job stands. */
  readonly status: JobStatus;
  /** When it must be looked at again, in milliseconds since 1970; `undefined` when only a delivery can wake it, or nothing. */
  readonly nextDueAt: number | undefined;
}

/** Waits until a job has ended or rests: true when it has ended. */
export function waitForRest(
  job: Job,
  execution: Execution | undefined,
  timers: Timers,
  options: WaitOptions,
  onProgress: ((progress: JobProgress) => void) | undefined,
): Promise<boolean> {
  return wait(timers, options, () => false, (resolve, reject) => {
    if (execution === undefined) {
      resolve(hasEnded(job.status));
      return () => {};
    }
    const { listeners } = execution;
    const stops = [listeners.onRest(() => resolve(hasEnded(job.status)))];
    if (onProgress !== undefined) {
      const tell = () =>
        attempt(reject, () => onProgress({ status: job.status, pending: job.tasks.size, active: execution.active }));
      stops.push(listeners.onCommit(tell));
      tell();
    }
    return () => stops.forEach((stop) => stop());
  });
}

/** Waits until a condition holds: false when the job ends or rests first. It is asked after each commit. */
export function waitForCondition(
  execution: Execution | undefined,
  timers: Timers,
  options: WaitOptions,
  condition: () => boolean,
): Promise<boolean> {
  return wait(timers, options, () => false, (resolve) => {
    if (condition()) resolve(true);
    else if (execution === undefined) resolve(false);
    else {
      const stops = [
        execution.listeners.onCommit(() => condition() && resolve(true)),
        execution.listeners.onRest(() => resolve(condition())),
      ];
      return () => stops.forEach((stop) => stop());
    }
    return () => {};
  });
}

/** Waits until nothing of a job is due. */
export function waitUntilIdle(
  job: Job,
  execution: Execution | undefined,
  timers: Timers,
  options: WaitOptions,
): Promise<Settled> {
  const settled = (): Settled => ({ status: job.status, nextDueAt: nextDueAt(job, timers.now()) });
  return wait(timers, options, settled, (resolve) => {
    if (execution === undefined) {
      resolve(settled());
      return () => {};
    }
    execution.poll();
    return execution.listeners.onIdle(() => resolve(settled()));
  });
}

/** The instant at which a job's next task is due: now, when one is ready. */
function nextDueAt(job: Job, now: number): number | undefined {
  if (hasEnded(job.status)) return undefined;
  let next = Infinity;
  for (const task of job.tasks) {
    const due = dueAt(task) ?? (task.details?.awaiting === undefined ? now : Infinity);
    next = Math.min(next, Math.max(due, now));
    if (next === now) break;
  }
  return next === Infinity ? undefined : next;
}

function attempt(onError: (error: unknown) => void, run: () => void): void {
  try {
    run();
  } catch (error) {
    onError(error);
  }
}
