import type { ErrorData } from "../../values/error_data.ts";
import type { Payload } from "../../values/payload.ts";
import type { FailureCommit, StatusCommit, StepCommit } from "../../job/commit.ts";
import { createTasks, decideVerdict, failureRecords } from "../../job/decide.ts";
import type { TaskStart } from "../../job/history.ts";
import type { Job, JobStatus } from "../../job/job.ts";
import { hasStarted, type Instant, type Moment, type Task } from "../../job/task.ts";
import type { Activation } from "./activation.ts";
import { type RoutinePlan, STOP } from "./plan.ts";

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

/**
 * The commit of a task's failure, by the error handler of its routine; a fatal one fails the job in any case. An awaited delivery
 * is never tried again.
 */
export function failureCommit(
  job: Job,
  task: Task,
  routine: RoutinePlan,
  error: ErrorData,
  isFatal: boolean,
  time: Moment,
): FailureCommit {
  const handler = isFatal ? STOP : routine.errorHandler;
  const verdict = decideVerdict(job, task, error, handler, time.at, task.details?.awaiting === undefined);
  const records = [...startRecords(task, time), ...failureRecords(routine.id, error, verdict, time.at)];
  return { kind: "failure", time, task, error, verdict, active: [], records, version: routine.version };
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

/** The history of a task that begins with a merge or a failure. */
export function startRecords(task: Task, time: Instant): readonly TaskStart[] {
  return isFirst(task) ? [{ routine: task.route.routine, time }] : [];
}

/** Whether this is a task's first commit, which writes its `start` into the history. */
function isFirst(task: Task): boolean {
  return task.details === undefined || (!hasStarted(task) && task.details.awaiting === undefined);
}
