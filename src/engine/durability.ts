import type { CancelTimer, Timers } from "../ports/timers.ts";
import type { Store } from "../ports/store.ts";
import type { Job } from "../scheduler/job.ts";
import type { DurabilitySettings } from "./durability_settings.ts";
import type { Journal, JournalHost } from "./journal.ts";

/** A job that works here, as others see it. */
export interface LiveJob {
  /** The job. */
  readonly job: Job;
  /** Looks for commands in its inbox. */
  readonly poll: () => void;
}

/** An engine's use of its store: the settings, the lines of its jobs, and which of them work. */
export class Durability implements JournalHost {
  readonly store: Store;
  readonly settings: DurabilitySettings;
  readonly timers: Timers;
  readonly onStoreError: (job: Job, error: unknown) => void;
  /** Jobs that were made here and have not been started: one of the same id in the store takes their place. */
  readonly fresh: WeakSet<Job> = new WeakSet();
  readonly #live: Map<string, LiveJob> = new Map();
  readonly #journals: WeakMap<Job, Journal> = new WeakMap();
  #stopWatch: CancelTimer | undefined;

  /** Makes an engine's use of a store; failures of it are told to `onStoreError`. */
  constructor(
    store: Store,
    settings: DurabilitySettings,
    timers: Timers,
    onStoreError: (job: Job, error: unknown) => void,
  ) {
    this.store = store;
    this.settings = settings;
    this.timers = timers;
    this.onStoreError = onStoreError;
  }

  /** The job of an id that works here. */
  liveJob(jobId: string): Job | undefined {
    return this.#live.get(jobId)?.job;
  }

  /** A job has begun to work here. */
  enter(live: LiveJob): void {
    this.#live.set(live.job.jobId, live);
    this.#stopWatch ??= this.store.watch?.((jobId) => this.#live.get(jobId)?.poll());
  }

  /** A job works here no longer. */
  leave(job: Job): void {
    if (this.liveJob(job.jobId) === job) this.#live.delete(job.jobId);
    if (this.#live.size > 0) return;
    this.#stopWatch?.();
    this.#stopWatch = undefined;
  }

  /** The line in the store that a job is at the end of, if it can still be written. */
  journalOf(job: Job): Journal | undefined {
    const journal = this.#journals.get(job);
    return journal?.isLost === true ? undefined : journal;
  }

  /** A job is at the end of a line in the store. */
  follow(job: Job, journal: Journal): Journal {
    this.#journals.set(job, journal);
    return journal;
  }
}
