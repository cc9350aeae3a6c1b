import * as v from "valibot";
import { DEFAULT_VALUE_LIMITS, frozenWireOf, type ValueLimits, wireOf } from "../values/payload.ts";
import { addTasks } from "../job/apply.ts";
import type { Arrivals } from "../job/arrivals.ts";
import type { FormerNames } from "../job/former_names.ts";
import {
  type Deadline,
  Job,
  JOB_STATUSES,
  type JobStatus,
  ROUTINE_STATUSES,
  type RoutineState,
  type RoutineStatus,
} from "../job/job.ts";
import { holdItems, listEnd } from "../job/slot_data.ts";
import type { Task } from "../job/task.ts";
import { EXECUTION_STRATEGIES, type ExecutionStrategy } from "../model/flow_graph.ts";
import { isRecord, type JsonObject, type JsonValue } from "../values/json.ts";
import { type ChildrenDocument, childrenOf, parent, type ParentDocument } from "./children.ts";
import * as c from "./codec.ts";
import type { ErrorDocument } from "./codec.ts";
import { type Format, openEnvelope, parseText } from "./envelope.ts";
import { DocumentReader } from "./reader.ts";
import {
  deferred,
  type DeferredDocument,
  failure,
  type FailureDocument,
  log,
  type LogDocument,
  output,
  type OutputDocument,
  pausePoint,
  type PausePointDocument,
  record,
  type RecordDocument,
} from "./records.ts";
import { once, type Schema } from "./schema.ts";
import { type SlotDataDocument, slots } from "./slots.ts";
import { task, type TaskDocument } from "./task.ts";

/** A job's document. */
export interface JobDocument {
  /** The ids of the tasks of early deliveries by routine and slot: they came before they were awaited, and may still be. */
  readonly arrivals?: { readonly [routine: string]: { readonly [slot: string]: readonly number[] } };
  /** The jobs that it has asked for and that have not ended. */
  readonly children?: readonly ChildrenDocument[];
  /** When the job was made. */
  readonly createdAt: string;
  /** When the job ends at the latest, and how long it may take: a redrive gives it as long again. */
  readonly deadline?: { readonly deadlineMs: number; readonly until: string };
  /** Events that are sent before the job completes, when no other task is left. */
  readonly deferredEvents?: readonly DeferredDocument[];
  /** How many older entries of the bounded lists are gone. */
  readonly dropped?: Partial<DroppedCounts>;
  /** Why it failed or was cancelled. */
  readonly error?: ErrorDocument;
  /** What has happened. */
  readonly executionHistory?: readonly RecordDocument[];
  /** How handlers run, where `execute` set it. */
  readonly executionStrategy?: ExecutionStrategy;
  /** How long the job may work, where `execute` set it; null for no limit. */
  readonly executionTimeoutMs?: number | null;
  /** Tasks that ended in an error or a skip. */
  readonly failures?: readonly FailureDocument[];
  /** The flow that it belongs to. */
  readonly flowId: string;
  /** Tells a job from a flow. */
  readonly format: "routilux/job";
  /** The moves to other versions of the flow by which names have changed: what was sent before them is delivered by these. */
  readonly formerNames?: readonly FormerNamesDocument[];
  /** The job's id. */
  readonly jobId: string;
  /** How many handlers may wait at the same time, where `execute` set it. */
  readonly maxWorkers?: number;
  /** The id that the next task gets. */
  readonly nextTaskId: number;
  /** What routines have put out. */
  readonly outputLog?: readonly OutputDocument[];
  /** The job that has asked for it, and waits for its end. */
  readonly parent?: ParentDocument;
  /** Marks of pauses. */
  readonly pausePoints?: readonly PausePointDocument[];
  /** The tasks that have not ended, by id. */
  readonly pendingTasks: readonly TaskDocument[];
  /** How long it has worked, in milliseconds. */
  readonly ranMs: number;
  /** The result that a handler has set. */
  readonly result?: JsonValue;
  /** What is kept of each routine. */
  readonly routineStates?: { readonly [id: string]: RoutineStateDocument };
  /** What all routines share. */
  readonly sharedData?: JsonObject;
  /** What routines have logged. */
  readonly sharedLog?: readonly LogDocument[];
  /** What slots hold, by routine and slot. */
  readonly slots?: { readonly [routine: string]: { readonly [slot: string]: SlotDataDocument } };
  /** Where it stands. */
  readonly status: JobStatus;
  /** What the engine's `propagate` has said when it was made. */
  readonly trace?: string;
  /** When it last changed. */
  readonly updatedAt: string;
  /** The version of the format. */
  readonly version: 1;
}

