import type { Services } from "../model/services.ts";
import type { Entropy } from "../ports/entropy.ts";
import type { EngineEvent, Observer } from "../ports/observer.ts";
import type { Timers } from "../ports/timers.ts";
import { Pacer } from "./pacer.ts";

/** What an engine is made of, all of it settled. */
export interface EngineHostOptions {
  /** The clock and the timers. */
  readonly timers: Timers;
  /** The source of ids. */
  readonly entropy: Entropy;
  /** Listens to everything. */
  readonly observer: Observer | undefined;
  /** What handlers get as `ctx.services`. */
  readonly services: Services;
  /** How long handlers may keep the host's event loop, in milliseconds. */
  readonly sliceMs: number;
  /** Whether errors keep their stacks. */
  readonly errorStacks: boolean;
}

/** What all executions of one engine share. */
export class EngineHost {
  /** The clock and the timers. */
  readonly timers: Timers;
  /** The source of ids. */
  readonly entropy: Entropy;
  /** What handlers get as `ctx.services`. */
  readonly services: Services;
  /** Whether errors keep their stacks. */
  readonly errorStacks: boolean;
  /** Shares the event loop among the jobs. */
  readonly pacer: Pacer;
  readonly #observer: Observer | undefined;

  /** Makes the shared part of an engine. */
  constructor(options: EngineHostOptions) {
    this.timers = options.timers;
    this.entropy = options.entropy;
    this.services = options.services;
    this.errorStacks = options.errorStacks;
    this.pacer = new Pacer(options.timers, options.sliceMs);
    this.#observer = options.observer;
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
