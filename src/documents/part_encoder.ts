import { formatInstant } from "../base/instant.ts";
import type { JsonObject, JsonValue } from "../values/json.ts";
import { frozenWireOf, type Payload, wireOf } from "../values/payload.ts";
import { type HistoryEntry, recordOf } from "../job/history.ts";
import type { DeferredEvent, LogEntry, OutputEntry, PausePoint } from "../job/job.ts";
import { type Awaiting, dataOf, isActive, type Merged, priorityOf, type Task } from "../job/task.ts";
import { compact } from "./compact.ts";
import type {
  DeferredDocument,
  LogDocument,
  MergedDocument,
  OutputDocument,
  PausePointDocument,
  RecordDocument,
  TaskDocument,
} from "./documents.ts";

/** Writes the parts that jobs and commits have in common. What writes the items of lists is handed on, and so is bound. */
export class PartEncoder {
  /** Writes a value. */
  readonly json: (stored: Payload) => JsonValue;

  /** Makes an encoder that writes values like this. */
  constructor(json: (stored: Payload) => JsonValue) {
    this.json = json;
  }

  /** Writes a task. Most have nothing but what they carry and where it goes. */
  readonly task = (task: Task): TaskDocument => {
    const { details, id, route: { connection, routine, slot } } = task;
    const data = dataOf(task);
    const createdAt = formatInstant(task.created.at);
    const source = connection === undefined ? undefined : { event: connection.event, routine: connection.routine };
    if (details === undefined && !isActive(task) && source !== undefined && data !== undefined) {
      return { connection: source, createdAt, data: this.json(data), id, routine, slot };
    }
    const priority = priorityOf(task);
    return compact({
      active: omitFalse(isActive(task)),
      attempt: omitZero(details?.attempt),
      awaiting: details?.awaiting === undefined ? undefined : encodeAwaiting(details.awaiting),
      connection: source,
      createdAt,
      data: this.value(data),
      id,
      maxRetries: details?.maxRetries,
      merged: details?.merged === undefined ? undefined : this.merged(details.merged),
      notBefore: instant(details?.notBefore),
      parked: omitFalse(details?.parked),
      priority: priority === "normal" ? undefined : priority,
      progress: this.value(details?.progress),
      routine,
      slot,
      step: omitZero(details?.step),
    });
  };

  /** Writes what a slot gave to a handler. */
  merged(merged: Merged): MergedDocument {
    if (merged.kind === "value") return compact({ value: this.value(merged.value) });
    return { lists: Array.from(merged.lists, ([key, { from, to }]) => ({ from, key, to })) };
  }

  /** Writes a line of the history. */
  readonly record = (entry: HistoryEntry): RecordDocument => {
    const { routine, type, event, data, at } = recordOf(entry);
    return compact({ at: formatInstant(at), data: this.value(data), event, routine, type });
  };

  /** Writes an entry of the shared log. */
  readonly log = ({ routine, entry, at }: LogEntry): LogDocument => {
    return { at: formatInstant(at), entry: this.json(entry), routine };
  };

  /** Writes an output. */
  readonly output = ({ routine, type, data, at }: OutputEntry): OutputDocument => {
    return compact({ at: formatInstant(at), data: this.value(data), routine, type });
  };

  /** Writes a deferred event. */
  readonly deferred = ({ routine, event, data }: DeferredEvent): DeferredDocument => {
    return compact({ data: this.value(data), event, routine });
  };

  /** Writes the mark of a pause. */
  readonly pausePoint = ({ reason, checkpoint, at }: PausePoint): PausePointDocument => {
    return compact({ at: formatInstant(at), checkpoint: this.value(checkpoint), reason });
  };

  /** Writes values by key: those of the user's keep their own order. */
  values(values: ReadonlyMap<string, Payload>): JsonObject {
    const json: Record<string, JsonValue> = {};
    for (const [key, value] of values) if (value !== undefined) json[key] = this.json(value);
    return json;
  }

  /** Writes a value that may be missing. */
  value(value: Payload | undefined): JsonValue | undefined {
    return value === undefined ? undefined : this.json(value);
  }
}

/** Writes parts of texts: nobody sees the values. */
export const textParts: PartEncoder = new PartEncoder(wireOf);

/** Writes parts of documents that users see. */
export const documentParts: PartEncoder = new PartEncoder(frozenWireOf);

/** Writes a list; an empty one is left out. */
export function list<T, D>(items: readonly T[], encode: (item: T) => D): readonly D[] | undefined {
  return items.length === 0 ? undefined : items.map(encode);
}

/** A count, left out where it is 0. */
export function omitZero(count: number | undefined): number | undefined {
  return count === 0 ? undefined : count;
}

/** A mark, left out where it is not set. */
export function omitFalse(set: boolean | undefined): true | undefined {
  return set === true ? true : undefined;
}

function encodeAwaiting({ timeoutMs, until }: Awaiting): NonNullable<TaskDocument["awaiting"]> {
  return compact({ timeoutMs, until: instant(until) });
}

function instant(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : formatInstant(ms);
}
