import type { ErrorData } from "../base/error_data.ts";
import { SerializationError } from "../base/errors.ts";
import { parseInstant } from "../base/instant.ts";
import type { JsonObject, Stored } from "../base/json.ts";
import { DEFAULT_VALUE_LIMITS, type ValueLimits } from "../base/limits.ts";
import { pathStep } from "../base/path.ts";
import { ValueReader } from "../base/read_value.ts";
import { addTasks } from "../scheduler/apply.ts";
import { type HistoryRecord, Job, type LogEntry, type OutputEntry } from "../scheduler/job.ts";
import { createSlotLists, listEnd, type SlotData, type SlotList } from "../scheduler/slot_data.ts";
import {
  type Awaiting,
  createTask,
  type ListRange,
  type Merged,
  type Task,
  type TaskDetails,
} from "../scheduler/task.ts";
import type { JobDocument, ListDocument, MergedDocument, SlotDataDocument, TaskDocument } from "./documents.ts";
import { type Format, openEnvelope } from "./envelope.ts";
import { jobSchema } from "./schemas.ts";

/** The format of jobs. */
export const JOB_FORMAT: Format = { name: "routilux/job", version: 1, migrations: [], schema: jobSchema };

/**
 * Reads a job. Nothing is built before the whole document has passed, no class is looked up, and the document is not
 * changed.
 *
 * @throws {SerializationError} naming the path, what was expected and what came
 */
export function decodeJob(json: unknown, limits: ValueLimits = DEFAULT_VALUE_LIMITS): Job {
  const document = openEnvelope(json, JOB_FORMAT) as JobDocument;
  return new JobDecoder(document, limits).run();
}

class JobDecoder {
  readonly #document: JobDocument;
  readonly #values: ValueReader;
  readonly #job: Job;

  constructor(document: JobDocument, limits: ValueLimits) {
    const { jobId, flowId, executionStrategy, maxWorkers, executionTimeoutMs } = document;
    this.#document = document;
    this.#values = new ValueReader(JOB_FORMAT.name, limits);
    const timeout = executionTimeoutMs === null ? Infinity : executionTimeoutMs;
    const settings = { executionStrategy, maxWorkers, executionTimeoutMs: timeout };
    this.#job = new Job({ jobId, flowId }, instant(document.createdAt), settings);
  }

