import { callGuarded } from "../../base/thenable.ts";
import type { FlowGraph } from "../../model/flow_graph.ts";
import type { EngineEvent } from "../../ports/observer.ts";
import type { CancelTimer, Timers } from "../../ports/timers.ts";
import type { JobHead, Store } from "../../ports/store.ts";
import type { Job } from "../../job/job.ts";
import type { DurabilitySettings } from "./durability_settings.ts";
import { JobStorage, type PerformCommand } from "./job_storage.ts";
import type { Journal } from "./journal.ts";

/** An engine's use of its store: the settings, the journals of its jobs, and which of them are live. */
export class StoreSession {
  readonly store: Store;
  readonly settings: DurabilitySettings;
  readonly timers: Timers;
  /** Jobs that were made here, not read: one of the same id in the store takes their place. */
  readonly fresh: WeakSet<Job> = new WeakSet();
  /** The journals of all jobs that were read from the store or created in it, lost ones included. */
  readonly journals: WeakMap<Job, Journal> = new WeakMap();
  /** The live jobs by id, as stores name them. */
  readonly #live: Map<string, { readonly job: Job; readonly poll: () => void }> = new Map();
  readonly #tell: (event: EngineEvent) => void;
  #stopWatch: CancelTimer | undefined;

  /** Makes an engine's use of a store; `tell` calls the observer. */
  constructor(store: Store, settings: DurabilitySettings, timers: Timers, tell: (event: EngineEvent) => void) {
    this.store = store;
    this.settings = settings;
    this.timers = timers;
    this.#tell = tell;
  }

  /** Makes the storage of one flow's jobs; `perform` carries out a command. */
  storageOf(graph: FlowGraph, perform: PerformCommand): JobStorage {
    return new JobStorage(this, graph, perform);
  }

  /** Tells the observer that the store has failed; the write is tried again. */
  onStoreError({ jobId, flowId }: Job, error: unknown): void {
    this.#tell({ type: "store_error", jobId, flowId, error, at: this.timers.now() });
  }

  /** Tells the observer that a live job can be written no more: another engine has taken it, or the store has failed. */
  onLost({ jobId, flowId }: Job, error: unknown): void {
    this.#tell({ type: "lost", jobId, flowId, error, at: this.timers.now() });
  }

  /** Tells the observer that a command could not be carried out. */
  onCommandError({ jobId, flowId }: Job, key: string, error: unknown): void {
    this.#tell({ type: "command_error", jobId, flowId, key, error, at: this.timers.now() });
  }

  /** The live job of an id. Whether a given `Job` is live, `executionOf` says. */
  liveJob(jobId: string): Job | undefined {
    return this.#live.get(jobId)?.job;
  }

  /** The ids of all live jobs. */
  get liveIds(): Iterable<string> {
    return this.#live.keys();
  }

  /** Adds a job that has become live; `poll` is called when commands may have arrived for it. */
  register(job: Job, poll: () => void): void {
    this.#live.set(job.jobId, { job, poll });
    this.#stopWatch ??= this.store.watch?.((jobId) => this.#live.get(jobId)?.poll());
  }

  /** Removes a job that is no longer live. */
  unregister(job: Job): void {
    if (this.liveJob(job.jobId) === job) this.#live.delete(job.jobId);
    if (this.#live.size > 0) return;
    callGuarded(() => this.#stopWatch?.(), (error) => this.onStoreError(job, error));
    this.#stopWatch = undefined;
  }

  /** Whether another engine has claimed a job, and its lease has not ended. */
  isElsewhere({ owner, wakeAt }: Pick<JobHead, "owner" | "wakeAt">): boolean {
    return owner !== undefined && owner !== this.settings.owner && wakeAt !== undefined && wakeAt > this.timers.now();
  }

  /** Why a job can no longer be followed here, if that is so. */
  lossOf(job: Job): Error | undefined {
    return this.journals.get(job)?.lost;
  }

  /** The job's journal, if it can still be written. */
  journalOf(job: Job): Journal | undefined {
    const journal = this.journals.get(job);
    return journal?.isLost === true ? undefined : journal;
  }
}
