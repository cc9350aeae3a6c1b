import { BoundedList } from "../base/bounded_list.ts";
import type { ErrorData } from "../values/error_data.ts";
import { lengthOf, type Payload } from "../values/payload.ts";
import { LinkedList } from "../base/linked_list.ts";
import type { ExecutionStrategy } from "../model/flow_graph.ts";
import type { Arrivals } from "./arrivals.ts";
import type { Children, JobParent } from "./children.ts";
import type { KeyedTasks } from "./emit_keys.ts";
import type { FormerNames } from "./former_names.ts";
import { type HistoryEntry, historyLength, LINE_LENGTH } from "./history.ts";
import type { Moment, Task } from "./task.ts";
import type { TaskKey } from "./task_key.ts";
import type { SlotData } from "./slot_data.ts";

/** Where a job stands. `pausing` is not among them: it belongs to the live engine. */
export type JobStatus = "pending" | "running" | "paused" | "completed" | "failed" | "cancelled";

/** The words for where a job stands. */
export const JOB_STATUSES = ["pending", "running", "paused", "completed", "failed", "cancelled"] as const;

/** How a routine has fared in a job: its worst outcome so far. */
export type RoutineStatus = "failed" | "error_continued" | "skipped" | "completed";

/** The words for how a routine has fared, worst first. */
export const ROUTINE_STATUSES = ["failed", "error_continued", "skipped", "completed"] as const;

/** What a job keeps of one routine. */
export interface RoutineState {
  /** Its worst outcome so far. */
  status: RoutineStatus | undefined;
  /** The retries of its tasks that have ended. */
  retries: number;
  /** What its handlers keep in `ctx.state`: most keep nothing. */
  state: Map<string, Payload> | undefined;
  /** The version of the class that wrote the state. */
  version: number;
}

/** One entry of the shared log. */
export interface LogEntry {
  /** The routine that wrote it. */
  readonly routine: string;
  /** The object that was logged. */
  readonly entry: Payload;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** One output. */
export interface OutputEntry {
  /** The routine that put it out. */
  readonly routine: string;
  /** The kind, as the handler named it. */
  readonly type: string;
  /** The data. */
  readonly data: Payload | undefined;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** An event that is sent before the job completes, when no other task is left. */
export interface DeferredEvent {
  /** The routine that emits it. */
  readonly routine: string;
  /** Its event. */
  readonly event: string;
  /** The payload. */
  readonly data: Payload | undefined;
  /** What its deliveries follow from, once it has entered the job. */
  readonly key: TaskKey | undefined;
}

/** A mark of a pause. */
export interface PausePoint {
  /** Why, as the caller said. */
  readonly reason: string | undefined;
  /** What the caller noted. */
  readonly checkpoint: Payload | undefined;
  /** When the job came to rest, in milliseconds since 1970. */
  readonly at: number;
}

/** A task that ended in an error or a skip. */
export interface FailedTask {
  /** The task as it was. */
  readonly task: Task;
  /** Its error. */
  readonly error: ErrorData;
  /** When, in milliseconds since 1970. */
  readonly at: number;
  /** Whether it was delivered to a slot, by a failure connection. */
  readonly isHandled: boolean;
}

/** How `execute` was asked to run this job, where it differs from the flow. */
export interface ExecutionSettings {
  /** How handlers run. */
  readonly executionStrategy: ExecutionStrategy | undefined;
  /** How many may wait at the same time. */
  readonly maxWorkers: number | undefined;
  /** How long the job may work, in milliseconds. */
  readonly executionTimeoutMs: number | undefined;
}

/** The instant at which a job ends at the latest, waiting and pauses included. */
export interface Deadline {
  /** How long the job may take, in milliseconds: a redrive gives it as long again. */
  readonly deadlineMs: number;
  /** When that is over. */
  readonly until: number;
}

/** The lists of a job that keep their newest entries only. */
export interface JobLimits {
  /** The most records of the execution history that are kept. */
  readonly history: number;
  /** The most outputs that are kept. */
  readonly outputs: number;
  /** The most entries of the shared log that are kept. */
  readonly log: number;
  /** The most characters of JSON that each of these lists keeps. */
  readonly keptLength: number;
}

// No closures: engines compile those anew for each job.
const logLength = ({ entry }: LogEntry): number => LINE_LENGTH + lengthOf(entry);
const outputLength = ({ data }: OutputEntry): number => LINE_LENGTH + lengthOf(data);

const NO_CLASSES: ReadonlyMap<string, string> = new Map();

/** One execution, as data. Only `apply` changes it. */
export class Job {
  /** The id of the flow that it belongs to. */
  readonly flowId: string;
  /** When it was made, in milliseconds since 1970. */
  readonly createdAt: number;
  /** How `execute` was asked to run it. */
  readonly settings: ExecutionSettings;
  /** Where it stands. */
  status: JobStatus = "pending";
  /** When it last changed, and how long it had worked by then. */
  time: Moment;
  /** The id that the next task gets. */
  nextTaskId = 1;
  /** Why it failed or was cancelled. */
  error: ErrorData | undefined;
  /** When it ends at the latest; most have no deadline. */
  deadline: Deadline | undefined;
  /** What a handler has set as its result. */
  result: Payload | undefined;
  /** What the engine's `propagate` has said when it was made. */
  trace: string | undefined;
  /** The tasks that have not ended, by id. */
  readonly tasks: LinkedList<Task> = new LinkedList();
  /** How many of them run only when nothing else is left. */
  lastTasks = 0;
  /** What slots hold, by routine and slot. */
  readonly slots: Map<string, Map<string, SlotData>> = new Map();
  /** What is kept of each routine. */
  readonly routineStates: Map<string, RoutineState> = new Map();
  /** What all routines share. */
  readonly sharedData: Map<string, Payload> = new Map();
  /** What routines have logged. */
  readonly sharedLog: BoundedList<LogEntry> = new BoundedList(Infinity, logLength);
  /** What has happened. */
  readonly history: BoundedList<HistoryEntry> = new BoundedList(Infinity, historyLength);
  /** What routines have put out. */
  readonly outputs: BoundedList<OutputEntry> = new BoundedList(Infinity, outputLength);
  /** The newest of the tasks that ended in an error or a skip. */
  readonly failures: FailedTask[] = [];
  /** How many older failures are gone, as far as can be counted. */
  droppedFailures = 0;
  /** The newest marks of pauses. */
  readonly pausePoints: PausePoint[] = [];
  /** How many older marks of pauses are gone, as far as can be counted. */
  droppedPausePoints = 0;
  /** Events that are sent before the job completes, when no other task is left. */
  readonly deferredEvents: DeferredEvent[] = [];
  /** Deliveries that are awaited, oldest first, by the key of their slot. */
  readonly awaiting: Map<string, Set<Task>> = new Map();
  /** Deliveries that came before they were awaited, and may still be; most jobs have none. */
  arrivals: Arrivals | undefined;
  /** The jobs that it has asked for and that have not ended; most jobs have none. */
  children: Children | undefined;
  /** The job that has asked for it, and waits for its end; most jobs have none. */
  parent: JobParent | undefined;
  /** The job that it is a part of, as a child of one that is in no store; most are part of none. */
  holder: Job | undefined;
  /** Its moves to other versions of its flow by which names have changed, while deliveries of before may be unread; most jobs have none. */
  formerNames: readonly FormerNames[] | undefined;
  /** Pending tasks that were emitted with a key; most jobs have none. */
  keyed: KeyedTasks | undefined;
  /** Its execution in this process, if it is live here. The owner in the store is another thing: the name of an engine. */
  owner: object | undefined;
  /** Whether its execution has been made and has not begun, for example because the store has not answered: see `statusOf`. */
  isStarting = false;
  /** The classes that its values name, with the first place of each: filled on reading, for the preflight. */
  classes: ReadonlyMap<string, string> = NO_CLASSES;
  #jobId: string | (() => string);

