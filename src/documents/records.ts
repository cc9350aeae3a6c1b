import { formatInstant } from "../base/instant.ts";
import {
  type ExecutionRecordType,
  type HistoryEntry,
  type HistoryRecord,
  RECORD_TYPES,
  recordOf,
} from "../job/history.ts";
import type { DeferredEvent, FailedTask, LogEntry, OutputEntry, PausePoint } from "../job/job.ts";
import type { JsonValue } from "../values/json.ts";
import * as c from "./codec.ts";
import type { ErrorDocument } from "./codec.ts";
import { task, type TaskDocument, taskKey } from "./task.ts";

/** A record of the history. */
export interface RecordDocument {
  /** When. */
  readonly at: string;
  /** The payload, or the error. */
  readonly data?: JsonValue;
  /** The event, for `emit`. */
  readonly event?: string;
  /** The routine. */
  readonly routine: string;
  /** What happened. */
  readonly type: ExecutionRecordType;
}

const anyRecord: c.Codec<HistoryRecord, RecordDocument> = c.shape({
  at: c.instant,
  data: c.optionalValue,
  event: c.optional(c.name),
  routine: c.name,
  type: c.oneOf(RECORD_TYPES),
});

/** A record of the history. Each step has some, so literals write the two usual forms: a loop over keys takes thrice as long. */
export const record: c.Codec<HistoryEntry, RecordDocument> = {
  ...anyRecord,
  write: (entry, json) => {
    const { at, data, event, routine, type } = recordOf(entry);
    if (event !== undefined && data !== undefined) {
      return { at: formatInstant(at), data: json(data), event, routine, type };
    }
    if (event === undefined && data === undefined) return { at: formatInstant(at), routine, type };
    return anyRecord.write({ at, data, event, routine, type }, json);
  },
};

/** An event that is sent before the job completes, when no other task is left. */
export interface DeferredDocument {
  /** The payload. */
  readonly data?: JsonValue;
  /** The event. */
  readonly event: string;
  /** What its deliveries follow from. */
  readonly key?: string;
  /** The routine that emits it. */
  readonly routine: string;
}

/** A deferred event. */
export const deferred: c.Codec<DeferredEvent, DeferredDocument> = c.shape({
  data: c.optionalValue,
  event: c.name,
  key: taskKey,
  routine: c.name,
});

/** An output. */
export interface OutputDocument {
  /** When. */
  readonly at: string;
  /** The data. */
  readonly data?: JsonValue;
  /** The routine that put it out. */
  readonly routine: string;
  /** The kind, as the handler named it. */
  readonly type: string;
}

/** An output. */
export const output: c.Codec<OutputEntry, OutputDocument> = c.shape({
  at: c.instant,
  data: c.optionalValue,
  routine: c.name,
  type: c.name,
});

/** An entry of the shared log. */
export interface LogDocument {
  /** When. */
  readonly at: string;
  /** The object that was logged. */
  readonly entry: JsonValue;
  /** The routine that wrote it. */
  readonly routine: string;
}

/** An entry of the shared log. */
export const log: c.Codec<LogEntry, LogDocument> = c.shape({ at: c.instant, entry: c.value, routine: c.name });

/** The mark of a pause. */
export interface PausePointDocument {
  /** When the job came to rest. */
  readonly at: string;
  /** What the caller noted. */
  readonly checkpoint?: JsonValue;
  /** Why, as the caller said. */
  readonly reason?: string;
}

/** The mark of a pause. */
export const pausePoint: c.Codec<PausePoint, PausePointDocument> = c.shape({
  at: c.instant,
  checkpoint: c.optionalValue,
  reason: c.optional(c.text),
});

/** A task that ended in an error or a skip. */
export interface FailureDocument {
  /** When. */
  readonly at: string;
  /** Its error. */
  readonly error: ErrorDocument;
  /** It was delivered to a slot, by a failure connection. */
  readonly handled?: true;
  /** The task as it was. */
  readonly task: TaskDocument;
}

/** A task that ended in an error or a skip. */
export const failure: c.Codec<FailedTask, FailureDocument> = c.via(
  c.shape<Omit<FailedTask, "isHandled"> & { handled: boolean }, FailureDocument>({
    at: c.instant,
    error: c.error,
    handled: c.flag,
    task,
  }),
  ({ at, error, isHandled, task }) => ({ at, error, handled: isHandled, task }),
  ({ at, error, handled, task }) => ({ at, error, isHandled: handled, task }),
);
