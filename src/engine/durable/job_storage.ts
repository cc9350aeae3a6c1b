import { describeError } from "../../values/error_data.ts";
import { FencedError, PoisonError, StateError, StoreError } from "../../base/errors.ts";
import { instantAfter } from "../../base/instant.ts";
import type { FlowGraph } from "../../model/flow_graph.ts";
import type { JobHead, JobRecord, StoredJob } from "../../ports/store.ts";
import { apply } from "../../job/apply.ts";
import { hasEnded, type Job } from "../../job/job.ts";
import type { FirstAttempt } from "../../documents/claim.ts";
import { decodeCommand } from "../../documents/command.ts";
import { encodeFlow } from "../../documents/flow.ts";
import { writeJob } from "../../documents/job.ts";
import { Replay } from "../../documents/replay.ts";
import { failureCommit } from "../activation/commits.ts";
import type { StoreSession } from "./store_session.ts";
import { delayAfter } from "./durability_settings.ts";
import type { DurableFlow, JobSteering, PendingStart, StartingExecution } from "./durable_flow.ts";
import { Journal } from "./journal.ts";
import { slotOf } from "../activation/plan.ts";
import { findFirstTasks } from "./poison.ts";

/** A job as the store has it. */
interface Replayed {
  readonly job: Job;
  readonly record: JobRecord;
  /** What stood first when its last owner claimed it; `undefined` when it was let go. */
  readonly tried: readonly FirstAttempt[] | undefined;
}

/** Brings the jobs of one flow into the store, and on from there. */
export class JobStorage implements DurableFlow {
  readonly #durability: StoreSession;
  readonly #graph: FlowGraph;
  /** Commands have come for them while the store was taking them in. */
  readonly #addressedEarly: WeakSet<Job> = new WeakSet();
  readonly #steering: JobSteering;
  /** The flow as it is kept with each job. */
  #flowText: string | undefined;

  /** Makes the durable side of a flow's jobs. */
  constructor(durability: StoreSession, graph: FlowGraph, steering: JobSteering) {
    this.#durability = durability;
    this.#graph = graph;
    this.#steering = steering;
  }

  textOf(job: Job): string | undefined {
    const { fresh } = this.#durability;
    return this.#durability.journalOf(job) !== undefined || fresh.has(job) ? undefined : writeJob(job);
  }

  start(start: PendingStart): void {
    const { job } = start.execution;
    const journal = this.#durability.journalOf(job);
    this.#durability.register({ job, poll: () => void this.poll(job) });
    if (journal === undefined) void this.#enter(start).catch((error: unknown) => this.#giveUp(start, error));
    else this.#claim(start, journal);
  }

  restore(stored: StoredJob): Job {
    const replayed = this.#replay(stored);
    this.#follow(replayed.job, replayed);
    return replayed.job;
  }

