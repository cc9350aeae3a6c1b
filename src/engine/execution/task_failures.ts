import { CancelledError, type TimeoutError } from "../../base/errors.ts";
import { describeError, type ErrorData, errorKinds, isStepLimit } from "../../values/error_data.ts";
import type { FailureCommit } from "../../job/commit.ts";
import { hasRetries } from "../../job/decide.ts";
import type { Task } from "../../job/task.ts";
import { retryWish } from "./retry_wish.ts";
import { failureCommit } from "../activation/commits.ts";
import { type RoutinePlan, slotOf, type SlotPlan } from "../activation/plan.ts";
import type { Execution } from "./execution.ts";
import { explainFrozen } from "./handler_errors.ts";

/** Ends a job by the failure of a task; its other handlers are aborted for a reason. */
export type EndByFailure = (commit: FailureCommit, createReason: () => Error) => void;

/** Decides what follows from the failure of a task, by the error handler of its routine. */
export class TaskFailures {
  readonly #execution: Execution;
  readonly #errorStacks: boolean;
  readonly #end: EndByFailure;

  /** Makes the part of an execution that decides about its failures. */
  constructor(execution: Execution, errorStacks: boolean, end: EndByFailure) {
    this.#execution = execution;
    this.#errorStacks = errorStacks;
    this.#end = end;
  }

  /** A handler has failed, or could not be called. */
  failed(task: Task, { routine }: SlotPlan, thrown: unknown): void {
    const { limits, isOver } = this.#execution;
    if (isOver) return;
    const error = explainFrozen(describeError(thrown, this.#errorStacks, limits));
    if (!hasRetries(task, routine.errorHandler)) return this.#decide(task, routine, error, false);
    let retry: boolean | number;
    try {
      const attempt = task.details?.attempt ?? 0;
      retry = retryWish(thrown, errorKinds(thrown, error), routine.errorHandler, routine.routine, attempt);
    } catch (failure) {
      // The error of the task is told as the cause.
      const { message } = describeError(failure);
      const text = `Cannot decide whether to try routine "${routine.id}" again: ${message}`;
      return this.#decide(task, routine, { name: "TypeError", message: text, cause: error }, false);
    }
    this.#decide(task, routine, error, retry);
  }

  /** An awaited delivery has not come in time: a failure that the error handler decides, but that is never tried again. */
  expired(task: Task, error: TimeoutError): void {
    this.#decide(task, slotOf(this.#execution.plan, task.route).routine, describeError(error), false);
  }

  #decide(task: Task, routine: RoutinePlan, error: ErrorData, retry: boolean | number): void {
    const { job, limits, runner, committer, isOver } = this.#execution;
    if (isOver) return;
    const time = this.#execution.time();
    const commit = failureCommit(job, task, routine, error, retry, isStepLimit(error), time, limits.failures);
    if (commit.verdict.kind === "end" && commit.verdict.stop) {
      const active = runner.activeTasks().filter((other) => other !== task);
      return this.#end({ ...commit, active }, () => new CancelledError(`routine "${routine.id}" has failed`));
    }
    committer.perform(commit, commit.verdict.kind === "retry" ? [task] : []);
  }
}
