import type { DueFilter, DueJobs } from "./engine/durable/due_jobs.ts";
import { MOST_SERVED, type QueuePermits } from "./engine/durable/queue_permits.ts";
import type { Job } from "./job/job.ts";
import type { QueueLimits, TakenJob, TakeQuery } from "./ports/store.ts";
import type { Timers } from "./ports/timers.ts";

/** How long a worker waits at least when it has taken all that was due, in milliseconds. */
export const LEAST_WAIT_MS = 20;

/** One or several queues from which a worker takes jobs together. */
export interface WorkSource {
  /** How many more jobs it may have of them: none where that is not above 0. */
  readonly room: number;
  /** Whether what is due must wait until others have fewer jobs, or took less: at intervals, the store is asked again. */
  readonly isBlocked: boolean;
  /**
   * Claims jobs that are due, at most `limit`; where there is no room, those that have commands, to have these carried out: `nextAt` must
   * have found some if `limit` is 0.
   *
   * @throws what the store throws
   */
  take(limit: number): Promise<readonly TakenJob[]>;
  /**
   * Returns the instant at which it is worth taking again, if nothing happens until then, by the clock of this process. Others are told,
   * by `tells`, that there is nothing yet, if all that they could take has been looked at. Without room, only jobs with commands count.
   */
  nextAt(tells: string | undefined, hasRoom: boolean): Promise<number | undefined>;
  /** A job that was taken is live now, or was let go. */
  takenUp(taken: TakenJob): void;
  /** Counts a live job of a queue, if it is one of these, until the returned function is called. */
  count(job: Job, queue: string | undefined): () => void;
  /** Resolves when the store knows how many jobs of them this engine has. */
  settle(): Promise<void>;
}

/** The jobs of queues that have commands: these are carried out also where there is no room for the jobs. */
class UnreadJobs {
  readonly #due: DueJobs;
  readonly #timers: Timers;
  readonly #filter: DueFilter;
  #areFound = false;

  constructor(due: DueJobs, timers: Timers, filter: DueFilter) {
    this.#due = due;
    this.#timers = timers;
    this.#filter = { ...filter, unread: true };
  }

  /** Whether the last look has found some that nobody has; once for each look. */
  areFound(): boolean {
    const areFound = this.#areFound;
    this.#areFound = false;
    return areFound;
  }

  async nextAt(): Promise<number | undefined> {
    const at = await this.#due.nextDueAt(this.#filter);
    this.#areFound = at !== undefined && at <= this.#timers.now();
    return at;
  }

  take(permit?: TakeQuery["permit"], onClaimed?: (count: number) => void): Promise<readonly TakenJob[]> {
    return this.#due.take(MOST_SERVED, this.#filter, permit, onClaimed);
  }
}

/** Queues without limits: all, or some. */
export class OpenQueues implements WorkSource {
  readonly room: number = Infinity;
  readonly isBlocked: boolean = false;
  readonly #due: DueJobs;
  readonly #filter: DueFilter;
  readonly #unread: UnreadJobs;

  /** Makes a source of jobs. */
  constructor(due: DueJobs, timers: Timers, filter: DueFilter) {
    this.#due = due;
    this.#filter = filter;
    this.#unread = new UnreadJobs(due, timers, filter);
  }

  async take(limit: number): Promise<readonly TakenJob[]> {
    if (limit > 0) return await this.#due.take(limit, this.#filter);
    return this.#unread.areFound() ? await this.#unread.take() : [];
  }

  nextAt(tells: string | undefined, hasRoom: boolean): Promise<number | undefined> {
    return hasRoom ? this.#due.nextDueAt(this.#filter, tells) : this.#unread.nextAt();
  }

  takenUp(): void {}

  count(): () => void {
    return () => {};
  }

  async settle(): Promise<void> {}
}

/** What a worker keeps to with one queue. */
export interface QueuePlan {
  readonly name: string;
  /** How many jobs of the queue the worker has at most. */
  readonly concurrency: number;
  /** Limits over all workers, if there are any. */
  readonly limits: QueueLimits | undefined;
}

/** A queue with limits. */
export class LimitedQueue implements WorkSource {
  readonly #due: DueJobs;
  readonly #timers: Timers;
  readonly #plan: QueuePlan;
  readonly #filter: DueFilter;
  readonly #permits: QueuePermits | undefined;
  readonly #unread: UnreadJobs;
  readonly #jobs: Set<Job> = new Set();
  /** When jobs may be taken again that are due; `Infinity` when only others can tell. */
  #freeAt = 0;
  /** Until when, in elapsed time, nothing is taken: what is due by this clock was not due by the store's. */
  #restsUntil = 0;

  /** Makes a source of jobs; `permits` are needed for limits over all workers. */
  constructor(due: DueJobs, timers: Timers, filter: DueFilter, plan: QueuePlan, permits: QueuePermits | undefined) {
    this.#due = due;
    this.#timers = timers;
    this.#plan = plan;
    this.#filter = { ...filter, queues: [plan.name] };
    this.#permits = permits;
    this.#unread = new UnreadJobs(due, timers, this.#filter);
  }

  get room(): number {
    return this.#plan.concurrency - this.#jobs.size;
  }

  get isBlocked(): boolean {
    return this.#freeAt > 0;
  }

  async take(limit: number): Promise<readonly TakenJob[]> {
    const { limits } = this.#plan;
    const most = Math.max(0, Math.min(limit, this.room));
    if (most === 0 && !this.#unread.areFound()) return [];
    if (limits === undefined || this.#permits === undefined) {
      return most === 0 ? await this.#unread.take() : await this.#due.take(most, this.#filter);
    }
    if (most > 0) {
      if (this.#timers.elapsed() < this.#restsUntil) return [];
      this.#freeAt = 0;
      // Permits are asked for when there is something to use them for: others can use them.
      const dueAt = await this.#due.nextDueAt(this.#filter);
      if (dueAt === undefined || dueAt > this.#timers.now()) return [];
    }
    let taken: readonly TakenJob[] = [];
    this.#freeAt = await this.#permits.catch(most, limits, async (granted, permit) => {
      let claimed = 0;
      const count = (jobs: number): void => void (claimed = jobs);
      taken = granted === 0
        ? await this.#unread.take(permit, count)
        : await this.#due.take(granted, this.#filter, permit, count);
      if (claimed === 0 && granted > 0) this.#restsUntil = this.#timers.elapsed() + LEAST_WAIT_MS;
      return { claimed, jobIds: taken.map(({ record }) => record.jobId) };
    }) ?? 0;
    return taken;
  }

  async nextAt(_tells: string | undefined, hasRoom: boolean): Promise<number | undefined> {
    void this.#permits?.settle();
    if (!hasRoom || this.room <= 0) return await this.#unread.nextAt();
    return this.isBlocked ? this.#freeAt : await this.#due.nextDueAt(this.#filter);
  }

  takenUp({ record }: TakenJob): void {
    this.#permits?.takenUp(record.jobId);
  }

  count(job: Job, queue: string | undefined): () => void {
    if (queue !== this.#plan.name) return () => {};
    this.#jobs.add(job);
    return () => void this.#jobs.delete(job);
  }

  async settle(): Promise<void> {
    await this.#permits?.settle();
  }
}
