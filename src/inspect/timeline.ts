import { checkOptions } from "../base/options.ts";
import type { JobDocument } from "../documents/job.ts";
import type { RecordDocument } from "../documents/records.ts";
import type { TaskDocument } from "../documents/task.ts";
import { isRecord } from "../values/json.ts";
import { hasEnded, type JobStatus } from "../job/job.ts";
import { compareTexts, readJobDocument } from "./documents.ts";
import { errorText, stateOf, type TaskState } from "./tasks.ts";

/** What has happened in a job, and what is under way, by time. */
export interface JobTimeline {
  /** When the job was made, in ISO 8601. */
  readonly from: string;
  /** The latest instant that is known: of a span or of the job's last change, in ISO 8601. */
  readonly to: string;
  /** One row for each routine, by its first span. */
  readonly rows: readonly TimelineRow[];
  /** How many older records of the history are gone: their activations are missing. */
  readonly dropped: number;
  /** The jobs that it has started, by their beginnings: those that are a part of its document, and those whose documents were given. */
  readonly children: readonly ChildTimeline[];
}

/** What has happened in a job that another has started. */
export interface ChildTimeline extends JobTimeline {
  /** The job's id. */
  readonly jobId: string;
  /** The id of its flow. */
  readonly flowId: string;
  /** Its status. */
  readonly status: JobStatus;
  /** When it ended, in ISO 8601, if it has. */
  readonly endedAt?: string;
}

/** The options of `timeline`. */
export interface TimelineOptions {
  /** The parsed documents of jobs that it has started, where they are in a store. @default {only children in its own document are known} */
  readonly children?: readonly unknown[];
}

/** The spans of one routine, by their beginnings. */
export interface TimelineRow {
  /** The routine's id. */
  readonly routine: string;
  /** Its spans. */
  readonly spans: readonly TimelineSpan[];
}

/** An activation that the history tells of, or a pending task. */
export interface TimelineSpan {
  /**
   * How the activation went, as far as the history says: it `ran`, it `failed`, it is `retried`, it was `skipped`. For a pending task:
   * what it does.
   */
  readonly kind: "ran" | "failed" | "retried" | "skipped" | TaskState;
  /** When it began, in ISO 8601: the first commit of the activation, or the making of the task. */
  readonly from: string;
  /** When it ended, or what a pending task waits for, in ISO 8601; absent when that is not known. */
  readonly to?: string;
  /** The id of the pending task. */
  readonly task?: number;
  /** The slot of the pending task. */
  readonly slot?: string;
  /** The events that the activation emitted, in order. */
  readonly events?: readonly string[];
  /** The error that ended it: its name and its message. */
  readonly error?: string;
}

type Outcome = Extract<TimelineSpan["kind"], "ran" | "failed" | "retried" | "skipped">;

/** An activation while its records are read. */
interface Activation {
  readonly from: string;
  to: string;
  kind: Outcome;
  readonly events: string[];
  error: string | undefined;
}

const OUTCOMES: Readonly<Record<RecordDocument["type"], Outcome>> = {
  start: "ran",
  emit: "ran",
  error: "failed",
  retry: "retried",
  skip: "skipped",
};

/**
 * Says when the activations of each routine began and ended, and since when its pending tasks wait.
 *
 * The history has the instant of an activation's first commit, of its emissions and of its error; a handler that commits once and
 * emits nothing is a point in time. Records name routines, not tasks: where several activations of a routine overlap, a record counts
 * for the last one that had begun.
 *
 * @param job the job's parsed document
 * @param options `children` are documents of jobs that it has started
 * @throws {SerializationError} when one is no job's document, naming the path
 * @throws {TypeError} for an option of an unknown name
 *
 * @example
 * ```ts
 * import { type Context, Flow, Routine } from "@routilux/routilux";
 * import { timeline } from "@routilux/routilux/inspect";
 *
 * class Counter extends Routine {
 *   readonly trigger = this.addSlot("trigger", this.count);
 *   readonly counted = this.addEvent<{ n: number }>("counted");
 *   count(_params: unknown, ctx: Context): void {
 *     ctx.emit(this.counted, { n: 1 });
 *   }
 * }
 * const flow = new Flow({ id: "counting" });
 * const job = flow.execute(flow.addRoutine(new Counter(), "counter"));
 * await flow.settle(job);
 *
 * const [row] = timeline(job.toJSON()).rows;
 * [row?.routine, row?.spans[0]?.kind, row?.spans[0]?.events]; // ["counter", "ran", ["counted"]]
 * ```
 */
