import type { ErrorData } from "../values/error_data.ts";
import { SerializationError } from "../base/errors.ts";
import { parseInstant } from "../base/instant.ts";
import type { ValueLimits } from "../values/payload.ts";
import { ItemPath, type Path } from "../base/path.ts";
import { ValueReader } from "../values/value_reader.ts";
import type { HistoryRecord } from "../job/history.ts";
import type { DeferredEvent, LogEntry, OutputEntry, PausePoint } from "../job/job.ts";
import type { Instant } from "../job/moment.ts";
import {
  type Awaiting,
  createTask,
  type Merged,
  type Route,
  setActive,
  type Task,
  type TaskDetails,
} from "../job/task.ts";
import type {
  DeferredDocument,
  ErrorDocument,
  LogDocument,
  MergedDocument,
  OutputDocument,
  PausePointDocument,
  RecordDocument,
  TaskDocument,
} from "./documents.ts";

/** Reads the parts that jobs and commits have in common. Each call says where its part stands in the document. */
export class PartDecoder {
  /** Reads values of the user's. */
  readonly values: ValueReader;
  readonly #format: string;
  #lastRoute: Route | undefined;
  #lastInstant: Instant = { at: NaN };

  /** Makes a decoder for documents of a format; `adopts` says whether it may freeze what is in them. */
  constructor(format: string, limits: ValueLimits, adopts: boolean) {
    this.#format = format;
    this.values = new ValueReader(format, limits, adopts);
  }

  /** Reads a task. */
  task(document: TaskDocument, path: Path): Task {
    const { id, routine, slot, connection } = document;
    const data = this.values.readUnseen(document.data, path, ".data");
    const route = this.#route(routine, slot, connection);
    const created = this.#instant(readInstant(document.createdAt));
    const task = createTask(id, route, data, created, this.#details(document, path));
    setActive(task, document.active === true);
    return task;
  }

  /** Tasks of one way share it, where they come one after the other. */
  #route(routine: string, slot: string, connection: TaskDocument["connection"]): Route {
    const last = this.#lastRoute;
    const isSame = last?.routine === routine && last.slot === slot && last.connection?.event === connection?.event &&
      last.connection?.routine === connection?.routine;
    return isSame ? last : this.#lastRoute = { routine, slot, connection: connection && { ...connection } };
  }

  #instant(at: number): Instant {
    return at === this.#lastInstant.at ? this.#lastInstant : this.#lastInstant = { at };
  }

  /** What only some tasks have. */
  #details(document: TaskDocument, path: Path): TaskDetails | undefined {
    const { attempt, awaiting, maxRetries, merged, notBefore, parked, priority, progress, step } = document;
    const isPlain = attempt === undefined && awaiting === undefined && maxRetries === undefined &&
      merged === undefined && notBefore === undefined && parked === undefined && priority === undefined &&
      progress === undefined && step === undefined;
    if (isPlain) return undefined;
    return {
      priority: priority ?? "normal",
      attempt: attempt ?? 0,
      maxRetries,
      step: step ?? 0,
      progress: this.values.readOptional(progress, path, ".progress"),
      notBefore: notBefore === undefined ? undefined : readInstant(notBefore),
      merged: merged === undefined ? undefined : this.merged(merged, `${path}.merged`),
      parked: parked === true,
      awaiting: awaiting === undefined ? undefined : readAwaiting(awaiting),
    };
  }

  /** Reads what a slot gave to a handler. */
  merged({ lists, value }: MergedDocument, path: Path): Merged {
    if (lists === undefined) return { kind: "value", value: this.values.readOptional(value, path, ".value") };
    if (value !== undefined) this.fail(path, "a value or lists", "both");
    return { kind: "lists", lists: this.byKey(lists, `${path}.lists`, ({ from, to }) => ({ from, to })) };
  }

  /** Reads each item of a list under its key, which no other has. */
  byKey<D extends { readonly key: string }, T>(
    documents: readonly D[],
    path: string,
    read: (document: D, path: Path) => T,
  ): Map<string, T> {
    const items = new Map<string, T>();
    readList(documents, path, (document, at) => {
      if (items.has(document.key)) this.fail(`${at}.key`, "each key once", JSON.stringify(document.key));
      items.set(document.key, read(document, at));
    });
    return items;
  }

  /** Reads a line of the history. */
  record({ routine, type, event, data, at }: RecordDocument, path: Path): HistoryRecord {
    return { routine, type, event, data: this.values.readOptional(data, path, ".data"), at: readInstant(at) };
  }

  /** Reads an output. */
  output({ routine, type, data, at }: OutputDocument, path: Path): OutputEntry {
    return { routine, type, data: this.values.readOptional(data, path, ".data"), at: readInstant(at) };
  }

  /** Reads an entry of the shared log. */
  log({ routine, entry, at }: LogDocument, path: Path): LogEntry {
    return { routine, entry: this.values.read(entry, path, ".entry"), at: readInstant(at) };
  }

  /** Reads a deferred event. */
  deferred({ routine, event, data }: DeferredDocument, path: Path): DeferredEvent {
    return { routine, event, data: this.values.readOptional(data, path, ".data") };
  }

  /** Reads the mark of a pause. */
  pausePoint({ reason, checkpoint, at }: PausePointDocument, path: Path): PausePoint {
    return { reason, checkpoint: this.values.readOptional(checkpoint, path, ".checkpoint"), at: readInstant(at) };
  }

  /** Refuses the document. */
  fail(path: Path, expected: string, got: string): never {
    const message = `Cannot read ${this.#format}: ${path}: expected ${expected}, got ${got}`;
    throw new SerializationError(message, this.#format, String(path));
  }
}

/** An instant whose form the schema has checked. */
export function readInstant(text: string): number {
  // Unreachable default: see above.
  return parseInstant(text) ?? 0;
}

/** Copies an error whose form the schema has checked. */
export function readError(document: ErrorDocument): ErrorData {
  return copyError(document as unknown as ErrorData);
}

function copyError({ cause, ...error }: ErrorData): ErrorData {
  return cause === undefined ? error : { ...error, cause: copyError(cause) };
}

/** Reads each item of a list that may be left out. */
export function readList<D, T>(
  documents: readonly D[] | undefined,
  path: string,
  read: (document: D, path: Path) => T,
): T[] {
  const at = new ItemPath(path);
  return (documents ?? []).map((document, index) => {
    at.index = index;
    return read(document, at);
  });
}

function readAwaiting({ timeoutMs, until }: NonNullable<TaskDocument["awaiting"]>): Awaiting {
  return { timeoutMs, until: until === undefined ? undefined : readInstant(until) };
}
