import type { Registry } from "./values/registry.ts";
import { createHost } from "./default_engine.ts";
import { type DurabilityOptions, resolveDurability } from "./engine/durable/durability_settings.ts";
import { StoreSession } from "./engine/durable/store_session.ts";
import { type EngineHost, hosts } from "./engine/execution/engine_host.ts";
import { SHUTDOWN } from "./engine/execution/resting.ts";
import { startStored } from "./engine/execution/stored_start.ts";
import { bringToRest } from "./engine/execution/waits.ts";
import type { ShutdownOptions } from "./flow.ts";
import type { Services } from "./model/context.ts";
import type { IdSource } from "./ports/ids.ts";
import type { Observer } from "./ports/observer.ts";
import type { Store } from "./ports/store.ts";
import type { Timers } from "./ports/timers.ts";
import { type JobCommand, type JobRevision, type Recovery, type StoredFlowJob, StoredJobs } from "./stored_jobs.ts";

/** What an engine is made of. */
export interface EngineOptions {
  /** The clock and the timers. @default {the web standard clock and timers} */
  readonly timers?: Timers;
  /** The source of ids. @default {random UUIDs} */
  readonly ids?: IdSource;
  /** Where jobs survive; without one, a job survives when somebody writes it out. */
  readonly store?: Store;
  /** How they are kept there. */
  readonly durability?: DurabilityOptions;
  /** The classes and functions of the flows that are found in the store. */
  readonly registry?: Registry;
  /** Listens to everything that happens: for logs, metrics and traces. */
  readonly observer?: Observer;
  /** What handlers get as `ctx.services`. */
  readonly services?: Services;
  /** How long handlers may keep the host's event loop before timers and I/O come first, in milliseconds. @default {4} */
  readonly sliceMs?: number;
  /** Whether errors keep their stacks, which differ from host to host. @default {false} */
  readonly errorStacks?: boolean;
}

/**
 * What runs the jobs of flows: ports to the host, and services for handlers. Flows that are given none share a default
 * one.
 *
 * With a store, a job survives by itself: each commit is stored before what follows from it happens, and after a crash
 * `recover` goes on where it stood. Its handlers run once more only if they had not committed, with the same
 * `ctx.idempotencyKey`.
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
 * await engine.recover(); // what a process before has left behind
 *
 * const flow = new Flow({ id: "reports", registry, engine });
 * const report = flow.addRoutine(new Report(), "report");
 * const job = flow.execute(report, {}, { jobId: "march" }); // started twice, it is one job
 * await flow.waitForCompletion(job);
 * ```
 */
export class Engine {
  readonly #host: EngineHost;
  readonly #registry: Registry | undefined;
  #jobs: StoredJobs | undefined;

  /**
   * Makes an engine.
   *
   * @throws {RangeError} for a number out of range
   * @throws {TypeError} for an option of the wrong kind
   */
  constructor(options: EngineOptions = {}) {
    const { store, durability = {}, registry, ...rest } = options;
    const openStore = store && ((host: EngineHost) => {
      const settings = resolveDurability(durability, host.ids.id());
      return { session: new StoreSession(store, settings, host.timers, (it) => host.tell(it)), start: startStored };
    });
    this.#host = createHost({ ...rest, openStore });
    this.#registry = registry;
    hosts.set(this, this.#host);
  }

  /**
   * Finds the jobs in the store that are due and that nobody works on, and goes on with them: those whose process has died,
   * whose waiting tasks are due, and those that have been sent commands. To be called at the start of a process, and then
   * from time to time where jobs wait or processes are several.
   *
   * @throws {TypeError} for an engine without store or registry
   */
  recover(options: { readonly limit?: number } = {}): Promise<Recovery> {
    return this.#stored("recover").recover(options.limit);
  }

  /**
   * A job in the store as it is now, with its flow: the live one where it works here, else at rest.
   *
   * @throws {StateError} when there is none of this id
   * @throws {TypeError} for an engine without store or registry
   */
  open(jobId: string): Promise<StoredFlowJob> {
    return this.#stored("open a job").open(jobId);
  }

  /**
   * Asks something of a job, whoever works on it: it is done when its owner sees it, or by `recover`. A `key` that was sent
   * before is sent no more.
   *
   * @throws {StateError} when there is no job of this id
   * @throws {SerializationError} naming the path of data that cannot travel
   */
  send(jobId: string, command: JobCommand, options: { readonly key?: string } = {}): Promise<void> {
    return this.#stored("send a command").send(jobId, command, options.key);
  }

  /**
   * The states of a job, commit by commit, as far back as its journal is kept: `durability.snapshotLength` says how long
   * that is.
   *
   * @throws {StateError} when there is none of this id
   */
  history(jobId: string): AsyncGenerator<JobRevision, void, undefined> {
    return this.#stored("read the history of a job").history(jobId);
  }

  /**
   * Starts a new job from the state that another one had at a revision: those that `history` tells.
   *
   * @throws {RangeError} for a revision that is not kept
   * @throws {StateError} when there is no job of this id, or it had ended by then
   */
  fork(jobId: string, revision: number, options: { readonly jobId?: string } = {}): Promise<StoredFlowJob> {
    return this.#stored("fork a job").fork(jobId, revision, options.jobId);
  }

  /**
   * Starts no more jobs, and brings the live ones of all flows to rest: they run what is due, unless `drain` is false. With
   * a store, what is left of them is let go, for `recover` here or elsewhere; without one it is paused. The store stays open.
   *
   * @throws the signal's reason when it is aborted before all jobs rest
   */
  async shutdown({ drain = true, ...wait }: ShutdownOptions = {}): Promise<void> {
    const host = this.#host;
    host.isShutDown = true;
    await bringToRest(host.live, host.timers, host.store ? undefined : SHUTDOWN, { drain, ...wait });
  }

  #stored(what: string): StoredJobs {
    const session = this.#host.store?.session;
    const missing = session === undefined ? "store" : this.#registry === undefined ? "registry" : undefined;
    if (session === undefined || this.#registry === undefined) {
      throw new TypeError(`Cannot ${what}: the engine has no ${missing}; give new Engine() both, store and registry`);
    }
    return this.#jobs ??= new StoredJobs(this, this.#host.ids, session, this.#registry);
  }
}