  /** Makes a job without tasks. Its id may be made when somebody reads it. */
  constructor(
    ids: { readonly jobId: string | (() => string); readonly flowId: string },
    createdAt: number,
    settings: ExecutionSettings,
  ) {
    this.#jobId = ids.jobId;
    this.flowId = ids.flowId;
    this.createdAt = createdAt;
    this.time = { at: createdAt, ranMs: 0 };
    this.settings = settings;
  }

  /** The job's id, if it has been given or read: it is not made for this. */
  get knownId(): string | undefined {
    return typeof this.#jobId === "string" ? this.#jobId : undefined;
  }

  /** The job's id. */
  get jobId(): string {
    if (typeof this.#jobId === "function") this.#jobId = this.#jobId();
    return this.#jobId;
  }

  /** Takes over the content of another job of the same id: whoever holds this object has that job from now on. */
  become(other: Job): void {
    const { owner, isStarting, holder } = this;
    Object.assign(this, other, { owner, isStarting, holder });
    for (const { inner } of this.children ?? []) if (inner !== undefined) inner.job.holder = this;
  }
}

/** The status that a job shows: it is `running` as soon as an engine starts it, though its store has not answered yet. */
export function statusOf({ isStarting, status }: Job): JobStatus {
  return isStarting ? "running" : status;
}

/** Says whether a job has ended: it goes on only by a redrive. */
export function hasEnded(status: JobStatus): boolean {
  return status === "completed" || status === "failed" || status === "cancelled";
}

/** A key for a slot of a routine: no two pairs of names share one. */
export function slotKey(routine: string, slot: string): string {
  return `${routine.length}:${routine}${slot}`;
}

/** The oldest delivery that a slot awaits. */
export function firstAwaiting(job: Job, routine: string, slot: string): Task | undefined {
  const [task] = job.awaiting.get(slotKey(routine, slot)) ?? [];
  return task;
}

/**
 * Says whether nothing but a delivery from outside, or the end of its time, can move a job on. Children are seen where the job has them:
 * those that are jobs of a store may end at any time.
 */
export function onlyAwaits({ tasks, lastTasks, awaiting, children }: Job): boolean {
  let count = 0;
  for (const waiting of awaiting.values()) count += waiting.size;
  if (count !== tasks.size - lastTasks) return false;
  for (const { inner } of children ?? []) {
    if (inner === undefined || (inner.job.status !== "paused" && !onlyAwaits(inner.job))) return false;
  }
  return count > 0 || children !== undefined;
}

/** Says whether nothing is left of a job but tasks that are to be the last. */
export function isAtItsEnd({ tasks, lastTasks, deferredEvents, children }: Job): boolean {
  return tasks.size === lastTasks && deferredEvents.length === 0 && children === undefined;
}

/** Says whether tasks or children are left that must come before deferred events, and before the job's end. */
export function hasToWait({ tasks, lastTasks, deferredEvents, children }: Job): boolean {
  return children !== undefined || tasks.size > lastTasks || (tasks.size > 0 && deferredEvents.length === 0);
}

/** Sets how much of the bounded lists is kept: a restored job learns its flow's limits only when it is resumed. */
export function adoptLimits(job: Job, limits: JobLimits): void {
  const { keptLength } = limits;
  job.history.setLimit(limits.history, keptLength);
  job.outputs.setLimit(limits.outputs, keptLength);
  job.sharedLog.setLimit(limits.log, keptLength);
}
