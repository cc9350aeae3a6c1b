import { apply } from "../../job/apply.ts";
import type { Commit } from "../../job/commit.ts";
import type { Job } from "../../job/job.ts";
import { ReadyQueue } from "../../job/ready_queue.ts";
import type { Task } from "../../job/task.ts";
import type { Activation } from "../activation/activation.ts";
import type { StepTransactions } from "../activation/step_transactions.ts";
import type { JobListeners } from "./listeners.ts";
import { attemptOf, type JobNotifier } from "./notifier.ts";
import type { Journal } from "../durable/journal.ts";

const NONE: readonly never[] = [];

/**
 * The only way in which a job is changed: a commit is encoded, applied, and stored. With a journal, the consequences of a commit
 * follow when it is stored: the tasks that it makes ready are in the queue, but held till then, so that the order of tasks does
 * not depend on the store.
 */
export class Committer {
  /** Where commits are stored; a job without a store has none. */
  journal: Journal | undefined;
  /** Where the tasks go that a commit makes ready. */
  readonly queue: ReadyQueue;
  readonly #job: Job;
  readonly #listeners: JobListeners;
  readonly #notifier: JobNotifier;
  /** Tasks that must not run yet, with the commit that must be stored before: a job without a store has none. */
  #held: Map<Task, Commit> | undefined;

  /** Makes the committer of a job, live or at rest. */
  constructor(job: Job, listeners: JobListeners, notifier: JobNotifier, journal?: Journal) {
    this.#job = job;
    this.#listeners = listeners;
    this.#notifier = notifier;
    this.queue = new ReadyQueue(job);
    this.journal = journal;
  }

  /**
   * Performs a commit that makes tasks ready: `applied` is called before it is stored, if there is a store, `follow` afterwards. The
   * tasks are in the queue before listeners are called: one may deliver to a task that has just been made. The transaction of
   * `activation`, if there is one, is committed with the entry.
   */
  perform(
    commit: Commit,
    readied: readonly Task[] = NONE,
    follow?: () => void,
    applied?: () => void,
    activation?: Activation,
  ): void {
    const { journal } = this;
    if (journal !== undefined) return this.#performStored(journal, commit, readied, follow, applied, activation);
    apply(this.#job, commit);
    if (commit.kind === "step" && commit.effects !== undefined) this.queue.withdraw(commit.effects.withdrawn);
    this.queue.addAll(readied, commit.time);
    this.#tell(commit);
    follow?.();
  }

  /**
   * Performs a commit after which the job rests. `applied` is called before it is stored, and says whether its owner lets go of it;
   * `follow` is called afterwards.
   */
  performLast(commit: Commit, follow = (): void => {}, applied = (): boolean => false): void {
    const { journal } = this;
    const text = journal?.encode(commit);
    apply(this.#job, commit);
    const releases = applied();
    if (journal === undefined || text === undefined) follow();
    else journal.rest(text, releases, follow);
  }

  /** The same with a journal. Applying stands here again: with a call more per step, V8 inlines less, and W1 loses some 4 %. */
  #performStored(
    journal: Journal,
    commit: Commit,
    readied: readonly Task[],
    follow: (() => void) | undefined,
    applied: (() => void) | undefined,
    activation: Activation | undefined,
  ): void {
    const text = journal.encode(commit);
    apply(this.#job, commit);
    if (commit.kind === "step" && commit.effects !== undefined) this.queue.withdraw(commit.effects.withdrawn);
    this.queue.addAll(readied, commit.time);
    applied?.();
    const held = this.#held ??= new Map<Task, Commit>();
    for (const task of readied) held.set(task, commit);
    // A handler may fail while its checkpoint is being stored.
    const attempt = commit.kind === "step" || commit.kind === "failure" ? attemptOf(commit) : undefined;
    const stored = () => {
      for (const task of readied) if (held.get(task) === commit) held.delete(task);
      this.#tell(commit, attempt);
      follow?.();
    };
    const within = activation?.transactions?.take();
    const isLast = commit.kind === "step" && commit.outcome === "done" && readied.length === 0 && this.queue.isEmpty;
    if (within !== undefined || !isLast || !journal.isStrict) return journal.write(text, stored, within);
    // It may be the last step of the job: then it is stored with the end, which is committed next. Relaxed writes wait for more anyway.
    journal.gather();
    journal.write(text, stored);
    journal.gathered();
  }

  /** A method, not a closure per job: engines compile closures anew for each job, and calls through them are megamorphic. */
  #tell(commit: Commit, attempt?: number): void {
    this.#listeners.committed();
    if (commit.kind === "step") this.#listeners.step(commit);
    else if (commit.kind !== "failure") return;
    this.#notifier.task(commit, attempt);
  }

  /**
   * Makes the transactions of a handler.
   *
   * @throws {TypeError} when the job is in no store
   */
  transactionsOf(routineId: string): StepTransactions {
    if (this.journal !== undefined) return this.journal.session.transactionsOf(routineId, this.journal);
    throw new TypeError(
      `Cannot transact in routine "${routineId}": the job is in no store; give its engine one with transactions, as postgresStore`,
    );
  }

  /** Calls back when all that was performed is stored. */
  whenStored(run: () => void): void {
    if (this.journal === undefined) run();
    else this.journal.whenStored(run);
  }

  /** Whether the commit that made the next task ready is not stored. */
  isHeld(highWater: number): boolean {
    if (this.#held === undefined || this.#held.size === 0) return false;
    const next = this.queue.peek(highWater);
    return next !== undefined && this.#held.has(next);
  }

  /** Whether a commit is not stored yet; then it is being written. A store that answers at once has it stored by the end of the call. */
  isBehind(): boolean {
    if (this.journal === undefined || !this.journal.isBehind) return false;
    this.journal.flush();
    return this.journal.isBehind;
  }
}
