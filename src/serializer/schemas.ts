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
  list,
  log,
  name,
  named,
  optional,
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
  isCritical: optional(v.boolean()),
  jitter: optional(between(0, 1)),
  maxRetries: optional(count),
  maxRetryDelayMs: optional(duration),
  retryBackoff: optional(between(0)),
  retryDelayMs: optional(duration),
  retryableErrors: optional(list(v.string())),
  strategy: v.picklist(ERROR_STRATEGIES),
});
const routine = strict({
  config: values,
  errorHandler: optional(errorHandler),
  events: named(strict({ params: optional(list(v.string())) })),
  fields: optional(values),
  functions: optional(named(functionName)),
  slots: named(strict({
    handler: optional(functionName),
    merge: optional(v.union([v.literal("append"), functionName], `Invalid: expected "append", ${FUNCTION_NAME}`)),
    timeoutMs: optional(between(1)),
    timer: optional(v.literal(true)),
  })),
  type: name,
  version: positive,
});

/** A flow's document. */
export const flowSchema: v.GenericSchema = strict({
  connections: list(
    strict({ from: source, mapping: optional(named(name)), to: strict({ routine: name, slot: name }) }),
  ),
  errorHandler: optional(errorHandler),
  executionStrategy: strategy,
  executionTimeoutMs: timeout,
  format: v.literal("routilux/flow"),
  id: name,
  limits: optional(strict({
    bytes: optional(positive),
    depth: optional(integer(1, MAX_DEPTH)),
    highWater: optional(positive),
    history: optional(count),
    log: optional(count),
    nodes: optional(positive),
    outputs: optional(count),
    steps: optional(positive),
  })),
  maxWorkers: positive,
  routines: named(routine),
  version: v.literal(1),
});

const slotList = strict({
  cleared: optional(positive),
  items: list(value),
  key,
  start: optional(positive),
});

/** A job's document. */
export const jobSchema: v.GenericSchema = strict({
  createdAt: instant,
  deferredEvents: optionalList(deferred),
  dropped: optional(strict({
    executionHistory: optional(positive),
    outputLog: optional(positive),
    sharedLog: optional(positive),
  })),
  error: optional(error),
  executionHistory: optionalList(record),
  executionStrategy: optional(strategy),
  executionTimeoutMs: optional(timeout),
  failures: optionalList(strict({ at: instant, error, task })),
  flowId: name,
  format: v.literal("routilux/job"),
  jobId: name,
  maxWorkers: optional(positive),
  nextTaskId: positive,
  outputLog: optionalList(output),
  pausePoints: optionalList(pausePoint),
  pendingTasks: list(task),
  ranMs: duration,
  routineStates: optional(named(strict({
    retries: optional(positive),
    state: optional(values),
    status: optional(v.picklist(ROUTINE_STATUSES)),
    version: positive,
  }))),
  sharedData: optional(values),
  sharedLog: optionalList(log),
  slots: optional(named(named(strict({ lists: optionalList(slotList), value: optional(value) })))),
  status: v.picklist(JOB_STATUSES),
  updatedAt: instant,
  version: v.literal(1),
});
