import * as v from "valibot";
import { formatInstant } from "../base/instant.ts";
import {
  type Awaiting,
  createTask,
  dataOf,
  isActive,
  type ListRange,
  type Merged,
  NO_DETAILS,
  setActive,
  type Task,
  type TaskDetails,
  type TaskPriority,
} from "../job/task.ts";
import { parseKey, type TaskKey, writeKey } from "../job/task_key.ts";
import { type ConnectionSource, type ConnectionTarget, isFailureOrigin, type TaskSource } from "../model/connection.ts";
import type { JsonValue } from "../values/json.ts";
import type { Payload } from "../values/payload.ts";
import * as c from "./codec.ts";
import { once, optional, quick, type Schema, strict } from "./schema.ts";

/** A task in a job's document. */
export interface TaskDocument {
  /** A live engine was working on it. */
  readonly active?: true;
  /** How often it has failed and is tried again. */
  readonly attempt?: number;
  /** A delivery from outside that has not come yet, with its deadline, and the slot that is told then. */
  readonly awaiting?: AwaitingDocument;
  /** Where it came from by a connection: an event, or the slot whose task has failed. */
  readonly connection?: TaskSource;
  /** When it was made. */
  readonly createdAt: string;
  /** What is delivered. */
  readonly data?: JsonValue;
  /** The key with which it was emitted: its emitter may replace it or take it back. */
  readonly emitKey?: string;
  /** Counted per job, from 1. */
  readonly id: number;
  /** What it follows from, as `ctx.idempotencyKey` names it; without one that is its id. */
  readonly key?: string;
  /** How often it may be tried again. */
  readonly maxRetries?: number;
  /** What its slot gave to the handler. */
  readonly merged?: MergedDocument;
  /** The instant before which it does not run. */
  readonly notBefore?: string;
  /** A generator between two yields. */
  readonly parked?: true;
  /** How urgent it is, where it is not normal: the last ones run when nothing else of the job is left. */
  readonly priority?: "high" | "low" | "last";
  /** What its last step stored. */
  readonly progress?: JsonValue;
  /** The receiving routine. */
  readonly routine: string;
  /** Its slot. */
  readonly slot: string;
  /** How many of its steps have been committed. */
  readonly step?: number;
  /** What the engine's `propagate` has said of the step that made it. */
  readonly trace?: string;
}

/** A delivery from outside that is awaited. */
export interface AwaitingDocument {
  /** The slot of the same routine that is told when the delivery has not come in time; without one that is an error. */
  readonly onTimeout?: string;
  /** How long the delivery may take to come, in milliseconds. */
  readonly timeoutMs?: number;
  /** When waiting ends. */
  readonly until?: string;
}

/** What a slot gave to a handler: a value, or stretches of its lists. */
export interface MergedDocument {
  /** The stretches, by key. */
  readonly lists?: readonly { readonly from: number; readonly key: string; readonly to: number }[];
  /** The value. */
  readonly value?: JsonValue;
}

/** The beginning of a connection. */
export const source: c.Codec<ConnectionSource, ConnectionSource> = c.shape({ event: c.name, routine: c.name });

/** A slot of a routine. */
export const slotPlace: c.Codec<ConnectionTarget, ConnectionTarget> = c.shape({ routine: c.name, slot: c.name });

type Origin = { readonly routine: string; readonly event?: string; readonly slot?: string };

/** A task's reader checks that it has one of event and slot: a union of two forms could not say what is wrong with one. */
const origin: c.Codec<TaskSource, TaskSource> = {
  schema: once(() =>
    strict<Origin>({
      event: optional(c.name.schema()),
      routine: c.name.schema(),
      slot: optional(c.name.schema()),
    }) as unknown as Schema<TaskSource>
  ),
  write: (from, json) => isFailureOrigin(from) ? slotPlace.write(from, json) : source.write(from, json),
  // Unreachable: the reader of a task reads it, which says what is wrong with it.
  read: (document) => document,
};

type Ranges = ReadonlyMap<string, ListRange>;

const ranges: c.Codec<Ranges, NonNullable<MergedDocument["lists"]>> = c.keyed(
  c.shape<ListRange & { key: string }, NonNullable<MergedDocument["lists"]>[number]>({
    from: c.count,
    key: c.key,
    to: c.count,
  }),
  (key, range) => ({ ...range, key }),
  ({ from, to }) => ({ from, to }),
);

