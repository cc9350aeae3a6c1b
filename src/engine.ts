import { Registry } from "./values/registry.ts";
import { checkFlag, checkFunctions, checkOptions, checkRecord, type OptionNames } from "./base/options.ts";
import { describeValue } from "./base/path.ts";
import { isAsyncAnswer } from "./base/thenable.ts";
import { createHost, hostTimers } from "./default_engine.ts";
import { type DurabilityOptions, resolveDurability } from "./engine/durable/durability_settings.ts";
import { letGoAtEnd } from "./engine/durable/child_jobs.ts";
import { StoreClock } from "./engine/durable/store_clock.ts";
import { StoreSession } from "./engine/durable/store_session.ts";
import { guardAround } from "./engine/execution/around.ts";
import { ChildStarter } from "./engine/execution/child_starter.ts";
import { type EngineHost, hosts, type StoreUse } from "./engine/execution/engine_host.ts";
import { JobEvents } from "./engine/execution/job_events.ts";
import { Propagation } from "./engine/execution/propagation.ts";
import { SHUTDOWN } from "./engine/execution/resting.ts";
import { StoredFlowJobs } from "./engine/execution/stored_flow_jobs.ts";
import { bringToRest, checkWait } from "./engine/execution/waits.ts";
import type { ShutdownOptions } from "./flow_options.ts";
import type { Around, Propagate } from "./ports/around.ts";
import type { Services } from "./model/context.ts";
import type { IdSource } from "./ports/ids.ts";
import type { Observer } from "./ports/observer.ts";
import type { JobFilter, JobPage, ListQuery, Store } from "./ports/store.ts";
import type { Timers } from "./ports/timers.ts";
import type { JobHandle } from "./job_handle.ts";
import type { JobRevision, PurgeOptions, Recovery, StoredFlowJob } from "./stored_job_types.ts";
import { StoredJobs } from "./stored_jobs.ts";
import { storeAccess } from "./store_access.ts";
import type { Worker, WorkOptions } from "./work_options.ts";

/** The options of `new Engine`. */
export interface EngineOptions {
  /** The clock and the timers. @default {the web standard clock and timers} */
  readonly timers?: Timers;
  /** The source of ids. @default {random UUIDs} */
  readonly ids?: IdSource;
  /** Where jobs are persisted; without a store, a job survives only as a document that `toJSON` has written. */
  readonly store?: Store;
  /** How jobs are kept in the store. */
  readonly durability?: DurabilityOptions;
  /** The classes and functions that flows in the store name, and the registry of flows that are given no other. */
  readonly registry?: Registry;
  /** Called with each event of the engine's jobs: for logs, metrics and traces. */
  readonly observer?: Observer;
  /** The services that handlers get as `ctx.services`. */
  readonly services?: Services;
  /** Called around each run of a handler: see `Around`. @default {handlers are called as they are} */
  readonly around?: Around;
  /** Says what is kept with new jobs and tasks, and given back to `around`: see `Propagate`. @default {nothing is} */
  readonly propagate?: Propagate;
  /** How long handlers may keep the host's event loop before timers and I/O come first, in milliseconds. @default {4} */
  readonly sliceMs?: number;
  /** Whether errors keep their stacks, which differ from host to host. @default {false} */
  readonly errorStacks?: boolean;
}

/** How many engines of this process have a store and are not closed. */
const engines: WeakMap<Store, number> = new WeakMap();

/** Counts an engine of a store. The returned function ends that, and says whether it was the last one. */
function joinStore(store: Store): () => boolean {
  const count = (change: number): number => {
    const left = (engines.get(store) ?? 0) + change;
    engines.set(store, left);
    return left;
  };
  count(1);
  return () => count(-1) === 0;
}

const ENGINE_OPTIONS: OptionNames<EngineOptions> = {
  timers: true,
  ids: true,
  store: true,
  durability: true,
  registry: true,
  observer: true,
  services: true,
  around: true,
  propagate: true,
  sliceMs: true,
  errorStacks: true,
};

/**
 * An engine runs the jobs of flows; it has the ports to the host, and the services for handlers. Flows that are made without an
 * engine share a default one.
 *
 * With a store, jobs survive crashes: each commit is stored before its consequences happen, and after a crash `recover` resumes
 * the job from its last stored commit. A handler runs again only if it had not committed, with the same `ctx.idempotencyKey`.
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
 * await engine.recover(); // jobs that an earlier process has left
 *
 * const flow = new Flow({ id: "reports", registry, engine });
 * const report = flow.addRoutine(new Report(), "report");
 * const job = flow.execute(report, {}, { jobId: "march" }); // started twice, it is one job
 * await flow.waitForCompletion(job);
 * ```
 */
export class Engine {
  readonly #host: EngineHost;
  #jobs: StoredJobs | undefined;
  readonly #leaveStore: (() => boolean) | undefined;
  /** The end of the use of the store, once it has begun. */
  #closed: Promise<void> | undefined;