/** The names that routines and slots had before a job was moved to another version of its flow. */
export interface FormerNamesDocument {
  /** The ids of routines since then, by those of before. */
  readonly routines?: { readonly [id: string]: string };
  /** The names of slots since then by those of before, by the ids that their routines had before. */
  readonly slots?: { readonly [routine: string]: { readonly [slot: string]: string } };
}

/** How many older entries of each bounded list are gone. */
export interface DroppedCounts {
  /** Records of the execution history. */
  readonly executionHistory: number;
  /** Tasks that ended in an error or a skip: a redrive cannot put them back. */
  readonly failures: number;
  /** Outputs. */
  readonly outputLog: number;
  /** Marks of pauses. */
  readonly pausePoints: number;
  /** Entries of the shared log. */
  readonly sharedLog: number;
}

/** What is kept of one routine. */
export interface RoutineStateDocument {
  /** The retries of its tasks that have ended. */
  readonly retries?: number;
  /** What its handlers keep in `ctx.state`. */
  readonly state?: JsonObject;
  /** Its worst outcome so far. */
  readonly status?: RoutineStatus;
  /** The version of its class. */
  readonly version: number;
}

const routineState: c.Codec<RoutineState, RoutineStateDocument> = c.shape({
  retries: c.optionalCount,
  state: c.optional(c.values),
  status: c.optional(c.oneOf(ROUTINE_STATUSES)),
  version: c.positive,
});

const formerNames: c.Codec<FormerNames, FormerNamesDocument> = c.shape({
  routines: c.optionalNamed(c.name),
  slots: c.optionalNamed(c.named(c.name)),
});

const dropped: c.Codec<DroppedCounts, JobDocument["dropped"]> = c.via(
  c.optional(c.shape<DroppedCounts, NonNullable<JobDocument["dropped"]>>({
    executionHistory: c.optionalCount,
    failures: c.optionalCount,
    outputLog: c.optionalCount,
    pausePoints: c.optionalCount,
    sharedLog: c.optionalCount,
  })),
  (dropped) => Object.values(dropped).some((count) => count > 0) ? dropped : undefined,
  (dropped) => dropped ?? { executionHistory: 0, failures: 0, outputLog: 0, pausePoints: 0, sharedLog: 0 },
);

/** How many entries a job's bounded lists have dropped. */
export function droppedOf(job: Job): DroppedCounts {
  return {
    executionHistory: job.history.dropped,
    failures: job.droppedFailures,
    outputLog: job.outputs.dropped,
    pausePoints: job.droppedPausePoints,
    sharedLog: job.sharedLog.dropped,
  };
}

const NO_ARRIVALS: Arrivals = new Map();
const NO_MOVES: readonly FormerNames[] = [];

/** A job as its document names its parts. */
function partsOf(job: Job, pendingTasks: readonly Task[]) {
  const { settings, history, outputs, sharedLog } = job;
  return {
    ...settings,
    arrivals: job.arrivals ?? NO_ARRIVALS,
    children: job.children,
    createdAt: job.createdAt,
    deadline: job.deadline,
    deferredEvents: job.deferredEvents,
    dropped: droppedOf(job),
    error: job.error,
    executionHistory: history.toArray(),
    failures: job.failures,
    flowId: job.flowId,
    formerNames: job.formerNames ?? NO_MOVES,
    jobId: job.jobId,
    nextTaskId: job.nextTaskId,
    outputLog: outputs.toArray(),
    parent: job.parent,
    pausePoints: job.pausePoints,
    pendingTasks,
    ranMs: job.time.ranMs,
    result: job.result,
    routineStates: job.routineStates,
    sharedData: job.sharedData,
    sharedLog: sharedLog.toArray(),
    slots: job.slots,
    status: job.status,
    trace: job.trace,
    updatedAt: job.time.at,
  };
}

