import { CancelledError, NonRetryableError, PoisonError, RetryError, type TimeoutError } from "../../base/errors.ts";
import { describeValue } from "../../base/path.ts";
import { isAsyncAnswer } from "../../base/thenable.ts";
import type { ErrorHandler } from "../../model/error_handler.ts";
import { describeError, type ErrorData, errorKinds, isStepLimit } from "../../values/error_data.ts";
import type { FailureCommit } from "../../job/commit.ts";
import { HANDLED, hasRetries } from "../../job/decide.ts";
import type { Task } from "../../job/task.ts";
import { failureCommit } from "../activation/commits.ts";
import { failureRoutes, failureTasks } from "../activation/failure_deliveries.ts";
import { slotOf, type SlotPlan } from "../activation/plan.ts";
import type { Execution } from "./execution.ts";
import { explainError } from "./handler_errors.ts";

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
  failed(task: Task, plan: SlotPlan, thrown: unknown): void {
    const { limits, isOver } = this.#execution;
    if (isOver) return;
    const { id, errorHandler, routine } = plan.routine;
    const error = explainError(describeError(thrown, this.#errorStacks, limits), task, plan);
    const kinds = errorKinds(thrown, error);
    if (!hasRetries(task, errorHandler)) return this.#decide(task, plan, error, kinds, false);
    let retry: boolean | number;
    try {
      retry = decideRetry(thrown, kinds, errorHandler, routine, task.details?.attempt ?? 0);
    } catch (failure) {
      // The error of the task is told as the cause.
      const { message } = describeError(failure);
      const text = `Cannot decide whether to try routine "${id}" again: ${message}`;
      return this.#decide(task, plan, { name: "TypeError", message: text, cause: error }, ["TypeError"], false);
    }
    this.#decide(task, plan, error, kinds, retry);
  }

  /** An awaited delivery has not come in time: a failure that the error handler decides, but that is never tried again. */
  expired(task: Task, timeout: TimeoutError): void {
    const error = describeError(timeout);
    this.#decide(task, slotOf(this.#execution.plan, task.route), error, errorKinds(timeout, error), false);
  }

  #decide(
    task: Task,
    plan: SlotPlan,
    error: ErrorData,
    kinds: readonly (string | number)[],
    retry: boolean | number,
  ): void {
    const { job, limits, committer, isOver } = this.#execution;
    if (isOver) return;
    const time = this.#execution.time();
    const isFatal = isStepLimit(error);
    const commit = failureCommit(job, task, plan.routine, error, retry, isFatal, time, limits.failures);
    const { verdict } = commit;
    if (verdict.kind === "retry") return committer.perform(commit, [task]);
    const routes = isFatal || verdict.status === "skipped" ? [] : failureRoutes(plan, kinds);
    let created: readonly Task[] = [];
    try {
      if (routes.length > 0) created = failureTasks(job, task, routes, error, time, limits);
    } catch (limit) {
      // The job may make no more tasks: that fails it, whatever its error handlers say.
      return this.#decide(task, plan, { ...describeError(limit), cause: error }, [], false);
    }
    if (created.length > 0) committer.perform({ ...commit, verdict: HANDLED, created }, created);
    else if (verdict.stop) this.#stop(task, plan.routine.id, commit);
    else committer.perform(commit);
  }

  #stop(task: Task, routine: string, commit: FailureCommit): void {
    const active = this.#execution.runner.activeTasks().filter((other) => other !== task);
    this.#end({ ...commit, active }, () => new CancelledError(`routine "${routine}" has failed`));
  }
}

/**
 * Whether a task is to be tried again whose handler has thrown something: a number is the delay in milliseconds.
 *
 * @param kinds the names and codes by which `retryableErrors` may list the error
 * @throws whatever `retryIf` throws, and TypeError for an answer of another kind
 */
function decideRetry(
  thrown: unknown,
  kinds: readonly (string | number)[],
  { strategy, retryableErrors, retryIf }: ErrorHandler,
  routine: object,
  attempt: number,
): boolean | number {
  if (thrown instanceof RetryError) return thrown.delayMs ?? true;
  // Each further attempt of a poisoned task would cost as many engines again.
  if (thrown instanceof NonRetryableError || thrown instanceof PoisonError || strategy !== "retry") return false;
  if (retryableErrors?.some((kind) => kinds.includes(kind)) === false) return false;
  if (retryIf === undefined) return true;
  const answer: unknown = Reflect.apply(retryIf, routine, [thrown, attempt]);
  if (typeof answer === "boolean" || (typeof answer === "number" && answer >= 0 && answer <= Number.MAX_SAFE_INTEGER)) {
    return answer;
  }
  const got = isAsyncAnswer(answer) ? "a promise; it must answer at once" : describeValue(answer);
  throw new TypeError(`retryIf must answer with a boolean or a delay in milliseconds, got ${got}`);
}
