import { TimeoutError } from "../../base/errors.ts";
import { type Expiry, expiryOf } from "../../job/expiry.ts";
import type { Deadline, Job } from "../../job/job.ts";
import type { Task } from "../../job/task.ts";
import { bindRoute } from "../activation/plan.ts";
import type { Execution } from "./execution.ts";
import type { PassedDeadlines } from "./passed_deadlines.ts";

/** The error of a job that has worked too long: a cycle without an end shows in the number of its tasks. */
export function jobTimeout({ jobId, nextTaskId }: Job, timeoutMs: number): TimeoutError {
  const remedy = `it has made ${nextTaskId - 1} tasks; look for a cycle without an end, or raise executionTimeoutMs`;
  return new TimeoutError(`Job "${jobId}"`, timeoutMs, remedy);
}

/** The error of a job that has not ended by its deadline. */
export function lateError({ jobId, deadline }: Job): TimeoutError {
  // Unreachable default: a job without a deadline is never late.
  return new TimeoutError(`Job "${jobId}", waiting included,`, deadline?.deadlineMs ?? 0);
}

/** The deadline of a live job, by the wall clock. Where that is set back, the deadline comes no later. */
class JobDeadline {
  readonly #until: number;
  /** By how much the wall clock has been set. */
  #setBy = 0;

  /** Makes the deadline of a job that has one. */
  constructor({ until }: Deadline) {
    this.#until = until;
  }

  /** What the wall clock shows at the deadline. */
  get at(): number {
    return this.#until + Math.min(0, this.#setBy);
  }

  /** The wall clock has been set forward by some milliseconds, or back, if they are negative. */
  clockSet(byMs: number): void {
    this.#setBy += byMs;
  }
}

/**
 * Decides what happens at deadlines that have passed: of awaited deliveries, of the job itself, and of delayed emissions that
 * nobody has taken back.
 */
export class Deadlines {
  /** Those that have passed, and wait for a look into the job's inbox; a job without a store has none. */
  passed: PassedDeadlines | undefined;
  readonly #execution: Execution;
  /** The end of the job's own time; most have no deadline. */
  #job: JobDeadline | undefined;

  /** Makes the part of an execution that decides about its deadlines. */
  constructor(execution: Execution) {
    this.#execution = execution;
  }

  /** When the job ends at the latest, by the wall clock; `Infinity` for a job without a deadline. */
  get jobEndsAt(): number {
    return this.#job?.at ?? Infinity;
  }

  /** The job goes on. */
  prepare({ deadline }: Job): void {
    if (deadline !== undefined) this.#job = new JobDeadline(deadline);
  }

  /** The wall clock has been set forward by some milliseconds, or back, if they are negative. */
  clockSet(byMs: number): void {
    this.#execution.committer.queue.clockSet(byMs);
    this.#job?.clockSet(byMs);
  }

  /** Whether a deadline has passed that waits for a look into the inbox. */
  get isReading(): boolean {
    return this.passed?.isReading === true;
  }

  /** Decides about tasks whose deadline has passed. */
  decide(tasks: readonly Task[]): void {
    if (tasks.length === 0) return;
    if (this.passed === undefined) this.expire(tasks);
    else this.passed.add(tasks);
  }

  /** Stops waiting for the store. */
  stop(): void {
    this.passed?.stop();
  }

  /**
   * Ends the waiting of tasks whose deadline has passed: the awaited delivery has not come, or nobody has taken the emission back.
   */
  expire(tasks: readonly Task[]): void {
    for (const task of tasks) {
      // The observer of the expiry before may have delivered, and an error may have ended the job.
      const { timeoutMs } = task.details?.awaiting ?? {};
      if (timeoutMs === undefined || this.#execution.isOver) continue;
      const expiry = expiryOf(task);
      if (expiry !== undefined) this.#tell(task, expiry);
      else this.#fail(task, timeoutMs);
    }
    this.#execution.committer.queue.release(tasks);
  }

  /** The task goes to the slot that is to be told. */
  #tell(task: Task, { route, data }: Expiry): void {
    const { committer, plan } = this.#execution;
    const time = this.#execution.time();
    committer.perform({ kind: "expire", time, task, route: bindRoute(route, plan), data }, [task]);
  }

  #fail(task: Task, timeoutMs: number): void {
    const { routine, slot } = task.route;
    const error = new TimeoutError(`The delivery to slot "${slot}" of routine "${routine}"`, timeoutMs);
    this.#execution.failures.expired(task, error);
  }
}
