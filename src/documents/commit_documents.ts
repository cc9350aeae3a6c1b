import type { JsonValue } from "../values/json.ts";
import type { JobStatus, RoutineStatus } from "../job/job.ts";
import type {
  DeferredDocument,
  ErrorDocument,
  LogDocument,
  MergedDocument,
  OutputDocument,
  PausePointDocument,
  RecordDocument,
  TaskDocument,
} from "./documents.ts";

/** What all commits have. */
export interface CommitEnvelope {
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
export interface MergeCommitDocument extends CommitEnvelope {
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
export interface StepCommitDocument extends CommitEnvelope {
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
export interface FailureCommitDocument extends CommitEnvelope {
  /** The tasks whose handlers were stopped with it: they run first when the job goes on. */
  readonly active?: readonly number[];
  /** The version of the routine's class. */
  readonly classVersion: number;
  /** The error. */
  readonly error: ErrorDocument;
  /** Tells the kinds apart. */
  readonly kind: "failure";
  /** The history of it. */
  readonly records?: readonly RecordDocument[];
  /** The id of the task. */
  readonly task: number;
  /** What happens to the task. */
  readonly verdict: VerdictDocument;
}

/** A delivery has come from outside: a task of its own, or the one that was awaited. */
export interface DeliverCommitDocument extends CommitEnvelope {
  /** What was delivered to the task that awaited it. */
  readonly data?: JsonValue;
  /** The id of the task that awaited it. */
  readonly fills?: number;
  /** Tells the kinds apart. */
  readonly kind: "deliver";
  /** The task of its own. */
  readonly task?: TaskDocument;
}

/** Deferred events have been sent. */
export interface DeferredCommitDocument extends CommitEnvelope {
  /** The tasks that were made. */
  readonly created?: readonly TaskDocument[];
  /** Tells the kinds apart. */
  readonly kind: "deferred";
  /** The history of it. */
  readonly records?: readonly RecordDocument[];
}

/** The job goes to another status. */
export interface StatusCommitDocument extends CommitEnvelope {
  /** The tasks whose handlers were stopped: they run first when the job goes on. */
  readonly active?: readonly number[];
  /** Why it failed or was cancelled. */
  readonly error?: ErrorDocument;
  /** Tells the kinds apart. */
  readonly kind: "status";
  /** States that were brought to the versions of the classes. */
  readonly migrated?: readonly MigratedDocument[];
  /** The mark of a pause. */
  readonly pausePoint?: PausePointDocument;
  /** The failures become tasks again. */
  readonly redrive?: true;
  /** Where it stands now. */
  readonly status: JobStatus;
}

/** An engine claims the job, renews its lease, or lets go of it: an entry of the journal that changes nothing of the job. */
export interface ClaimDocument {
  /** When it was made. */
  readonly at: string;
  /** The last command of the job's inbox that was consumed by then. */
  readonly consumed?: number;
  /** How often the job has been claimed. */
  readonly epoch: number;
  /** Tells a commit from a job. */
  readonly format: "routilux/commit";
  /** Tells the kinds apart. */
  readonly kind: "claim";
  /** The engine that has it now; none when it lets go. */
  readonly owner?: string;
  /** The tasks that stood first, with how often that was so when a process died before they had come further. */
  readonly tried?: readonly TriedDocument[];
  /** When the lease ends. */
  readonly until?: string;
  /** The version of the format. */
  readonly version: 1;
}

/** A task that stood first when a job was claimed. */
export interface TriedDocument {
  /** How often it had failed by then. */
  readonly attempt: number;
  /** How many recoveries have found it like this. */
  readonly recoveries: number;
  /** How many of its steps had been committed by then. */
  readonly step: number;
  /** The id of the task. */
  readonly task: number;
}

/** An entry of a journal: one change of a job, or a claim on it. */
export type EntryDocument = CommitDocument | ClaimDocument;

/** One change of a job, on the wire. */
export type CommitDocument =
  | MergeCommitDocument
  | StepCommitDocument
  | FailureCommitDocument
  | DeliverCommitDocument
  | DeferredCommitDocument
  | StatusCommitDocument;

/** A value that is set under a key; without one the key is removed. */
export interface KeyChangeDocument {
  /** The key. */
  readonly key: string;
  /** The value. */
  readonly value?: JsonValue;
}

/** A change of what a slot holds: exactly one of `append`, `clear` and `set`. */
export interface SlotChangeDocument {
  /** Items for the lists of their keys. */
  readonly append?: readonly { readonly item: JsonValue; readonly key: string }[];
  /** Positions up to which lists are cleared. */
  readonly clear?: readonly { readonly key: string; readonly upTo: number }[];
  /** The routine. */
  readonly routine: string;
  /** The value that the slot holds now; an empty object where it holds none any more. */
  readonly set?: { readonly value?: JsonValue };
  /** The slot. */
  readonly slot: string;
}

/** What only some handlers change. */
export interface EffectsDocument {
  /** New deferred events. */
  readonly deferred?: readonly DeferredDocument[];
  /** New entries of the shared log. */
  readonly log?: readonly LogDocument[];
  /** New outputs. */
  readonly outputs?: readonly OutputDocument[];
  /** Changes of the shared data. */
  readonly shared?: readonly KeyChangeDocument[];
  /** Changes of what slots hold. */
  readonly slots?: readonly SlotChangeDocument[];
  /** Changes of the routine's state. */
  readonly state?: readonly KeyChangeDocument[];
}

/** What happens to a task that has failed: exactly one of the two. */
export interface VerdictDocument {
  /** It ends, with a mark on its routine; `stop` fails the job. */
  readonly end?: { readonly status: Exclude<RoutineStatus, "completed">; readonly stop?: true };
  /** It waits for another attempt. */
  readonly retry?: { readonly attempt: number; readonly maxRetries: number; readonly notBefore: string };
}

/** A routine's state, brought to the version of its class. */
export interface MigratedDocument {
  /** The routine. */
  readonly routine: string;
  /** The state. */
  readonly state?: readonly KeyChangeDocument[];
  /** The version that it has now. */
  readonly version: number;
}
