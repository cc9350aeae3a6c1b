import {
  type CreateOptions,
  type Engine,
  ErrorHandler,
  type ErrorHandlerOptions,
  Flow,
  type PropagateInfo,
  type Registry,
  type Routine,
  type Slot,
  type StandardSchema,
} from "../../mod.ts";
import type { Batch, Script } from "./handler_script.ts";

/**
 * What flows are generated for. `strict`: any feature whose outcome is the same to the byte wherever the job is paused.
 * `timed`: handlers take time, so nothing else may depend on it. `concurrent`: handlers don't care for their order.
 * `wild`: everything at once, for what must hold whatever happens.
 */
export type Mode = "strict" | "timed" | "concurrent" | "wild";

/** The classes of scripted routines. */
export type NodeType =
  | "SyncStep"
  | "AsyncStep"
  | "CheckStep"
  | "GeneratorStep"
  | "AsyncGeneratorStep"
  | "Collector"
  | "Folder"
  | "Totals"
  | "Checked"
  | "Desk"
  | "Shelf";

/** A generated flow, as data. */
export interface FlowSpec {
  /** What it is generated for. */
  readonly mode: Mode;
  /** Its routines beside the entry, which is called `source`. */
  readonly nodes: readonly NodeSpec[];
  /** Its connections. */
  readonly links: readonly LinkSpec[];
  /** Where failures are delivered. */
  readonly catches: readonly CatchSpec[];
  /** What the entry gets. */
  readonly params: Batch;
  /** The error handler of the flow. */
  readonly errorHandler: ErrorHandlerOptions;
  /** The flow's limits. */
  readonly limits: {
    readonly steps: number;
    readonly highWater: number;
    readonly history: number;
    readonly outputs: number;
    readonly log: number;
    readonly keptLength: number;
  };
  /** How many handlers may wait at the same time. */
  readonly maxWorkers: number;
  /** How long the job may work; without it there is no limit. */
  readonly timeoutMs: number | undefined;
  /** How long the job may take by the wall clock, if it has a deadline. */
  readonly deadlineMs?: number;
  /** Whether the flow has a schema for the result, which refuses some, changes others, and lets no job complete without one. */
  readonly checksResult: boolean;
}

/** A routine of a generated flow. */
export interface NodeSpec {
  /** Its id. */
  readonly id: string;
  /** Its class. */
  readonly type: NodeType;
  /** What it does. */
  readonly script: Script;
  /** What happens when it fails, if it has its own say. */
  readonly errorHandler: ErrorHandlerOptions | undefined;
  /** The most of its handlers that may run at once. */
  readonly concurrency: number | undefined;
}

/** A connection of a generated flow. */
export interface LinkSpec {
  /** The routine that emits. */
  readonly from: string;
  /** Its event. */
  readonly event: "output" | "other" | "whole";
  /** The routine that receives. */
  readonly to: string;
  /** Its slot. */
  readonly slot: "input" | "store";
  /** Whether the value is renamed on its way. */
  readonly isMapped: boolean;
}

/** The options of the job of a generated flow. */
export function jobOptions({ deadlineMs }: FlowSpec): CreateOptions {
  return { jobId: "job", deadlineMs };
}

/** A failure connection of a generated flow: it leads to the slot `failed`. */
export interface CatchSpec {
  /** The routine whose failures they are. */
  readonly from: string;
  /** Its slot; without one, all. */
  readonly slot: "input" | undefined;
  /** The routine that gets them. */
  readonly to: string;
  /** The names of the errors, where not all are delivered. */
  readonly errors: readonly string[] | undefined;
  /** Whether the error is renamed on its way. */
  readonly isMapped: boolean;
}

/** What is kept with a generated job, and with the tasks of its steps: whose step it was. */
export function propagate({ handler }: PropagateInfo): string {
  return handler === undefined ? "begun" : `${handler.jobTrace}, then ${handler.idempotencyKey}`;
}

/** Every other error handler that tries again asks its routine whether it may. */
export function asksRetryIf({ strategy, maxRetries = 0 }: ErrorHandlerOptions): boolean {
  return strategy === "retry" && maxRetries % 2 === 1;
}

function withRetryIf(options: ErrorHandlerOptions, routine: Routine<Script>): ErrorHandlerOptions {
  return asksRetryIf(options) ? { ...options, retryIf: Reflect.get(routine, "mayRetry") } : options;
}

function schemaOfResults(registry: Registry): StandardSchema {
  const schema = registry.findSchema("Outcome");
  if (schema === undefined) throw new TypeError("The registry has no schema for results");
  return schema;
}

/** Builds a generated flow by hand, as its first host does. */
export function buildFlow(spec: FlowSpec, registry: Registry, engine: Engine): Flow {
  const flow = new Flow({
    id: "flow",
    registry,
    engine,
    executionStrategy: spec.maxWorkers > 1 ? "concurrent" : "sequential",
    maxWorkers: spec.maxWorkers,
    executionTimeoutMs: spec.timeoutMs ?? Infinity,
    errorHandler: new ErrorHandler(spec.errorHandler),
    limits: spec.limits,
    ...(spec.checksResult ? { result: schemaOfResults(registry) } : {}),
  });
  const add = (type: string, id: string) => {
    const Class = registry.classOf(type) as new () => Routine<Script>;
    return flow.addRoutine(new Class(), id);
  };
  add("Source", "source");
  for (const { id, type, script, errorHandler, concurrency } of spec.nodes) {
    const routine = add(type, id).setConfig(script);
    if (concurrency !== undefined) routine.setConcurrency(concurrency);
    if (errorHandler !== undefined) routine.setErrorHandler(new ErrorHandler(withRetryIf(errorHandler, routine)));
  }
  for (const { from, event, to, slot, isMapped } of spec.links) {
    flow.connect(from, event, to, slot, isMapped ? { mapping: { v: "w" } } : {});
  }
  for (const { from, slot, to, errors, isMapped } of spec.catches) {
    const source = slot === undefined ? flow.routine(from) : flow.slot(from, slot);
    const mapping = isMapped ? { mapping: { error: "reason" } } as const : {};
    const options = { ...(errors && { errors }), ...mapping } as object;
    flow.connectFailure<Routine<object> | Slot<never>>(source, flow.slot(to, "failed"), options);
  }
  return flow;
}
