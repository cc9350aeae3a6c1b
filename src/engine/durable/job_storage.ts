import { FencedError, StateError, StoreError } from "../../base/errors.ts";
import { instantAfter } from "../../base/instant.ts";
import type { FlowGraph } from "../../model/flow_graph.ts";
import type { JobHead, JobRecord, StoredCommand, StoredJob } from "../../ports/store.ts";
import { headOf } from "../../ports/store_kit.ts";
import type { Job } from "../../job/job.ts";
import { ReadyQueue } from "../../job/ready_queue.ts";
import type { Task } from "../../job/task.ts";
import type { FirstAttempt } from "../../documents/claim.ts";
import { type Command, decodeCommand } from "../../documents/command.ts";
import { encodeFlow } from "../../documents/flow.ts";
import { writeJob } from "../../documents/job.ts";
import { Replay } from "../../documents/replay.ts";
import { delayAfter } from "./durability_settings.ts";
import { Journal } from "./journal.ts";
import type { StoreSession } from "./store_session.ts";

/** A job as the store has it. */
export interface FoundJob {
  readonly job: Job;
  readonly record: JobRecord;
  /** The tasks that were first when the job's owner claimed it; `undefined` when the owner has released the job. */
  readonly firstAttempts: readonly FirstAttempt[] | undefined;
}

/** The most tasks that are written down with a claim: a job may have any number of workers. */
const MOST_WATCHED = 64;

/**
 * Carries out a command. `consume` is to be called before the commit of its effect is encoded. Returns a promise only for an effect
 * that takes time: the next command waits for it. False says that the command is left for whoever has the job next.
 */
export type PerformCommand = (job: Job, command: Command, consume: () => number) => Promise<boolean> | boolean;

/** Keeps the jobs of one flow: creates them in the store, reads them from there, claims them, and reads their inboxes. */
export class JobStorage {
  /** See `DurabilityOptions`. */
  readonly maxRecoveries: number;
  readonly #session: StoreSession;
  readonly #graph: FlowGraph;
  readonly #perform: PerformCommand;
  /** Jobs for which commands have arrived before they had a journal. */
  readonly #addressedEarly: WeakSet<Job> = new WeakSet();
  /** The text of the flow, which is stored with each job. */
  #flowText: string | undefined;

  /** Makes the storage of a flow's jobs; `perform` carries out a command. */
  constructor(session: StoreSession, graph: FlowGraph, perform: PerformCommand) {
    this.#session = session;
    this.maxRecoveries = session.settings.maxRecoveries;
    this.#graph = graph;
    this.#perform = perform;
  }

  /** The job's journal, if it can still be written. */
  journalOf(job: Job): Journal | undefined {
    return this.#session.journalOf(job);
  }

  /** Whether a job was made in this process, not read: if the store has a job of its id, that one's state replaces its own. */
  isFresh(job: Job): boolean {
    return this.#session.fresh.has(job);
  }

  /** Whether a job was made in this process and not created in the store by it: `create` says whether the store has its id. */
  isNew(job: Job): boolean {
    return this.isFresh(job) && !this.#session.journals.has(job);
  }

  /** Creates a job, claimed by this engine: `undefined` when the store has one of its id. */
  async create(job: Job): Promise<Journal | undefined> {
    const { store, settings, timers } = this.#session;
    const { jobId, flowId, createdAt } = job;
    const wakeAt = instantAfter(timers.now(), settings.leaseMs);
    const head: JobHead = { flowId, status: job.status, wakeAt, owner: settings.owner, epoch: 1, consumed: 0 };
    const snapshot = writeJob(job);
    const flow = this.#flowText ??= JSON.stringify(encodeFlow(this.#graph));
    const isCreated = await this.#try(job, () => store.create({ jobId, createdAt, flow, snapshot, head }));
    return isCreated ? this.#open(job, 0, head) : undefined;
  }

