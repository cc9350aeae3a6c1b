import { LAST_INSTANT } from "./base/instant.ts";
import { checkName, checkOptions, checkRange, checkWord, type OptionNames } from "./base/options.ts";
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
import type { NewJobSettings } from "./engine/flow_jobs.ts";
import { PRIORITIES } from "./job/task.ts";
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
  if (timeoutMs !== undefined) checkExecutionTimeout(action, timeoutMs);
  if (deadlineMs !== undefined) checkRange(action, "deadlineMs", deadlineMs, 1, Number.MAX_SAFE_INTEGER);
  return { jobId, deadlineMs, executionStrategy: strategy, maxWorkers, executionTimeoutMs: timeoutMs };
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
  for (const [name, value] of Object.entries(tags)) checkName(action, `tags.${name}`, value);
  return {
    queue: checkName(action, "queue", queue),
    priority: PRIORITIES.indexOf(checkWord(action, "priority", priority, PRIORITIES)),
    tags: { ...tags },
    startAt: at === undefined ? undefined : checkRange(action, "at", Number(at), 0, LAST_INSTANT),
  };
}
