/**
 * An event-driven workflow library. Routines have input slots and output events; a `Flow` connects them; a `JobState` is
 * one execution. Both are JSON documents: stop a job anywhere, carry it to another host or runtime, resume.
 *
 * @example Two routines, a pause, and a resume from text
 * ```ts
 * import { type Context, Flow, JobState, Registry, Routine } from "@routilux/routilux";
 *
 * class DataSource extends Routine {
 *   readonly trigger = this.addSlot("trigger", this.send);
 *   readonly output = this.addEvent<{ data: string }>("output");
 *   send(_params: unknown, ctx: Context): void {
 *     ctx.emit(this.output, { data: "initial_data" });
 *   }
 * }
 * class DataProcessor extends Routine {
 *   readonly input = this.addSlot("input", this.process);
 *   process({ data }: { data: string }, ctx: Context): void {
 *     ctx.shared.set("result", `Processed: ${data}`);
 *   }
 * }
 * const registry = new Registry({ DataSource, DataProcessor });
 *
 * const flow = new Flow({ id: "cross_host_flow", registry });
 * const source = flow.addRoutine(new DataSource(), "source");
 * const processor = flow.addRoutine(new DataProcessor(), "processor");
 * flow.connect(source.output, processor.input);
 * const job = flow.execute(source.trigger);
 * await flow.pause(job, { reason: "Transfer to host B" });
 * const text = JSON.stringify({ flow, jobState: job });
 *
 * const received = JSON.parse(text);
 * const flowB = Flow.fromJSON(received.flow, registry);
 * const jobB = JobState.fromJSON(received.jobState, registry);
 * flowB.resume(jobB);
 * await flowB.waitForCompletion(jobB, { timeoutMs: 10_000 });
 * jobB.sharedData.result; // "Processed: initial_data"
 * ```
 *
 * @module
 */
export { Flow } from "./src/flow.ts";
export type {
  CompletionOptions,
  CreateOptions,
  ExecuteOptions,
  FlowOptions,
  ListenOptions,
  PauseOptions,
  ResumeOptions,
  RunOptions,
  ShutdownOptions,
  UntilOptions,
} from "./src/flow_options.ts";
export type { AdoptOptions } from "./src/adoption.ts";
export type { FailureChoice, RedriveChoice, RedriveData } from "./src/repair.ts";
export type { EntryArguments, EntryParams, EntryPoint } from "./src/model/entry_point.ts";
export { type CriticalOptions, Routine } from "./src/model/routine.ts";
export { Engine, type EngineOptions } from "./src/engine.ts";
export { type Registrable, Registry } from "./src/values/registry.ts";
export { type JobReadOptions, JobState } from "./src/documents/job_state.ts";
export type { DroppedCounts } from "./src/documents/job.ts";
export type {
  AwaitedDelivery,
  ChildJob,
  ExecutionRecord,
  JobError,
  JobFailure,
  JobOutput,
  PendingTask,
  RoutineProgress,
} from "./src/documents/job_views.ts";

export type { Around, HandlerInfo, Propagate, PropagateInfo } from "./src/ports/around.ts";
export type { ChildEnd, ChildLabels, ChildOptions, FlowJson, ResultOf } from "./src/model/child_types.ts";
export type {
  Context,
  EmitOptions,
  ExpectOptions,
  ExpectTimeout,
  JobValues,
  Priority,
  ResultContext,
  Services,
} from "./src/model/context.ts";
export type {
  ReadBytes,
  ReadDate,
  ReadList,
  ReadMap,
  ReadOnly,
  ReadonlyValue,
  ReadSet,
} from "./src/model/read_views.ts";
export type { MergeFunction, MergeStrategy, Slot } from "./src/model/slot.ts";
export type {
  CheckedSlotOptions,
  CollectedLists,
  Handler,
  HandlerInput,
  HandlerReturn,
  SlotInput,
  SlotOptions,
} from "./src/model/slot_types.ts";
export type { Collected } from "./src/values/collected.ts";
export type { Event, EventOptions } from "./src/model/event.ts";
export type { Connection, ConnectOptions, KeyMapping, MappedData } from "./src/model/connection.ts";
export type {
  Failure,
  FailureConnection,
  FailureOf,
  FailureOptions,
  FailureSource,
} from "./src/model/failure_connection.ts";
export type { ExecutionStrategy, FlowGraph, FlowSettings } from "./src/model/flow_graph.ts";
export type { FlowLimits } from "./src/model/flow_limits.ts";
export { ErrorHandler, type ErrorHandlerOptions, type ErrorStrategy, type RetryIf } from "./src/model/error_handler.ts";

export type { JobStatus, RoutineStatus } from "./src/job/job.ts";
export type { ExecutionRecordType } from "./src/job/history.ts";
export type { JobProgress, SettleResult, WaitOptions } from "./src/engine/execution/waits.ts";
export type { DurabilityOptions } from "./src/engine/durable/durability_settings.ts";
export type { JobRevision, PurgeOptions, Recovery, StoredFlowJob } from "./src/stored_job_types.ts";
export type { StartItem, StartOptions } from "./src/start_options.ts";
export type { AskOptions } from "./src/ask_options.ts";
export type { JobHandle, OutputsOptions, StartedJob } from "./src/job_handle.ts";
export type { AdoptionChoice, QueueOptions, QueueRate, Worker, WorkOptions, WorkSummary } from "./src/work_options.ts";
export type { CommandOutcome } from "./src/ports/store.ts";
export type { ConnectionTarget } from "./src/model/connection.ts";

export type { IdSource } from "./src/ports/ids.ts";
export type { CancelTimer, Timers } from "./src/ports/timers.ts";
export type {
  CallbackErrorEvent,
  CommandErrorEvent,
  EngineErrorEvent,
  EngineEvent,
  LostEvent,
  Observer,
  RefusedEvent,
  ReleasedEvent,
  ReplacedEvent,
  ReportEvent,
  StalledEvent,
  StartEvent,
  StatusEvent,
  StoreErrorEvent,
  TakenEvent,
  TaskEvent,
  UnconnectedEvent,
} from "./src/ports/observer.ts";

export type { JsonObject, JsonValue } from "./src/values/json.ts";
export type { ErrorData } from "./src/values/error_data.ts";
export type { SerializableClass } from "./src/values/class_table.ts";
export type { ValueLimits } from "./src/values/payload.ts";
export { SchemaError, type SchemaIssue, type SchemaResult, type StandardSchema } from "./src/values/standard_schema.ts";
export {
  CancelledError,
  type FailurePlace,
  FencedError,
  JobFailedError,
  NonRetryableError,
  PausedError,
  PoisonError,
  PreflightError,
  type PreflightFinding,
  RetryError,
  type RetryErrorOptions,
  RoutiluxError,
  SerializationError,
  StateError,
  type StateReason,
  StepLimitError,
  StoreError,
  TimeoutError,
  UnknownOutcomeError,
} from "./src/base/errors.ts";
