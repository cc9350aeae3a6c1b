import { apply } from "../../job/apply.ts";
import type { Commit } from "../../job/commit.ts";
import type { Job } from "../../job/job.ts";
import { nextDueAt, type ReadyQueue } from "../../job/ready_queue.ts";
import type { Task } from "../../job/task.ts";
import type { JobListeners } from "./listeners.ts";
import type { JobNotifier } from "./notifier.ts";
import type { Journal } from "../durable/journal.ts";

const NONE: readonly never[] = [];

/**
 * Performs the commits of one live job, and tells of them. With a journal, what follows from a commit is done, and seen, when it
 * is stored: the tasks that it makes ready are in the queue, but held till then, so that the order of tasks does not depend on
 * the store.
 */
export class Committer {
  /** Where commits are stored; a job without a store has none. */
  journal: Journal | undefined;
  /** Where the tasks go that a commit makes ready. */
  queue: ReadyQueue;
  readonly #job: Job;
  readonly #listeners: JobListeners;
  readonly #notifier: JobNotifier;
  /** Tasks that must not run yet, with the commit that must be stored before: a job without a store has none. */
  #held: Map<Task, Commit> | undefined;

  /** Makes the log of a job. */
  constructor(job: Job, queue: ReadyQueue, listeners: JobListeners, notifier: JobNotifier) {
    this.#job = job;
    this.queue = queue;
    this.#listeners = listeners;
    this.#notifier = notifier;
  }

  /**
   * Performs a commit that makes tasks ready, and then what follows from it. They are in the queue before anybody is told: a
   * listener may deliver to one that has just been made.
   */
  perform(commit: Commit, readied: readonly Task[] = NONE, follow?: () => void): void {
    if (this.journal !== undefined) return this.#store(this.journal, commit, readied, follow);
    this.#apply(commit, readied);
    this.#tell(commit);
    follow?.();
  }

  /** Not by a closure of the job: what an engine compiles for the closures of one job does not fit those of the next. */
  #tell(commit: Commit): void {
    this.#listeners.committed();
    if (commit.kind === "step") this.#listeners.step(commit);
    if (commit.kind === "step" || commit.kind === "failure") this.#notifier.task(commit);
  }

  #apply(commit: Commit, readied: readonly Task[]): void {
    apply(this.#job, commit);
    // By index: for-of is thrice the code, and an engine inlines only so much.
    for (let i = 0; i < readied.length; i++) {
      const task = readied[i];
      if (task !== undefined) this.queue.add(task, commit.time);
    }
  }

  #store(journal: Journal, commit: Commit, readied: readonly Task[], follow: (() => void) | undefined): void {
    const text = journal.encode(commit);
    this.#apply(commit, readied);
    const held = this.#held ??= new Map<Task, Commit>();
    for (const task of readied) held.set(task, commit);
    journal.write(text, () => {
      for (const task of readied) if (held.get(task) === commit) held.delete(task);
      this.#tell(commit);
      follow?.();
    });
  }

  /** Performs the last commit of a live job: `stop` ends what goes on, then `tell` is called. */
  performLast(commit: Commit, stop: () => void, tell: () => void): void {
    const { journal } = this;
    const text = journal?.encode(commit);
    apply(this.#job, commit);
    stop();
    const wakeAt = this.#job.status === "running" ? nextDueAt(this.#job, commit.time.at) : undefined;
    if (journal === undefined || text === undefined) tell();
    else journal.rest(text, wakeAt, tell);
  }

  /** Whether a task must not run yet: what made it ready is not stored. */
  isHeld(task: Task | undefined): boolean {
    return task !== undefined && this.#held?.has(task) === true;
  }

  /** Calls back when all that was performed is stored. */
  whenStored(run: () => void): void {
    if (this.journal === undefined) run();
    else this.journal.whenStored(run);
  }

  /** Whether handlers have run as far ahead of the store as they may; they go on when it has caught up. */
  isFarAhead(now: number): boolean {
    return this.journal !== undefined && this.journal.isFarAhead(now);
  }

  /** Whether something is not stored yet; then it is on its way. */
  isBehind(): boolean {
    if (this.journal === undefined || !this.journal.isBehind) return false;
    this.journal.flush();
    return true;
  }
}
