import { LAST_INSTANT } from "./base/instant.ts";
import {
  checkDuration,
  checkFlag,
  checkFunctions,
  checkInteger,
  checkName,
  checkOptions,
  checkRange,
  checkRecord,
  checkSignal,
  checkText,
  checkWord,
  type OptionNames,
} from "./base/options.ts";
import { describeValue } from "./base/path.ts";
import { isAsyncAnswer } from "./base/thenable.ts";
import { JobState } from "./documents/job_state.ts";
import { isRecord } from "./values/json.ts";
import { targetOf } from "./ask_options.ts";
import type { ConnectionTarget } from "./model/connection.ts";
import { Slot } from "./model/slot.ts";
import type { NewStoredJob } from "./engine/durable/job_storage.ts";
import type {
  CreateOptions,
  ExecuteOptions,
  FlowOptions,
  ListenOptions,
  PauseOptions,
  ResumeOptions,
  RunOptions,
} from "./flow_options.ts";
import { checkWait, type WaitOptions } from "./engine/execution/waits.ts";
import type { NewJobSettings } from "./engine/flow_jobs.ts";
import { JOB_STATUSES } from "./job/job.ts";
import { PRIORITIES } from "./job/task.ts";
import type { JobFilter, ListQuery } from "./ports/store.ts";
import type { Priority } from "./model/context.ts";
import { checkStrategy, type ExecutionStrategy } from "./model/flow_graph.ts";
import { checkExecutionTimeout } from "./model/flow_limits.ts";
import type { EntryParams } from "./model/entry_point.ts";

/** The options of `flow.start`. */
export interface StartOptions extends CreateOptions {
  /** What happens when the store has a job of this id: the call resolves with it, or rejects. @default {"join"} */
  readonly ifExists?: "join" | "throw" | undefined;
  /** When the job begins, by the clock of this process, in milliseconds since 1970 or as a date. @default {at once} */
  readonly at?: number | Date | undefined;
  /** The queue that it is put in: see `engine.work`. @default {"default"} */
  readonly queue?: string | undefined;
  /** How urgent the job is: workers take urgent jobs first, of those that are due. @default {"normal"} */
  readonly priority?: Priority | undefined;
  /** Names and texts by which the job is found later: see `engine.list`. @default {nothing} */
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** One of the jobs of `flow.startMany`: the params are left out where the slot accepts `{}`. */
export type StartItem<E> = Omit<StartOptions, "ifExists"> & { readonly params?: EntryParams<E> };

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

/** An instant in milliseconds; what is neither a number nor a date stays as it is, for the message of its check. */
export function instantOf(at: number | Date): number {
  return typeof at === "object" ? Number(at) : at;
}

/**
 * Checks the tags of jobs.
 *
 * @throws {TypeError} for what is no object of names and texts
 */
export function checkTags(action: string, tags: Readonly<Record<string, string>>): void {
  checkRecord(action, "tags", tags);
  for (const [name, value] of Object.entries(tags)) checkName(action, `tags.${name}`, value);
}

/**
 * Checks the options of a start: what is said of the job, and when it begins.
 *
 * @throws {TypeError} for a word or a name that is none
 * @throws {RangeError} for an instant out of range
 */
export function checkStart(
  action: string,
  { at, queue = "default", priority = "normal", tags = {} }: StartOptions,
): Required<Omit<NewStoredJob, "job">> & { readonly startAt: number | undefined } {
  checkTags(action, tags);
  return {
    queue: checkName(action, "queue", queue),
    priority: PRIORITIES.indexOf(checkWord(action, "priority", priority, PRIORITIES)),
    tags: { ...tags },
    startAt: at === undefined ? undefined : checkRange(action, "at", instantOf(at), 0, LAST_INSTANT),
  };
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

const FILTER: OptionNames<JobFilter> = {
  flowId: true,
  status: true,
  queue: true,
  tags: true,
  parentId: true,
  createdBefore: true,
  endedBefore: true,
};
const LIST: OptionNames<ListQuery> = { ...FILTER, limit: true, cursor: true, newestFirst: true };

/**
 * Checks by what jobs are chosen: for a status that there is not, a store would find nothing.
 *
 * @throws {TypeError} for an unknown option, a word that is none, and what is no text
 * @throws {RangeError} for a number out of range
 */
export function checkQuery(action: string, query: ListQuery, isList: boolean): void {
  checkOptions<JobFilter>(action, query, isList ? LIST : FILTER);
  const { status, tags, createdBefore, endedBefore, limit, newestFirst } = query;
  if (status !== undefined) checkWord(action, "status", status, JOB_STATUSES);
  if (tags !== undefined) checkTags(action, tags);
  for (const name of ["flowId", "queue", "parentId"] as const) checkText(action, name, query[name]);
  for (const [name, at] of Object.entries({ createdBefore, endedBefore })) {
    if (at !== undefined) checkRange(action, name, at, -Infinity, Infinity);
  }
  if (limit !== undefined) checkInteger(action, "limit", limit);
  checkFlag(action, "newestFirst", newestFirst);
}
