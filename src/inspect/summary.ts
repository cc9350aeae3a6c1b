import { groupBy } from "../base/group_by.ts";
import type { JobDocument, RoutineStateDocument } from "../documents/job.ts";
import type { JobStatus, RoutineStatus } from "../job/job.ts";
import { type ChildSummary, summarizeChildren } from "./children.ts";
import { type CollectedSummary, summarizeCollected } from "./collected.ts";
import { compareTexts, entriesOf, readJobDocument } from "./documents.ts";
import {
  errorText,
  type FailedTask,
  summarizeFailure,
  summarizeTask,
  TASK_STATES,
  type TaskState,
  type TaskSummary,
} from "./tasks.ts";

export type { ChildSummary, CollectedSummary, FailedTask, TaskState, TaskSummary };

/** What a job does, waits for, and has come to. */
export interface JobSummary {
  /** The job's id. */
  readonly jobId: string;
  /** The id of its flow. */
  readonly flowId: string;
  /** The job's status. */
  readonly status: JobStatus;
  /** When it was made, in ISO 8601. */
  readonly createdAt: string;
  /** When it last changed, in ISO 8601. */
  readonly updatedAt: string;
  /** How long it has worked, in milliseconds. */
  readonly ranMs: number;
  /** Why it has failed or was cancelled: the name and the message of the error. */
  readonly error?: string;
  /** The id of the job that has asked for it, and waits for its end. */
  readonly parent?: string;
  /** When it ends at the latest, in ISO 8601, where that was set. */
  readonly deadline?: string;
  /** Why it was paused, where somebody said so, and it is. */
  readonly pauseReason?: string;
  /** The tasks that an engine works on, or worked on when the document was made. */
  readonly active: readonly TaskSummary[];
  /** The tasks that may run now, generators between two yields included. */
  readonly ready: readonly TaskSummary[];
  /** The tasks that wait for an instant: a retry, or a delay. The next one is first. */
  readonly waiting: readonly TaskSummary[];
  /** The answers that the job waits for. */
  readonly awaiting: readonly TaskSummary[];
  /** The jobs that it has asked for and that have not ended; those that nobody waits for only until they have started. */
  readonly children: readonly ChildSummary[];
  /** What slots have collected and not handed on: joins, batches and the like wait for more. */
  readonly collected: readonly CollectedSummary[];
  /** The tasks that ended in an error or a skip, oldest first. */
  readonly failures: readonly FailedTask[];
  /** Each routine that has done something, or has something to do, by id. */
  readonly routines: { readonly [id: string]: RoutineSummary };
  /** How many outputs there have been. */
  readonly outputs: number;
  /** How many entries of the log there have been. */
  readonly logged: number;
}

/** What a routine does in a job. */
export interface RoutineSummary {
  /** Its worst outcome so far; absent before the first. */
  readonly status?: RoutineStatus;
  /** How many of its tasks are in each state, of those that are in any. */
  readonly tasks: { readonly [S in TaskState]?: number };
  /** How many of its tasks are among the failures. */
  readonly failed: number;
  /** How often its tasks were tried again. */
  readonly retries: number;
}

/**
 * Says what a job does: what runs, what waits for what until when, what has failed where.
 *
 * @param job the job's parsed document
 * @throws {SerializationError} when it is no job's document, naming the path
 *
 * @example
 * ```ts
 * import { Flow, Routine } from "@routilux/routilux";
 * import { summarize } from "@routilux/routilux/inspect";
 *
 * class Report extends Routine {
 *   readonly trigger = this.addSlot("trigger", this.write);
 *   write(): void {
 *     throw new RangeError("no paper");
 *   }
 * }
 * const flow = new Flow({ id: "reports" });
 * const job = flow.execute(flow.addRoutine(new Report(), "report"));
 * await flow.settle(job);
 *
 * const { status, failures } = summarize(job.toJSON());
 * [status, failures[0]?.routine, failures[0]?.error]; // ["failed", "report", "RangeError: no paper"]
 * ```
 */
export function summarize(job: unknown): JobSummary {
  return summarizeDocument(readJobDocument(job));
}

/** The same for a document that was checked: a large one takes long. */
export function summarizeDocument(document: JobDocument): JobSummary {
  const { createdAt, deadline, error, failures = [], flowId, jobId, parent, ranMs, status, updatedAt } = document;
  const tasks = document.pendingTasks.map(summarizeTask);
  const inState = (...states: readonly TaskState[]) => tasks.filter(({ state }) => states.includes(state));
  const pauseReason = status === "paused" ? document.pausePoints?.at(-1)?.reason : undefined;
  return {
    jobId,
    flowId,
    status,
    createdAt,
    updatedAt,
    ranMs,
    ...(error === undefined ? {} : { error: errorText(error) }),
    ...(parent === undefined ? {} : { parent: parent.jobId }),
    ...(deadline === undefined ? {} : { deadline: deadline.until }),
    ...(pauseReason === undefined ? {} : { pauseReason }),
    active: inState("active"),
    ready: inState("ready", "parked"),
    waiting: inState("waiting").sort((a, b) => compareTexts(`${a.until}`, `${b.until}`) || a.id - b.id),
    awaiting: inState("awaiting"),
    children: summarizeChildren(document),
    collected: summarizeCollected(document),
    failures: failures.map(summarizeFailure),
    routines: summarizeRoutines(document, tasks),
    outputs: countAll(document, "outputLog"),
    logged: countAll(document, "sharedLog"),
  };
}

function summarizeRoutines(
  { failures = [], routineStates }: JobDocument,
  tasks: readonly TaskSummary[],
): JobSummary["routines"] {
  const states = new Map<string, RoutineStateDocument>(entriesOf(routineStates));
  // A job may have very many tasks and routines: each task is looked at once.
  const tasksOf = groupBy(tasks, ({ routine }) => routine);
  const failuresOf = groupBy(failures, ({ task }) => task.routine);
  const ids = new Set([...states.keys(), ...tasksOf.keys(), ...failuresOf.keys()]);
  const summaries = Array.from(ids).sort().map((id): readonly [string, RoutineSummary] => {
    const own = tasksOf.get(id) ?? [];
    const counts = TASK_STATES.map((it) => [it, own.filter(({ state }) => state === it).length] as const);
    const { retries = 0, status } = states.get(id) ?? {};
    return [id, {
      ...(status === undefined ? {} : { status }),
      tasks: Object.fromEntries(counts.filter(([, count]) => count > 0)),
      failed: failuresOf.get(id)?.length ?? 0,
      retries: own.reduce((sum, { attempts = 0 }) => sum + attempts, retries),
    }];
  });
  return Object.fromEntries(summaries);
}

/** The length of a bounded list, with the entries that it has dropped. */
function countAll(document: JobDocument, list: "outputLog" | "sharedLog"): number {
  return (document[list]?.length ?? 0) + (document.dropped?.[list] ?? 0);
}
