import type { ErrorDocument } from "../documents/codec.ts";
import type { FailureDocument } from "../documents/records.ts";
import type { TaskDocument } from "../documents/task.ts";

/**
 * What a pending task does: an engine works on it (`active`); it may run now (`ready`); it is a generator between two yields
 * (`parked`); it waits for an instant (`waiting`), or for a delivery from outside (`awaiting`).
 */
export type TaskState = "active" | "ready" | "parked" | "waiting" | "awaiting";

/** All states, the busiest first. */
export const TASK_STATES: readonly TaskState[] = ["active", "ready", "parked", "waiting", "awaiting"];

/** A pending task. */
export interface TaskSummary {
  /** The task's id. */
  readonly id: number;
  /** The receiving routine. */
  readonly routine: string;
  /** Its slot. */
  readonly slot: string;
  /** What it does. */
  readonly state: TaskState;
  /** When it was made. */
  readonly createdAt: string;
  /** Until when it waits, in ISO 8601: for its turn, or for the deadline of an answer; absent for an answer without deadline. */
  readonly until?: string;
  /** The slot of its routine that is told when an answer has not come by then. */
  readonly onTimeout?: string;
  /** The key with which it was emitted: its emitter may replace it or take it back. */
  readonly key?: string;
  /** Where it came from by a connection: an event of a routine, or the slot of one whose failure is handled here. */
  readonly from?: { readonly routine: string; readonly event?: string; readonly slot?: string };
  /** How often it has failed so far, where it has. */
  readonly attempts?: number;
  /** How many of its steps have been committed, where it has come that far. */
  readonly steps?: number;
}

/** A task that ended in an error or a skip. */
export interface FailedTask {
  /** The task's id. */
  readonly id: number;
  /** The routine. */
  readonly routine: string;
  /** Its slot. */
  readonly slot: string;
  /** When it failed. */
  readonly at: string;
  /** The name and the message of its error. */
  readonly error: string;
  /** How often it was tried. */
  readonly attempts: number;
  /** It was delivered by a failure connection: the job goes on. */
  readonly handled?: true;
}

/** What a pending task does. */
export function stateOf({ active, awaiting, notBefore, parked }: TaskDocument): TaskState {
  if (active === true) return "active";
  if (awaiting !== undefined) return "awaiting";
  if (notBefore !== undefined) return "waiting";
  return parked === true ? "parked" : "ready";
}

/** Says what a pending task is and does. */
export function summarizeTask(task: TaskDocument): TaskSummary {
  const { attempt, awaiting, connection, createdAt, emitKey, id, notBefore, routine, slot, step } = task;
  const until = awaiting === undefined ? notBefore : awaiting.until;
  return {
    id,
    routine,
    slot,
    state: stateOf(task),
    createdAt,
    ...(until === undefined ? {} : { until }),
    ...(awaiting?.onTimeout === undefined ? {} : { onTimeout: awaiting.onTimeout }),
    ...(emitKey === undefined ? {} : { key: emitKey }),
    ...(connection === undefined ? {} : { from: connection }),
    ...(attempt === undefined ? {} : { attempts: attempt }),
    ...(step === undefined ? {} : { steps: step }),
  };
}

/** Says which task has failed, and why. */
export function summarizeFailure({ at, error, handled, task }: FailureDocument): FailedTask {
  const { attempt = 0, id, routine, slot } = task;
  const common = { id, routine, slot, at, error: errorText(error), attempts: attempt + 1 };
  return handled === true ? { ...common, handled } : common;
}

/** The name and the message of an error, in one text. */
export function errorText({ message, name }: ErrorDocument): string {
  return `${name}: ${message}`;
}
