import { CancelledError, type TimeoutError } from "../../base/errors.ts";
import { describeError, type ErrorData, errorKinds, isStepLimit } from "../../values/error_data.ts";
import type { FailureCommit } from "../../job/commit.ts";
import type { Task } from "../../job/task.ts";
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
    const error = explainFrozen(describeError(thrown, this.#errorStacks, this.#execution.limits));
    this.#decide(task, routine, error, errorKinds(thrown, error));
  }

  /** An awaited delivery has not come in time: a failure that the error handler decides, but that is never tried again. */
  expired(task: Task, error: TimeoutError): void {
    this.#decide(task, slotOf(this.#execution.plan, task.route).routine, describeError(error));
  }

  #decide(task: Task, routine: RoutinePlan, error: ErrorData, kinds?: readonly (string | number)[]): void {
    const { job, limits, runner, committer, isOver } = this.#execution;
    if (isOver) return;
    const time = this.#execution.time();
    const commit = failureCommit(job, task, routine, error, kinds, isStepLimit(error), time, limits.failures);
    if (commit.verdict.kind === "end" && commit.verdict.stop) {
      const active = runner.activeTasks().filter((other) => other !== task);
      return this.#end({ ...commit, active }, () => new CancelledError(`routine "${routine.id}" has failed`));
    }
    committer.perform(commit, commit.verdict.kind === "retry" ? [task] : []);
  }
}
