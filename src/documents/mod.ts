/**
 * The types of the wire format: the documents of flows and jobs, as `toJSON` gives them, and the entries of a job's journal,
 * as `engine.history` shows them. For programs that look into documents; running flows needs none of these types. The
 * published JSON Schemas say the same.
 *
 * @example
 * ```ts
 * import { Flow, Routine } from "@routilux/routilux";
 * import type { FlowDocument } from "@routilux/routilux/documents";
 *
 * class Greeter extends Routine {}
 * const flow = new Flow({ id: "greeting" });
 * flow.registry.register({ Greeter });
 * flow.addRoutine(new Greeter(), "greeter");
 *
 * const document: FlowDocument = flow.toJSON();
 * document.routines.greeter?.type; // "Greeter"
 * ```
 *
 * @module
 */
export type { ConnectionSource, ConnectionTarget, TaskSource } from "../model/connection.ts";
export type { FunctionReference } from "../model/function_names.ts";
export type { EventDocument, RoutineDocument, SlotDocument } from "../model/routine_document.ts";
export type { ErrorDocument } from "./codec.ts";
export type { FailureSource } from "../model/failure_connection.ts";
export type { ConnectionDocument, FailureConnectionDocument, FlowDocument } from "./flow_schema.ts";
export type { DroppedCounts, FormerNamesDocument, JobDocument, RoutineStateDocument } from "./job.ts";
export type { ListDocument, SlotDataDocument } from "./slots.ts";
export type {
  DeferredDocument,
  FailureDocument,
  LogDocument,
  OutputDocument,
  PausePointDocument,
  RecordDocument,
} from "./records.ts";
export type { AwaitingDocument, MergedDocument, TaskDocument } from "./task.ts";
export type {
  ChildDocument,
  ChildEntryDocument,
  ChildrenDocument,
  NewChildDocument,
  NewChildrenDocument,
  ParentDocument,
} from "./children.ts";
export type { ClaimDocument, FirstAttemptDocument } from "./claim.ts";
export type {
  ChildrenCommitDocument,
  CommitBase,
  CommitDocument,
  DeferredCommitDocument,
  DeliverCommitDocument,
  ExpireCommitDocument,
  FailureCommitDocument,
  JournalEntryDocument,
  MergeCommitDocument,
  StatusCommitDocument,
  StepCommitDocument,
} from "./commit_documents.ts";
export type {
  EffectsDocument,
  FailureOutcomeDocument,
  KeyChangeDocument,
  MigratedDocument,
  SlotChangeDocument,
} from "./commit_parts.ts";