/** What a slot gave to a handler. */
export const merged: c.Codec<Merged, MergedDocument> = c.valueOrLists(ranges);

const priority: c.Codec<TaskPriority, "high" | "low" | "last" | undefined> = c.via(
  c.optional(c.oneOf(["high", "low", "last"])),
  (priority) => priority === "normal" ? undefined : priority,
  (priority) => priority ?? "normal",
);

/** What a task follows from. */
export const taskKey: c.Codec<TaskKey | undefined, string | undefined> = {
  schema: once(() =>
    optional(quick(
      v.pipe(
        v.string(),
        v.check(isTaskKey, "Invalid key: expected twelve digits and letters that were written as a key"),
      ),
      (input) => typeof input === "string" && isTaskKey(input),
    ))
  ),
  write: (key) => key && writeKey(key),
  read: (document) => document === undefined ? undefined : parseKey(document),
};

function isTaskKey(text: string): boolean {
  return parseKey(text) !== undefined;
}

/** A task with all that some have, as its document names it. */
interface WholeTask extends TaskDetails {
  readonly active: boolean;
  readonly connection: TaskSource | undefined;
  readonly createdAt: number;
  readonly data: Payload | undefined;
  readonly id: number;
  readonly key: TaskKey | undefined;
  readonly routine: string;
  readonly slot: string;
}

const detailFields: c.Fields<TaskDetails, Pick<TaskDocument, keyof TaskDetails>> = {
  attempt: c.optionalCount,
  awaiting: c.optional(c.shape<Awaiting, AwaitingDocument>({
    onTimeout: c.optional(c.name),
    timeoutMs: c.optional(c.duration),
    until: c.optional(c.instant),
  })),
  emitKey: c.optional(c.name),
  maxRetries: c.optional(c.count),
  merged: c.optional(merged),
  notBefore: c.optional(c.instant),
  parked: c.flag,
  priority,
  progress: c.optionalValue,
  step: c.optionalCount,
  trace: c.optional(c.text),
};
const DETAIL_KEYS = Object.keys(NO_DETAILS) as (keyof TaskDetails)[];

const details: c.Codec<TaskDetails, Pick<TaskDocument, keyof TaskDetails>> = c.shape(detailFields);

const wholeTask: c.Codec<WholeTask, TaskDocument> = c.shape({
  ...detailFields,
  active: c.flag,
  connection: c.optional(origin),
  createdAt: c.instant,
  data: c.optionalValue,
  id: c.positive,
  key: taskKey,
  routine: c.name,
  slot: c.name,
});

/** A task. Most have nothing but what they carry and where it goes: there may be a million of these, so they go another way. */
export const task: c.Codec<Task, TaskDocument> = {
  schema: wholeTask.schema,
  write: (task, json) => {
    const { created, id, key, route: { connection, routine, slot } } = task;
    const data = dataOf(task);
    const isPlain = task.details === undefined && !isActive(task) && data !== undefined;
    if (isPlain && connection !== undefined && !isFailureOrigin(connection)) {
      const { event, routine: from } = connection;
      const createdAt = formatInstant(created.at);
      const plain = { connection: { event, routine: from }, createdAt, data: json(data), id };
      return key === undefined ? { ...plain, routine, slot } : { ...plain, key: writeKey(key), routine, slot };
    }
    const active = isActive(task);
    const own = { active, connection, createdAt: created.at, data, id, key, routine, slot };
    return wholeTask.write({ ...(task.details ?? NO_DETAILS), ...own }, json);
  },
  read: (document, reader, path, part) => {
    const { id, routine, slot, connection } = document;
    if (connection !== undefined && (connection.event === undefined) === (connection.slot === undefined)) {
      const got = connection.slot === undefined ? "neither" : "both";
      reader.fail(`${path}${part}.connection`, "routine, and one of event and slot", got);
    }
    const data = reader.values.readUnseen(document.data, path, `${part}.data`);
    const route = reader.route(routine, slot, connection);
    const created = reader.instant(c.instant.read(document.createdAt, reader, path, part));
    const hasDetails = DETAIL_KEYS.some((key) => document[key] !== undefined);
    const task = createTask(
      id,
      route,
      data,
      created,
      hasDetails ? details.read(document, reader, path, part) : undefined,
    );
    if (document.key !== undefined) task.key = parseKey(document.key);
    setActive(task, document.active === true);
    return task;
  },
};
