import { formatInstant } from "../base/instant.ts";
import { errorJson } from "../job/decide.ts";
import type { Failure, Job, RoutineState } from "../job/job.ts";
import type { SlotData } from "../job/slot_data.ts";
import { compact } from "./compact.ts";
import type {
  FailureDocument,
  JobDocument,
  RoutineStateDocument,
  SlotDataDocument,
  TaskDocument,
} from "./documents.ts";
import { documentParts, list, omitZero, type PartEncoder, textParts } from "./part_encoder.ts";

const TASKS_AT_ONCE = 256;

/** The document of a job as it is at this moment, live or not; its values are shared, not copied. */
export function encodeJob(job: Job): JobDocument {
  return encode(job, documentParts, Array.from(job.tasks, documentParts.task));
}

/** The text of a job's document. */
export function writeJob(job: Job): string {
  let text = "";
  for (const [key, value] of Object.entries(encode(job, textParts, []))) {
    text += `${text === "" ? "{" : ","}"${key}":${
      key === "pendingTasks" ? writeTasks(job.tasks) : JSON.stringify(value)
    }`;
  }
  return text + "}";
}

/** Some at a time, so that neither the documents of all are needed at once nor one buffer for their texts. */
function writeTasks(tasks: Job["tasks"]): string {
  let text = "";
  let some: TaskDocument[] = [];
  const write = (): void => {
    text += (text === "" ? "[" : ",") + JSON.stringify(some).slice(1, -1);
    some = [];
  };
  for (const task of tasks) if (some.push(textParts.task(task)) === TASKS_AT_ONCE) write();
  if (some.length > 0 || text === "") write();
  return text + "]";
}

/** Keys are sorted, empty ones left out. */
function encode(job: Job, parts: PartEncoder, pendingTasks: readonly TaskDocument[]): JobDocument {
  const { executionStrategy, maxWorkers, executionTimeoutMs } = job.settings;
  return compact({
    createdAt: formatInstant(job.createdAt),
    deferredEvents: list(job.deferredEvents, parts.deferred),
    dropped: nonEmpty(compact({
      executionHistory: omitZero(job.history.dropped),
      outputLog: omitZero(job.outputs.dropped),
      sharedLog: omitZero(job.sharedLog.dropped),
    })),
    error: job.error === undefined ? undefined : errorJson(job.error),
    executionHistory: list(job.history.toArray(), parts.record),
    executionStrategy,
    executionTimeoutMs: executionTimeoutMs === Infinity ? null : executionTimeoutMs,
    failures: list(job.failures, (failure) => encodeFailure(failure, parts)),
    flowId: job.flowId,
    format: "routilux/job",
    jobId: job.jobId,
    maxWorkers,
    nextTaskId: job.nextTaskId,
    outputLog: list(job.outputs.toArray(), parts.output),
    pausePoints: list(job.pausePoints, parts.pausePoint),
    pendingTasks,
    ranMs: job.time.ranMs,
    routineStates: nonEmpty(named(job.routineStates, (state) => encodeState(state, parts))),
    sharedData: nonEmpty(parts.values(job.sharedData)),
    sharedLog: list(job.sharedLog.toArray(), parts.log),
    slots: encodeSlots(job.slots, parts),
    status: job.status,
    updatedAt: formatInstant(job.time.at),
    version: 1,
  });
}

/** A slot whose lists have all been cleared holds nothing. */
function encodeSlots(slots: Job["slots"], parts: PartEncoder): JobDocument["slots"] {
  const filled = Array.from(slots, ([routine, data]): [string, Map<string, SlotData>] => {
    return [routine, new Map(Array.from(data).filter(([, it]) => it.kind === "value" || it.lists.size > 0))];
  });
  return nonEmpty(
    named(
      new Map(filled.filter(([, data]) => data.size > 0)),
      (data) => named(data, (it) => encodeSlotData(it, parts)),
    ),
  );
}

function encodeSlotData(data: SlotData, parts: PartEncoder): SlotDataDocument {
  if (data.kind === "value") return compact({ value: parts.value(data.value) });
  const lists = Array.from(data.lists, ([key, { start, cleared, items }]) => {
    return compact({
      cleared: cleared === start ? undefined : cleared,
      items: items.map(parts.json),
      key,
      start: omitZero(start),
    });
  });
  return { lists };
}

function encodeFailure({ task, error, at }: Failure, parts: PartEncoder): FailureDocument {
  return { at: formatInstant(at), error: errorJson(error), task: parts.task(task) };
}

function encodeState({ status, retries, state, version }: RoutineState, parts: PartEncoder): RoutineStateDocument {
  return compact({ retries: omitZero(retries), state: state && nonEmpty(parts.values(state)), status, version });
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
