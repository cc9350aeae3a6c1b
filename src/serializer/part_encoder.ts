import { formatInstant } from "../base/instant.ts";
import { type JsonValue, type Stored, wireOf } from "../base/json.ts";
import { type HistoryEntry, recordOf } from "../scheduler/history.ts";
import type { DeferredEvent, LogEntry, OutputEntry, PausePoint } from "../scheduler/job.ts";
import type { Awaiting, Merged, Task } from "../scheduler/task.ts";
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

/** Writes a task. Most have nothing but what they carry and where it goes. */
export function encodeTask(task: Task): TaskDocument {
  const { active, data, details, id, priority, route: { connection, routine, slot } } = task;
  const createdAt = formatInstant(task.created.at);
  const source = connection === undefined ? undefined : { event: connection.event, routine: connection.routine };
  if (details === undefined && !active && priority === "normal" && source !== undefined && data !== undefined) {
    return { connection: source, createdAt, data: wireOf(data), id, routine, slot };
  }
  return compact({
    active: flag(active),
    attempt: positive(details?.attempt),
    awaiting: details?.awaiting === undefined ? undefined : encodeAwaiting(details.awaiting),
    connection: source,
    createdAt,
    data: wire(data),
    id,
    maxRetries: details?.maxRetries,
    merged: details?.merged === undefined ? undefined : encodeMerged(details.merged),
    notBefore: instant(details?.notBefore),
    parked: flag(details?.parked),
    priority: priority === "normal" ? undefined : priority,
    progress: wire(details?.progress),
    routine,
    slot,
    step: positive(details?.step),
  });
}

function encodeAwaiting({ timeoutMs, until }: Awaiting): NonNullable<TaskDocument["awaiting"]> {
  return compact({ timeoutMs, until: instant(until) });
}

/** Writes what a slot gave to a handler. */
export function encodeMerged(merged: Merged): MergedDocument {
  if (merged.kind === "value") return compact({ value: wire(merged.value) });
  return { lists: Array.from(merged.lists, ([key, { from, to }]) => ({ from, key, to })) };
}

/** Writes a line of the history. */
export function encodeRecord(entry: HistoryEntry): RecordDocument {
  const { routine, type, event, data, at } = recordOf(entry);
  return compact({ at: formatInstant(at), data: wire(data), event, routine, type });
}

/** Writes an entry of the shared log. */
export function encodeLog({ routine, entry, at }: LogEntry): LogDocument {
  return { at: formatInstant(at), entry: wireOf(entry), routine };
}

/** Writes an output. */
export function encodeOutput({ routine, type, data, at }: OutputEntry): OutputDocument {
  return compact({ at: formatInstant(at), data: wire(data), routine, type });
}

/** Writes a deferred event. */
export function encodeDeferred({ routine, event, data }: DeferredEvent): DeferredDocument {
  return compact({ data: wire(data), event, routine });
}

/** Writes the mark of a pause. */
export function encodePausePoint({ reason, checkpoint, at }: PausePoint): PausePointDocument {
  return compact({ at: formatInstant(at), checkpoint: wire(checkpoint), reason });
}

/** Writes a list; an empty one is left out. */
export function list<T, D>(items: readonly T[], encode: (item: T) => D): readonly D[] | undefined {
  return items.length === 0 ? undefined : items.map(encode);
}

/** The JSON of a value that may be missing. */
export function wire(value: Stored): JsonValue | undefined {
  return value === undefined ? undefined : wireOf(value);
}

/** A count, left out where it is 0. */
export function positive(count: number | undefined): number | undefined {
  return count === 0 ? undefined : count;
}

/** A mark, left out where it is not set. */
export function flag(set: boolean | undefined): true | undefined {
  return set === true ? true : undefined;
}

function instant(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : formatInstant(ms);
}
