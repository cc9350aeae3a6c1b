/** The options of `engine.work`. */
export interface WorkOptions {
  /** How many jobs the worker has at the same time. @default {100} */
  readonly concurrency?: number;
  /** The ids of flows; only their jobs. @default {all that the registry can build} */
  readonly flows?: readonly string[];
  /** The names of queues; only their jobs. @default {all} */
  readonly queues?: readonly string[];
  /** How often the store is looked at where nothing tells of jobs that are due, in milliseconds. @default {1000} */
  readonly pollMs?: number;
  /** How long live jobs may run what is due when the worker stops, in milliseconds. @default {10000} */
  readonly drainMs?: number;
  /** How long a job may wait before it is let go until it is due or told something, in milliseconds. @default {5000} */
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
