import type { Timers } from "../../ports/timers.ts";
import { hasEnded, type Job, type JobStatus } from "../../job/job.ts";
import { nextDueAt } from "../../job/next_due.ts";
import type { Execution } from "./execution.ts";
import { wait, type WaitOptions } from "./wait.ts";

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

/** Waits until a job has ended or rests: true when it has ended. Rejects when its store has failed or it was taken over. */
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
    const stop = listeners.onRest((error) => error === undefined ? resolve(hasEnded(job.status)) : reject(error));
    if (onProgress === undefined) return stop;
    const tell = () =>
      attempt(reject, () => onProgress({ status: job.status, pending: job.tasks.size, active: execution.active }));
    const stopProgress = listeners.onCommit(tell);
    tell();
    return () => {
      stop();
      stopProgress();
    };
  });
}

/** Waits until a condition holds: false when the job ends or rests first. It is asked after each commit. */
export function waitForCondition(
  execution: Execution | undefined,
  timers: Timers,
  options: WaitOptions,
  condition: () => boolean,
): Promise<boolean> {
  return wait(timers, options, () => false, (resolve, reject) => {
    const answer = () => attempt(reject, () => resolve(condition()));
    if (execution === undefined) {
      answer();
      return () => {};
    }
    // What a condition sees may have been committed, but not stored yet.
    const ask = () => attempt(reject, () => condition() && execution.log.whenStored(() => resolve(true)));
    const stops = [
      execution.listeners.onCommit(ask),
      execution.listeners.onRest((error) => error === undefined ? answer() : reject(error)),
    ];
    ask();
    return () => stops.forEach((stop) => stop());
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
  return wait(timers, options, settled, (resolve, reject) => {
    if (execution === undefined) {
      resolve(settled());
      return () => {};
    }
    execution.poll();
    return execution.listeners.onIdle((error) => error === undefined ? resolve(settled()) : reject(error));
  });
}

function attempt(onError: (error: unknown) => void, run: () => void): void {
  try {
    run();
  } catch (error) {
    onError(error);
  }
}