  /**
   * Makes an engine.
   *
   * @throws {RangeError} for a number out of range
   * @throws {TypeError} for an option of the wrong kind
   */
  constructor(options: EngineOptions = {}) {
    checkOptions("Cannot create engine", options, ENGINE_OPTIONS);
    const { store, durability = {}, observer, around, propagate, ...rest } = options;
    checkParts(options);
    const clock = store?.time && new StoreClock(hostTimers(options.timers));
    if (store === undefined && options.durability !== undefined) {
      throw new TypeError(
        "Cannot create engine: durability is about a store; give new Engine() a store, or leave it out",
      );
    }
    const openStore = store && ((host: EngineHost) => {
      const settings = resolveDurability(durability, host.ids.id());
      const session = new StoreSession(
        store,
        settings,
        host.timers,
        () => host.ids.id(),
        (it) => host.events?.tell(it),
      );
      const jobsOf: StoreUse["jobsOf"] = (flow) => new StoredFlowJobs(flow, session, host);
      const childrenOf: StoreUse["childrenOf"] = (execution) => new ChildStarter(execution, session);
      const letGo: StoreUse["letGo"] = (job, journal, then) => void letGoAtEnd(job, journal, session, then);
      return { session, jobsOf, childrenOf, letGo };
    });
    this.#host = createHost({
      ...rest,
      ...(clock && { timers: clock }),
      events: observer && new JobEvents(observer),
      around: around && guardAround(around),
      propagation: propagate && new Propagation(propagate),
      openStore,
    });
    hosts.set(this, this.#host);
    this.#leaveStore = store && joinStore(store);
    storeAccess.set(this.#host, (action) => this.#stored(action));
    // The session may be given a job before anything is asked of the store here.
    if (store !== undefined && options.registry !== undefined) this.#stored("use the store");
  }

  /**
   * Resumes the jobs in the store that are due and that no engine works on: jobs whose process has died, whose waiting tasks are
   * due, or that have been sent commands. To be called at the start of a process, and then from time to time where jobs wait or
   * there are several processes.
   *
   * @throws {TypeError} for an engine without store or registry, or one that has been shut down
   * @throws {RangeError} for a limit that is no number of jobs
   */
  recover(options: { readonly limit?: number } = {}): Promise<Recovery> {
    checkOptions("Cannot recover", options, { limit: true });
    return this.#stored("recover").recover(options.limit);
  }

  /**
   * Reads a job from the store, with its flow: the live job if this engine works on it, otherwise a job at rest.
   *
   * @throws {StateError} when there is none of this id
   * @throws {TypeError} for an engine without store or registry
   */
  open(jobId: string): Promise<StoredFlowJob> {
    return this.#stored("open a job").open(jobId);
  }

  /**
   * Makes a handle of a job in the store, wherever it is. `flow.handle` makes one that knows the flow. The type of the result is a
   * claim that nothing checks.
   *
   * @throws {TypeError} for an engine without store or registry
   */
  handle<Result = unknown>(jobId: string): JobHandle<Result> {
    return this.#stored("make a handle").handle<Result>(jobId);
  }

  /**
   * Begins to take jobs from the store that are due, and to go on with them: jobs that `flow.start` has stored, whose process has
   * died, whose waiting tasks are due, or that have been sent something. What goes wrong in it is told to the engine's `observer` only:
   * give the engine of a service one.
   *
   * @throws {TypeError} for an engine without store or registry, one that has been shut down, an unknown option, an empty list, and with
   * `onChange: "adopt"` for a flow to which no job could be moved
   * @throws {RangeError} for a number out of range
   * @throws the signal's reason when it has been aborted
   *
   * @example
   * ```ts
   * import { Engine, Registry } from "@routilux/routilux";
   * import { memoryStore } from "@routilux/routilux/stores/memory";
   *
   * const engine = new Engine({ registry: new Registry(), store: memoryStore() });
   * engine.work({ concurrency: 10 }); // until the process ends
   * await engine.recover(); // or: take once what is due, without a worker
   * await engine.close();
   * ```
   */
  work(options: WorkOptions = {}): Worker {
    return this.#stored("work").work(options);
  }

  /**
   * Returns a page of the jobs in the store: oldest first, or with `newestFirst` the other way round.
   *
   * @throws {TypeError} for a cursor that no page has given, an unknown option, and an engine without store or registry
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
   * const report = flow.addRoutine(new Report(), "report");
   *
   * await flow.startMany(report, [{ tags: { team: "sales" } }, { tags: { team: "sales" } }, {}]);
   * await engine.count({ tags: { team: "sales" } }); // 2
   * const { jobs, cursor } = await engine.list({ status: "pending", limit: 2 });
   * jobs.map(({ jobId, flowId, createdAt }) => [jobId, flowId, createdAt]); // the first two
   * await engine.list({ status: "pending", limit: 2, cursor }); // the third
   * await engine.close();
   * ```
   */
  async list(query: ListQuery = {}): Promise<JobPage> {
    return await this.#stored("list jobs").list(query);
  }

  /**
   * Returns how many jobs there are in the store: all, or those that fit a filter.
   *
   * @throws {TypeError} for an unknown option, and an engine without store or registry
   */
  async count(filter: JobFilter = {}): Promise<number> {
    return await this.#stored("count jobs").count(filter);
  }

  /**
   * Deletes a job from the store. Returns false when there is none. A job that has not ended is cancelled by that, as its family sees it: its
   * parent is told of an end in status `cancelled`, and its children are cancelled.
   *
   * @throws {StateError} when it is live, here or elsewhere, and when its parent or its children cannot be told: then nothing is deleted
   * @throws {TypeError} for an engine without store or registry
   */
  delete(jobId: string): Promise<boolean> {
    return this.#stored("delete a job").delete(jobId);
  }

  /**
   * Deletes jobs that have ended, and returns how many: those that have been asked something since are left.
   *
   * @throws {RangeError} for an instant or a limit that is none
   * @throws {TypeError} for an unknown option, and an engine without store or registry
   */
  purge(options: PurgeOptions): Promise<number> {
    return this.#stored("purge jobs").purge(options);
  }

  /**
   * Iterates over the states of a job, commit by commit, as far back as its journal is kept: see `durability.snapshotLength`.
   *
   * @throws {StateError} when there is none of this id
   */
  history(jobId: string): AsyncGenerator<JobRevision, void, undefined> {
    return this.#stored("read the history of a job").history(jobId);
  }

  /**
   * Starts a new job from the state that another job had at a revision that `history` lists.
   *
   * @throws {RangeError} for a revision that is not kept
   * @throws {StateError} when there is no job of this id, or it had ended by then
   * @throws {TypeError} for an option of an unknown name
   */
  fork(jobId: string, revision: number, options: { readonly jobId?: string } = {}): Promise<StoredFlowJob> {
    checkOptions("Cannot fork a job", options, { jobId: true });
    return this.#stored("fork a job").fork(jobId, revision, options.jobId);
  }

  /**
   * Starts no more jobs, and brings the live jobs of all flows to rest: they run their due tasks first, unless `drain` is false.
   * With a store, unfinished jobs are released, for workers elsewhere; without one they are paused. The store stays open. It waits for
   * running handlers, so a handler must not wait for it.
   *
   * @throws the signal's reason when it is aborted before all jobs rest
   */
  async shutdown(options: ShutdownOptions = {}): Promise<void> {
    checkWait(options, { drain: true }, "Cannot shut down");
    const { drain = true, ...wait } = options;
    const host = this.#host;
    host.isShutDown = true;
    const rest = () => bringToRest(host.live, host.timers, host.store ? undefined : SHUTDOWN, { drain, ...wait });
    await (this.#jobs?.stopWorkers(rest, wait.signal) ?? rest());
    await host.store?.session.leave();
  }

  /**
   * Ends the use of the engine: stops its workers, brings its jobs to rest as `shutdown` does, and closes the store, unless other engines
   * that are not closed have the same store object: the last of them closes it. A further call closes nothing twice, and resolves, or
   * rejects, as the first one does.
   *
   * @throws the signal's reason when it is aborted before all jobs rest: then the store stays open
   */
  async close(options: ShutdownOptions = {}): Promise<void> {
    await this.shutdown(options);
    await (this.#closed ??= this.#closeStore());
  }

  async #closeStore(): Promise<void> {
    const session = this.#host.store?.session;
    session?.close();
    if (this.#leaveStore?.() === true) await session?.store.close();
  }

  #stored(what: string): StoredJobs {
    const session = this.#host.store?.session;
    session?.checkOpen(`Cannot ${what}`);
    const { registry } = this.#host;
    const missing = session === undefined ? "store" : registry === undefined ? "registry" : undefined;
    if (session === undefined || registry === undefined) {
      throw new TypeError(`Cannot ${what}: the engine has no ${missing}; give new Engine() both, store and registry`);
    }
    return this.#jobs ??= new StoredJobs(this, this.#host, session, registry);
  }
}

/** Checks what an engine is made of. */
function checkParts(
  { store, registry, observer, around, propagate, durability, services, ids, errorStacks }: EngineOptions,
): void {
  const action = "Cannot create engine";
  checkFunctions(action, { observer, around, propagate });
  checkFlag(action, "errorStacks", errorStacks);
  if (durability !== undefined) checkRecord(action, "durability", durability);
  if (registry !== undefined && !(registry instanceof Registry)) {
    throw new TypeError(
      `${action}: registry must be a Registry, got ${describeValue(registry)}; write new Registry({ … })`,
    );
  }
  if (store !== undefined && (typeof store !== "object" || store === null || !("take" in store))) {
    const remedy = isAsyncAnswer(store) ? "await it first" : "make one, as memoryStore() does";
    throw new TypeError(`${action}: store must be a store, got ${describeValue(store)}; ${remedy}`);
  }
  if (services !== undefined && (typeof services !== "object" || services === null)) {
    throw new TypeError(`${action}: services must be an object, got ${describeValue(services)}`);
  }
  if (ids !== undefined) checkFunctions(action, { "ids.id": ids.id ?? null });
}
