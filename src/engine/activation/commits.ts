import type { ErrorData } from "../../values/error_data.ts";
import type { Payload } from "../../values/payload.ts";
import { ErrorHandler } from "../../model/error_handler.ts";
import type { FailureCommit, MergeCommit, StatusCommit, StepCommit } from "../../job/commit.ts";
import { createTasks, decideVerdict, failureRecords } from "../../job/decide.ts";
import type { TaskStart } from "../../job/history.ts";
import type { Job, JobStatus } from "../../job/job.ts";
import { hasStarted, type Instant, type Moment, type Task } from "../../job/task.ts";
import type { Activation, ActivationHost } from "./activation.ts";
import { mergeDelivery } from "./merge.ts";
import type { RoutinePlan, SlotPlan } from "./plan.ts";

const STOP = new ErrorHandler();

/**
 * The commit by which a delivery is merged into its slot.
 *
 * @throws what `mergeDelivery` throws
 */
export function mergeCommit(
  { job, classes, limits }: ActivationHost,
  task: Task,
  plan: SlotPlan,
  time: Moment,
): MergeCommit {
  const { merged, slot } = mergeDelivery(job, task, plan, classes, limits);
  return { kind: "merge", time, task, merged, slot, records: startRecords(task, time) };
}

/**
 * The commit of what a handler has done since its last commit.
 *
 * @throws {StepLimitError} when the job would make more tasks than `steps`
 * @throws whatever an update function throws
 */
export function stepCommit(
  job: Job,
  activation: Activation,
  outcome: StepCommit["outcome"],
  progress: Payload | undefined,
  steps: number,
  time: Moment,
): StepCommit {
  const { task, emissions, expectations, plan } = activation;
  return {
    kind: "step",
    time,
    task,
    step: task.details?.step ?? 0,
    outcome,
    progress,
    created: createTasks(job, emissions, expectations, time, steps),
    started: isFirst(task) ? plan.startAt(time) : undefined,
    records: emissions.entries,
    effects: activation.effects(),
    version: plan.version,
  };
}

/** How the failure of a task is decided. */
export interface FailureOptions {
  /** Whether the error handler may try the task again. */
  readonly mayRetry: boolean;
  /** Whether the job fails, whatever the error handler says. */
  readonly isFatal: boolean;
  /** The other tasks whose handlers run: they are stopped when the job fails. */
  readonly others: () => readonly Task[];
}

/** The commit of a task's failure, by the error handler of its routine. */
export function failureCommit(
  job: Job,
  task: Task,
  routine: RoutinePlan,
  error: ErrorData,
  { mayRetry, isFatal, others }: FailureOptions,
  time: Moment,
): FailureCommit {
  const verdict = decideVerdict(job, task, error, isFatal ? STOP : routine.errorHandler, time.at, mayRetry);
  const records = [...startRecords(task, time), ...failureRecords(routine.id, error, verdict, time.at)];
  const active = verdict.kind === "end" && verdict.stop ? others() : [];
  return { kind: "failure", time, task, error, verdict, active, records, version: routine.version };
}

/** The commit of a change of status and nothing else. */
export function statusCommit(
  status: JobStatus,
  time: Moment,
  more: Partial<Pick<StatusCommit, "active" | "error" | "pausePoint" | "redrive" | "migrated">> = {},
): StatusCommit {
  return {
    kind: "status",
    time,
    status,
    active: [],
    error: undefined,
    pausePoint: undefined,
    redrive: false,
    migrated: [],
    ...more,
  };
}

function startRecords(task: Task, time: Instant): readonly TaskStart[] {
  return isFirst(task) ? [{ routine: task.route.routine, time }] : [];
}

/** Whether this is a task's first commit, which writes its `start` into the history. */
function isFirst(task: Task): boolean {
  return task.details === undefined || (!hasStarted(task) && task.details.awaiting === undefined);
}
