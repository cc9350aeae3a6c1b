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

/**
 * A handler is about to be called, or a generator is about to continue. The next `task` event of the same task has the
 * outcome.
 */
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
  /** How many attempts of the task have failed so far; 0 on the first. */
  readonly attempt: number;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** A step of a task, its failure, or its end has been committed. */
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
  /** How many attempts of the task had failed before this one; 0 on the first. */
  readonly attempt: number;
  /**
   * How the attempt ended: the task is finished (`done`), has stored a checkpoint (`step`), or has failed. A failed
   * task is tried again (`retry`); or its error handler fails the job (`stop`), records the error and goes on
   * (`continue`), or ends the task as skipped (`skip`). A task that its emitter replaces or takes back has ended without a handler
   * (`withdrawn`).
   */
  readonly outcome: "done" | "step" | "retry" | "skip" | "continue" | "stop" | "withdrawn";
  /** The error of a failed attempt. */
  readonly error?: ErrorData;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** A handler has emitted an event that is connected to no slot: what it carries goes nowhere. `flow.check()` lists such events. */
export interface UnconnectedEvent {
  /** Tells the kinds of events apart. */
  readonly type: "unconnected";
  /** The job. */
  readonly jobId: string;
  /** Its flow. */
  readonly flowId: string;
  /** The routine's id. */
  readonly routine: string;
  /** The event's name. */
  readonly event: string;
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
  /** The value passed to `ctx.report`, unchanged. */
  readonly data: unknown;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** A callback of the user has thrown. The job is not affected. */
export interface CallbackErrorEvent {
  /** Tells the kinds of events apart. */
  readonly type: "callback_error";
  /** The job. */
  readonly jobId: string;
  /** Its flow. */
  readonly flowId: string;
  /** The name of the callback, such as `onOutput`. */
  readonly callback: string;
  /** The thrown value, unchanged. */
  readonly error: unknown;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** The store has failed. The write is retried; if it keeps failing, the job stops with a `StoreError`. */
export interface StoreErrorEvent {
  /** Tells the kinds of events apart. */
  readonly type: "store_error";
  /** The job. */
  readonly jobId: string;
  /** Its flow. */
  readonly flowId: string;
  /** The value that the store threw, unchanged. */
  readonly error: unknown;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/**
 * A live job can no longer be written: another engine has taken it, or its store keeps failing. Its handlers in this process are
 * aborted.
 */
export interface LostEvent {
  /** Tells the kinds of events apart. */
  readonly type: "lost";
  /** The job. */
  readonly jobId: string;
  /** Its flow. */
  readonly flowId: string;
  /** A `FencedError` when another engine has the job, a `StoreError` when its store has failed. */
  readonly error: unknown;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** An engine has claimed a job in its store, to go on with it or to carry out its commands. */
export interface TakenEvent {
  /** Tells the kinds of events apart. */
  readonly type: "taken";
  /** The job. */
  readonly jobId: string;
  /** Its flow. */
  readonly flowId: string;
  /** Whether the engine that had the job before has died, or lost its lease. */
  readonly fromDead: boolean;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/**
 * Several engines in a row have died, or lost their lease, while the same task of a job was first in the queue and got no further;
 * this engine tries again. A handler that blocks the event loop for longer than `durability.leaseMs` has this effect: let it pause,
 * or give the engine a longer lease. When it happens again and again, the task fails with a `PoisonError`.
 */
export interface StalledEvent {
  /** Tells the kinds of events apart. */
  readonly type: "stalled";
  /** The job. */
  readonly jobId: string;
  /** Its flow. */
  readonly flowId: string;
  /** The task's id. */
  readonly task: number;
  /** How many engines have lost the job with it. */
  readonly losses: number;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** An engine has let go of a job that has not ended: it is taken again when it is due, or has been sent something. */
export interface ReleasedEvent {
  /** Tells the kinds of events apart. */
  readonly type: "released";
  /** The job. */
  readonly jobId: string;
  /** Its flow. */
  readonly flowId: string;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** A job that is due cannot go on in this engine: it is left to others for a while, unchanged. */
export interface RefusedEvent {
  /** Tells the kinds of events apart. */
  readonly type: "refused";
  /** The job. */
  readonly jobId: string;
  /** Its flow. */
  readonly flowId: string;
  /** The reason. */
  readonly error: unknown;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** The store has failed in what the engine does for all its jobs together, or for none yet; it tries again. */
export interface EngineErrorEvent {
  /** Tells the kinds of events apart. */
  readonly type: "engine_error";
  /** The value that the store threw, unchanged. */
  readonly error: unknown;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** Another engine has started under the name of this one, which goes on under a new name; the jobs that it had are lost to it. */
export interface ReplacedEvent {
  /** Tells the kinds of events apart. */
  readonly type: "replaced";
  /** The name that the other engine has now. */
  readonly owner: string;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** A command from a job's inbox could not be executed. The command counts as consumed, and the job is not changed. */
export interface CommandErrorEvent {
  /** Tells the kinds of events apart. */
  readonly type: "command_error";
  /** The job. */
  readonly jobId: string;
  /** Its flow. */
  readonly flowId: string;
  /** The key that the command was sent with. */
  readonly key: string;
  /** The reason. */
  readonly error: unknown;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** An event that an engine reports to its observer, for logs, metrics and traces. */
export type EngineEvent =
  | StatusEvent
  | StartEvent
  | TaskEvent
  | UnconnectedEvent
  | ReportEvent
  | CallbackErrorEvent
  | StoreErrorEvent
  | LostEvent
  | TakenEvent
  | ReleasedEvent
  | StalledEvent
  | RefusedEvent
  | CommandErrorEvent
  | EngineErrorEvent
  | ReplacedEvent;

/** Receives the events of an engine. Errors that an observer throws are ignored, so an observer cannot break a job. */
export type Observer = (event: EngineEvent) => void;