  #replay(stored: StoredJob): Replayed {
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
    const tried = record.owner === undefined ? undefined : replay.claim?.tried ?? [];
    return { job: replay.finish(), record, tried };
  }

  async poll(job: Job): Promise<void> {
    const journal = this.#durability.journalOf(job);
    if (journal === undefined) {
      this.#addressedEarly.add(job);
      return;
    }
    journal.isAddressed = true;
    if (journal.isPolling) return;
    journal.isPolling = true;
    while (journal.isAddressed) {
      journal.isAddressed = false;
      await this.#readInbox(job, journal);
    }
    journal.isPolling = false;
  }

  async #readInbox(job: Job, journal: Journal): Promise<void> {
    try {
      for (const { sequence, key, text } of await this.#durability.store.inbox(job.jobId, journal.consumed)) {
        if (journal.isLost || sequence <= journal.consumed) continue;
        journal.consume(sequence);
        try {
          this.#steering.perform(job, decodeCommand(text, this.#graph.limits));
        } catch (error) {
          this.#durability.onCommandError(job, key, error);
        }
      }
      journal.acknowledge();
    } catch (error) {
      this.#durability.onStoreError(job, error);
    }
  }

  async #enter(start: PendingStart): Promise<void> {
    const { execution, from, before } = start;
    const { job } = execution;
    const { store, settings, timers } = this.#durability;
    const { jobId, flowId, createdAt } = job;
    const wakeAt = instantAfter(timers.now(), settings.leaseMs);
    const head: JobHead = { flowId, status: job.status, wakeAt, owner: settings.owner, epoch: 1, consumed: 0 };
    const snapshot = writeJob(job);
    const flow = this.#flowText ??= JSON.stringify(encodeFlow(this.#graph));
    if (await this.#try(job, () => store.create({ jobId, createdAt, flow, snapshot, head }))) {
      const journal = this.#durability.setJournal(job, new Journal(job, this.#durability, 0, head));
      this.#attend(execution, journal);
      execution.begin(from, journal);
      if (this.#addressedEarly.delete(job)) void this.poll(job);
      return;
    }
    const stored = await this.#try(job, () => store.load(jobId));
    if (stored === undefined) throw new FencedError(jobId, undefined, undefined);
    const replayed = this.#replay(stored);
    if (before === undefined) this.#adopt(start, replayed);
    else if (writeJob(replayed.job) !== before || this.#durability.isElsewhere(stored.record)) {
      throw new FencedError(jobId, undefined, stored.record.revision);
    } else this.#claim(start, this.#follow(job, replayed));
  }

  /** The job had been started before: that one goes on here, unless it rests or works elsewhere. */
  #adopt(start: PendingStart, replayed: Replayed): void {
    const { execution } = start;
    const { job } = execution;
    Object.assign(job, replayed.job, { owner: execution });
    const isElsewhere = this.#durability.isElsewhere(replayed.record);
    if (job.status !== "running" || isElsewhere) {
      if (!isElsewhere) this.#follow(job, replayed);
      execution.leave();
      return;
    }
    const prepared = this.#steering.prepare(job);
    execution.reset(prepared.limits);
    this.#claim({ ...start, ...prepared }, this.#follow(job, replayed));
  }

  /** The job stands at the end of its line in the store. */
  #follow(job: Job, { record, tried }: Replayed): Journal {
    return this.#durability.setJournal(job, new Journal(job, this.#durability, record.revision, headOf(record), tried));
  }

  #claim({ execution, plan, limits, from, commit }: PendingStart, journal: Journal): void {
    const { job } = execution;
    const { settings, timers } = this.#durability;
    const resumption = journal.encode(commit);
    const { tried, poisoned } = findFirstTasks(
      job,
      limits.workers,
      timers.now(),
      journal.tried,
      settings.maxRecoveries,
    );
    this.#attend(execution, journal);
    journal.claim(tried);
    journal.write(resumption);
    for (const task of poisoned) {
      if (hasEnded(job.status)) break;
      const options = { mayRetry: true, isFatal: false, others: () => [] };
      const error = describeError(new PoisonError(settings.maxRecoveries));
      const failure = failureCommit(job, task, slotOf(plan, task.route).routine, error, options, execution.time());
      const text = journal.encode(failure);
      apply(job, failure);
      if (hasEnded(job.status)) journal.rest(text, undefined, () => {});
      else journal.write(text);
    }
    if (poisoned.length > 0) execution.reset(limits);
    journal.whenStored(() => {
      execution.begin(from, journal);
      void this.poll(job);
    });
    journal.flush();
  }

  #attend(execution: StartingExecution, journal: Journal): void {
    const { job } = execution;
    journal.subscribe({
      onStored: () => execution.handlerDone(),
      onRenewed: () => void this.poll(job),
      onLost: (error) => execution.leave(error),
    });
  }

  #giveUp({ execution }: PendingStart, error: unknown): void {
    execution.leave(error instanceof Error ? error : new Error(describeError(error).message, { cause: error }));
  }

  /** Asks the store, again and again while it fails. */
  async #try<T>(job: Job, ask: () => T | Promise<T>): Promise<T> {
    const { settings, timers } = this.#durability;
    for (let failures = 1;; failures++) {
      try {
        return await ask();
      } catch (error) {
        this.#durability.onStoreError(job, error);
        if (failures >= settings.attempts) throw new StoreError(job.jobId, failures, { cause: error });
        const at = timers.now() + delayAfter(failures, settings);
        await new Promise<void>((resolve) => void timers.setTimer(at, resolve));
      }
    }
  }
}

/** What is kept of a job beside its journal, as its record shows it. */
function headOf({ flowId, status, wakeAt, owner, epoch, consumed }: JobRecord): JobHead {
  return { flowId, status, wakeAt, owner, epoch, consumed };
}
