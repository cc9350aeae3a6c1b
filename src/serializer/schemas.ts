import * as v from "valibot";
import { MAX_DEPTH } from "../base/limits.ts";
import { ERROR_STRATEGIES } from "../model/error_handler.ts";
import { EXECUTION_STRATEGIES } from "../model/flow_graph.ts";
import { JOB_STATUSES, ROUTINE_STATUSES } from "../scheduler/job.ts";
import {
  between,
  count,
  deferred,
  duration,
  error,
  instant,
  integer,
  key,
  log,
  name,
  named,
  optionalList,
  output,
  pausePoint,
  positive,
  record,
  source,
  strict,
  task,
  value,
  values,
} from "./part_schemas.ts";

const strategy = v.picklist(EXECUTION_STRATEGIES);
const timeout = v.nullable(between(1));

/** Not a name: whether there is a function of that name is found out where it is looked for. */
const text = v.pipe(v.string(), v.nonEmpty());
const FUNCTION_NAME = '{ "method": name } or { "function": name }';
const functionName = v.union(
  [strict({ method: text }), strict({ function: text })],
  `Invalid: expected ${FUNCTION_NAME}`,
);
const errorHandler = strict({
  isCritical: v.optional(v.boolean()),
  jitter: v.optional(between(0, 1)),
  maxRetries: v.optional(count),
  maxRetryDelayMs: v.optional(duration),
  retryBackoff: v.optional(between(0)),
  retryDelayMs: v.optional(duration),
  retryableErrors: v.optional(v.array(v.string())),
  strategy: v.picklist(ERROR_STRATEGIES),
});
const routine = strict({
  config: values,
  errorHandler: v.optional(errorHandler),
  events: named(strict({ params: v.optional(v.array(v.string())) })),
  fields: v.optional(values),
  functions: v.optional(named(functionName)),
  slots: named(strict({
    handler: v.optional(functionName),
    merge: v.optional(v.union([v.literal("append"), functionName], `Invalid: expected "append", ${FUNCTION_NAME}`)),
    timeoutMs: v.optional(between(1)),
    timer: v.optional(v.literal(true)),
  })),
  type: name,
  version: positive,
});

/** A flow's document. */
export const flowSchema: v.GenericSchema = strict({
  connections: v.array(
    strict({ from: source, mapping: v.optional(named(name)), to: strict({ routine: name, slot: name }) }),
  ),
  errorHandler: v.optional(errorHandler),
  executionStrategy: strategy,
  executionTimeoutMs: timeout,
  format: v.literal("routilux/flow"),
  id: name,
  limits: v.optional(strict({
    bytes: v.optional(positive),
    depth: v.optional(integer(1, MAX_DEPTH)),
    highWater: v.optional(positive),
    history: v.optional(count),
    log: v.optional(count),
    nodes: v.optional(positive),
    outputs: v.optional(count),
    steps: v.optional(positive),
  })),
  maxWorkers: positive,
  routines: named(routine),
  version: v.literal(1),
});

const list = strict({
  cleared: v.optional(positive),
  items: v.array(value),
  key,
  start: v.optional(positive),
});

/** A job's document. */
export const jobSchema: v.GenericSchema = strict({
  createdAt: instant,
  deferredEvents: optionalList(deferred),
  dropped: v.optional(strict({
    executionHistory: v.optional(positive),
    outputLog: v.optional(positive),
    sharedLog: v.optional(positive),
  })),
  error: v.optional(error),
  executionHistory: optionalList(record),
  executionStrategy: v.optional(strategy),
  executionTimeoutMs: v.optional(timeout),
  failures: optionalList(strict({ at: instant, error, task })),
  flowId: name,
  format: v.literal("routilux/job"),
  jobId: name,
  maxWorkers: v.optional(positive),
  nextTaskId: positive,
  outputLog: optionalList(output),
  pausePoints: optionalList(pausePoint),
  pendingTasks: v.array(task),
  ranMs: duration,
  routineStates: v.optional(named(strict({
    retries: v.optional(positive),
    state: v.optional(values),
    status: v.optional(v.picklist(ROUTINE_STATUSES)),
    version: positive,
  }))),
  sharedData: v.optional(values),
  sharedLog: optionalList(log),
  slots: v.optional(named(named(strict({ lists: optionalList(list), value: v.optional(value) })))),
  status: v.picklist(JOB_STATUSES),
  updatedAt: instant,
  version: v.literal(1),
});
