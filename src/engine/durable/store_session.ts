import type { FlowGraph } from "../../model/flow_graph.ts";
import type { EngineEvent } from "../../ports/observer.ts";
import type { CancelTimer, Timers } from "../../ports/timers.ts";
import type { JobRecord, Store } from "../../ports/store.ts";
import type { Job } from "../../job/job.ts";
import type { DurabilitySettings } from "./durability_settings.ts";
import type { DurableFlow, JobSteering } from "./durable_flow.ts";
import type { Journal, JournalHost } from "./journal.ts";

/** A job that works here, as others see it. */
export interface LiveJob {
  /** The job. */
  readonly job: Job;
  /** Looks for commands in its inbox. */
  readonly poll: () => void;
}

/** What an engine's use of its store is made of. */
export interface DurabilitySetup extends Pick<StoreSession, "store" | "settings" | "timers" | "createFlow"> {
  /** Tells the observer. */
  readonly tell: (event: EngineEvent) => void;
}

/** An engine's use of its store: the settings, the lines of its jobs, and which of them work. */
export class StoreSession implements JournalHost {
  readonly store: Store;
  readonly settings: DurabilitySettings;
  readonly timers: Timers;
  /** Makes what the store does for the jobs of a flow. */
  readonly createFlow: (durability: StoreSession, graph: FlowGraph, steering: JobSteering) => DurableFlow;
  /** Jobs that were made here and have not been started: one of the same id in the store takes their place. */
  readonly fresh: WeakSet<Job> = new WeakSet();
  readonly #live: Map<string, LiveJob> = new Map();
  readonly #journals: WeakMap<Job, Journal> = new WeakMap();
  readonly #tell: (event: EngineEvent) => void;
  #stopWatch: CancelTimer | undefined;

  /** Makes an engine's use of a store. */
  constructor(setup: DurabilitySetup) {
    this.store = setup.store;
    this.settings = setup.settings;
    this.timers = setup.timers;
    this.createFlow = setup.createFlow;
    this.#tell = setup.tell;
  }

  onStoreError({ jobId, flowId }: Job, error: unknown): void {
    this.#tell({ type: "store_error", jobId, flowId, error, at: this.timers.now() });
  }

  /** A command could not be carried out. */
  onCommandError({ jobId, flowId }: Job, key: string, error: unknown): void {
    this.#tell({ type: "command_error", jobId, flowId, key, error, at: this.timers.now() });
  }

  /** The job of an id that works here. */
  liveJob(jobId: string): Job | undefined {
    return this.#live.get(jobId)?.job;
  }

  /** A job has begun to work here. */
  register(live: LiveJob): void {
    this.#live.set(live.job.jobId, live);
    this.#stopWatch ??= this.store.watch?.((jobId) => this.#live.get(jobId)?.poll());
  }

  /** A job works here no longer. */
  unregister(job: Job): void {
    if (this.liveJob(job.jobId) === job) this.#live.delete(job.jobId);
    if (this.#live.size > 0) return;
    this.#stopWatch?.();
    this.#stopWatch = undefined;
  }

  /** Whether another engine has claimed a job, and its lease has not ended. */
  isElsewhere({ owner, wakeAt }: JobRecord): boolean {
    return owner !== undefined && owner !== this.settings.owner && wakeAt !== undefined && wakeAt > this.timers.now();
  }

  /** The line in the store that a job is at the end of, if it can still be written. */
  journalOf(job: Job): Journal | undefined {
    const journal = this.#journals.get(job);
    return journal?.isLost === true ? undefined : journal;
  }

  /** A job is at the end of a line in the store. */
  setJournal(job: Job, journal: Journal): Journal {
    this.#journals.set(job, journal);
    return journal;
  }
}
