import { describeError } from "../base/error_data.ts";
import { FencedError, PoisonError, RoutiluxError, StateError, StoreError } from "../base/errors.ts";
import { instantAfter } from "../base/instant.ts";
import type { FlowGraph } from "../model/flow_graph.ts";
import type { JobHead, JobRecord, StoredJob } from "../ports/store.ts";
import { apply } from "../scheduler/apply.ts";
import type { StatusCommit } from "../scheduler/commit.ts";
import { hasEnded, type Job, type JobStatus } from "../scheduler/job.ts";
import { type Command, decodeCommand } from "../serializer/command.ts";
import { encodeFlow } from "../serializer/flow_codec.ts";
import { encodeJob } from "../serializer/job_encoder.ts";
import { Replay } from "../serializer/replay.ts";
import { failureCommit } from "./commits.ts";
import type { Durability } from "./durability.ts";
import type { EngineHost } from "./engine_host.ts";
import type { Execution } from "./execution.ts";
import type { ExecutionLimits } from "./execution_setup.ts";
import { Journal } from "./journal.ts";
import { type Plan, slotOf } from "./plan.ts";
import { findFirstTasks } from "./poison.ts";

/** What was done to resume a job in memory. */
export interface Prepared {
  /** The flow as it runs. */
  readonly plan: Plan;
  /** How it is run. */
  readonly limits: ExecutionLimits;
  /** Its status before. */
  readonly from: JobStatus;
  /** The commit; it has been applied. */
  readonly commit: StatusCommit;
}

/** A job that has been resumed in memory, and begins when the store lets it. */
export interface Start extends Prepared {
  /** What runs it. */
  readonly execution: Execution;
  /** Its text before, when it came from elsewhere. */
  readonly before: string | undefined;
}

/** What a flow's jobs need of whoever makes and steers them. */
export interface JobSteering {
  /** Does what has to be done to resume a job, in memory. */
  prepare(job: Job): Prepared;
  /** Carries out a command. */
  perform(job: Job, command: Command): void;
}

/** Brings the jobs of one flow into the store, and on from there. */
export class DurableJobs {
  readonly #durability: Durability;
  readonly #host: EngineHost;
  readonly #graph: FlowGraph;
  readonly #steering: JobSteering;
  #flowText: string | undefined;

  /** Makes the durable side of a flow's jobs. */
  constructor(durability: Durability, host: EngineHost, graph: FlowGraph, steering: JobSteering) {
    this.#durability = durability;
    this.#host = host;
    this.#graph = graph;
    this.#steering = steering;
  }

  /**
   * The flow as it is kept with each job.
   *
   * @throws {TypeError} for a routine that another process could not build
   */
  get flowText(): string {
    return this.#flowText ??= JSON.stringify(encodeFlow(this.#graph));
  }

  /** The job's text as it is now, where it must be compared: when it has come from elsewhere. */
  textOf(job: Job): string | undefined {
    const { fresh } = this.#durability;
    return this.#durability.journalOf(job) !== undefined || fresh.has(job) ? undefined : JSON.stringify(encodeJob(job));
  }

  /** Lets a resumed job begin: it is created in the store, or claimed there. */
  start(start: Start): void {
    const { job } = start.execution;
    const journal = this.#durability.journalOf(job);
    this.#durability.enter({ job, poll: () => void this.poll(job) });
    if (journal === undefined) void this.#enter(start).catch((error: unknown) => this.#giveUp(start, error));
    else this.#claim(start, journal);
  }

  /** The job as a record and its journal have it, at the end of its line. */
  restore(stored: StoredJob): Job {
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
    const job = replay.finish();
    const tried = record.owner === undefined ? undefined : replay.claim?.tried ?? [];
    this.#durability.follow(job, new Journal(job, this.#durability, record.revision, headOf(record), tried));
    return job;
  }