/** What a job looks like inside of another: it is checked when it is read. */
export const innerJobSchema: () => Schema<JobDocument> = once(() =>
  v.custom<JobDocument>(isRecord, "Invalid job: expected an object")
);

/** A job that is a part of another. It is checked and read as every job is: with limits of its own for what is in it. */
const innerJob: c.Codec<Job, JobDocument> = {
  schema: innerJobSchema,
  write: (job, json) => jobParts.write(partsOf(job, [...job.tasks]), json),
  read: (document, reader, path, part) => reader.inside(`${path}${part}`, (inside) => readParts(document, inside)),
};

type Plain<T> = { readonly [K in keyof T]: T[K] extends readonly (infer I)[] ? readonly I[] : T[K] };

type JobParts = Plain<ReturnType<typeof partsOf>>;

const jobParts: c.Codec<JobParts, JobDocument> = c.shape({
  // Copies: the job adds to its lists, and documents are frozen.
  arrivals: c.optionalNamed(c.named(c.via(c.list(c.positive), (ids: number[]) => [...ids], (ids) => [...ids]))),
  children: childrenOf(innerJob),
  createdAt: c.instant,
  deadline: c.optional(
    c.shape<Deadline, NonNullable<JobDocument["deadline"]>>({ deadlineMs: c.duration, until: c.instant }),
  ),
  deferredEvents: c.optionalList(deferred),
  dropped,
  error: c.optional(c.error),
  executionHistory: c.optionalList(record),
  executionStrategy: c.optional(c.oneOf(EXECUTION_STRATEGIES)),
  executionTimeoutMs: c.optional(c.timeout),
  failures: c.optionalList(failure),
  flowId: c.name,
  format: c.mark("routilux/job"),
  formerNames: c.optionalList(formerNames),
  jobId: c.name,
  maxWorkers: c.optional(c.positive),
  nextTaskId: c.positive,
  outputLog: c.optionalList(output),
  parent: c.optional(parent),
  pausePoints: c.optionalList(pausePoint),
  pendingTasks: c.list(task),
  ranMs: c.duration,
  result: c.optionalValue,
  routineStates: c.optionalNamed(routineState),
  sharedData: c.values,
  sharedLog: c.optionalList(log),
  slots,
  status: c.oneOf(JOB_STATUSES),
  trace: c.optional(c.text),
  updatedAt: c.instant,
  version: c.mark(1),
  // The paths that findings name are the first at which something was met: of a task that is pending rather than of its record.
}, ["slots", "pendingTasks", "failures", "routineStates"]);

/** A job's document. */
export const jobSchema: () => Schema<JobDocument> = jobParts.schema;

/** The format of jobs. */
export const JOB_FORMAT: Format<JobDocument> = { name: "routilux/job", version: 1, migrations: [], schema: jobSchema };

/** The document of a job as it is at this moment, live or not; its values are shared, not copied. */
export function encodeJob(job: Job): JobDocument {
  return jobParts.write(partsOf(job, [...job.tasks]), frozenWireOf);
}

const TASKS_AT_ONCE = 256;

