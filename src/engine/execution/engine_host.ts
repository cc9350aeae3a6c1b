import { checkRange } from "../../base/options.ts";
import { describeValue } from "../../base/path.ts";
import type { Services } from "../../model/context.ts";
import type { IdSource } from "../../ports/ids.ts";
import type { StoredJob } from "../../ports/store.ts";
import type { Timers } from "../../ports/timers.ts";
import type { Registry } from "../../values/registry.ts";
import type { GuardedAround } from "./around.ts";
import type { Director } from "./director.ts";
import type { Journal } from "../durable/journal.ts";
import type { StoreSession } from "../durable/store_session.ts";
import type { Job } from "../../job/job.ts";
import type { Execution } from "./execution.ts";
import type { HandlerRunner } from "./handler_runner.ts";
import type { InnerUse, JobChildren } from "./job_children.ts";
import type { JobEvents } from "./job_events.ts";
import type { Propagation } from "./propagation.ts";
import { Stopwatch } from "./clock.ts";
import { Pacer } from "./loop.ts";
import type { FlowSteering, StoredFlowJobs } from "./stored_flow_jobs.ts";

/** The options of an engine that concern all its jobs. `EngineOptions` describes those that users give. */
export interface EngineHostOptions {
  readonly timers: Timers;
  readonly ids: IdSource;
  /** Makes the events for the observer, if there is one. */
  readonly events?: JobEvents | undefined;
  readonly services?: Services | undefined;
  readonly around?: GuardedAround | undefined;
  readonly propagation?: Propagation | undefined;
  readonly sliceMs?: number | undefined;
  readonly errorStacks?: boolean | undefined;
  readonly registry?: Registry | undefined;
  /** Begins what the engine does with children that are parts of their parents. */
  readonly openInner: (host: EngineHost) => InnerUse;
  /** Begins the use of the engine's store, if it has one: a callback, so that programs without a store don't load that code. */
  readonly openStore?: ((host: EngineHost) => StoreUse) | undefined;
}

/** An engine's use of its store. */
export interface StoreUse {
  readonly session: StoreSession;
  /** Makes the part of a flow's jobs that needs the store. */
  readonly jobsOf: (flow: FlowSteering) => StoredFlowJobs;
  /** Makes what starts the children of a live job. */
  readonly childrenOf: (execution: Execution) => JobChildren;
  /** Lets go of a job that has ended here, after it has done what it owes; `then` is called afterwards. */
  readonly letGo: (job: Job, journal: Journal, then: () => void) => void;
  /**
   * The jobs of the flow that is stored with a job; set by an engine that can build stored flows.
   *
   * @throws why it cannot build that one
   */
  jobsOfStoredFlow?: (stored: StoredJob) => StoredFlowJobs | undefined;
}

/** The live jobs of an engine. Those whose ids were given are found by them: an id that was made for a job is no other's. */
class LiveExecutions extends Set<Execution> {
  readonly #byId: Map<string, Execution> = new Map();

  /** Adds an execution: in place of the one that it takes over from, if there is one. */
  override add(execution: Execution): this {
    const id = execution.job.knownId;
    if (id !== undefined) this.#byId.set(id, execution);
    return super.add(execution);
  }

  override delete(execution: Execution): boolean {
    const id = execution.job.knownId;
    if (id !== undefined && this.#byId.get(id) === execution) this.#byId.delete(id);
    return super.delete(execution);
  }

  /** The job of an id. */
  jobOf(jobId: string): Job | undefined {
    return this.#byId.get(jobId)?.job;
  }
}

/** What all executions of one engine share. */
export class EngineHost {
  /** The clock and the timers. */
  readonly timers: Timers;
  /** The source of ids. */
  readonly ids: IdSource;
  /** What handlers get as `ctx.services`. */
  readonly services: Services;
  /** Called around each run of a handler, if the user wants that. */
  readonly around: GuardedAround | undefined;
  /** Says what is kept with new jobs and tasks for those who trace them, if the user wants that. */
  readonly propagation: Propagation | undefined;
  /** Makes the events for the observer; without one, no event is made. */
  readonly events: JobEvents | undefined;
  /** Whether errors keep their stacks. */
  readonly errorStacks: boolean;
  /** The registry of flows that have none of their own. */
  readonly registry: Registry | undefined;
  /** Says how much time has passed. */
  readonly stopwatch: Stopwatch;
  /** Shares the event loop among the jobs. */
  readonly pacer: Pacer;
  /** The engine's use of its store, if it has one. */
  readonly store: StoreUse | undefined;
  /** What it does with children that are parts of their parents, where it has no store. */
  readonly inner: InnerUse;
  /** The live jobs of all flows. */
  readonly live: LiveExecutions = new LiveExecutions();
  /** The last handler runner of each job whose aborted handlers may still run, also when the job has gone on since. */
  readonly runners: WeakMap<Job, HandlerRunner> = new WeakMap();
  /** No job is started any more. */
  isShutDown = false;
  /** Decides what is left to chance: set by a simulation, before any job runs. */
  director: Director | undefined;

  /**
   * Makes the shared part of an engine.
   *
   * @throws {RangeError} for a number out of range
   */
  constructor(options: EngineHostOptions) {
    const {
      timers,
      ids,
      events,
      services,
      around,
      propagation,
      sliceMs = 4,
      errorStacks = false,
      registry,
      openInner,
      openStore,
    } = options;
    this.timers = timers;
    this.ids = ids;
    // An application may have declared services and still make an engine without any.
    this.services = services ?? ({} as Services);
    this.around = around;
    this.propagation = propagation;
    this.errorStacks = errorStacks;
    this.registry = registry;
    this.stopwatch = new Stopwatch(timers);
    this.pacer = new Pacer(timers, checkRange("Cannot create engine", "sliceMs", sliceMs, 1, Infinity));
    this.events = events;
    this.inner = openInner(this);
    this.store = openStore?.(this);
  }

  /** An execution is no longer live. */
  leave(execution: Execution): void {
    this.live.delete(execution);
    if (!execution.runner.isSettled) this.runners.set(execution.job, execution.runner);
  }

  /**
   * Lets go of the job of an execution that has left, when its handlers and those of the executions before have returned, unless it
   * `isReleased` already. Not of one that a command has made go on meanwhile, also when another one has brought it to rest again and handlers of then
   * run on.
   */
  letGo(execution: Execution, isReleased: boolean): void {
    const { job, runner, committer } = execution;
    runner.whenSettled(() => {
      const then = () => execution.onDepart?.();
      const isLast = job.owner === undefined && this.runners.get(job)?.isSettled !== false;
      const { journal } = committer;
      if (isLast && !isReleased && journal !== undefined && this.store !== undefined) {
        this.store.letGo(job, journal, then);
      } else then();
    });
  }

  /** The job of an id that is live here; with a store, also one that is just let go. */
  liveJob(jobId: string): Job | undefined {
    return this.store === undefined ? this.live.jobOf(jobId) : this.store.session.liveJob(jobId);
  }
}

/** The hosts by engine. `Flow` looks here, so that it need not load `Engine`, which loads all that a store needs. */
export const hosts: WeakMap<object, EngineHost> = new WeakMap();

/**
 * The host of an engine.
 *
 * @throws {TypeError} naming the action, when the object is no engine
 */
export function hostOf(engine: object, action: string): EngineHost {
  const host = hosts.get(engine);
  if (host === undefined) throw new TypeError(`${action}: engine must be an Engine, got ${describeValue(engine)}`);
  return host;
}
