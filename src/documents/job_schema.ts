import * as v from "valibot";
import { list, named, once, optional, optionalList, strict } from "./schema_combinators.ts";
import { JOB_STATUSES, ROUTINE_STATUSES } from "../job/job.ts";
import { partSchemas } from "./part_schemas.ts";

/** A job's document. */
export const jobSchema: () => v.GenericSchema = once(() => {
  const { duration, executionStrategy, executionTimeoutMs, instant, key, name, positive, value, values } =
    partSchemas();
  const { deferred, error, log, output, pausePoint, record, task } = partSchemas();
  const slotList = strict({
    cleared: optional(positive),
    items: list(value),
    key,
    start: optional(positive),
  });
  return strict({
    createdAt: instant,
    deferredEvents: optionalList(deferred),
    dropped: optional(strict({
      executionHistory: optional(positive),
      outputLog: optional(positive),
      sharedLog: optional(positive),
    })),
    error: optional(error),
    executionHistory: optionalList(record),
    executionStrategy: optional(executionStrategy),
    executionTimeoutMs: optional(executionTimeoutMs),
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
});
