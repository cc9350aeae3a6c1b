import type { JsonObject, JsonValue } from "../values/json.ts";
import type { ConnectionSource, ConnectionTarget, Mapping } from "../model/connection.ts";
import type { ExecutionStrategy } from "../model/flow_graph.ts";
import type { FlowLimits } from "../model/flow_limits.ts";
import type { RoutineDocument } from "../model/routine_document.ts";
import type { RecordType } from "../job/history.ts";
import type { JobStatus, RoutineStatus } from "../job/job.ts";

/** An error as data, on the wire. */
export type ErrorDocument = JsonObject;

/** A flow's document. */
export interface FlowDocument {
  /** The links, in the order in which they were made. */
  readonly connections: readonly ConnectionDocument[];
  /** What happens when a handler throws. */
  readonly errorHandler?: JsonObject;
  /** How handlers run. */
  readonly executionStrategy: ExecutionStrategy;
  /** How long a job may work, in milliseconds; null for no limit. */
  readonly executionTimeoutMs: number | null;
  /** Tells a flow from a job. */
  readonly format: "routilux/flow";
  /** The flow's id. */
  readonly id: string;
  /** Bounds of the flow's jobs, where they differ from the defaults. */
  readonly limits?: Partial<FlowLimits>;
  /** How many handlers may wait at the same time. */
  readonly maxWorkers: number;
  /** The routines by id. */
  readonly routines: { readonly [id: string]: RoutineDocument };
  /** The version of the format. */
  readonly version: 1;
}

/** A connection in a flow's document. */
export interface ConnectionDocument {
  /** Where it begins. */
  readonly from: ConnectionSource;
  /** How keys are renamed. */
  readonly mapping?: Mapping;
  /** Where it ends. */
  readonly to: ConnectionTarget;
}

/** A task in a job's document. */
export interface TaskDocument {
  /** A live engine was working on it. */
  readonly active?: true;
  /** How often it has failed and is tried again. */
  readonly attempt?: number;
  /** A delivery from outside that has not come yet, with its deadline. */
  readonly awaiting?: { readonly timeoutMs?: number; readonly until?: string };
  /** The connection by which it came. */
  readonly connection?: ConnectionSource;
  /** When it was made. */
  readonly createdAt: string;
  /** What is delivered. */
  readonly data?: JsonValue;
  /** Counted per job, from 1. */
  readonly id: number;
  /** How often it may be tried again. */
  readonly maxRetries?: number;
  /** What its slot gave to the handler. */
  readonly merged?: MergedDocument;
  /** The instant before which it does not run. */
  readonly notBefore?: string;
  /** A generator between two yields. */
  readonly parked?: true;
  /** How urgent it is, where it is not normal. */
  readonly priority?: "high" | "low";
  /** What its last step stored. */
  readonly progress?: JsonValue;
  /** The receiving routine. */
  readonly routine: string;
  /** Its slot. */
  readonly slot: string;
  /** How many of its steps have been committed. */
  readonly step?: number;
}

/** What a slot gave to a handler: a value, or stretches of its lists. */
export interface MergedDocument {
  /** The stretches, by key. */
  readonly lists?: readonly { readonly from: number; readonly key: string; readonly to: number }[];
  /** The value. */
  readonly value?: JsonValue;
}

/** What a slot holds: a value, or lists by key. */
export interface SlotDataDocument {
  /** The lists, by key. */
  readonly lists?: readonly ListDocument[];
  /** The value. */
  readonly value?: JsonValue;
}

/** One list of an append slot. */
export interface ListDocument {
  /** The position of the first item that has not been cleared, where earlier ones are still held. */
  readonly cleared?: number;
  /** The items. */
  readonly items: readonly JsonValue[];
  /** The key under which they came. */
  readonly key: string;
  /** The position of the first item, counted from the first ever. */
  readonly start?: number;
}

