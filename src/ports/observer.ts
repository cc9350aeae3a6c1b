import type { ErrorData } from "../values/error_data.ts";

/** A job's status has changed. */
export interface StatusEvent {
  /** Tells the kinds of events apart. */
  readonly type: "status";
  /** The job. */
  readonly jobId: string;
  /** Its flow. */
  readonly flowId: string;
  /** The status before. */
  readonly from: string;
  /** The status now. */
  readonly to: string;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** A handler is about to be called, or a generator to go on. The task's next `task` event tells what came of it. */
export interface StartEvent {
  /** Tells the kinds of events apart. */
  readonly type: "start";
  /** The job. */
  readonly jobId: string;
  /** Its flow. */
  readonly flowId: string;
  /** The routine's id. */
  readonly routine: string;
  /** The slot's name. */
  readonly slot: string;
  /** The task's id. */
  readonly task: number;
  /** How often the task has failed before. */
  readonly attempt: number;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** A step of a task has been committed, or its failure. */
export interface TaskEvent {
  /** Tells the kinds of events apart. */
  readonly type: "task";
  /** The job. */
  readonly jobId: string;
  /** Its flow. */
  readonly flowId: string;
  /** The routine's id. */
  readonly routine: string;
  /** The slot's name. */
  readonly slot: string;
  /** The task's id. */
  readonly task: number;
  /** How often the task had failed before. */
  readonly attempt: number;
  /** What came of it. */
  readonly outcome: "done" | "step" | "retry" | "skip" | "continue" | "stop";
  /** The error, where there was one. */
  readonly error?: ErrorData;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** A handler has called `ctx.report`. */
export interface ReportEvent {
  /** Tells the kinds of events apart. */
  readonly type: "report";
  /** The job. */
  readonly jobId: string;
  /** Its flow. */
  readonly flowId: string;
  /** The routine's id. */
  readonly routine: string;
  /** What was reported, as it was given. */
  readonly data: unknown;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** A callback of the user's has thrown. It changes nothing for the job. */
export interface CallbackErrorEvent {
  /** Tells the kinds of events apart. */
  readonly type: "callback_error";
  /** The job. */
  readonly jobId: string;
  /** Its flow. */
  readonly flowId: string;
  /** Which callback, such as `onOutput`. */
  readonly callback: string;
  /** What it threw, as it was thrown. */
  readonly error: unknown;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** The store has failed; the write is tried again, until the job stops with a `StoreError`. */
export interface StoreErrorEvent {
  /** Tells the kinds of events apart. */
  readonly type: "store_error";
  /** The job. */
  readonly jobId: string;
  /** Its flow. */
  readonly flowId: string;
  /** What the store threw, as it was thrown. */
  readonly error: unknown;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** A command from a job's inbox could not be carried out; it is consumed, and changes nothing. */
export interface CommandErrorEvent {
  /** Tells the kinds of events apart. */
  readonly type: "command_error";
  /** The job. */
  readonly jobId: string;
  /** Its flow. */
  readonly flowId: string;
  /** The key under which it was sent. */
  readonly key: string;
  /** Why. */
  readonly error: unknown;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** All that an engine tells: for logs, metrics and traces. */
export type EngineEvent =
  | StatusEvent
  | StartEvent
  | TaskEvent
  | ReportEvent
  | CallbackErrorEvent
  | StoreErrorEvent
  | CommandErrorEvent;

/** Listens to an engine. What it throws is ignored: a listener cannot break a job. */
export type Observer = (event: EngineEvent) => void;
