import type { Child } from "../job/children.ts";
import type { FailurePlace } from "../base/errors.ts";
import { formatInstant } from "../base/instant.ts";
import { errorJson } from "../job/decide.ts";
import type { Job } from "../job/job.ts";
import type { Task } from "../job/task.ts";
import type { ErrorData } from "../values/error_data.ts";
import type { ExecutionRecordType } from "../job/history.ts";
import type { OutputEntry, RoutineStatus } from "../job/job.ts";
import type { JobState } from "./job_state.ts";
import type { ClassTable } from "../values/class_table.ts";
import { valueOf } from "../values/payload.ts";
import type { TaskDocument } from "./task.ts";

/** A task that has not ended: the fields of the job's document, with data as it was emitted. */
export interface PendingTask extends Omit<TaskDocument, "data" | "progress" | "merged"> {
  /** The data of the delivery. */
  readonly data?: unknown;
  /** The progress that the last step of the task stored. */
  readonly progress?: unknown;
}

/** A delivery from outside that a job waits for. */
export interface AwaitedDelivery {
  /** The slot that is told when the delivery has not come in time; without one, that is an error of the task. */
  readonly onTimeout?: string;
  /** The id of the routine. */
  readonly routine: string;
  /** The instant since which the job waits, in ISO 8601. */
  readonly since: string;
  /** The name of the slot. */
  readonly slot: string;
  /** The id of the task that waits. */
  readonly task: number;
  /** How long the delivery may take to come, in milliseconds. */
  readonly timeoutMs?: number;
  /** The instant at which waiting ends, in ISO 8601. */
  readonly until?: string;
}

/** A task that ended in an error or a skip. */
export interface JobFailure {
  /** The instant, in ISO 8601. */
  readonly at: string;
  /** Its error. */
  readonly error: ErrorData;
  /** It was delivered to a slot, by a failure connection: a redrive of all failures leaves it out. */
  readonly handled?: true;
  /** The task as it was. */
  readonly task: PendingTask;
}

/** A record of the execution history. */
export interface ExecutionRecord {
  /** The instant, in ISO 8601. */
  readonly at: string;
  /** The payload of an emission, or the error of a failure. */
  readonly data?: unknown;
  /** The name of the event, for records of emissions. */
  readonly event?: string;
  /** The id of the routine. */
  readonly routine: string;
  /** The kind of the record. */
  readonly type: ExecutionRecordType;
}

/** An output that a handler made with `ctx.output`. */
export interface JobOutput {
  /** The instant, in ISO 8601. */
  readonly at: string;
  /** The data of the output. */
  readonly data?: unknown;
  /** The id of the routine whose handler made the output. */
  readonly routine: string;
  /** The kind, a word that the handler chose. */
  readonly type: string;
}

/** The state and the outcome of a routine in a job. */
export interface RoutineProgress {
  /** How often its ended tasks were tried again. */
  readonly retries: number;
  /** The values that its handlers keep in `ctx.state`. */
  readonly state: Readonly<Record<string, unknown>>;
  /** The worst outcome of its tasks so far; `undefined` before the first has ended. */
  readonly status: RoutineStatus | undefined;
  /** The version of the class that wrote the state. */
  readonly version: number;
}

/** An awaited delivery as users see it. */
export function viewAwaited({ created, details, id: task, route: { routine, slot } }: Task): AwaitedDelivery {
  // Unreachable default: these are the tasks that await something.
  const { onTimeout, timeoutMs, until } = details?.awaiting ?? {};
  const since = formatInstant(created.at);
  return compact({
    onTimeout,
    routine,
    since,
    slot,
    task,
    timeoutMs,
    until: until === undefined ? undefined : formatInstant(until),
  });
}

/** The error that failed or cancelled a job. The place is that of the task, where the failure of one has failed the job. */
export interface JobError extends ErrorData, Partial<FailurePlace> {}

/** A job's error as users see it. */
export function viewError({ error, failures, status }: Job): JobError | undefined {
  const last = failures.at(-1);
  if (error === undefined || last === undefined || status !== "failed" || !isSame(error, last.error)) return error;
  return Object.freeze({ ...error, ...failurePlaceOf(last.task) });
}

/** The failure that fails a job is its last one. A document holds its error twice. */
function isSame(error: ErrorData, other: ErrorData): boolean {
  return error === other || JSON.stringify(errorJson(error)) === JSON.stringify(errorJson(other));
}

/** Where a failed task has failed. */
function failurePlaceOf({ id, route: { routine, slot }, details }: Task): FailurePlace {
  return { routineId: routine, slotName: slot, taskId: id, attempts: (details?.attempt ?? 0) + 1 };
}

/** An output as users see it. */
export function viewOutput({ at, data, routine, type }: OutputEntry, classes: ClassTable): JobOutput {
  return compact({ at: formatInstant(at), data: valueOf(data, classes), routine, type });
}

/** An object without the keys that may be undefined, and those again as optional ones. */
export type Compact<T> =
  & { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] }
  & { readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> };

/** Copies an object without the keys whose value is undefined: what has no value is left out on the wire. */
export function compact<const T extends object>(object: T): Compact<T> {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(object)) {
    const value: unknown = object[key as keyof T];
    if (value !== undefined) copy[key] = value;
  }
  return copy as Compact<T>;
}

/** A job that a handler has started by `ctx.child`. */
export interface ChildJob {
  /** The id of its flow. */
  readonly flowId: string;
  /** Its id. */
  readonly jobId: string;
  /** The routine that has asked for it. */
  readonly routine: string;
  /** The slot of that routine that is told of its end; absent for one that nobody waits for. */
  readonly slot?: string;
  /** Whether it has been started: `left` when its parent has ended before it, and has not looked for it since. */
  readonly status: "unstarted" | "open" | "left";
  /** The child itself, where neither is in a store: its flow can deliver to it, pause it and cancel it. */
  readonly job?: JobState;
}

/** A child as users see it, but for itself. */
export function viewChild({ flowId, jobId, routine, to, start, isLeft }: Child): Omit<ChildJob, "job"> {
  const status = isLeft ? "left" : start === undefined ? "open" : "unstarted";
  return { flowId, jobId, routine, ...(to === undefined ? {} : { slot: to }), status };
}
