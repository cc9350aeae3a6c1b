import { TimeoutError } from "../../base/errors.ts";
import { type Expiry, expiryOf } from "../../job/expiry.ts";
import type { Job } from "../../job/job.ts";
import { dueAt, type Task } from "../../job/task.ts";
import type { CancelTimer, Timers } from "../../ports/timers.ts";
import { bindRoute } from "../activation/plan.ts";
import type { Journal } from "../durable/journal.ts";
import type { Execution } from "./execution.ts";
import { JobDeadline } from "./job_deadline.ts";

/** How long to wait at the most before an inbox is looked at again that could not tell whether a delivery is late, in milliseconds. */
const LOOK_AGAIN_MS = 1_000;

/** A deadline that has passed, and when that was seen: in elapsed time, because the wall clock may be set meanwhile. */
interface Passed {
  readonly task: Task;
  readonly at: number;
}

/** The error of a job that has worked too long: a cycle without an end shows in the number of its tasks. */
export function jobTimeout({ jobId, nextTaskId }: Job, timeoutMs: number): TimeoutError {
  const remedy = `it has made ${nextTaskId - 1} tasks; look for a cycle without an end, or raise executionTimeoutMs`;
  return new TimeoutError(`Job "${jobId}"`, timeoutMs, remedy);
}

/** The error of a job that has not ended by its deadline. */
export function lateError({ jobId, deadline }: Job): TimeoutError {
  return new TimeoutError(`Job "${jobId}", waiting included,`, deadline?.deadlineMs ?? 0);
}

/**
 * Decides that awaited deliveries have not come in time. With a store, the job's inbox is read first: a delivery that was stored
 * before its deadline counts, however late a process looks.
 */
export class Deadlines {
  /** Reads the job's inbox and carries out its commands; a job without a store has none. */
  readInbox: (() => Promise<void>) | undefined;
  readonly #execution: Execution;
  readonly #timers: Timers;
  /** The deadlines that wait for a look into the inbox. */
  #passed: readonly Passed[] = [];
  #stopLook: CancelTimer | undefined;
  /** The end of the job's own time; most have no deadline. */
  #job: JobDeadline | undefined;

  /** Makes the part of an execution that decides about its deadlines. */
  constructor(execution: Execution, timers: Timers) {
    this.#execution = execution;
    this.#timers = timers;
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
    return this.#passed.length > 0;
  }

  /** Decides about tasks whose deadline has passed. */
  decide(tasks: readonly Task[]): void {
    if (tasks.length === 0) return;
    const { journal } = this.#execution.committer;
    if (journal === undefined) return this.#expire(tasks);
    const { isReading } = this;
    const at = this.#timers.elapsed();
    this.#passed = [...this.#passed, ...tasks.map((task) => ({ task, at }))];
    if (!isReading) this.#decide(journal);
  }

  /** Stops waiting for the store. */
  stop(): void {
    this.#passed = [];
    this.#stopLook?.();
  }

  #expire(tasks: readonly Task[]): void {
    for (const task of tasks) {
      // The observer of the expiry before may have delivered, and an error may have ended the job.
      const { timeoutMs } = task.details?.awaiting ?? {};
      if (timeoutMs === undefined || this.#execution.isOver) continue;
      const expiry = expiryOf(task);
      if (expiry !== undefined) this.#tell(task, expiry);
      else this.#fail(task, timeoutMs);
    }
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

  /**
   * Decides about the deadlines that had passed when the last look into the inbox began, by the clock here and by that of the store;
   * and looks again for the others. What is stored at the very instant of a deadline is in time: so it is looked at afterwards.
   */
  #decide(journal: Journal): void {
    if (!this.#execution.mayDecide) return this.stop();
    const now = this.#timers.now();
    const isRead = ({ task, at }: Passed) => {
      const until = endOf(task);
      // A clock here that was set back meanwhile says nothing about the store's.
      return journal.readNow > until ? at <= journal.readAt : now <= until && at < journal.readAt;
    };
    const decided = this.#passed.filter(isRead);
    this.#passed = this.#passed.filter((it) => !isRead(it));
    this.#expire(decided.map(({ task }) => task));
    if (this.isReading) this.#stopLook = this.#timers.after(this.#lookMs(journal), () => this.#look(journal));
  }

  /** How long until a look into the inbox may tell: the store's clock may be behind. */
  #lookMs({ readAt, readNow }: Journal): number {
    const ends = this.#passed.map(({ task }) => endOf(task));
    const now = this.#timers.now();
    // The first look after a deadline comes at once, unless this is its very instant.
    if (this.#passed.some(({ at }) => at > readAt)) return ends.every((until) => until < now) ? 0 : 1;
    const behind = Math.max(...ends.map((until) => until - readNow + 1));
    return Math.min(Math.max(behind, 1), LOOK_AGAIN_MS);
  }

  #look(journal: Journal): void {
    const asked = this.#timers.elapsed();
    const decide = () => {
      this.#decide(journal);
      this.#execution.poll();
    };
    void this.readInbox?.().then(() => {
      // Where the store has failed, nothing is decided before it answers.
      if (journal.readAt >= asked || !this.isReading) decide();
      else this.#stopLook = this.#timers.after(LOOK_AGAIN_MS, () => this.#look(journal));
    });
  }
}

/** When a deadline ends: at once, where the delivery has come meanwhile. */
function endOf(task: Task): number {
  return dueAt(task) ?? 0;
}
