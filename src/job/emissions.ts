import { frozenWireOf, keyedWireOf, partPayload, type Payload } from "../values/payload.ts";
import { instantAfter } from "../base/instant.ts";
import { applyMapping, type ConnectionSource, type KeyMapping } from "../model/connection.ts";
import { emissionName } from "./emit_keys.ts";
import type { Emission } from "./history.ts";
import { createTask, detailsOf, type Instant, NO_DETAILS, type Route, type Task, type TaskPriority } from "./task.ts";

/** A route from an event to a slot. */
export interface EventRoute extends Route {
  /** How keys are renamed on it, where they are. */
  readonly mapping: KeyMapping | undefined;
}

/** An event of a routine, with its routes. */
export interface EventSource extends ConnectionSource {
  /** Every slot that gets it, in the order of connection. */
  readonly routes: readonly EventRoute[];
  /** Its route, where it has only one and nothing is renamed on it; `undefined` otherwise. */
  readonly only: EventRoute | undefined;
}

/** What one call with a key has emitted. */
interface KeyedEmission {
  readonly entry: Emission;
  readonly tasks: readonly Task[];
}

const NONE: readonly never[] = [];
const NEVER: Instant = Object.freeze({ at: 0 });

/** What a step has emitted: the tasks that come of it, and its history. */
export class Emissions {
  #tasks: Task[] | undefined;
  /** What was emitted, in order, unless each task tells of one emission. */
  #emitted: (Task | Emission)[] | undefined;
  #delays: Map<Task, number> | undefined;
  /** What was emitted with a key, by its name: few steps have any. */
  #keyed: Map<string, KeyedEmission> | undefined;

  /** The tasks: they get their ids when they enter a job. */
  get tasks(): readonly Task[] {
    return this.#tasks ?? NONE;
  }

  /** What was emitted, in order. */
  get entries(): readonly (Task | Emission)[] {
    return this.#emitted ?? this.tasks;
  }

  /** Adds what is emitted: to wait for `delayMs` from when it enters the job. */
  add(source: EventSource, data: Payload | undefined, delayMs: number = 0, priority: TaskPriority = "normal"): void {
    const { only } = source;
    if (only !== undefined) {
      const task = this.#add(only, data, delayMs, priority);
      this.#emitted?.push(task);
      return;
    }
    this.#addAll(source, data, delayMs, priority);
  }

  /** Adds what is emitted with a key. What this step has emitted with that key before is taken back. */
  addKeyed(
    source: EventSource,
    data: Payload | undefined,
    delayMs: number,
    priority: TaskPriority,
    emitKey: string,
  ): void {
    this.takeBack(source, emitKey);
    const before = this.tasks.length;
    const entry = this.#addAll(source, data, delayMs, priority, emitKey);
    (this.#keyed ??= new Map()).set(emissionName({ source, emitKey }), { entry, tasks: this.tasks.slice(before) });
  }

  /** Takes back what this step has emitted with a key. */
  takeBack(source: ConnectionSource, emitKey: string): void {
    const name = emissionName({ source, emitKey });
    const known = this.#keyed?.get(name);
    if (known === undefined) return;
    this.#keyed?.delete(name);
    this.#emitted = this.#emitted?.filter((entry) => entry !== known.entry);
    this.#tasks = this.#tasks?.filter((task) => !known.tasks.includes(task));
    for (const task of known.tasks) this.#delays?.delete(task);
  }

  #addAll(
    source: EventSource,
    data: Payload | undefined,
    delayMs: number,
    priority: TaskPriority,
    emitKey?: string,
  ): Emission {
    const entry: Emission = { source, data, time: NEVER };
    this.#emitted ??= [...this.tasks];
    this.#emitted.push(entry);
    for (const route of source.routes) {
      this.#add(route, route.mapping === undefined ? data : mapData(data, route.mapping), delayMs, priority, emitKey);
    }
    return entry;
  }

  #add(route: Route, data: Payload | undefined, delayMs: number, priority: TaskPriority, emitKey?: string): Task {
    const task = createTask(0, route, data, NEVER, detailsOf(priority, emitKey));
    // An array that grows takes room for many, and most activations make one task.
    if (this.#tasks === undefined) this.#tasks = [task];
    else this.#tasks.push(task);
    if (delayMs > 0) (this.#delays ??= new Map()).set(task, delayMs);
    return task;
  }

  /** Gives the tasks their ids, from `firstId` on, and what was emitted its instant. */
  enter(firstId: number, time: Instant): void {
    const { tasks } = this;
    // An indexed loop stays within the inlining budget.
    for (let i = 0; i < tasks.length; i++) {
      const task = tasks[i];
      if (task !== undefined) {
        task.id = firstId + i;
        task.created = time;
      }
    }
    if (this.#delays !== undefined || this.#emitted !== undefined) this.#enterOthers(time);
  }

  /** Apart from what every step runs: few emissions are delayed, or have several routes. */
  #enterOthers(time: Instant): void {
    this.#delays?.forEach((delayMs, task) => {
      task.details = { ...(task.details ?? NO_DETAILS), notBefore: instantAfter(time.at, delayMs) };
    });
    this.#emitted?.forEach((each) => {
      if ("source" in each) each.time = time;
    });
  }
}

/** Renames keys; data that is no object stays as it is, and is the receiver's error. */
function mapData(data: Payload | undefined, mapping: KeyMapping): Payload | undefined {
  const json = keyedWireOf(data);
  if (data === undefined || json === undefined) return data;
  // The renamed object is frozen, so everything in it must be.
  frozenWireOf(data);
  return partPayload(applyMapping(json, mapping), data);
}
