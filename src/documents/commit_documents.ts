import type { JobStatus } from "../job/job.ts";
import type { JsonValue } from "../values/json.ts";
import type { ClaimDocument } from "./claim.ts";
import type { ErrorDocument } from "./codec.ts";
import type { EffectsDocument, FailureOutcomeDocument, MigratedDocument, SlotChangeDocument } from "./commit_parts.ts";
import type { PausePointDocument, RecordDocument } from "./records.ts";
import type { MergedDocument, TaskDocument } from "./task.ts";

/** What all commits have. */
export interface CommitBase {
  /** When it was made. */
  readonly at: string;
  /** The last command of the job's inbox that was consumed by then, where this commit comes of it. */
  readonly consumed?: number;
  /** Tells a commit from a job. */
  readonly format: "routilux/commit";
  /** How long the job has worked by then, in milliseconds. */
  readonly ranMs: number;
  /** The version of the format. */
  readonly version: 1;
}

/** A slot has merged a delivery. */
export interface MergeCommitDocument extends CommitBase {
  /** Tells the kinds apart. */
  readonly kind: "merge";
  /** What the handler gets. */
  readonly merged: MergedDocument;
  /** The history of it. */
  readonly records?: readonly RecordDocument[];
  /** How the slot changes. */
  readonly slot?: SlotChangeDocument;
  /** The id of the delivery's task. */
  readonly task: number;
}

/** A handler has come to a step, or to its end. */
export interface StepCommitDocument extends CommitBase {
  /** The version of the routine's class. */
  readonly classVersion: number;
  /** The tasks that were made. */
  readonly created?: readonly TaskDocument[];
  /** What else changes. */
  readonly effects?: EffectsDocument;
  /** Tells the kinds apart. */
  readonly kind: "step";
  /** Whether the handler has ended, goes on, or rests as a generator. */
  readonly outcome: "done" | "active" | "parked";
  /** What the task keeps for its next step. */
  readonly progress?: JsonValue;
  /** The history of it. */
  readonly records?: readonly RecordDocument[];
  /** Which of the task's steps this is. */
  readonly step: number;
  /** The id of the task. */
  readonly task: number;
}

/** A handler has failed. */
export interface FailureCommitDocument extends CommitBase {
  /** The tasks whose handlers were stopped with it: they run first when the job goes on. */
  readonly active?: readonly number[];
  /** The version of the routine's class. */
  readonly classVersion: number;
  /** The tasks that the failure is delivered by. */
  readonly created?: readonly TaskDocument[];
  /** How many of the oldest failures are gone since. */
  readonly dropped?: number;
  /** The error. */
  readonly error: ErrorDocument;
  /** Tells the kinds apart. */
  readonly kind: "failure";
  /** The history of it. */
  readonly records?: readonly RecordDocument[];
  /** The id of the task. */
  readonly task: number;
  /** What happens to the task. */
  readonly verdict: FailureOutcomeDocument;
}

/** A delivery has come from outside, a task of its own or the one that was awaited; or the end of a child. */
export interface DeliverCommitDocument extends CommitBase {
  /** The id of the child whose end is delivered. */
  readonly child?: string;
  /** What was delivered to the task that awaited it. */
  readonly data?: JsonValue;
  /** The id of the task that awaited it. */
  readonly fills?: number;
  /** What the task that awaited it follows from now. */
  readonly key?: string;
  /** Tells the kinds apart. */
  readonly kind: "deliver";
  /** The task of its own. */
  readonly task?: TaskDocument;
}

/** An awaited delivery has not come in time: the task that has awaited it goes to the slot that is told. */
export interface ExpireCommitDocument extends CommitBase {
  /** Tells the kinds apart. */
  readonly kind: "expire";
  /** The id of the task. */
  readonly task: number;
}

/** Deferred events have been sent. */
export interface DeferredCommitDocument extends CommitBase {
  /** The tasks that were made. */
  readonly created?: readonly TaskDocument[];
  /** Tells the kinds apart. */
  readonly kind: "deferred";
  /** The history of it. */
  readonly records?: readonly RecordDocument[];
}

/** Something has become of the job's children, or it has told its parent of its end. */
export interface ChildrenCommitDocument extends CommitBase {
  /** Tells the kinds apart. */
  readonly kind: "children";
  /** The ids of the children that have started. */
  readonly opened?: readonly string[];
  /** The job has ended, its parent is told of that, and its children are cancelled. */
  readonly settled?: true;
}

/** The job goes to another status. */
export interface StatusCommitDocument extends CommitBase {
  /** The tasks whose handlers were stopped: they run first when the job goes on. */
  readonly active?: readonly number[];
  /** Why it failed or was cancelled. */
  readonly error?: ErrorDocument;
  /** Tells the kinds apart. */
  readonly kind: "status";
  /** How often the tasks of failures that become tasks again may be tried again, where the error handlers do not say it. */
  readonly maxRetries?: number;
  /** States that were brought to the versions of the classes. */
  readonly migrated?: readonly MigratedDocument[];
  /** The mark of a pause. */
  readonly pausePoint?: PausePointDocument;
  /** New tasks, in place of some that go. */
  readonly created?: readonly TaskDocument[];
  /** The ids of the tasks of failures that go for good. */
  readonly discarded?: readonly number[];
  /** Failures become tasks again: all that are not handled, where `redriven` does not name them. */
  readonly redrive?: true;
  /** The ids of the tasks of the failures that become tasks again. */
  readonly redriven?: readonly number[];
  /** Where it stands now. */
  readonly status: JobStatus;
}

/** An entry of a journal: one change of a job, or a claim on it. */
export type JournalEntryDocument = CommitDocument | ClaimDocument;

/** One change of a job, on the wire. */
export type CommitDocument =
  | MergeCommitDocument
  | StepCommitDocument
  | FailureCommitDocument
  | DeliverCommitDocument
  | ExpireCommitDocument
  | DeferredCommitDocument
  | ChildrenCommitDocument
  | StatusCommitDocument;