/** The text of a job's document. */
export function writeJob(job: Job): string {
  let text = "";
  for (const [key, value] of Object.entries(jobParts.write(partsOf(job, []), wireOf))) {
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
  for (const each of tasks) if (some.push(task.write(each, wireOf)) === TASKS_AT_ONCE) write();
  if (some.length > 0 || text === "") write();
  return text + "]";
}

/**
 * Reads a job. Nothing is built before the whole document has passed, no class is looked up, and the document is not
 * changed, unless it is adopted.
 *
 * @throws {SerializationError} naming the path, what was expected and what came
 */
export function decodeJob(json: unknown, limits: ValueLimits = DEFAULT_VALUE_LIMITS, adopts: boolean = false): Job {
  return readParts(json, new DocumentReader(JOB_FORMAT.name, limits, adopts));
}

function readParts(json: unknown, reader: DocumentReader): Job {
  const document = openEnvelope(json, JOB_FORMAT);
  const parts = jobParts.read(document, reader, "", "");
  const { executionStrategy, maxWorkers, executionTimeoutMs, dropped } = parts;
  const job = new Job(parts, parts.createdAt, { executionStrategy, maxWorkers, executionTimeoutMs });
  job.status = parts.status;
  job.time = { at: parts.updatedAt, ranMs: parts.ranMs };
  job.error = parts.error;
  job.deadline = parts.deadline;
  job.result = parts.result;
  job.trace = parts.trace;
  [job.children, job.parent] = [parts.children, parts.parent];
  holdInner(job, reader);
  for (const [routine, slots] of parts.slots) job.slots.set(routine, slots);
  holdLists(job, parts.pendingTasks, (index) => `pendingTasks[${index}]`, reader);
  holdLists(job, parts.failures.map(({ task }) => task), (index) => `failures[${index}].task`, reader);
  addTasks(job, parts.pendingTasks);
  for (const failure of parts.failures) job.failures.push(failure);
  job.droppedFailures = dropped.failures;
  job.droppedPausePoints = dropped.pausePoints;
  for (const [id, state] of parts.routineStates) job.routineStates.set(id, state);
  job.history.restore(parts.executionHistory, dropped.executionHistory);
  job.outputs.restore(parts.outputLog, dropped.outputLog);
  job.sharedLog.restore(parts.sharedLog, dropped.sharedLog);
  for (const point of parts.pausePoints) job.pausePoints.push(point);
  for (const event of parts.deferredEvents) job.deferredEvents.push(event);
  for (const [key, value] of parts.sharedData) job.sharedData.set(key, value);
  job.nextTaskId = parts.nextTaskId;
  if (parts.arrivals.size > 0) job.arrivals = parts.arrivals;
  if (parts.formerNames.length > 0) job.formerNames = parts.formerNames;
  job.classes = reader.values.classes;
  return job;
}

/**
 * Reads the text of a job.
 *
 * @throws {SerializationError} when it is no JSON, and as `decodeJob`
 */
export function readJob(text: unknown, limits: ValueLimits): Job {
  return decodeJob(parseText(text, JOB_FORMAT.name), limits, true);
}

/** A job holds those of its children that are a part of it. */
function holdInner(job: Job, reader: DocumentReader): void {
  for (const child of job.children ?? []) {
    const { job: inner } = child.inner ?? {};
    if (inner === undefined) continue;
    const named = inner.parent?.jobId;
    if (named !== job.jobId) {
      const got = named === undefined ? "one without a parent" : `one of ${JSON.stringify(named)}`;
      reader.fail("children", `jobs whose parent is ${JSON.stringify(job.jobId)}`, got);
    }
    inner.holder = job;
  }
}

/** Slots keep what tasks got from them, so that a later attempt gets it again. */
function holdLists(job: Job, tasks: readonly Task[], pathOf: (index: number) => string, reader: DocumentReader): void {
  tasks.forEach((task, index) => {
    const { details, route } = task;
    if (details?.merged?.kind !== "lists") return;
    const data = job.slots.get(route.routine)?.get(route.slot);
    for (const [key, { from, to }] of details.merged.lists) {
      const list = data?.kind === "lists" ? data.lists.get(key) : undefined;
      const [start, end] = list === undefined ? [0, 0] : [list.start, listEnd(list)];
      if (from > to || from < start || to > end) {
        const expected = `positions from ${start} to ${end} of the slot's list ${JSON.stringify(key)}`;
        reader.fail(`${pathOf(index)}.merged.lists`, expected, `${from} to ${to}`);
      }
    }
    if (data?.kind === "lists") holdItems(data, details.merged.lists);
  });
}
