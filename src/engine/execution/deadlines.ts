import type { Task } from "../../job/task.ts";
import type { CancelTimer, Timers } from "../../ports/timers.ts";
import type { Execution } from "./execution.ts";

/** How long to wait before a deadline is looked at again whose inbox could not be read, in milliseconds. */
const INBOX_RETRY_MS = 1_000;

/**
 * Decides that awaited deliveries have not come in time. With a store, the job's inbox is read first: a delivery that was stored
 * before its deadline counts, however late a process looks.
 */
export class Deadlines {
  /** Reads the job's inbox and carries out its commands; a job without a store has none. */
  readInbox: (() => Promise<void>) | undefined;
  /** Whether a deadline has passed that waits for a look into the inbox. */
  isReading = false;
  readonly #execution: Execution;
  readonly #timers: Timers;
  #stopRetry: CancelTimer | undefined;

  /** Makes the part of an execution that decides about its deadlines. */
  constructor(execution: Execution, timers: Timers) {
    this.#execution = execution;
    this.#timers = timers;
  }

  /** Decides about tasks whose deadline has passed. */
  decide(tasks: readonly Task[]): void {
    const { journal } = this.#execution.committer;
    for (const task of tasks) {
      // The observer of the expiry before may have delivered.
      const until = task.details?.awaiting?.until;
      if (until === undefined) continue;
      if (journal !== undefined && journal.readAt < until) return this.#readFirst(tasks, () => journal.readAt >= until);
      this.#execution.expire(task);
    }
  }

  /** Stops waiting for the store. */
  stop(): void {
    this.#stopRetry?.();
  }

  #readFirst(tasks: readonly Task[], isRead: () => boolean): void {
    this.isReading = true;
    const decide = () => {
      this.isReading = false;
      if (!this.#execution.mayDecide) return;
      this.decide(tasks);
      this.#execution.poll();
    };
    void this.readInbox?.().then(() => {
      if (isRead()) decide();
      // The store has failed: nothing is decided before it answers.
      else this.#stopRetry = this.#timers.after(INBOX_RETRY_MS, decide);
    });
  }
}
