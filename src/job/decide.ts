import type { ErrorData } from "../values/error_data.ts";
import { instantAfter } from "../base/instant.ts";
import { StepLimitError } from "../base/errors.ts";
import { MAX_COUNT } from "../base/bounded_list.ts";
import type { JsonObject } from "../values/json.ts";
import { unseenPayload } from "../values/payload.ts";
import type { ErrorHandler } from "../model/error_handler.ts";
import type { Verdict } from "./commit.ts";
import type { Emissions } from "./emissions.ts";
import type { HistoryRecord } from "./history.ts";
import type { Job } from "./job.ts";
import { createTask, type Instant, NO_DETAILS, type Route, type Task } from "./task.ts";

/** A delivery from outside that a handler waits for. */
export interface Expectation {
  /** The slot that it comes to. */
  readonly route: Route;
  /** How long it may take, in milliseconds. */
  readonly timeoutMs: number | undefined;
  /** The slot that is told when it has not come in time; without one, that is an error. */
  readonly onTimeout: string | undefined;
}

/**
 * Makes the tasks of what was emitted and what is expected.
 *
 * @throws {StepLimitError} when the job would make more tasks than it may
 */
export function createTasks(
  job: Job,
  emissions: Emissions,
  expectations: readonly Expectation[],
  time: Instant,
  steps: number,
): readonly Task[] {
  const { tasks } = emissions;
  const firstId = job.nextTaskId;
  checkSteps(firstId - 1 + tasks.length + expectations.length, steps);
  emissions.enter(firstId, time);
  if (expectations.length === 0) return tasks;
  const awaited = expectations.map(({ route, timeoutMs, onTimeout }, index) => {
    const until = timeoutMs === undefined ? undefined : instantAfter(time.at, timeoutMs);
    const details = { ...NO_DETAILS, awaiting: { timeoutMs, until, onTimeout } };
    return createTask(firstId + tasks.length + index, route, undefined, time, details);
  });
  return [...tasks, ...awaited];
}

/**
 * Checks the id of a task that is made, against `limits.steps`: that limit counts tasks, not the steps of a task.
 *
 * @throws {StepLimitError} when the job would make more tasks than it may, or than can be counted
 */
export function checkSteps(id: number, steps: number): void {
  if (id > steps || id >= MAX_COUNT) throw new StepLimitError(Math.min(steps, MAX_COUNT - 1));
}

/**
 * What happens to a task that has failed, by its error handler.
 *
 * @param retry whether it is tried again, as far as the error is concerned: a number is the delay in milliseconds
 */
export function decideVerdict(
  job: Job,
  task: Task,
  retry: boolean | number,
  handler: ErrorHandler,
  now: number,
): Verdict {
  if (retry !== false && hasRetries(task, handler)) {
    const attempt = task.details?.attempt ?? 0;
    const delay = retry === true ? retryDelay(handler, job.jobId, task.id, attempt) : retry;
    const maxRetries = task.details?.maxRetries ?? handler.maxRetries;
    return { kind: "retry", attempt: attempt + 1, maxRetries, notBefore: instantAfter(now, delay) };
  }
  switch (handler.strategy) {
    case "stop":
      return { kind: "end", status: "failed", stop: true };
    case "continue":
      return { kind: "end", status: "error_continued", stop: false };
    case "skip":
      return { kind: "end", status: "skipped", stop: false };
    case "retry":
      return { kind: "end", status: handler.isCritical ? "failed" : "error_continued", stop: handler.isCritical };
  }
}

/** What happens to a task that has ended in an error which is delivered to a slot: the job goes on. */
export const HANDLED: Verdict = { kind: "end", status: "error_continued", stop: false };

/** Says whether a task may be tried again as often. */
export function hasRetries({ details }: Task, { maxRetries }: ErrorHandler): boolean {
  return (details?.attempt ?? 0) < (details?.maxRetries ?? maxRetries);
}

/**
 * How many of a job's oldest failures go when a task ends in one, so that at most `limit` are kept. An eighth of them goes at
 * once: to drop the first of a long array for each failure would take longer than the failure.
 */
export function failuresToDrop({ failures }: Job, verdict: Verdict, limit: number): number {
  const excess = failures.length + 1 - limit;
  return verdict.kind === "end" && excess > 0 ? Math.max(excess, Math.floor(limit / 8)) : 0;
}

/**
 * Milliseconds before a task's retry number `attempt` (from 0): `min(maxRetryDelayMs, retryDelayMs × retryBackoff^attempt)`,
 * of which the share `jitter` is multiplied by a number from 0 to 1 that depends on the job, the task and the attempt only:
 * every host comes to the same.
 */
function retryDelay(handler: ErrorHandler, jobId: string, taskId: number, attempt: number): number {
  const { retryDelayMs, retryBackoff, maxRetryDelayMs, jitter } = handler;
  // A power may be infinite, and infinity times nothing is no number.
  const delay = retryDelayMs === 0 ? 0 : Math.min(maxRetryDelayMs, retryDelayMs * retryBackoff ** attempt);
  const left = jitter === 0 ? 1 : 1 - jitter * hash(`${jobId}/${taskId}/${attempt}`);
  return Math.round(delay * left);
}

/**
 * A number from 0 up to 1 for a text: FNV-1a over its UTF-16 units, finished as in MurmurHash3 so that near texts differ.
 *
 * @see http://www.isthe.com/chongo/tech/comp/fnv/
 */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return ((value ^ (value >>> 16)) >>> 0) / 2 ** 32;
}

/** The history of a failure: the error, and what follows from it. */
export function failureRecords(routine: string, error: ErrorData, verdict: Verdict, at: number): HistoryRecord[] {
  const base = { routine, event: undefined, at };
  const first: HistoryRecord = { ...base, type: "error", data: unseenPayload(errorJson(error)) };
  if (verdict.kind === "retry") {
    const { attempt, maxRetries } = verdict;
    return [first, { ...base, type: "retry", data: unseenPayload({ attempt, maxRetries }) }];
  }
  return verdict.status === "skipped" ? [first, { ...base, type: "skip", data: undefined }] : [first];
}

/** An error as plain JSON, its keys sorted. */
export function errorJson({ name, message, code, cause, details, errors, omitted, stack }: ErrorData): JsonObject {
  return {
    ...(cause === undefined ? {} : { cause: errorJson(cause) }),
    ...(code === undefined ? {} : { code }),
    ...(details === undefined ? {} : { details }),
    ...(errors === undefined ? {} : { errors: errors.map(errorJson) }),
    message,
    name,
    ...(omitted === undefined ? {} : { omitted }),
    ...(stack === undefined ? {} : { stack }),
  };
}
