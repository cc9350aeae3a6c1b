import { targetOf } from "./ask_options.ts";
import {
  checkDuration,
  checkFunctions,
  checkName,
  checkOptions,
  checkRange,
  checkSignal,
  checkText,
  checkWord,
  type OptionNames,
} from "./base/options.ts";
import { describeValue } from "./base/path.ts";
import { isAsyncAnswer } from "./base/thenable.ts";
import { JobState } from "./documents/job_state.ts";
import { checkWait, type WaitOptions } from "./engine/execution/waits.ts";
import type { NewJobSettings } from "./engine/flow_jobs.ts";
import type {
  CreateOptions,
  ExecuteOptions,
  FlowOptions,
  ListenOptions,
  PauseOptions,
  ResumeOptions,
  RunOptions,
} from "./flow_options.ts";
import type { ConnectionTarget } from "./model/connection.ts";
import { checkStrategy, type ExecutionStrategy } from "./model/flow_graph.ts";
import { checkExecutionTimeout } from "./model/flow_limits.ts";
import { Slot } from "./model/slot.ts";
import type { StartItem, StartOptions } from "./start_options.ts";
import { isRecord } from "./values/json.ts";

const LISTEN: OptionNames<ListenOptions> = { onOutput: true, onReport: true, signal: true };
const CREATE: OptionNames<CreateOptions> = {
  jobId: true,
  strategy: true,
  maxWorkers: true,
  timeoutMs: true,
  deadlineMs: true,
};
const LABELS = { at: true, queue: true, priority: true, tags: true } as const;

/** The names of the options of a flow and of its methods. */
export const OPTIONS: {
  readonly flow: OptionNames<FlowOptions>;
  readonly create: OptionNames<CreateOptions>;
  readonly execute: OptionNames<ExecuteOptions>;
  readonly run: OptionNames<RunOptions>;
  readonly start: OptionNames<StartOptions>;
  readonly item: OptionNames<StartItem<never>>;
  readonly resume: OptionNames<ResumeOptions>;
  readonly pause: OptionNames<PauseOptions>;
} = {
  flow: {
    id: true,
    engine: true,
    registry: true,
    executionStrategy: true,
    maxWorkers: true,
    executionTimeoutMs: true,
    errorHandler: true,
    limits: true,
    result: true,
    version: true,
  },
  create: CREATE,
  execute: { ...CREATE, ...LISTEN },
  run: { ...CREATE, ...LISTEN, until: true },
  start: { ...CREATE, ...LABELS, ifExists: true },
  item: { ...CREATE, ...LABELS, params: true },
  resume: { ...LISTEN, redrive: true, maxRetries: true },
  pause: { reason: true, checkpoint: true, graceMs: true, signal: true },
};

/**
 * The arguments after an entry point, completed. The compiler has checked their types at the call.
 *
 * @throws {TypeError} for an option of an unknown name
 */
export function readArguments<O extends object>(
  action: string,
  [params = {}, options]: readonly unknown[],
  known: OptionNames<O>,
): [params: unknown, options: O] {
  const read = (options ?? {}) as O;
  checkOptions(action, read, known);
  checkListen(action, read);
  return [params, read];
}

/**
 * Checks the options of a new job.
 *
 * @throws {TypeError} for a word or a name that is none
 * @throws {RangeError} for a number out of range
 */
export function checkCreate(
  action: string,
  { jobId, strategy, maxWorkers, timeoutMs, deadlineMs }: CreateOptions,
  strategyOfFlow: ExecutionStrategy,
): NewJobSettings {
  if (jobId !== undefined) checkName(action, "jobId", jobId);
  if (strategy !== undefined || maxWorkers !== undefined) checkStrategy(strategy ?? strategyOfFlow, maxWorkers);
  if (timeoutMs !== undefined) checkExecutionTimeout(action, timeoutMs, "timeoutMs");
  if (deadlineMs !== undefined) checkRange(action, "deadlineMs", deadlineMs, 1, Number.MAX_SAFE_INTEGER);
  return { jobId, deadlineMs, executionStrategy: strategy, maxWorkers, executionTimeoutMs: timeoutMs };
}

/** Checks who listens to a job. */
function checkListen(action: string, { onOutput, onReport, signal }: ListenOptions): void {
  checkFunctions(action, { onOutput, onReport });
  checkSignal(action, signal);
}

/** Checks the jobs of `startMany`. */
export function checkItems(action: string, jobs: readonly object[]): void {
  if (!Array.isArray(jobs)) throw new TypeError(`${action}: jobs must be a list, got ${describeValue(jobs)}`);
  for (const job of jobs) checkOptions(action, job, OPTIONS.item);
}

/** The slot that something is delivered to, and what is: a slot, or the names of a routine and a slot, comes first. */
export function deliveryOf(
  action: string,
  [first, second, third]: readonly unknown[],
): readonly [to: Slot<never> | ConnectionTarget, data: unknown] {
  if (typeof first === "string") return [{ routine: first, slot: String(second) }, third];
  return [first instanceof Slot ? first : targetOf(action, first as ConnectionTarget), second];
}

/** Checks what is waited for. */
export function checkCondition(condition: unknown, options: WaitOptions): void {
  checkWait(options);
  checkFunctions("Cannot wait", { condition: condition ?? null });
}

/** Checks the options of a resume. */
export function checkResume(options: ResumeOptions): void {
  checkOptions("Cannot resume job", options, OPTIONS.resume);
  checkListen("Cannot resume job", options);
}

/** Checks the options of a pause: a document holds no reason but a text. */
export function checkPause(options: PauseOptions): void {
  checkOptions("Cannot pause job", options, OPTIONS.pause);
  checkText("Cannot pause job", "reason", options.reason);
  checkSignal("Cannot pause job", options.signal);
  if (options.graceMs !== undefined) checkDuration("Cannot pause job", "graceMs", options.graceMs);
}

/** The reason of a cancel, by its options. */
export function reasonOf(options: { readonly reason?: string }): string | undefined {
  checkOptions("Cannot cancel job", options, { reason: true });
  checkText("Cannot cancel job", "reason", options.reason);
  return options.reason;
}

/** Checks that what a call is about is a job: its handle, its document or a promise of it is often given in its place. */
export function checkJob(event: string, job: unknown): void {
  if (job instanceof JobState) return;
  const remedy = isAsyncAnswer(job)
    ? "await it first"
    : isRecord(job) && "ended" in job
    ? "a handle has methods of its own"
    : "JobState.fromJSON reads a document";
  throw new TypeError(`Cannot ${event} a job: expected a JobState, got ${describeValue(job)}; ${remedy}`);
}

/** Checks until when is waited. */
export function checkUntil(until: "ended" | "idle"): "ended" | "idle" {
  return checkWord("Cannot wait", "until", until, ["ended", "idle"]);
}
