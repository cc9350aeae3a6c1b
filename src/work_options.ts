import type { AdoptOptions } from "./adoption.ts";
import type { Flow } from "./flow.ts";

/** How many jobs are taken at most within a time. */
export interface QueueRate {
  /** How many jobs. */
  readonly count: number;
  /** Within any span of so many milliseconds. */
  readonly perMs: number;
}

/**
 * A queue from which a worker takes jobs, and its limits. Those over all workers need a store that has `permit`, as all stores of this
 * library have. They hold for jobs that workers take: each time that one is taken counts, also when a job goes on after it was let go.
 * All workers of a queue should state the same; where they differ, each keeps to its own, and all that is taken counts for each. A worker
 * that states none, `engine.recover` and a program that starts or resumes a job itself take no notice of them, and do not count.
 */
export interface QueueOptions {
  /** The queue's name. */
  readonly name: string;
  /** How many jobs of the queue the worker has at the same time. @default {that of the worker} */
  readonly concurrency?: number;
  /** How many jobs of the queue all workers have together at the same time. @default {no limit} */
  readonly globalConcurrency?: number;
  /** How many jobs of the queue all workers take together within a time. @default {no limit} */
  readonly rate?: QueueRate;
}

/** Says with which options a worker moves a job to the version that it has: `{}` where no name has changed. */
export type AdoptionChoice = (former: {
  /** The id of the job. */
  readonly jobId: string;
  /** The id of its flow. */
  readonly flowId: string;
  /** The version of its flow, which is lower than that of the worker's. */
  readonly flowVersion: number;
}) => Omit<AdoptOptions, "dryRun">;

/** The options of `engine.work`. */
export interface WorkOptions {
  /** How many jobs the worker has at the same time. @default {100} */
  readonly concurrency?: number;
  /** Flows, or the ids of flows; only their jobs. @default {all that the registry can build} */
  readonly flows?: readonly (string | Flow)[];
  /**
   * What becomes of a job that was started with a lower `version` of a flow in `flows` than the one that stands there. `stored`: it goes
   * on with the flow of its start. `adopt`: it is moved to this one first, as `handle.adopt` without further options does; a job that does
   * not fit is left, unchanged, to others, and observers are told `refused`. Those of the same version or a higher one go on with theirs.
   * A function says with which options a job is moved, by the version that it has: where names have changed since.
   * @default {"stored"}
   */
  readonly onChange?: "stored" | "adopt" | AdoptionChoice;
  /** The names of queues, or queues with limits; only their jobs. None of them keeps another waiting. @default {all} */
  readonly queues?: readonly (string | QueueOptions)[];
  /** How often the store is looked at where nothing tells of jobs that are due, in milliseconds: at least 1. @default {1000} */
  readonly pollMs?: number;
  /** How long live jobs may run what is due when the worker stops, in milliseconds. @default {10000} */
  readonly drainMs?: number;
  /**
   * How long a job may wait before it is let go until it is due or told something, in milliseconds; one that is due within 20 ms is not, nor
   * is one that the store has given too early by a tenth of a lease at most.
   * @default {5000}
   */
  readonly idleMs?: number;
  /** Stops the worker when aborted. */
  readonly signal?: AbortSignal;
}

/** What a worker has done. */
export interface WorkSummary {
  /** How often it has taken a job. */
  readonly taken: number;
  /** How many jobs could not go on here; an observer was told why. */
  readonly refused: number;
}

/**
 * A worker: it takes jobs that are due, and goes on with them.
 *
 * @example
 * ```ts
 * import { Engine, Flow, Registry, Routine } from "@routilux/routilux";
 * import { memoryStore } from "@routilux/routilux/stores/memory";
 *
 * class Report extends Routine {
 *   readonly trigger = this.addSlot("trigger", this.write);
 *   write(): void {}
 * }
 * const registry = new Registry({ Report });
 * const engine = new Engine({ registry, store: memoryStore() });
 * const flow = new Flow({ id: "reports", registry, engine });
 * flow.addRoutine(new Report(), "report");
 *
 * const worker = engine.work({ concurrency: 20, queues: ["default", "night"] });
 * const job = await flow.start("report", {}, { queue: "night" });
 * await job.ended();
 * const { taken } = await worker.stop(); // 1
 * await engine.close();
 * ```
 */
export interface Worker {
  /** How many jobs it has now. */
  readonly size: number;
  /**
   * Takes no more jobs, lets those that it has run what is due, for `drainMs` at the most, and lets go of them. Resolves when they
   * rest; each call resolves with the same summary.
   */
  stop(): Promise<WorkSummary>;
}
