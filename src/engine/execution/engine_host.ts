import type { Services } from "../../model/context.ts";
import type { IdSource } from "../../ports/ids.ts";
import type { EngineEvent, Observer } from "../../ports/observer.ts";
import type { Timers } from "../../ports/timers.ts";
import type { Director } from "./director.ts";
import type { StoreSession } from "../durable/store_session.ts";
import type { Execution } from "./execution.ts";
import { Pacer } from "./loop.ts";
import type { startStored } from "./stored_start.ts";

/** What an engine is made of, all of it resolved. */
export interface EngineHostOptions {
  /** The clock and the timers. */
  readonly timers: Timers;
  /** The source of ids. */
  readonly ids: IdSource;
  /** Listens to everything. */
  readonly observer: Observer | undefined;
  /** What handlers get as `ctx.services`. */
  readonly services: Services;
  /** How long handlers may keep the host's event loop, in milliseconds. */
  readonly sliceMs: number;
  /** Whether errors keep their stacks. */
  readonly errorStacks: boolean;
  /** Begins the use of the engine's store, if it has one: a callback, so that programs without a store don't load that code. */
  readonly openStore: ((host: EngineHost) => StoreUse) | undefined;
}

/** An engine's use of its store, and how the jobs of a store are started. */
export interface StoreUse {
  readonly session: StoreSession;
  readonly start: typeof startStored;
}

/** What all executions of one engine share. */
export class EngineHost {
  /** The clock and the timers. */
  readonly timers: Timers;
  /** The source of ids. */
  readonly ids: IdSource;
  /** What handlers get as `ctx.services`. */
  readonly services: Services;
  /** Whether errors keep their stacks. */
  readonly errorStacks: boolean;
  /** Shares the event loop among the jobs. */
  readonly pacer: Pacer;
  /** The engine's use of its store, if it has one. */
  readonly store: StoreUse | undefined;
  /** The live jobs of all flows. */
  readonly live: Set<Execution> = new Set();
  /** No job is started any more. */
  isShutDown = false;
  /** Decides what is left to chance: set by a simulation, before any job runs. */
  director: Director | undefined;
  readonly #observer: Observer | undefined;

  /** Makes the shared part of an engine. */
  constructor(options: EngineHostOptions) {
    this.timers = options.timers;
    this.ids = options.ids;
    this.services = options.services;
    this.errorStacks = options.errorStacks;
    this.pacer = new Pacer(options.timers, options.sliceMs);
    this.#observer = options.observer;
    this.store = options.openStore?.(this);
  }

  /** A new id, or what makes it when somebody reads it. */
  newId(): string | (() => string) {
    const { ids } = this;
    return ids.allowsLazyIds === true ? () => ids.id() : ids.id();
  }

  /** Whether somebody listens: without, no event is made. */
  get isObserved(): boolean {
    return this.#observer !== undefined;
  }

  /** Tells the observer. What it throws is ignored: it cannot break a job. */
  tell(event: EngineEvent): void {
    try {
      this.#observer?.(event);
    } catch {
      // There is nobody left to tell.
    }
  }
}
