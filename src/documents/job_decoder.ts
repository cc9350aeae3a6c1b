import type { JsonObject } from "../values/json.ts";
import { DEFAULT_VALUE_LIMITS, type Payload, type ValueLimits } from "../values/payload.ts";
import { MAX_COUNT } from "../base/bounded_list.ts";
import { type Path, pathStep } from "../base/path.ts";
import { addTasks } from "../job/apply.ts";
import { Job } from "../job/job.ts";
import { createSlotLists, listEnd, type SlotData, type SlotList } from "../job/slot_data.ts";
import type { ListRange, Task } from "../job/task.ts";
import type { JobDocument, ListDocument, SlotDataDocument, TaskDocument } from "./documents.ts";
import { type Format, openEnvelope, parseText } from "./envelope.ts";
import { PartDecoder, readError, readInstant, readList } from "./part_decoder.ts";
import { jobSchema } from "./job_schema.ts";

/** The format of jobs. */
export const JOB_FORMAT: Format = { name: "routilux/job", version: 1, migrations: [], schema: jobSchema };

/**
 * Reads a job. Nothing is built before the whole document has passed, no class is looked up, and the document is not
 * changed, unless it is adopted.
 *
 * @throws {SerializationError} naming the path, what was expected and what came
 */
export function decodeJob(json: unknown, limits: ValueLimits = DEFAULT_VALUE_LIMITS, adopts: boolean = false): Job {
  const document = openEnvelope(json, JOB_FORMAT) as JobDocument;
  return new JobDecoder(document, limits, adopts).run();
}

/**
 * Reads the text of a job.
 *
 * @throws {SerializationError} when it is no JSON, and as `decodeJob`
 */
export function readJob(text: unknown, limits: ValueLimits): Job {
  return decodeJob(parseText(text, JOB_FORMAT.name), limits, true);
}

class JobDecoder {
  readonly #document: JobDocument;
  readonly #parts: PartDecoder;
  readonly #job: Job;

  constructor(document: JobDocument, limits: ValueLimits, adopts: boolean) {
    const { jobId, flowId, executionStrategy, maxWorkers, executionTimeoutMs } = document;
    this.#document = document;
    this.#parts = new PartDecoder(JOB_FORMAT.name, limits, adopts);
    const timeout = executionTimeoutMs === null ? Infinity : executionTimeoutMs;
    const settings = { executionStrategy, maxWorkers, executionTimeoutMs: timeout };
    this.#job = new Job({ jobId, flowId }, readInstant(document.createdAt), settings);
  }

  run(): Job {
    const job = this.#job;
    const document = this.#document;
    job.status = document.status;
    job.time = { at: readInstant(document.updatedAt), ranMs: document.ranMs };
    job.error = document.error && readError(document.error);
    this.#readSlots();
    addTasks(job, readList(document.pendingTasks, "pendingTasks", (task, path) => this.#task(task, path)));
    readList(document.failures, "failures", ({ task, error, at }, path) => {
      const failed = this.#task(task, `${path}.task`);
      job.failures.push({ task: failed, error: readError(error), at: readInstant(at) });
    });
    this.#readStates();
    this.#readLists();
    for (const [key, value] of this.#entries(document.sharedData, "sharedData")) job.sharedData.set(key, value);
    job.nextTaskId = document.nextTaskId;
    job.classes = this.#parts.values.classes;
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
      return { kind: "value", value: this.#parts.values.readOptional(value, path, ".value"), revision: 0 };
    }
    if (value !== undefined) this.#parts.fail(path, "a value or lists", "both");
    const read = (list: ListDocument, at: Path) => this.#list(list, at);
    return { ...createSlotLists(), lists: this.#parts.byKey(lists, `${path}.lists`, read) };
  }

  #list({ start = 0, cleared = start, items }: ListDocument, path: Path): SlotList {
    const end = start + items.length;
    if (end > MAX_COUNT) this.#parts.fail(`${path}.start`, `at most ${MAX_COUNT - items.length}`, String(start));
    if (cleared < start || cleared > end) {
      this.#parts.fail(`${path}.cleared`, `a position from ${start} to ${end}`, String(cleared));
    }
    return { start, cleared, items: readList(items, `${path}.items`, (item, at) => this.#parts.values.read(item, at)) };
  }

  #task(document: TaskDocument, path: Path): Task {
    const task = this.#parts.task(document, path);
    if (task.details?.merged?.kind === "lists") this.#hold(task, task.details.merged.lists, `${path}.merged`);
    return task;
  }

  /** The task's slot keeps what the task got, so that a later attempt gets it again. */
  #hold(task: Task, ranges: ReadonlyMap<string, ListRange>, path: string): void {
    const data = this.#job.slots.get(task.route.routine)?.get(task.route.slot);
    for (const [key, { from, to }] of ranges) {
      const list = data?.kind === "lists" ? data.lists.get(key) : undefined;
      const [start, end] = list === undefined ? [0, 0] : [list.start, listEnd(list)];
      if (from > to || from < start || to > end) {
        const expected = `positions from ${start} to ${end} of the slot's list ${JSON.stringify(key)}`;
        this.#parts.fail(`${path}.lists`, expected, `${from} to ${to}`);
      }
    }
    if (data?.kind === "lists") data.holders.add(task);
  }

  #readStates(): void {
    for (const [id, { status, retries = 0, state, version }] of Object.entries(this.#document.routineStates ?? {})) {
      const values = state && new Map(this.#entries(state, `routineStates${pathStep(id)}.state`));
      this.#job.routineStates.set(id, { status, retries, state: values, version });
    }
  }

  #readLists(): void {
    const { history, outputs, sharedLog, pausePoints, deferredEvents } = this.#job;
    const { executionHistory, outputLog, dropped = {}, ...document } = this.#document;
    const parts = this.#parts;
    history.restore(readList(executionHistory, "executionHistory", parts.record.bind(parts)), dropped.executionHistory);
    outputs.restore(readList(outputLog, "outputLog", parts.output.bind(parts)), dropped.outputLog);
    sharedLog.restore(readList(document.sharedLog, "sharedLog", parts.log.bind(parts)), dropped.sharedLog);
    readList(document.pausePoints, "pausePoints", (it, path) => pausePoints.push(parts.pausePoint(it, path)));
    readList(document.deferredEvents, "deferredEvents", (it, path) => deferredEvents.push(parts.deferred(it, path)));
  }

  #entries(values: JsonObject | undefined, path: string): [string, Payload][] {
    return Object.entries(values ?? {}).map(([key, value]) => {
      const at = path + pathStep(key);
      if (key === "__proto__") this.#parts.fail(at, "no key of this name", "one");
      return [key, this.#parts.values.read(value, at)];
    });
  }
}
