import type { Timers } from "../../ports/timers.ts";
import { hasEnded, type Job, type JobStatus } from "../../job/job.ts";
import { nextDueAt } from "../../job/next_due.ts";
import type { Execution } from "./execution.ts";

/** How a wait can end early. */
export interface WaitOptions {
  /** The longest wait, in milliseconds; without it there is no limit. */
  readonly timeoutMs?: number;
  /** Ends the wait when aborted: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

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

/**
 * Waits until a condition holds: false when the job ends or rests first. It is asked after each commit; whatever it throws
 * ends the wait.
 */
export function waitForCondition(
  execution: Execution | undefined,
  timers: Timers,
  options: WaitOptions,
  condition: () => boolean,
): Promise<boolean> {
  return wait(timers, options, () => false, (resolve, reject) => {
    const holds = (): boolean => attempt(reject, condition) ?? false;
    if (execution === undefined) {
      resolve(holds());
      return () => {};
    }
    // The condition may see a commit that is not stored yet.
    const ask = () => holds() && execution.committer.whenStored(() => resolve(true));
    const stops = [
      execution.listeners.onCommit(ask),
      execution.listeners.onRest((error) => error === undefined ? resolve(holds()) : reject(error)),
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

/**
 * Waits for something that calls back: until it resolves or rejects, the time is up, or the signal is aborted. Whichever
 * comes first, everything is cleaned up.
 *
 * @throws the signal's reason, at once when it is aborted already
 */
function wait<T>(
  timers: Timers,
  { timeoutMs, signal }: WaitOptions,
  onTimeout: () => T,
  start: (resolve: (value: T) => void, reject: (error: unknown) => void) => () => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    let hasEnded = false;
    const stops: (() => void)[] = [];
    /** Says whether this is the first end. */
    const end = (): boolean => {
      if (hasEnded) return false;
      hasEnded = true;
      for (const stop of stops) stop();
      return true;
    };
    const succeed = (value: T): void => void (end() && resolve(value));
    const fail = (error: unknown): void => void (end() && reject(error));
    if (signal !== undefined) {
      const abort = () => fail(signal.reason);
      signal.addEventListener("abort", abort);
      stops.push(() => signal.removeEventListener("abort", abort));
    }
    if (timeoutMs !== undefined && timeoutMs !== Infinity) {
      stops.push(timers.setTimer(timers.now() + timeoutMs, () => succeed(onTimeout())));
    }
    const stop = start(succeed, fail);
    // It may have ended at once, before there was anything to stop.
    if (hasEnded) stop();
    else stops.push(stop);
  });
}

/** Calls a function of the user's. What it throws goes to `onError`, and then there is no result. */
function attempt<T>(onError: (error: unknown) => void, run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    onError(error);
    return undefined;
  }
}
