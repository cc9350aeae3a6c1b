import { freezeValue, Fresh, type Stored } from "../base/json.ts";
import type { Linked } from "../base/linked_list.ts";
import type { ConnectionSource } from "../model/connection.ts";
import type { Priority } from "../model/context.ts";
import type { Instant } from "./moment.ts";

/** Where a delivery goes, and the connection it came by. Shared by all tasks that took the same way. */
export interface Route {
  /** The id of the receiving routine. */
  readonly routine: string;
  /** The name of its slot. */
  readonly slot: string;
  /** The event that was emitted; absent for entries and deliveries from outside. */
  readonly connection: ConnectionSource | undefined;
}

/** What a slot gave to the handler at a task's first activation: later attempts get exactly that. */
export type Merged =
  | { readonly kind: "value"; readonly value: Stored }
  | { readonly kind: "lists"; readonly lists: ReadonlyMap<string, ListRange> };

/** A part of a list that an append slot keeps: positions counted from the slot's first item ever. */
export interface ListRange {
  /** The first position. */
  readonly from: number;
  /** The position after the last. */
  readonly to: number;
}

/** What only some tasks have: kept apart, so that a million plain ones stay small. */
export interface TaskDetails {
  /** How urgent it is. */
  readonly priority: Priority;
  /** How often the task has failed and is tried again. */
  readonly attempt: number;
  /** How often it may be tried again: fixed at the first failure. */
  readonly maxRetries: number | undefined;
  /** How many of its steps have been committed. */
  readonly step: number;
  /** What the last step stored. */
  readonly progress: Stored;
  /** The instant before which it does not run. */
  readonly notBefore: number | undefined;
  /** What its slot gave to the handler. */
  readonly merged: Merged | undefined;
  /** A generator between two yields. */
  readonly parked: boolean;
  /** A delivery from outside that has not come yet, with its deadline if it has one. */
  readonly awaiting: Awaiting | undefined;
}

/** A delivery that is awaited. */
export interface Awaiting {
  /** How long it may take, in milliseconds; without it there is no deadline. */
  readonly timeoutMs: number | undefined;
  /** The instant at which waiting ends with an error. */
  readonly until: number | undefined;
}

/** One delivery to a slot. Only `apply` changes one, but for the marks `active` and `isFrozen`. */
export interface Task extends Linked<Task> {
  /** Counted per job, from 1; 0 until it enters one. */
  id: number;
  /** Where it goes and how it came. */
  route: Route;
  /** What is delivered. Its lists may be frozen only when somebody sees them: who shows it takes it from `dataOf`. */
  data: Stored;
  /** Whether all of the data is frozen. */
  isFrozen: boolean;
  /** When it entered the job. */
  created: Instant;
  /** What only some tasks have. */
  details: TaskDetails | undefined;
  /** A live engine is working on it, or was when the job came to rest. */
  active: boolean;
}

/** The details of a task that has none yet. */
export const NO_DETAILS: TaskDetails = Object.freeze({
  priority: "normal",
  attempt: 0,
  maxRetries: undefined,
  step: 0,
  progress: undefined,
  notBefore: undefined,
  merged: undefined,
  parked: false,
  awaiting: undefined,
});

/** Makes a task; it belongs to no job until a commit brings it in. */
export function createTask(
  id: number,
  route: Route,
  payload: Stored | Fresh,
  created: Instant,
  details?: TaskDetails,
): Task {
  const isFrozen = !(payload instanceof Fresh);
  const data = isFrozen ? payload : payload.json;
  return { id, route, data, isFrozen, created, details, active: false, previous: undefined, next: undefined };
}

/** The details of a task that has none but its priority. */
export function detailsOf(priority: Priority): TaskDetails | undefined {
  return priority === "normal" ? undefined : { ...NO_DETAILS, priority };
}

/** How urgent a task is. */
export function priorityOf({ details }: Task): Priority {
  return details === undefined ? "normal" : details.priority;
}

/** What a task delivers, for whoever sees it. */
export function dataOf(task: Task): Stored {
  if (!task.isFrozen) freezeValue(task.data);
  task.isFrozen = true;
  return task.data;
}

/** Says whether a commit of the task has entered the job before: its `start` is in the history then. */
export function hasStarted({ details }: Task): boolean {
  return details !== undefined && (details.attempt > 0 || details.step > 0 || details.merged !== undefined);
}

/** When a task that is not ready now must be looked at again; `undefined` when only a delivery can wake it. */
export function dueAt({ details }: Task): number | undefined {
  return details?.awaiting === undefined ? details?.notBefore : details.awaiting.until;
}

/** The words for how urgent a task is, most urgent first. */
export const PRIORITIES: readonly ["high", "normal", "low"] = ["high", "normal", "low"];