  /** Reads the job that the store has of a job's id. */
  async load(job: Job): Promise<FoundJob | undefined> {
    const stored = await this.#try(job, () => this.#session.store.load(job.jobId));
    return stored && this.#replay(stored);
  }

  /**
   * Takes over the state that the store has of a job's id: it replaces that of a job that was made here. Returns the journal,
   * unless the job is live elsewhere.
   *
   * @throws {FencedError} when the job has been deleted; and for one that was read from a document, when the store has it in
   * another state, or it is live elsewhere
   */
  adopt(job: Job, found: FoundJob | undefined): Journal | undefined {
    const isElsewhere = found !== undefined && this.#session.isElsewhere(found.record);
    const isSame = found && (this.isFresh(job) || (!isElsewhere && writeJob(job) === writeJob(found.job)));
    if (!isSame) throw new FencedError(job.jobId, undefined, found?.record.revision);
    job.become(found.job);
    // Calls on a job that is live elsewhere are refused by what its journal says.
    const journal = this.#openFound(job, found);
    return isElsewhere ? undefined : journal;
  }

  /** Makes a job at rest from its record and its journal. */
  restore(stored: StoredJob): Job {
    const found = this.#replay(stored);
    this.#openFound(found.job, found);
    return found.job;
  }

  /** Claims a job whose resumption is the next entry. Returns the tasks that must fail, before any runs. */
  claim(job: Job, journal: Journal, workers: number): readonly Task[] {
    const now = this.#session.timers.now();
    const { attempts, poisoned } = findFirstTasks(job, workers, now, journal.firstAttempts, this.maxRecoveries);
    journal.claim(attempts);
    return poisoned;
  }

  /** Tells the observer that a live job was lost. */
  lost(job: Job, error: Error): void {
    this.#session.onLost(job, error);
  }

  /** Registers a job that has become live: `poll` is called when commands arrive in its inbox. */
  register(job: Job): void {
    this.#session.register(job, () => void this.poll(job));
  }

  /** Carries out the commands that came before the job had a journal. */
  pollEarly(job: Job): void {
    if (this.#addressedEarly.delete(job)) void this.poll(job);
  }

  /**
   * Carries out the commands in a job's inbox, strictly in turn. Resolves when those that were there have been carried out, or
   * when the job is being started: its start reads the inbox before anything runs.
   */
  poll(job: Job): Promise<void> {
    const journal = this.#session.journalOf(job);
    if (journal === undefined || job.isStarting) {
      this.#addressedEarly.add(job);
      return Promise.resolve();
    }
    journal.isAddressed = true;
    if (!journal.isPolling) journal.polled = this.#carryOut(job, journal);
    return journal.polled;
  }

  /**
   * Reads the inbox of a job that has been claimed and not begun. The returned function carries the commands out: `begin` calls
   * it.
   *
   * @throws {StoreError} when the store keeps failing
   */
  async readFirst(job: Job, journal: Journal): Promise<() => void> {
    const commands = await this.#try(job, () => this.#inbox(job, journal));
    return () => {
      journal.polled = this.#carryOut(job, journal, commands);
      this.pollEarly(job);
    };
  }

  async #carryOut(job: Job, journal: Journal, first: readonly StoredCommand[] = []): Promise<void> {
    journal.isPolling = true;
    try {
      await this.#performAll(job, journal, first);
      while (journal.isAddressed && !journal.isLost && !job.isStarting) {
        journal.isAddressed = false;
        await this.#performAll(job, journal, await this.#inbox(job, journal));
      }
    } catch (error) {
      this.#session.onStoreError(job, error);
    } finally {
      journal.isPolling = false;
    }
  }