  run(): Job {
    const job = this.#job;
    const document = this.#document;
    job.status = document.status;
    job.updatedAt = instant(document.updatedAt);
    job.ranMs = document.ranMs;
    job.error = document.error as ErrorData | undefined;
    this.#readSlots();
    addTasks(job, document.pendingTasks.map((task, index) => this.#task(task, `pendingTasks[${index}]`)));
    document.failures?.forEach(({ task, error, at }, index) => {
      const failed = this.#task(task, `failures[${index}].task`);
      job.failures.push({ task: failed, error: error as unknown as ErrorData, at: instant(at) });
    });
    this.#readStates();
    this.#readLists();
    for (const [key, value] of this.#entries(document.sharedData, "sharedData")) job.sharedData.set(key, value);
    job.nextTaskId = document.nextTaskId;
    job.classes = this.#values.classes;
    return job;
  }

  #readSlots(): void {
    for (const [routine, slots] of Object.entries(this.#document.slots ?? {})) {
      const map = new Map<string, SlotData>();
      for (const [slot, data] of Object.entries(slots)) {
        map.set(slot, this.#slotData(data, `slots${pathStep(routine)}${pathStep(slot)}`));
      }
      this.#job.slots.set(routine, map);
    }
  }

  #slotData({ lists, value }: SlotDataDocument, path: string): SlotData {
    if (lists === undefined) {
      return { kind: "value", value: this.#values.readOptional(value, `${path}.value`), revision: 0 };
    }
    if (value !== undefined) fail(path, "a value or lists", "both");
    const read = new Map<string, SlotList>();
    lists.forEach((list, index) => {
      const at = `${path}.lists[${index}]`;
      if (read.has(list.key)) fail(`${at}.key`, "each key once", JSON.stringify(list.key));
      read.set(list.key, this.#list(list, at));
    });
    return { ...createSlotLists(), lists: read };
  }

  #list({ start = 0, cleared = start, items }: ListDocument, path: string): SlotList {
    if (cleared < start || cleared > start + items.length) {
      fail(`${path}.cleared`, `a position from ${start} to ${start + items.length}`, String(cleared));
    }
    return { start, cleared, items: items.map((item, index) => this.#values.read(item, `${path}.items[${index}]`)) };
  }

  #task(document: TaskDocument, path: string): Task {
    const { routine, slot, connection, priority } = document;
    const data = this.#values.readOptional(document.data, `${path}.data`);
    const route = { routine, slot, connection };
    const task = createTask(
      document.id,
      route,
      data,
      instant(document.createdAt),
      priority,
      this.#details(document, path),
    );
    task.active = document.active === true;
    if (task.details?.merged?.kind === "lists") this.#hold(task, task.details.merged.lists, `${path}.merged`);
    return task;
  }

  #details(document: TaskDocument, path: string): TaskDetails | undefined {
    const { attempt = 0, maxRetries, step = 0, notBefore, awaiting, merged } = document;
    const progress = this.#values.readOptional(document.progress, `${path}.progress`);
    const details: TaskDetails = {
      attempt,
      maxRetries,
      step,
      progress,
      notBefore: notBefore === undefined ? undefined : instant(notBefore),
      merged: merged === undefined ? undefined : this.#merged(merged, `${path}.merged`),
      parked: document.parked === true,
      awaiting: awaiting === undefined ? undefined : readAwaiting(awaiting),
    };
    return hasDetails(details) ? details : undefined;
  }

  #merged({ lists, value }: MergedDocument, path: string): Merged {
    if (lists === undefined) return { kind: "value", value: this.#values.readOptional(value, `${path}.value`) };
    if (value !== undefined) fail(path, "a value or lists", "both");
    return { kind: "lists", lists: new Map(lists.map(({ key, from, to }) => [key, { from, to }])) };
  }

  /** The task's slot keeps what the task got, so that a later attempt gets it again. */
  #hold(task: Task, ranges: ReadonlyMap<string, ListRange>, path: string): void {
    const data = this.#job.slots.get(task.route.routine)?.get(task.route.slot);
    for (const [key, { from, to }] of ranges) {
      const list = data?.kind === "lists" ? data.lists.get(key) : undefined;
      const [start, end] = list === undefined ? [0, 0] : [list.start, listEnd(list)];
      if (from > to || from < start || to > end) {
        fail(
          `${path}.lists`,
          `positions from ${start} to ${end} of the slot's list ${JSON.stringify(key)}`,
          `${from} to ${to}`,
        );
      }
    }
    if (data?.kind === "lists") data.holders.add(task);
  }

  #readStates(): void {
    for (const [id, { status, retries = 0, state, version }] of Object.entries(this.#document.routineStates ?? {})) {
      const values = new Map(this.#entries(state, `routineStates${pathStep(id)}.state`));
      this.#job.routineStates.set(id, { status, retries, state: values, version });
    }
  }

  #readLists(): void {
    const { history, outputs, sharedLog, pausePoints, deferredEvents } = this.#job;
    const { executionHistory = [], outputLog = [], sharedLog: log = [], dropped = {} } = this.#document;
    const read = (value: unknown, path: string) => this.#values.readOptional(value, path);
    history.restore(
      executionHistory.map(({ routine, type, event, data, at }, index): HistoryRecord => {
        return { routine, type, event, data: read(data, `executionHistory[${index}].data`), at: instant(at) };
      }),
      dropped.executionHistory,
    );
    outputs.restore(
      outputLog.map(({ routine, type, data, at }, index): OutputEntry => {
        return { routine, type, data: read(data, `outputLog[${index}].data`), at: instant(at) };
      }),
      dropped.outputLog,
    );
    sharedLog.restore(
      log.map(({ routine, entry, at }, index): LogEntry => {
        return { routine, entry: this.#values.read(entry, `sharedLog[${index}].entry`), at: instant(at) };
      }),
      dropped.sharedLog,
    );
    this.#document.pausePoints?.forEach(({ reason, checkpoint, at }, index) => {
      pausePoints.push({ reason, checkpoint: read(checkpoint, `pausePoints[${index}].checkpoint`), at: instant(at) });
    });
    this.#document.deferredEvents?.forEach(({ routine, event, data }, index) => {
      deferredEvents.push({ routine, event, data: read(data, `deferredEvents[${index}].data`) });
    });
  }

  #entries(values: JsonObject | undefined, path: string): [string, Stored][] {
    return Object.entries(values ?? {}).map(([key, value]) => {
      const at = path + pathStep(key);
      if (key === "__proto__") fail(at, "no key of this name", "one");
      return [key, this.#values.read(value, at)];
    });
  }
}

function readAwaiting({ timeoutMs, until }: NonNullable<TaskDocument["awaiting"]>): Awaiting {
  return { timeoutMs, until: until === undefined ? undefined : instant(until) };
}

/** Most tasks have none: they stay small. */
function hasDetails(
  { attempt, maxRetries, step, progress, notBefore, merged, parked, awaiting }: TaskDetails,
): boolean {
  return attempt > 0 || step > 0 || parked ||
    [maxRetries, progress, notBefore, merged, awaiting].some((value) => value !== undefined);
}

function instant(text: string): number {
  return parseInstant(text) ?? 0;
}

function fail(path: string, expected: string, got: string): never {
  const { name } = JOB_FORMAT;
  throw new SerializationError(`Cannot read ${name}: ${path}: expected ${expected}, got ${got}`, name, path);
}
