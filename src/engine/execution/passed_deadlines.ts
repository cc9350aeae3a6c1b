import { dueAt, type Task } from "../../job/task.ts";
import type { CancelTimer, Timers } from "../../ports/timers.ts";
import type { Journal } from "../durable/journal.ts";
import type { Execution } from "./execution.ts";

/** How long to wait at the most before an inbox is looked at again that could not tell whether a delivery is late, in milliseconds. */
const LOOK_AGAIN_MS = 1_000;

/** A deadline that has passed, and when that was seen: in elapsed time, because the wall clock may be set meanwhile. */
interface Passed {
  readonly task: Task;
  readonly at: number;
}

/**
 * The deadlines of a stored job that have passed. Before one is decided, the job's inbox is read: a delivery that was stored before its
 * deadline counts, however late a process looks.
 */
export class PassedDeadlines {
  readonly #execution: Execution;
  readonly #journal: Journal;
  /** Reads the job's inbox and carries out its commands. */
  readonly #readInbox: () => Promise<void>;
  #passed: readonly Passed[] = [];
  #stopLook: CancelTimer | undefined;

  /** Makes the list of a live job. */
  constructor(execution: Execution, journal: Journal, readInbox: () => Promise<void>) {
    this.#execution = execution;
    this.#journal = journal;
    this.#readInbox = readInbox;
  }

  /** Whether one of them waits for a look into the inbox. */
  get isReading(): boolean {
    return this.#passed.length > 0;
  }

  /** Adds tasks whose deadline has passed. */
  add(tasks: readonly Task[]): void {
    const { isReading } = this;
    const at = this.#timers.elapsed();
    this.#passed = [...this.#passed, ...tasks.map((task) => ({ task, at }))];
    if (!isReading) this.#decide();
  }

  /** Stops waiting for the store. */
  stop(): void {
    this.#passed = [];
    this.#stopLook?.();
  }

  /**
   * Decides about the deadlines that had passed when the last look into the inbox began, by the clock here and by that of the store;
   * and looks again for the others. What is stored at the very instant of a deadline is in time: so it is looked at afterwards.
   */
  #decide(): void {
    if (!this.#execution.mayDecide) return this.stop();
    const now = this.#timers.now();
    const { reads } = this.#journal;
    const isRead = ({ task, at }: Passed) => {
      const until = endOf(task);
      // A clock here that was set back meanwhile says nothing about the store's.
      return reads.now > until ? at <= reads.at : now <= until && at < reads.at;
    };
    const decided = this.#passed.filter(isRead);
    this.#passed = this.#passed.filter((it) => !isRead(it));
    this.#execution.deadlines.expire(decided.map(({ task }) => task));
    if (this.isReading) this.#stopLook = this.#timers.after(this.#lookMs(this.#journal), () => this.#look());
  }

  get #timers(): Timers {
    return this.#journal.session.timers;
  }

  /** How long until a look into the inbox may tell: the store's clock may be behind. */
  #lookMs({ reads }: Journal): number {
    const ends = this.#passed.map(({ task }) => endOf(task));
    const now = this.#timers.now();
    // The first look after a deadline comes at once, unless this is its very instant.
    if (this.#passed.some(({ at }) => at > reads.at)) return ends.every((until) => until < now) ? 0 : 1;
    const behind = Math.max(...ends.map((until) => until - reads.now + 1));
    return Math.min(Math.max(behind, 1), LOOK_AGAIN_MS);
  }

  #look(): void {
    const asked = this.#timers.elapsed();
    const decide = () => {
      this.#decide();
      this.#execution.poll();
    };
    void this.#readInbox().then(() => {
      // Where the store has failed, nothing is decided before it answers.
      if (this.#journal.reads.at >= asked || !this.isReading) decide();
      else this.#stopLook = this.#timers.after(LOOK_AGAIN_MS, () => this.#look());
    });
  }
}

/** When a deadline ends: at once, where the delivery has come meanwhile. */
function endOf(task: Task): number {
  return dueAt(task) ?? 0;
}
