import type { ErrorData } from "../values/error_data.ts";
import type { Payload } from "../values/payload.ts";
import type { DeferredEvent, JobStatus, LogEntry, OutputEntry, PausePoint, RoutineStatus } from "./job.ts";
import type { HistoryEntry, TaskStart } from "./history.ts";
import type { Child } from "./children.ts";
import type { Expiry } from "./expiry.ts";
import type { Merged, Moment, Task } from "./task.ts";
import type { TaskKey } from "./task_key.ts";
import type { SlotChange } from "./slot_data.ts";

/** A value that is set under a key; `undefined` removes it. */
export type KeyChange = readonly [key: string, value: Payload | undefined];

/** What only some activations change; all of it enters the job together. */
export interface SideEffects {
  /** The ids of the early deliveries that have answered what was expected. */
  readonly answers: readonly number[];
  /** Deliveries that were emitted with a key, and are replaced or taken back before a handler has begun them. */
  readonly withdrawn: readonly Task[];
  /** Changes of what slots hold. */
  readonly slots: readonly SlotChange[];
  /** Changes of the routine's state. */
  readonly state: readonly KeyChange[];
  /** Changes of the shared data. */
  readonly shared: readonly KeyChange[];
  /** New entries of the shared log. */
  readonly log: readonly LogEntry[];
  /** New outputs. */
  readonly outputs: readonly OutputEntry[];
  /** New deferred events. */
  readonly deferred: readonly DeferredEvent[];
  /** The jobs that were asked for. */
  readonly children: readonly Child[];
  /** The job's result from now on, where it was set. */
  readonly result: Payload | undefined;
}

interface CommitBase {
  /** When, and how long the job has worked by then. */
  readonly time: Moment;
}

/** A slot has merged a delivery: from now on the handler's input is the same for all attempts. */
export interface MergeCommit extends CommitBase {
  /** Tells the kinds of commits apart. */
  readonly kind: "merge";
  /** The delivery. */
  readonly task: Task;
  /** What the handler gets, now and at later attempts. */
  readonly merged: Merged;
  /** How the slot changes. */
  readonly slot: SlotChange | undefined;
  /** The history of it. */
  readonly records: readonly HistoryEntry[];
}

/** A handler has come to a step, or to its end. */
export interface StepCommit extends CommitBase {
  /** Tells the kinds of commits apart. */
  readonly kind: "step";
  /** The task. */
  readonly task: Task;
  /** Which of the task's steps this is: one that has been committed is refused. */
  readonly step: number;
  /** Whether the handler has ended, goes on, or rests as a generator until it is taken again. */
  readonly outcome: "done" | "active" | "parked";
  /** What the task keeps for its next step. */
  readonly progress: Payload | undefined;
  /** The tasks that were made by what was emitted. */
  readonly created: readonly Task[];
  /** The task's first commit tells that it has started: that comes before the other records. */
  readonly started: TaskStart | undefined;
  /** The history of it. */
  readonly records: readonly HistoryEntry[];
  /** What else changes. */
  readonly effects: SideEffects | undefined;
  /** The version of the routine's class, for its state. */
  readonly classVersion: number;
}

/** A handler has failed. */
export interface FailureCommit extends CommitBase {
  /** Tells the kinds of commits apart. */
  readonly kind: "failure";
  /** The task. */
  readonly task: Task;
  /** The error. */
  readonly error: ErrorData;
  /** What happens to the task. */
  readonly verdict: Verdict;
  /** The tasks that the failure is delivered by: with some it is handled. */
  readonly created: readonly Task[];
  /** How many of the oldest failures go, to make room for this one. */
  readonly dropped: number;
  /** The tasks whose handlers were stopped with it: they run first when the job goes on. */
  readonly active: readonly Task[];
  /** The history of it. */
  readonly records: readonly HistoryEntry[];
  /** The version of the routine's class, for its state. */
  readonly classVersion: number;
}

/** What happens to a task that has failed: it waits for a retry, or ends with a mark on its routine. */
export type Verdict =
  | { readonly kind: "retry"; readonly attempt: number; readonly maxRetries: number; readonly notBefore: number }
  | { readonly kind: "end"; readonly status: Exclude<RoutineStatus, "completed">; readonly stop: boolean };

/** A delivery has come from outside: a new task, the one that was awaited, or the end of a child. */
export interface DeliverCommit extends CommitBase {
  /** Tells the kinds of commits apart. */
  readonly kind: "deliver";
  /** The task: new, or one that was awaiting. */
  readonly task: Task;
  /** What was delivered. */
  readonly data: Payload | undefined;
  /** The key that a task gets which was awaiting; a new one has its own. */
  readonly key: TaskKey | undefined;
  /** The id of the child whose end is delivered. */
  readonly child?: string | undefined;
}

/** An awaited delivery has not come in time, and another slot is told. */
export interface ExpireCommit extends CommitBase, Expiry {
  /** Tells the kinds of commits apart. */
  readonly kind: "expire";
  /** The task that has awaited it. */
  readonly task: Task;
}

/** Deferred events have been sent. */
export interface DeferredCommit extends CommitBase {
  /** Tells the kinds of commits apart. */
  readonly kind: "deferred";
  /** The tasks that were made by them. */
  readonly created: readonly Task[];
  /** The history of it. */
  readonly records: readonly HistoryEntry[];
}

/** Something has become of the job's children, or it has told its parent of its end. */
export interface ChildrenCommit extends CommitBase {
  /** Tells the kinds of commits apart. */
  readonly kind: "children";
  /** The ids of the children that have started. */
  readonly opened: readonly string[];
  /** Whether the job, which has ended, owes nothing any more: its parent is told, and its children are cancelled. */
  readonly isSettled: boolean;
}

/** The job goes to another status. */
export interface StatusCommit extends CommitBase {
  /** Tells the kinds of commits apart. */
  readonly kind: "status";
  /** Where it stands now. */
  readonly status: JobStatus;
  /** The tasks whose handlers were stopped: they run first when the job goes on. */
  readonly active: readonly Task[];
  /** Why it failed or was cancelled. */
  readonly error: ErrorData | undefined;
  /** The mark of a pause. */
  readonly pausePoint: PausePoint | undefined;
  /** Whether failures become tasks again. */
  readonly redrive: boolean;
  /** The tasks of those failures; `undefined` for all that are not handled. */
  readonly redriven: readonly Task[] | undefined;
  /** How often those tasks may be tried again; `undefined` where the error handlers say it. */
  readonly maxRetries: number | undefined;
  /** The tasks of failures that go for good. */
  readonly discarded: readonly Task[];
  /** New tasks, in place of some that go. */
  readonly created: readonly Task[];
  /** States that were brought to the versions of the classes here. */
  readonly migrated: readonly MigratedState[];
}

/** A routine's state, brought to the version of its class. */
export interface MigratedState {
  /** The routine's id. */
  readonly routine: string;
  /** The version that it has now. */
  readonly version: number;
  /** The state. */
  readonly state: readonly KeyChange[];
}

/** One change of a job, as data. A journal is the list of them; `apply` is all that performs one. */
export type Commit =
  | MergeCommit
  | StepCommit
  | FailureCommit
  | DeliverCommit
  | ExpireCommit
  | DeferredCommit
  | ChildrenCommit
  | StatusCommit;
