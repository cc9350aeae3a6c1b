import { formatInstant } from "../base/instant.ts";
import type { RecordType } from "../job/history.ts";
import type { OutputEntry, RoutineStatus } from "../job/job.ts";
import type { ClassTable } from "../values/class_table.ts";
import { valueOf } from "../values/payload.ts";
import type { TaskDocument } from "./task.ts";

/** A task that has not ended, as users see it: the words of the job's document, with data as it was emitted. */
export interface PendingTask extends Omit<TaskDocument, "data" | "progress" | "merged"> {
  /** What is delivered. */
  readonly data?: unknown;
  /** What its last step stored. */
  readonly progress?: unknown;
}

/** A line of the history, as users see it. */
export interface ExecutionRecord {
  /** When, in ISO 8601. */
  readonly at: string;
  /** The payload, or the error. */
  readonly data?: unknown;
  /** The event, for `emit`. */
  readonly event?: string;
  /** The routine. */
  readonly routine: string;
  /** What happened. */
  readonly type: RecordType;
}

/** An output, as users see it. */
export interface JobOutput {
  /** When, in ISO 8601. */
  readonly at: string;
  /** The data. */
  readonly data?: unknown;
  /** The routine that put it out. */
  readonly routine: string;
  /** The kind, as the handler named it. */
  readonly type: string;
}

/** How a routine has fared in a job, as users see it. */
export interface RoutineProgress {
  /** The retries of its tasks that have ended. */
  readonly retries: number;
  /** What its handlers keep in `ctx.state`. */
  readonly state: Readonly<Record<string, unknown>>;
  /** Its worst outcome so far. */
  readonly status: RoutineStatus | undefined;
  /** The version of the class that wrote the state. */
  readonly version: number;
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
