import {
  checkDuration,
  checkFlag,
  checkFunctions,
  checkOptions,
  checkSignal,
  type OptionNames,
} from "../../base/options.ts";
import { callGuarded, isAsyncAnswer } from "../../base/thenable.ts";
import type { Timers } from "../../ports/timers.ts";
import { hasEnded, type Job, type JobStatus, onlyAwaits } from "../../job/job.ts";
import { nextDueInside } from "../../job/ready_queue.ts";
import { type Execution, executionOf } from "./execution.ts";
import type { PauseRequest } from "../activation/activation_host.ts";
import { DEFAULT_GRACE_MS } from "./resting.ts";

/** How a wait can end early. */
export interface WaitOptions {
  /** The longest wait, in milliseconds; without it there is no limit. */
  readonly timeoutMs?: number;
  /** Ends the wait when aborted: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const WAIT_OPTIONS: OptionNames<WaitOptions> = { timeoutMs: true, signal: true };

/**
 * Checks the options of a wait; `more` has the names of those that only this wait has.
 *
 * @throws {TypeError} for an option of an unknown name
 * @throws {RangeError} for a time out of range
 */
export function checkWait(
  options: WaitOptions,
  more: Readonly<Record<string, true>> = {},
  action: string = "Cannot wait",
): void {
  checkOptions(action, options, { ...WAIT_OPTIONS, ...more });
  if (options.timeoutMs !== undefined) checkDuration(action, "timeoutMs", options.timeoutMs, Infinity);
  checkSignal(action, options.signal);
  if ("onProgress" in options) checkFunctions(action, { onProgress: options.onProgress });
  if ("drain" in options) checkFlag(action, "drain", options.drain);
}

/** How far a job is. */
export interface JobProgress {
  /** The job's current status. */
  readonly status: JobStatus;
  /** How many tasks have not ended. */
  readonly pending: number;
  /** How many handlers have returned a promise that is pending. */
  readonly active: number;
}

/** The result of `settle`. */
export interface SettleResult {
  /** The job's current status. */
  readonly status: JobStatus;
  /** When it must be looked at again, in milliseconds since 1970; `undefined` when only a delivery can wake it, or nothing. */
  readonly nextDueAt: number | undefined;
}

/**
 * Waits until a job has ended or rests, or with `untilIdle` only awaits deliveries: true when it has ended. Rejects when its store has
 * failed or it was taken over.
 */
export function waitForRest(
  job: Job,
  execution: Execution | undefined,
  timers: Timers,
  options: WaitOptions,
  onProgress: ((progress: JobProgress) => void) | undefined,
  untilIdle: boolean = false,
): Promise<boolean> {
  const onCommit = onProgress &&
    (({ runner: { active } }: Execution) => onProgress({ status: job.status, pending: job.tasks.size, active }));
  const ended = () => hasEnded(job.status);
  if (!untilIdle) return wait(execution, timers, options, "onRest", ended, () => false, onCommit);
  // A job that is idle already says so again.
  execution?.poll();
  return wait(execution, timers, options, "onIdle", ended, () => false, onCommit, () => {
    return executionOf(job) === undefined || onlyAwaits(job);
  });
}

/**
 * Waits until a condition holds: false when the job ends or rests first. It is asked after each commit.
 *
 * @throws {TypeError} for a condition that answers with a promise, which would pass for true
 * @throws whatever the condition throws
 */
export function waitForCondition(
  execution: Execution | undefined,
  timers: Timers,
  options: WaitOptions,
  condition: () => boolean,
): Promise<boolean> {
  const holds = (): boolean => {
    const answer = condition();
    if (!isAsyncAnswer(answer)) return answer;
    throw new TypeError("Cannot wait: the condition is asynchronous; it must answer at once");
  };
  return wait(execution, timers, options, "onRest", holds, () => false, (live, end) => {
    // The condition may see a commit that is not stored yet, or a job that its store does not have yet.
    if (holds()) live.whenStored(() => end(() => true));
  });
}

/** Waits until nothing of a job is due. */
export function waitUntilIdle(
  job: Job,
  execution: Execution | undefined,
  timers: Timers,
  options: WaitOptions,
): Promise<SettleResult> {
  const settled = (): SettleResult => {
    const now = timers.now();
    const next = nextDueInside(job, now);
    return { status: job.status, nextDueAt: next && Math.max(next, now) };
  };
  execution?.poll();
  return wait(execution, timers, options, "onIdle", settled, settled);
}

/**
 * Waits for an event of a job and resolves with `answer()`: at once when the job is not live, with `late()` when the time is
 * up; `counts` says whether an event ends the wait. `onCommit` is called now and after each commit, and may end the wait with an
 * answer of its own. What one of these functions throws, or the promise of `onCommit` rejects with, ends the wait as well: it rejects.
 * However the wait ends, its listeners and its timer are removed.
 *
 * @throws the signal's reason, at once when it is aborted already
 */
function wait<T>(
  execution: Execution | undefined,
  timers: Timers,
  { timeoutMs, signal }: WaitOptions,
  event: "onRest" | "onIdle",
  answer: () => T,
  late: () => T,
  onCommit?: (execution: Execution, end: (answer: () => T) => void) => void,
  counts: () => boolean = () => true,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    if (execution === undefined) return resolve(answer());
    const stops: (() => void)[] = [];
    const end = (last: () => T): void => {
      for (const stop of stops) stop();
      try {
        resolve(last());
      } catch (error) {
        reject(error);
      }
    };
    const fail = (error: unknown): void =>
      end(() => {
        throw error;
      });
    if (signal !== undefined) {
      const abort = () => fail(signal.reason);
      signal.addEventListener("abort", abort);
      stops.push(() => signal.removeEventListener("abort", abort));
    }
    if (timeoutMs !== undefined && timeoutMs !== Infinity) stops.push(timers.after(timeoutMs, () => end(late)));
    const { listeners } = execution;
    stops.push(listeners[event]((error) => {
      if (error !== undefined) fail(error);
      else if (counts()) end(answer);
    }));
    if (onCommit === undefined) return;
    const tell = (): void => callGuarded(() => onCommit(execution, end), fail);
    stops.push(listeners.onCommit(tell));
    tell();
  });
}

/**
 * Brings live jobs to rest; with `drain`, they run what is due before, within the time of the wait.
 *
 * @throws the signal's reason when it is aborted
 */
export async function bringToRest(
  executions: Iterable<Execution>,
  timers: Timers,
  request: PauseRequest | undefined,
  { drain, ...wait }: WaitOptions & { readonly drain: boolean },
): Promise<void> {
  const { timeoutMs: _, ...untilRest } = wait;
  // What is a part of another job comes to rest with that.
  const apart = Array.from(executions).filter(({ job: { holder } }) => holder?.owner === undefined);
  await Promise.all(apart.map(async (execution) => {
    try {
      if (drain) await waitUntilIdle(execution.job, execution, timers, wait);
      // Another execution may have taken the place of this one, as its end did not count.
      executionOf(execution.job)?.rest(request, DEFAULT_GRACE_MS);
      await waitForRest(execution.job, executionOf(execution.job), timers, untilRest, undefined);
    } catch {
      // A job that has left with an error, as it is lost, is not live here any more: the observer and its waiters are told.
      wait.signal?.throwIfAborted();
    }
  }));
}

/** The live execution of a job, unless it has performed its last commit, and only waits until that is stored. */
export function workingOn(job: Job): Execution | undefined {
  const execution = executionOf(job);
  return execution?.isOver === true ? undefined : execution;
}
