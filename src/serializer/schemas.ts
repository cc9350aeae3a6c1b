import * as v from "valibot";
import { LAST_INSTANT, parseInstant } from "../base/instant.ts";
import { isRecord } from "../base/json.ts";
import { RESERVED_NAMES } from "../base/options.ts";
import { isErrorData } from "../base/read_value.ts";
import { ERROR_STRATEGIES } from "../model/error_handler.ts";
import { EXECUTION_STRATEGIES } from "../model/flow_graph.ts";
import { JOB_STATUSES, RECORD_TYPES, ROUTINE_STATUSES } from "../scheduler/job.ts";

/**
 * An object with these keys and no others. The entries have no prototype: `toString` or `__proto__` in a document would
 * be taken for a known key otherwise.
 */
function strict<const E extends v.ObjectEntries>(entries: E): v.StrictObjectSchema<E, undefined> {
  return v.strictObject(Object.assign(Object.create(null), entries));
}

/** An object whose keys are names of the user's: ids, slots, events. */
function named<S extends v.GenericSchema>(schema: S) {
  const names = v.custom<Record<string, unknown>>(
    (input) => isRecord(input) && !Object.keys(input).some((key) => key === "" || RESERVED_NAMES.has(key)),
    "Invalid names: expected an object whose keys are names",
  );
  return v.pipe(names, v.record(v.string(), schema));
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const duration = v.pipe(v.number(), v.finite(), v.minValue(0));
const timeout = v.nullable(v.pipe(v.number(), v.finite(), v.minValue(1)));
const name = v.pipe(v.string(), v.nonEmpty());
const instant = v.pipe(
  v.string(),
  v.check(
    (text) => (parseInstant(text) ?? Infinity) <= LAST_INSTANT,
    "Invalid instant: expected ISO 8601 in UTC with milliseconds",
  ),
);
const strategy = v.picklist(EXECUTION_STRATEGIES);
/** Values of the user's: read and checked on their own, by `ValueReader`. */
const value = v.unknown();
const values = v.custom<Record<string, unknown>>(isRecord, "Invalid values: expected an object");
const error = v.custom<Record<string, unknown>>(
  (input) => isErrorData(input),
  "Invalid error: expected { name, message } with code, cause and stack where there are some",
);
const source = strict({ event: name, routine: name });

const functionName = v.union([strict({ method: name }), strict({ function: name })]);
const errorHandler = strict({
  isCritical: v.optional(v.boolean()),
  jitter: v.optional(v.number()),
  maxRetries: v.optional(count),
  maxRetryDelayMs: v.optional(duration),
  retryBackoff: v.optional(v.number()),
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
    merge: v.optional(v.union([v.literal("append"), functionName])),
    timeoutMs: v.optional(v.pipe(v.number(), v.finite(), v.minValue(1))),
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
    depth: v.optional(positive),
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

const task = strict({
  active: v.optional(v.literal(true)),
  attempt: v.optional(positive),
  awaiting: v.optional(strict({ timeoutMs: v.optional(duration), until: v.optional(instant) })),
  connection: v.optional(source),
  createdAt: instant,
  data: v.optional(value),
  id: positive,
  maxRetries: v.optional(count),
  merged: v.optional(strict({
    lists: v.optional(v.array(strict({ from: count, key: v.string(), to: count }))),
    value: v.optional(value),
  })),
  notBefore: v.optional(instant),
  parked: v.optional(v.literal(true)),
  priority: v.optional(v.picklist(["high", "low"])),
  progress: v.optional(value),
  routine: name,
  slot: name,
  step: v.optional(positive),
});
const list = strict({
  cleared: v.optional(positive),
  items: v.array(value),
  key: v.string(),
  start: v.optional(positive),
});

/** A job's document. */
export const jobSchema: v.GenericSchema = strict({
  createdAt: instant,
  deferredEvents: v.optional(v.array(strict({ data: v.optional(value), event: name, routine: name }))),
  dropped: v.optional(strict({
    executionHistory: v.optional(positive),
    outputLog: v.optional(positive),
    sharedLog: v.optional(positive),
  })),
  error: v.optional(error),
  executionHistory: v.optional(v.array(strict({
    at: instant,
    data: v.optional(value),
    event: v.optional(name),
    routine: name,
    type: v.picklist(RECORD_TYPES),
  }))),
  executionStrategy: v.optional(strategy),
  executionTimeoutMs: v.optional(timeout),
  failures: v.optional(v.array(strict({ at: instant, error, task }))),
  flowId: name,
  format: v.literal("routilux/job"),
  jobId: name,
  maxWorkers: v.optional(positive),
  nextTaskId: positive,
  outputLog: v.optional(v.array(strict({ at: instant, data: v.optional(value), routine: name, type: name }))),
  pausePoints: v.optional(
    v.array(strict({ at: instant, checkpoint: v.optional(value), reason: v.optional(v.string()) })),
  ),
  pendingTasks: v.array(task),
  ranMs: duration,
  routineStates: v.optional(named(strict({
    retries: v.optional(positive),
    state: v.optional(values),
    status: v.optional(v.picklist(ROUTINE_STATUSES)),
    version: positive,
  }))),
  sharedData: v.optional(values),
  sharedLog: v.optional(v.array(strict({ at: instant, entry: value, routine: name }))),
  slots: v.optional(named(named(strict({ lists: v.optional(v.array(list)), value: v.optional(value) })))),
  status: v.picklist(JOB_STATUSES),
  updatedAt: instant,
  version: v.literal(1),
});