export function timeline(job: unknown, options: TimelineOptions = {}): JobTimeline {
  checkOptions("Cannot make a timeline", options, { children: true });
  const { children = [] } = options;
  return timelineOfDocument(readJobDocument(job), children.map((it) => childTimeline(readJobDocument(it))));
}

/** The same for a document that was checked: a large one takes long. */
export function timelineOfDocument(job: JobDocument, others: readonly ChildTimeline[] = []): JobTimeline {
  const { createdAt, dropped, executionHistory = [], pendingTasks, updatedAt } = job;
  const rows = new Map<string, TimelineSpan[]>();
  let latest = updatedAt;
  const add = (routine: string, span: TimelineSpan) => {
    const row = rows.get(routine);
    if (row === undefined) rows.set(routine, [span]);
    else row.push(span);
    const { from, to = from } = span;
    latest = latestOf(latestOf(latest, from), to);
  };
  for (const [routine, spans] of activationsOf(executionHistory)) for (const it of spans) add(routine, spanOf(it));
  for (const task of pendingTasks) add(task.routine, pendingSpan(task));
  const inner = (job.children ?? []).flatMap(({ jobs }) => jobs.flatMap((child) => child.job ?? []));
  const children = [...inner.map(childTimeline), ...others].sort((a, b) =>
    compareTexts(a.from, b.from) || compareTexts(a.jobId, b.jobId)
  );
  for (const { endedAt, from } of children) latest = latestOf(latest, endedAt ?? from);
  const sorted = Array.from(rows, ([routine, spans]) => ({ routine, spans: inOrder(spans) }));
  return {
    from: createdAt,
    to: latest,
    rows: sorted.sort((a, b) =>
      compareTexts(`${a.spans[0]?.from}`, `${b.spans[0]?.from}`) || compareTexts(a.routine, b.routine)
    ),
    dropped: dropped?.executionHistory ?? 0,
    children,
  };
}

/** What has happened in a job that another has started, by its checked document. */
export function childTimeline(job: JobDocument): ChildTimeline {
  const { flowId, jobId, status, updatedAt } = job;
  return { jobId, flowId, status, ...(hasEnded(status) ? { endedAt: updatedAt } : {}), ...timelineOfDocument(job) };
}

function latestOf(a: string, b: string): string {
  return a < b ? b : a;
}

/** Spans by their beginnings. Those of the history are in order already, and there may be very many. */
function inOrder(spans: TimelineSpan[]): readonly TimelineSpan[] {
  let before = "";
  for (const { from } of spans) {
    if (from < before) return spans.sort((a, b) => compareTexts(a.from, b.from));
    before = from;
  }
  return spans;
}

/** The activations by routine, in the order of their records. */
function activationsOf(records: readonly RecordDocument[]): ReadonlyMap<string, readonly Activation[]> {
  const all = new Map<string, Activation[]>();
  for (const { at, data, event, routine, type } of records) {
    const own = all.get(routine) ?? [];
    all.set(routine, own);
    let last = own.at(-1);
    // The beginning of an activation is missing where the history has dropped it, or where the activation failed before its first
    // commit: then its first record counts.
    const isOver = last !== undefined && last.kind !== "ran" && type !== "retry" && type !== "skip";
    if (last === undefined || type === "start" || isOver) {
      own.push(last = { from: at, to: at, kind: OUTCOMES[type], events: [], error: undefined });
    }
    last.to = at;
    if (type === "emit") last.events.push(`${event}`);
    else if (type !== "start") last.kind = OUTCOMES[type];
    if (type === "error") last.error = errorOf(data);
  }
  return all;
}

/** The error that a record of the history holds. */
function errorOf(data: unknown): string {
  const { message, name } = isRecord(data) ? data : {}; // Unreachable default: the record of an error has its data.
  return errorText({ message: String(message), name: String(name) });
}

function spanOf({ error, events, from, kind, to }: Activation): TimelineSpan {
  return { kind, from, to, ...(events.length === 0 ? {} : { events }), ...(error === undefined ? {} : { error }) };
}

function pendingSpan(task: TaskDocument): TimelineSpan {
  const { awaiting, createdAt, id, notBefore, slot } = task;
  const to = awaiting === undefined ? notBefore : awaiting.until;
  return { kind: stateOf(task), from: createdAt, ...(to === undefined ? {} : { to }), task: id, slot };
}