  /** Carries out the commands in a job's inbox. */
  async poll(job: Job): Promise<void> {
    const journal = this.#durability.journalOf(job);
    if (journal === undefined || journal.isPolling) return;
    journal.isPolling = true;
    try {
      for (const { sequence, key, text } of await this.#durability.store.inbox(job.jobId, journal.consumed)) {
        if (journal.isLost || sequence <= journal.consumed) continue;
        journal.consume(sequence);
        try {
          this.#steering.perform(job, decodeCommand(text, this.#graph.limits));
        } catch (error) {
          const { jobId, flowId } = job;
          this.#host.tell({ type: "command_error", jobId, flowId, key, error, at: this.#host.timers.now() });
        }
      }
      journal.acknowledge();
    } catch (error) {
      this.#durability.onStoreError(job, error);
    } finally {
      journal.isPolling = false;
    }
  }

  async #enter(start: Start): Promise<void> {
    const { execution, from, before } = start;
    const { job } = execution;
    const { store, settings, timers } = this.#durability;
    const { jobId, flowId, createdAt } = job;
    const wakeAt = instantAfter(timers.now(), settings.leaseMs);
    const head: JobHead = { flowId, status: job.status, wakeAt, owner: settings.owner, epoch: 1, consumed: 0 };
    const snapshot = JSON.stringify(encodeJob(job));
    const flow = this.flowText;
    if (await this.#try(job, () => store.create({ jobId, createdAt, flow, snapshot, head }))) {
      const journal = this.#durability.follow(job, new Journal(job, this.#durability, 0, head));
      this.#attend(execution, journal);
      execution.begin(from, journal);
      return;
    }
    const stored = await this.#try(job, () => store.load(jobId));
    if (stored === undefined) throw new FencedError(jobId, undefined, undefined);
    const restored = this.restore(stored);
    if (before === undefined) this.#adopt(start, restored, stored.record);
    else if (JSON.stringify(encodeJob(restored)) !== before || this.#isHeld(stored.record)) {
      throw new FencedError(jobId, undefined, stored.record.revision);
    } else this.#claim(start, this.#journalFor(job, restored, stored.record));
  }

  /** The job had been started before: that one goes on here, unless it rests or works elsewhere. */
  #adopt(start: Start, restored: Job, record: JobRecord): void {
    const { execution } = start;
    const { job } = execution;
    Object.assign(job, restored, { owner: execution });
    if (job.status !== "running" || this.#isHeld(record)) {
      if (!this.#isHeld(record)) this.#journalFor(job, restored, record);
      execution.leave();
      return;
    }
    const prepared = this.#steering.prepare(job);
    execution.reset(prepared.limits);
    this.#claim({ ...start, ...prepared }, this.#journalFor(job, restored, record));
  }

  #journalFor(job: Job, restored: Job, record: JobRecord): Journal {
    const tried = this.#durability.journalOf(restored)?.tried;
    return this.#durability.follow(job, new Journal(job, this.#durability, record.revision, headOf(record), tried));
  }

  #claim({ execution, plan, limits, from, commit }: Start, journal: Journal): void {
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

  #attend(execution: Execution, journal: Journal): void {
    const { job } = execution;
    journal.attend({
      onStored: () => execution.settled(),
      onRenewed: () => void this.poll(job),
      onLost: (error) => execution.leave(error),
    });
  }

  #giveUp({ execution }: Start, error: unknown): void {
    const { jobId } = execution.job;
    execution.leave(error instanceof RoutiluxError ? error : new StoreError(jobId, 1, { cause: error }));
  }

  /** Whether another engine has the job, and its lease has not ended. */
  #isHeld({ owner, wakeAt }: JobRecord): boolean {
    const { settings, timers } = this.#durability;
    return owner !== undefined && owner !== settings.owner && wakeAt !== undefined && wakeAt > timers.now();
  }

  /** Asks the store, again and again while it fails. */
  async #try<T>(job: Job, ask: () => T | Promise<T>): Promise<T> {
    const { settings, timers, onStoreError } = this.#durability;
    for (let failures = 1;; failures++) {
      try {
        return await ask();
      } catch (error) {
        onStoreError(job, error);
        if (failures >= settings.attempts) throw new StoreError(job.jobId, failures, { cause: error });
        const at = timers.now() + settings.retryDelayMs * 2 ** (failures - 1);
        await new Promise<void>((resolve) => void timers.setTimer(at, resolve));
      }
    }
  }
}

/** What is kept of a job beside its journal, as its record shows it. */
function headOf({ flowId, status, wakeAt, owner, epoch, consumed }: JobRecord): JobHead {
  return { flowId, status, wakeAt, owner, epoch, consumed };
}
