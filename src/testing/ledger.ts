import type { TaskEvent } from "../ports/observer.ts";
import type { Job } from "../job/job.ts";
import type { Task } from "../job/task.ts";

/** The last known state of a pending task. */
interface Entry {
  readonly step: number;
  readonly attempt: number;
  readonly merged: boolean;
  readonly awaiting: boolean;
}

/**
 * Checks a job's tasks over all processes, independently of the engine. No task may be lost: it stays pending until its
 * end is committed or it is among the failures. No task may be doubled: it ends once, and commits each of its steps
 * once.
 */
export class Ledger {
  #pending: Map<number, Entry> = new Map();
  readonly #ended: Set<number> = new Set();
  /** Tasks that have left the job, but whose `task` event has not come yet; it comes in the same turn. */
  readonly #leaving: Set<number> = new Set();
  /**
   * Tasks that failed or were skipped by a `task` event, and that have not been looked for among the failures since.
   */
  readonly #failed: Set<number> = new Set();
  #nextId = 1;

  /**
   * Compares the job with its state before the last commit, and returns the changes as text.
   *
   * @throws {Error} for a task that is lost or doubled
   */
  observe(job: Job): readonly string[] {
    const pending = new Map<number, Entry>();
    const changes: string[] = [];
    for (const task of job.tasks) {
      const entry = entryOf(task);
      pending.set(task.id, entry);
      const change = this.#compare(task, entry);
      if (change !== undefined) changes.push(change);
    }
    for (let id = this.#nextId; id < job.nextTaskId; id++) {
      if (!pending.has(id)) throw new Error(`task ${id} is lost: it was created, but is neither pending nor ended`);
    }
    for (const id of this.#pending.keys()) if (!pending.has(id)) changes.unshift(this.#leave(id, job));
    this.#pending = pending;
    this.#nextId = job.nextTaskId;
    if (job.status === "completed" && pending.size > 0) {
      throw new Error(`the job has completed, and task ${[...pending.keys()].join(", ")} is still pending`);
    }
    return changes;
  }

  /** Whether a task has left the job without a `task` event yet. */
  isLeaving(task: number): boolean {
    return this.#leaving.has(task);
  }

  /**
   * Records a `task` event.
   *
   * @throws {Error} for a task that ends a second time
   */
  told({ task, outcome }: TaskEvent): void {
    if (outcome === "retry" || outcome === "step") return;
    if (this.#ended.has(task) && !this.#leaving.delete(task)) {
      throw new Error(`task ${task} is doubled: its end has been committed twice`);
    }
    this.#ended.add(task);
    if (outcome !== "done" && outcome !== "withdrawn") this.#failed.add(task);
  }

  /**
   * Checks that the engine has reported the end of every task that has left the job, and that each failed task is among
   * the failures. The engine does both before anything else happens.
   *
   * @throws {Error} for a task that is lost
   */
  checkNoneLost({ failures, droppedFailures }: Job): void {
    const [id] = this.#leaving;
    if (id !== undefined) throw new Error(`task ${id} is lost: it has left the job, but its end was not reported`);
    for (const { task } of this.#failed.size > 0 ? failures : []) this.#failed.delete(task.id);
    // Which ones were dropped cannot be seen any more.
    if (droppedFailures > 0) this.#failed.clear();
    const [failed] = this.#failed;
    if (failed !== undefined) throw new Error(`task ${failed} is lost: it failed, and is not among the failures`);
  }

  #compare({ id, route }: Task, entry: Entry): string | undefined {
    const before = this.#pending.get(id);
    if (before === undefined) {
      if (this.#ended.has(id)) throw new Error(`task ${id} is doubled: it has ended, and is pending again`);
      return `task ${id} for ${route.routine}.${route.slot}`;
    }
    const { step, attempt } = entry;
    if (step < before.step || step > before.step + 1) {
      throw new Error(`task ${id} went from step ${before.step} to step ${step} in one commit`);
    }
    if (step > before.step) return `task ${id} at step ${step}`;
    if (attempt > before.attempt) return `task ${id} failed, attempt ${attempt} to come`;
    if (entry.merged && !before.merged) return `task ${id} merged`;
    return before.awaiting && !entry.awaiting ? `task ${id} delivered` : undefined;
  }

  #leave(id: number, { failures }: Job): string {
    if (!this.#ended.has(id)) this.#leaving.add(id);
    this.#ended.add(id);
    return failures.some(({ task }) => task.id === id) ? `task ${id} failed` : `task ${id} ended`;
  }
}

function entryOf({ details }: Task): Entry {
  return {
    step: details?.step ?? 0,
    attempt: details?.attempt ?? 0,
    merged: details?.merged !== undefined,
    awaiting: details?.awaiting !== undefined,
  };
}