/** A line of the history. */
export interface RecordDocument {
  /** When. */
  readonly at: string;
  /** The payload, or the error. */
  readonly data?: JsonValue;
  /** The event, for `emit`. */
  readonly event?: string;
  /** The routine. */
  readonly routine: string;
  /** What happened. */
  readonly type: RecordType;
}

/** An event that is sent on resume, or before the job completes. */
export interface DeferredDocument {
  /** The payload. */
  readonly data?: JsonValue;
  /** The event. */
  readonly event: string;
  /** The routine that emits it. */
  readonly routine: string;
}

/** An output. */
export interface OutputDocument {
  /** When. */
  readonly at: string;
  /** The data. */
  readonly data?: JsonValue;
  /** The routine that put it out. */
  readonly routine: string;
  /** The kind, as the handler named it. */
  readonly type: string;
}

/** An entry of the shared log. */
export interface LogDocument {
  /** When. */
  readonly at: string;
  /** The object that was logged. */
  readonly entry: JsonValue;
  /** The routine that wrote it. */
  readonly routine: string;
}

/** The mark of a pause. */
export interface PausePointDocument {
  /** When the job came to rest. */
  readonly at: string;
  /** What the caller noted. */
  readonly checkpoint?: JsonValue;
  /** Why, as the caller said. */
  readonly reason?: string;
}

/** A task that ended in an error or a skip. */
export interface FailureDocument {
  /** When. */
  readonly at: string;
  /** Its error. */
  readonly error: ErrorDocument;
  /** The task as it was. */
  readonly task: TaskDocument;
}

/** What is kept of one routine. */
export interface RoutineStateDocument {
  /** The retries of its tasks that have ended. */
  readonly retries?: number;
  /** What its handlers keep in `ctx.state`. */
  readonly state?: JsonObject;
  /** Its worst outcome so far. */
  readonly status?: RoutineStatus;
  /** The version of its class. */
  readonly version: number;
}

/** A job's document. */
export interface JobDocument {
  /** When the job was made. */
  readonly createdAt: string;
  /** Events that are sent on resume, or before the job completes. */
  readonly deferredEvents?: readonly DeferredDocument[];
  /** How many older entries of the bounded lists are gone. */
  readonly dropped?: { readonly executionHistory?: number; readonly outputLog?: number; readonly sharedLog?: number };
  /** Why it failed or was cancelled. */
  readonly error?: ErrorDocument;
  /** What has happened. */
  readonly executionHistory?: readonly RecordDocument[];
  /** How handlers run, where `execute` set it. */
  readonly executionStrategy?: ExecutionStrategy;
  /** How long the job may work, where `execute` set it; null for no limit. */
  readonly executionTimeoutMs?: number | null;
  /** Tasks that ended in an error or a skip. */
  readonly failures?: readonly FailureDocument[];
  /** The flow that it belongs to. */
  readonly flowId: string;
  /** Tells a job from a flow. */
  readonly format: "routilux/job";
  /** The job's id. */
  readonly jobId: string;
  /** How many handlers may wait at the same time, where `execute` set it. */
  readonly maxWorkers?: number;
  /** The id that the next task gets. */
  readonly nextTaskId: number;
  /** What routines have put out. */
  readonly outputLog?: readonly OutputDocument[];
  /** Marks of pauses. */
  readonly pausePoints?: readonly PausePointDocument[];
  /** The tasks that have not ended, by id. */
  readonly pendingTasks: readonly TaskDocument[];
  /** How long it has worked, in milliseconds. */
  readonly ranMs: number;
  /** What is kept of each routine. */
  readonly routineStates?: { readonly [id: string]: RoutineStateDocument };
  /** What all routines share. */
  readonly sharedData?: JsonObject;
  /** What routines have logged. */
  readonly sharedLog?: readonly LogDocument[];
  /** What slots hold, by routine and slot. */
  readonly slots?: { readonly [routine: string]: { readonly [slot: string]: SlotDataDocument } };
  /** Where it stands. */
  readonly status: JobStatus;
  /** When it last changed. */
  readonly updatedAt: string;
  /** The version of the format. */
  readonly version: 1;
}
