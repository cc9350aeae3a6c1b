import * as v from "valibot";
import type { ConnectionSource, ConnectionTarget, KeyMapping } from "../model/connection.ts";
import { ERROR_STRATEGIES, type ErrorHandlerOptions } from "../model/error_handler.ts";
import type { FailureSource } from "../model/failure_connection.ts";
import { EXECUTION_STRATEGIES, type ExecutionStrategy } from "../model/flow_graph.ts";
import type { FlowLimits } from "../model/flow_limits.ts";
import type { FunctionReference } from "../model/function_names.ts";
import type { EventDocument, RoutineDocument, SlotDocument } from "../model/routine_document.ts";
import type { JsonObject } from "../values/json.ts";
import { MAX_DEPTH } from "../values/payload.ts";
import * as codec from "./codec.ts";
import type { Format } from "./envelope.ts";
import { between, integer, list, named, once, oneOf, optional, type Schema, strict } from "./schema.ts";
import { slotPlace, source } from "./task.ts";

/** A flow's document. */
export interface FlowDocument {
  /** The links, in the order in which they were made. */
  readonly connections: readonly ConnectionDocument[];
  /** What happens when a handler throws. */
  readonly errorHandler?: JsonObject;
  /** How handlers run. */
  readonly executionStrategy: ExecutionStrategy;
  /** How long a job may work, in milliseconds; null for no limit. */
  readonly executionTimeoutMs: number | null;
  /** Where failures are delivered, in the order in which the connections were made. */
  readonly failureConnections?: readonly FailureConnectionDocument[];
  /** Which version of the flow it is, where that is not the first one. */
  readonly flowVersion?: number;
  /** Tells a flow from a job. */
  readonly format: "routilux/flow";
  /** The flow's id. */
  readonly id: string;
  /** Bounds of the flow's jobs, where they differ from the defaults. */
  readonly limits?: Partial<FlowLimits>;
  /** How many handlers may wait at the same time. */
  readonly maxWorkers: number;
  /** The name under which the schema of its jobs' results is registered. */
  readonly result?: string;
  /** The routines by id. */
  readonly routines: { readonly [id: string]: RoutineDocument };
  /** The version of the format. */
  readonly version: 1;
}

/** A connection in a flow's document. */
export interface ConnectionDocument {
  /** Where it begins. */
  readonly from: ConnectionSource;
  /** How keys are renamed. */
  readonly mapping?: KeyMapping;
  /** Where it ends. */
  readonly to: ConnectionTarget;
}

/** A failure connection in a flow's document. */
export interface FailureConnectionDocument {
  /** The names and codes of the errors that are delivered, where not all are. */
  readonly errors?: readonly (string | number)[];
  /** Where the failures come from: the tasks of a slot, or of all slots of a routine. */
  readonly from: FailureSource;
  /** How keys are renamed. */
  readonly mapping?: KeyMapping;
  /** Where they are delivered. */
  readonly to: ConnectionTarget;
}

const FUNCTION_NAME = '{ "method": name } or { "function": name }';

/** An error handler's settings: an alias, which fits JSON where an interface does not. */
type ErrorHandlerSettings =
  & { readonly [K in keyof Omit<ErrorHandlerOptions, "retryIf">]: Omit<ErrorHandlerOptions, "retryIf">[K] }
  & { readonly retryIf?: FunctionReference };

/** A flow's document. */
export const flowSchema: () => Schema<FlowDocument> = once(() => {
  const [count, duration, name] = [codec.count.schema(), codec.duration.schema(), codec.name.schema()];
  const [positive, values] = [codec.positive.schema(), codec.valuesSchema()];
  // Not a name: whether there is a function of that name is found out where it is looked for.
  const text = v.pipe(v.string(), v.nonEmpty("Invalid text: expected a text that is not empty"));
  const functionName: Schema<FunctionReference> = v.union(
    [strict<{ method: string }>({ method: text }), strict<{ function: string }>({ function: text })],
    `Invalid: expected ${FUNCTION_NAME}`,
  );
  const errorKinds = list(v.union([v.string(), v.pipe(v.number(), v.finite())]));
  const errorHandler = strict<ErrorHandlerSettings>({
    isCritical: optional(v.boolean()),
    jitter: optional(between(0, 1)),
    maxRetries: optional(count),
    maxRetryDelayMs: optional(duration),
    retryBackoff: optional(between(0)),
    retryDelayMs: optional(duration),
    retryIf: optional(functionName),
    retryableErrors: optional(errorKinds),
    strategy: oneOf(ERROR_STRATEGIES),
  });
  const slot = strict<SlotDocument>({
    handler: optional(functionName),
    merge: optional(v.union([v.literal("append"), functionName], `Invalid: expected "append", ${FUNCTION_NAME}`)),
    timeoutMs: optional(between(1)),
    timer: codec.flag.schema(),
  });
  const routine = strict<RoutineDocument>({
    concurrency: optional(positive),
    config: values,
    errorHandler: optional(errorHandler),
    events: named(strict<EventDocument>({ params: optional(list(v.string())) })),
    fields: optional(values),
    functions: optional(named(functionName)),
    slots: named(slot),
    type: name,
    version: positive,
  });
  const connection = strict<ConnectionDocument>({
    from: source.schema(),
    mapping: optional(named(name)),
    to: slotPlace.schema(),
  });
  const failureConnection = strict<FailureConnectionDocument>({
    errors: optional(errorKinds),
    from: strict<FailureSource>({ routine: name, slot: optional(name) }),
    mapping: optional(named(name)),
    to: slotPlace.schema(),
  });
  const limits = strict<Partial<FlowLimits>>({
    bytes: optional(positive),
    childDepth: optional(count),
    children: optional(count),
    depth: optional(integer(1, MAX_DEPTH)),
    failures: optional(positive),
    highWater: optional(positive),
    history: optional(count),
    keptLength: optional(positive),
    log: optional(count),
    nodes: optional(positive),
    outputs: optional(count),
    steps: optional(positive),
  });
  return strict<FlowDocument>({
    connections: list(connection),
    errorHandler: optional(errorHandler),
    executionStrategy: oneOf(EXECUTION_STRATEGIES),
    executionTimeoutMs: codec.timeout.schema(),
    failureConnections: optional(list(failureConnection)),
    flowVersion: optional(positive),
    format: v.literal("routilux/flow"),
    id: name,
    limits: optional(limits),
    maxWorkers: positive,
    result: optional(name),
    routines: named(routine),
    version: v.literal(1),
  });
});

/** The format of flows. */
export const FLOW_FORMAT: Format<FlowDocument> = {
  name: "routilux/flow",
  version: 1,
  migrations: [],
  schema: flowSchema,
};