  async #inbox(job: Job, journal: Journal): Promise<readonly StoredCommand[]> {
    const at = this.#session.timers.elapsed();
    const commands = await this.#session.store.inbox(job.jobId, journal.read);
    journal.readAt = at;
    return commands;
  }

  /**
   * Carries out commands one after the other. Each is recorded as consumed in the entry of its effect: `consume` is called just
   * before that is encoded. So a crash loses none, and repeats none.
   */
  async #performAll(job: Job, journal: Journal, commands: readonly StoredCommand[]): Promise<void> {
    for (const { sequence, key, text } of commands) {
      // A job comes to rest before the next command finds it there.
      if (journal.resting !== undefined) await journal.resting;
      // A job that is being started reads on when it has begun.
      if (journal.isLost || job.isStarting) return;
      if (sequence <= journal.read) continue;
      const before = journal.read;
      journal.read = sequence;
      let isConsumed = false;
      const consume = () => {
        if (!isConsumed) journal.consume(sequence);
        isConsumed = true;
        return sequence;
      };
      try {
        const effect = this.#perform(job, decodeCommand(text, this.#graph.limits), consume);
        if (!(typeof effect === "boolean" ? effect : await effect)) {
          journal.read = before;
          break;
        }
      } catch (error) {
        this.#session.onCommandError(job, key, error);
      }
      consume();
    }
    journal.acknowledge();
  }

  #replay(stored: StoredJob): FoundJob {
    const { record } = stored;
    if (record.flowId !== this.#graph.id) {
      throw new StateError(
        "start",
        record.status,
        `Cannot start job "${record.jobId}" of flow "${this.#graph.id}": there is one of flow "${record.flowId}" already`,
      );
    }
    const replay = new Replay(stored.snapshot, this.#graph.limits);
    for (const entry of stored.entries) replay.apply(entry);
    const firstAttempts = record.owner === undefined ? undefined : replay.claim?.tried ?? [];
    return { job: replay.finish(), record, firstAttempts };
  }

  #openFound(job: Job, { record, firstAttempts }: FoundJob): Journal {
    return this.#open(job, record.revision, headOf(record), firstAttempts);
  }

  #open(job: Job, revision: number, head: JobHead, firstAttempts?: readonly FirstAttempt[]): Journal {
    const journal = new Journal(job, this.#session, revision, head, firstAttempts);
    this.#session.journals.set(job, journal);
    return journal;
  }

  /** Asks the store, and again if it fails, as often as `attempts` says. */
  async #try<T>(job: Job, ask: () => T | Promise<T>): Promise<T> {
    const { settings, timers } = this.#session;
    for (let failures = 1;; failures++) {
      try {
        return await ask();
      } catch (error) {
        this.#session.onStoreError(job, error);
        if (failures >= settings.attempts) throw new StoreError(job.jobId, failures, { cause: error });
        await new Promise<void>((resolve) => void timers.after(delayAfter(failures, settings), resolve));
      }
    }
  }
}

/**
 * Finds the tasks that run first when a job goes on with so many workers: `attempts` are written down with the claim, `poisoned`
 * must fail. `before` is what the last owner had written down with its claim, if it died with the job; `undefined` when it had
 * released the job. A journal does not say which task was running when a process died, but a task that is first in the queue
 * after each death, and has not got any further, is the one to suspect.
 */
export function findFirstTasks(
  job: Job,
  workers: number,
  now: number,
  before: readonly FirstAttempt[] | undefined,
  maxRecoveries: number,
): { readonly attempts: readonly FirstAttempt[]; readonly poisoned: readonly Task[] } {
  const queue = new ReadyQueue(job).fill({ at: now });
  const attempts: FirstAttempt[] = [];
  const poisoned: Task[] = [];
  for (let i = 0; i < Math.min(workers, MOST_WATCHED); i++) {
    const task = queue.take(Infinity);
    if (task === undefined) break;
    const { attempt = 0, step = 0 } = task.details ?? {};
    const last = before?.find((it) => it.task === task.id && it.attempt === attempt && it.step === step);
    const recoveries = before === undefined ? 0 : (last?.recoveries ?? 0) + 1;
    if (recoveries >= maxRecoveries) poisoned.push(task);
    else attempts.push({ task: task.id, attempt, step, recoveries });
  }
  return { attempts, poisoned };
}
