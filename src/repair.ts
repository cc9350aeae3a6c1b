import { checkInteger, checkOptions } from "./base/options.ts";
import { describeValue } from "./base/path.ts";
import { isAsyncAnswer } from "./base/thenable.ts";
import { jobOf, type JobState } from "./documents/job_state.ts";
import type { JobFailure } from "./documents/job_views.ts";
import type { RedrivenTask } from "./documents/command.ts";
import { failuresOf, type Redrive } from "./engine/execution/redrive.ts";
import type { FlowLimits } from "./model/flow_limits.ts";
import type { ClassTable } from "./values/class_table.ts";
import { payloadOf } from "./values/encoder.ts";
import { isRecord } from "./values/json.ts";

/** A choice of failures: all, those of some tasks, or those for which a function returns true. */
export type FailureChoice = true | readonly number[] | ((failure: JobFailure) => boolean);

/** A failed task that starts over with other data. */
export interface RedriveData {
  /** The id of the task. */
  readonly taskId: number;
  /** What its slot gets instead. */
  readonly data: unknown;
}

/**
 * Which failures become tasks again: all that are not handled, those of some tasks, with other data where that is given, or those of
 * which a function says so, or for which it gives other data.
 */
export type RedriveChoice =
  | true
  | readonly (number | RedriveData)[]
  | ((failure: JobFailure) => boolean | { readonly data: unknown });

/**
 * Finds out which failures of a job become tasks again, and how often they may be tried again, where that is not left to the error
 * handlers.
 *
 * @param isRepeated whether it may have been carried out already: then the failures may be gone
 * @throws {TypeError} for a choice of another kind
 * @throws {StateError} for a task of which the job has no failure
 * @throws {SerializationError} naming the path of data that cannot travel
 * @throws {RangeError} for a number of retries that is none
 */
export function resolveRedrive(
  job: JobState,
  choice: RedriveChoice,
  maxRetries: number | undefined,
  classes: ClassTable,
  limits?: FlowLimits,
  isRepeated = false,
): Redrive {
  const action = `Cannot redrive job "${job.jobId}"`;
  if (maxRetries !== undefined) checkInteger(action, "maxRetries", maxRetries, 0);
  if (choice === true) return { tasks: undefined, maxRetries };
  const chosen: readonly (number | RedriveData)[] = typeof choice === "function"
    ? job.failures.flatMap((failure) => {
      const answer = answerOf(action, choice(failure));
      const { id: taskId } = failure.task;
      return answer === false ? [] : [answer === true ? taskId : { taskId, data: answer.data }];
    })
    : checkList(action, choice);
  const tasks = chosen.map((each): RedrivenTask => {
    if (typeof each === "number") return { id: each, isReplaced: false, data: undefined };
    if (!isRecord(each) || typeof each.taskId !== "number") {
      throw new TypeError(`${action}: expected the id of a task or { taskId, data }, got ${describeValue(each)}`);
    }
    checkOptions(action, each, { taskId: true, data: true });
    const data = payloadOf(
      each.data,
      classes,
      { action: `${action} with data for task ${each.taskId}`, root: "data" },
      limits,
    );
    return { id: each.taskId, isReplaced: true, data };
  });
  const last = new Map(tasks.map((task) => [task.id, task]));
  const lost = tasks.find((task) => last.get(task.id) !== task && (task.isReplaced || last.get(task.id)?.isReplaced));
  if (lost !== undefined) {
    throw new TypeError(`${action}: task ${lost.id} is chosen twice, with other data; choose it once`);
  }
  if (!isRepeated) failuresOf("redrive", jobOf(job), tasks.map(({ id }) => id));
  return { tasks, maxRetries };
}

/**
 * Finds out which failures of a job are meant: the ids of their tasks.
 *
 * @param isRepeated as above
 * @throws {TypeError} for a choice of another kind
 * @throws {StateError} for a task of which the job has no failure
 */
export function resolveFailures(job: JobState, choice: FailureChoice, isRepeated = false): readonly number[] {
  const action = `Cannot discard failures of job "${job.jobId}"`;
  if (choice === true) return job.failures.map(({ task }) => task.id);
  const ids = typeof choice === "function"
    ? job.failures.filter((failure) => answerOf(action, choice(failure)) === true).map(({ task }) => task.id)
    : checkList(action, choice);
  if (!isRepeated) failuresOf("discard failures of", jobOf(job), ids);
  return ids;
}

function checkList<T>(action: string, choice: readonly T[]): readonly T[] {
  if (Array.isArray(choice)) return choice;
  throw new TypeError(`${action}: expected true, the ids of tasks or a function, got ${describeValue(choice)}`);
}

function answerOf<A>(action: string, answer: A): A {
  const isKnown = typeof answer === "boolean" || (isRecord(answer) && !isAsyncAnswer(answer) && "data" in answer);
  if (isKnown) return answer;
  throw new TypeError(`${action}: the function must answer with true, false or { data }, got ${describeValue(answer)}`);
}
