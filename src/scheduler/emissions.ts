import { Encoded, isPlainJsonObject, type Stored } from "../base/json.ts";
import { instantAfter } from "../base/instant.ts";
import { applyMapping, type ConnectionSource, type Mapping } from "../model/connection.ts";
import type { Priority } from "../model/context.ts";
import { type HistoryRecord, type Records, startRecord } from "./history.ts";
import type { Instant } from "./moment.ts";
import { createTask, NO_DETAILS, type Route, type Task } from "./task.ts";

/** A way from an event to a slot. */
export interface EventRoute extends Route {
  /** How keys are renamed on it, where they are. */
  readonly mapping: Mapping | undefined;
}

/** An event of a routine, with the ways that it goes. */
export interface EventSource extends ConnectionSource {
  /** Every slot that gets it, in the order of connection. */
  readonly routes: readonly EventRoute[];
}

/** An emission of which no task tells: it goes several ways or none, or its keys are renamed on the way. */
interface Emission {
  readonly source: ConnectionSource;
  readonly data: Stored;
}

const NONE: readonly never[] = [];
const NEVER: Instant = Object.freeze({ at: 0 });

/**
 * What a step has emitted: the tasks that come of it, and its history. That is seldom read: the records are made when it is,
 * most of them of tasks, which are at hand anyway.
 */
export class Emissions implements Records {
  /** How many records there are. */
  length = 0;
  #tasks: Task[] | undefined;
  /** What was emitted, in order, unless each task tells of one emission. */
  #emitted: (Task | Emission)[] | undefined;
  #delays: Map<Task, number> | undefined;
  #started: string | undefined;
  #time: Instant = NEVER;

  /** The tasks: they get their ids when they enter a job. */
  get tasks(): readonly Task[] {
    return this.#tasks ?? NONE;
  }

  /** Adds what is emitted: to wait for `delayMs` from when it enters the job. */
  add(source: EventSource, data: Stored, delayMs: number = 0, priority: Priority = "normal"): void {
    const { routes } = source;
    const only = routes.length === 1 ? routes[0] : undefined;
    if (only !== undefined && only.mapping === undefined) {
      const task = this.#add(only, data, delayMs, priority);
      this.#emitted?.push(task);
      return;
    }
    this.#addAll(source, data, delayMs, priority);
  }

  #addAll(source: EventSource, data: Stored, delayMs: number, priority: Priority): void {
    this.#emitted ??= [...this.tasks];
    this.#emitted.push({ source, data });
    for (const route of source.routes) {
      this.#add(route, route.mapping === undefined ? data : mapData(data, route.mapping), delayMs, priority);
    }
  }

  #add(route: Route, data: Stored, delayMs: number, priority: Priority): Task {
    const task = createTask(0, route, data, NEVER, priority);
    // An array that grows takes room for many, and most activations make one task.
    if (this.#tasks === undefined) this.#tasks = [task];
    else this.#tasks.push(task);
    if (delayMs > 0) (this.#delays ??= new Map()).set(task, delayMs);
    return task;
  }

  /** Gives the tasks their ids, from `firstId` on; `started` is the routine whose task starts with this step, if it does. */
  enter(firstId: number, time: Instant, started: string | undefined): void {
    const { tasks } = this;
    // By index: for-of is thrice the code, and an engine inlines only so much.
    for (let i = 0; i < tasks.length; i++) {
      const task = tasks[i];
      if (task !== undefined) {
        task.id = firstId + i;
        task.created = time;
      }
    }
    this.#delays?.forEach((delayMs, task) => {
      task.details = { ...NO_DETAILS, notBefore: instantAfter(time.at, delayMs) };
    });
    this.#time = time;
    this.#started = started;
    this.length = this.#told.length + (started === undefined ? 0 : 1);
  }

  /** The records from an index on. */
  slice(start: number): Records {
    if (start === 0) return this;
    const emitted = this.#told;
    return emitted.slice(start - (this.length - emitted.length)).map((each) => this.#record(each));
  }

  /** The records, made anew. */
  *[Symbol.iterator](): Generator<HistoryRecord, void, undefined> {
    const { at } = this.#time;
    const routine = this.#started;
    if (routine !== undefined) yield startRecord(routine, at);
    for (const each of this.#told) yield this.#record(each);
  }

  get #told(): readonly (Task | Emission)[] {
    return this.#emitted ?? this.tasks;
  }

  #record(emitted: Task | Emission): HistoryRecord {
    const source = "source" in emitted ? emitted.source : emitted.route.connection;
    // Unreachable default: what is emitted goes by a connection.
    const { routine, event } = source ?? { routine: "", event: undefined };
    return { routine, type: "emit", event, data: emitted.data, at: this.#time.at };
  }
}

/** Renames keys; data that is no object stays as it is, and is the receiver's error. */
function mapData(data: Stored, mapping: Mapping): Stored {
  if (data instanceof Encoded) {
    return isPlainJsonObject(data.json) ? new Encoded(applyMapping(data.json, mapping)) : data;
  }
  return isPlainJsonObject(data) ? applyMapping(data, mapping) : data;
}
