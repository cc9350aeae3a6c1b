import { formatInstant } from "../base/instant.ts";
import { type JsonObject, type JsonValue, type Stored, wireOf } from "../base/json.ts";
import { errorJson } from "../scheduler/decide.ts";
import type { Failure, Job, RoutineState } from "../scheduler/job.ts";
import type { SlotData } from "../scheduler/slot_data.ts";
import { compact } from "./compact.ts";
import type { FailureDocument, JobDocument, RoutineStateDocument, SlotDataDocument } from "./documents.ts";
import {
  encodeDeferred,
  encodeLog,
  encodeOutput,
  encodePausePoint,
  encodeRecord,
  encodeTask,
  list,
  positive,
  wire,
} from "./part_encoder.ts";

/** Writes a job as it is at this moment, live or not. Keys are sorted, empty ones left out; values are shared, not copied. */
export function encodeJob(job: Job): JobDocument {
  const { executionStrategy, maxWorkers, executionTimeoutMs } = job.settings;
  return compact({
    createdAt: formatInstant(job.createdAt),
    deferredEvents: list(job.deferredEvents, encodeDeferred),
    dropped: nonEmpty(compact({
      executionHistory: positive(job.history.dropped),
      outputLog: positive(job.outputs.dropped),
      sharedLog: positive(job.sharedLog.dropped),
    })),
    error: job.error === undefined ? undefined : errorJson(job.error),
    executionHistory: list(job.history.toArray(), encodeRecord),
    executionStrategy,
    executionTimeoutMs: executionTimeoutMs === Infinity ? null : executionTimeoutMs,
    failures: list(job.failures, encodeFailure),
    flowId: job.flowId,
    format: "routilux/job",
    jobId: job.jobId,
    maxWorkers,
    nextTaskId: job.nextTaskId,
    outputLog: list(job.outputs.toArray(), encodeOutput),
    pausePoints: list(job.pausePoints, encodePausePoint),
    pendingTasks: Array.from(job.tasks, encodeTask),
    ranMs: job.time.ranMs,
    routineStates: nonEmpty(named(job.routineStates, encodeState)),
    sharedData: nonEmpty(encodeValues(job.sharedData)),
    sharedLog: list(job.sharedLog.toArray(), encodeLog),
    slots: encodeSlots(job.slots),
    status: job.status,
    updatedAt: formatInstant(job.time.at),
    version: 1,
  });
}

/** A slot whose lists have all been cleared holds nothing. */
function encodeSlots(slots: Job["slots"]): JobDocument["slots"] {
  const filled = Array.from(slots, ([routine, data]): [string, Map<string, SlotData>] => {
    return [routine, new Map(Array.from(data).filter(([, it]) => it.kind === "value" || it.lists.size > 0))];
  });
  return nonEmpty(named(new Map(filled.filter(([, data]) => data.size > 0)), (data) => named(data, encodeSlotData)));
}

function encodeSlotData(data: SlotData): SlotDataDocument {
  if (data.kind === "value") return compact({ value: wire(data.value) });
  const lists = Array.from(data.lists, ([key, { start, cleared, items }]) => {
    return compact({
      cleared: cleared === start ? undefined : cleared,
      items: items.map(wireOf),
      key,
      start: positive(start),
    });
  });
  return { lists };
}

function encodeFailure({ task, error, at }: Failure): FailureDocument {
  return { at: formatInstant(at), error: errorJson(error), task: encodeTask(task) };
}

function encodeState({ status, retries, state, version }: RoutineState): RoutineStateDocument {
  return compact({ retries: positive(retries), state: state && nonEmpty(encodeValues(state)), status, version });
}

/** Values of the user's keep their own order of keys. */
function encodeValues(values: ReadonlyMap<string, Stored>): JsonObject {
  const json: Record<string, JsonValue> = {};
  for (const [key, value] of values) if (value !== undefined) json[key] = wireOf(value);
  return json;
}

/** Names that users chose are sorted, as all of the library's own keys. */
function named<T, D>(map: ReadonlyMap<string, T>, encode: (item: T) => D): { readonly [name: string]: D } {
  return Object.fromEntries(Array.from(map).sort(byName).map(([name, item]) => [name, encode(item)]));
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function nonEmpty<T extends object>(object: T): T | undefined {
  return Object.keys(object).length === 0 ? undefined : object;
}
