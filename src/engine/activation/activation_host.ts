import type { Child } from "../../job/children.ts";
import type { ChildOptions } from "../../model/child_types.ts";
import type { ConnectionTarget } from "../../model/connection.ts";
import type { EntryPoint } from "../../model/entry_point.ts";
import type { StandardSchema } from "../../values/standard_schema.ts";
import type { ClassTable } from "../../values/class_table.ts";
import type { Payload } from "../../values/payload.ts";
import type { Services } from "../../model/context.ts";
import type { FlowLimits } from "../../model/flow_limits.ts";
import type { Job } from "../../job/job.ts";
import type { Activation } from "./activation.ts";
import type { StepTransactions } from "./step_transactions.ts";

/** The seam between two floors: what an activation needs from the execution that runs it, on the floor above. */
export interface ActivationHost {
  readonly job: Job;
  /** The classes whose instances may travel. */
  readonly classes: ClassTable;
  /** The schema of the job's result, if its flow has one. */
  readonly resultSchema: StandardSchema<unknown, unknown> | undefined;
  /** Limits of the size of values, among others. */
  readonly limits: FlowLimits;
  /** Makes the children of the job. */
  readonly children: ChildMaker;
  /** What handlers get as `ctx.services`. */
  readonly services: Services;
  /** Performs the job's commits, and makes the transactions of a handler. */
  readonly committer: { transactionsOf(routineId: string): StepTransactions };
  /** The present instant, in milliseconds since 1970. */
  now(): number;
  /** Commits what an activation has buffered; resolves when that is stored. */
  commitStep(activation: Activation, progress: Payload | undefined): Promise<void>;
  /** Passes live progress on to listeners. */
  report(activation: Activation, data: unknown): void;
}

/** Makes children. */
export interface ChildMaker {
  /** Makes the child that a handler asks for; `siblings` are those that the same step has asked for before. */
  create(asker: Activation, siblings: ReadonlyMap<string, Child>, request: ChildRequest): Child;
}

/** What child is asked for, as the handler gives it. */
export interface ChildRequest {
  /** The flow, or its document. */
  readonly flow: unknown;
  /** Where it begins. */
  readonly entry: EntryPoint | ConnectionTarget;
  /** With what. */
  readonly params: unknown;
  /** Who is told of its end, among others. */
  readonly options: ChildOptions;
}

/** A pause that a handler has asked for. */
export interface PauseRequest {
  /** The reason that the handler gave. */
  readonly reason: string | undefined;
  /** Data that the handler noted with it. */
  readonly checkpoint: Payload | undefined;
}
