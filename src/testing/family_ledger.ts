import type { TaskEvent } from "../ports/observer.ts";
import type { Job } from "../job/job.ts";
import { Ledger } from "./ledger.ts";

/** Checks the tasks of a job, and of the children that are parts of it, over all processes. */
export class FamilyLedger {
  readonly #ledgers: Map<string, Ledger> = new Map();

  /**
   * Compares the job and its children with their states before the last commit, and returns the changes as text.
   *
   * @throws {Error} for a task that is lost or doubled
   */
  observe(job: Job): readonly string[] {
    const own = this.#of(job.jobId).observe(job);
    return [...own, ...innerOf(job).flatMap((child) => this.observe(child).map((it) => `${child.jobId}: ${it}`))];
  }

  /** Whether a task has left its job without a `task` event yet. */
  isLeaving({ jobId, task }: TaskEvent): boolean {
    return this.#of(jobId).isLeaving(task);
  }

  /**
   * Records a `task` event.
   *
   * @throws {Error} for a task that ends a second time
   */
  told(event: TaskEvent): void {
    this.#of(event.jobId).told(event);
  }

  /**
   * Checks that the engine has reported the end of every task that has left its job, and that each failed task is among the failures.
   *
   * @throws {Error} for a task that is lost
   */
  checkNoneLost(job: Job): void {
    this.#of(job.jobId).checkNoneLost(job);
    for (const child of innerOf(job)) this.checkNoneLost(child);
  }

  #of(jobId: string): Ledger {
    const ledger = this.#ledgers.get(jobId) ?? new Ledger();
    this.#ledgers.set(jobId, ledger);
    return ledger;
  }
}

/** The children that are parts of a job. */
function innerOf({ children }: Job): readonly Job[] {
  return Array.from(children ?? [], ({ inner }) => inner?.job).filter((child) => child !== undefined);
}
