import { frozenWireOf, type Payload, unseenPayload, unseenWireOf, wireOf } from "../values/payload.ts";
import type { Linked } from "../base/linked_list.ts";
import type { TaskSource } from "../model/connection.ts";
import type { Priority } from "../model/context.ts";
import type { TaskKey } from "./task_key.ts";

/**
 * An instant. Whatever happens at the same instant shares the object: engines keep a number of this size as a heap object
 * for each task, commit and record.
 */
export interface Instant {
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** An instant in the life of a job. */
export interface Moment extends Instant {
  /** How long the job has worked by then, in milliseconds. */
  readonly ranMs: number;
}

/** Where a delivery goes, and the connection it came by. Shared by all tasks that took the same route. */
export interface Route {
  /** The id of the receiving routine. */
  readonly routine: string;
  /** The name of its slot. */
  readonly slot: string;
  /** The event that was emitted, or the slot whose task has failed; absent for entries and deliveries from outside. */
  readonly connection: TaskSource | undefined;
}

/** What a slot gave to the handler at a task's first activation: later attempts get exactly that. */
export type Merged =
  | { readonly kind: "value"; readonly value: Payload | undefined }
  | { readonly kind: "lists"; readonly lists: ReadonlyMap<string, ListRange> };

/** A part of a list that an append slot keeps: positions counted from the slot's first item ever. */
export interface ListRange {
  /** The first position. */
  readonly from: number;
  /** The position after the last. */
  readonly to: number;
}

/** How urgent a task is. */
export type TaskPriority = Priority | "last";

/** What only some tasks have: kept apart, so that a million plain ones stay small. */
export interface TaskDetails {
  /** How urgent it is; a `last` one runs when nothing else of its job is left. */
  readonly priority: TaskPriority;
  /** How often the task has failed and is tried again. */
  readonly attempt: number;
  /** How often it may be tried again: fixed at the first failure. */
  readonly maxRetries: number | undefined;
  /** How many of its steps have been committed. */
  readonly step: number;
  /** What the last step stored. */
  readonly progress: Payload | undefined;
  /** The instant before which it does not run. */
  readonly notBefore: number | undefined;
  /** What its slot gave to the handler. */
  readonly merged: Merged | undefined;
  /** A generator between two yields. */
  readonly parked: boolean;
  /** A delivery from outside that has not come yet, with its deadline if it has one. */
  readonly awaiting: Awaiting | undefined;
  /** The key with which it was emitted: its emitter may replace it or take it back, as long as no handler has begun it. */
  readonly emitKey: string | undefined;
  /** What the engine's `propagate` has said of the step that made it. */
  readonly trace: string | undefined;
}

/** A delivery that is awaited. */
export interface Awaiting {
  /** How long it may take, in milliseconds; without it there is no deadline. */
  readonly timeoutMs: number | undefined;
  /** The instant at which waiting ends. */
  readonly until: number | undefined;
  /** The slot of the same routine that is told when waiting ends; without one it ends with an error. */
  readonly onTimeout: string | undefined;
}

/** One delivery to a slot. Only `apply` changes one, but for its marks. */
export interface Task extends Linked<Task> {
  /** Counted per job, from 1; 0 until it enters one. */
  id: number;
  /** What it follows from, in jobs that need to know. */
  key: TaskKey | undefined;
  /** Where it goes and how it came. */
  route: Route;
  /** What is delivered. Of an unseen payload only the JSON is kept, and `marks` says that it is unseen. Read it by `dataOf`. */
  data: Payload | undefined;
  /** When it entered the job. */
  created: Instant;
  /** What only some tasks have. */
  details: TaskDetails | undefined;
  /** Whether it is active, and whether its data is unseen: in one number, for a million tasks may be pending. */
  marks: number;
}

const ACTIVE = 1;
const UNSEEN = 2;

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
  emitKey: undefined,
  trace: undefined,
});

/** Makes a task; it belongs to no job until a commit brings it in. */
export function createTask(
  id: number,
  route: Route,
  payload: Payload | undefined,
  created: Instant,
  details?: TaskDetails,
): Task {
  const unseen = unseenWireOf(payload);
  const marks = unseen === undefined ? 0 : UNSEEN;
  return {
    id,
    key: undefined,
    route,
    data: unseen ?? payload,
    created,
    details,
    marks,
    previous: undefined,
    next: undefined,
  };
}

/** The details of a task that has none but its priority, and the key with which it was emitted. */
export function detailsOf(priority: TaskPriority, emitKey?: string): TaskDetails | undefined {
  return priority === "normal" && emitKey === undefined ? undefined : { ...NO_DETAILS, priority, emitKey };
}

/** The details of a task that takes the place of another: its priority, the key that it was emitted with, and where it came from, for those who trace it. */
export function detailsOfSuccessor({ details }: Task): TaskDetails | undefined {
  if (details === undefined) return undefined;
  const { priority, trace, emitKey } = details;
  return trace === undefined ? detailsOf(priority, emitKey) : { ...NO_DETAILS, priority, trace, emitKey };
}

/** How urgent a task is. */
export function priorityOf({ details }: Task): TaskPriority {
  return details === undefined ? "normal" : details.priority;
}

/** What a task delivers: the payload with which it was made, or which it waited for. */
export function dataOf({ data, marks }: Task): Payload | undefined {
  return (marks & UNSEEN) === 0 || data === undefined ? data : unseenPayload(wireOf(data));
}

/** What a task delivers, for a user who sees it now: it is frozen then, once. */
export function shownData(task: Task): Payload | undefined {
  const { data, marks } = task;
  if ((marks & UNSEEN) !== 0 && data !== undefined) {
    frozenWireOf(data);
    task.marks = marks & ~UNSEEN;
  }
  return data;
}

/** Gives a task that has none the data that it waits for. */
export function setData(task: Task, payload: Payload | undefined): void {
  const unseen = unseenWireOf(payload);
  task.data = unseen ?? payload;
  if (unseen !== undefined) task.marks |= UNSEEN;
}

/** Says whether a live engine is working on a task, or was when the job came to rest. */
export function isActive({ marks }: Task): boolean {
  return (marks & ACTIVE) !== 0;
}

/** Marks a task as one that a live engine is working on, or takes the mark away. */
export function setActive(task: Task, isActive: boolean): void {
  if (isActive) task.marks |= ACTIVE;
  else task.marks &= ~ACTIVE;
}

/** Says whether a commit of the task has entered the job before: its `start` is in the history then. */
export function hasStarted({ details }: Task): boolean {
  return details !== undefined && (details.attempt > 0 || details.step > 0 || details.merged !== undefined);
}

/** When a task that is not ready now must be looked at again; `undefined` when only a delivery can wake it. */
export function dueAt({ details }: Task): number | undefined {
  return details?.awaiting === undefined ? details?.notBefore : details.awaiting.until;
}

/** The words for how urgent a job is, most urgent first. */
export const PRIORITIES = ["high", "normal", "low"] as const;

/** The words for how urgent a task is, most urgent first. */
export const TASK_PRIORITIES: readonly TaskPriority[] = [...PRIORITIES, "last"];
