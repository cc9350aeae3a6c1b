import { webEntropy } from "./adapters/web_entropy.ts";
import { webTimers } from "./adapters/web_timers.ts";
import { checkRange } from "./base/options.ts";
import { EngineHost } from "./engine/engine_host.ts";
import type { Services } from "./model/services.ts";
import type { Entropy } from "./ports/entropy.ts";
import type { Observer } from "./ports/observer.ts";
import type { Timers } from "./ports/timers.ts";

/** What an engine is made of. */
export interface EngineOptions {
  /** The clock and the timers. @default {webTimers()} */
  readonly timers?: Timers;
  /** The source of ids. @default {webEntropy()} */
  readonly entropy?: Entropy;
  /** Listens to everything that happens: for logs, metrics and traces. */
  readonly observer?: Observer;
  /** What handlers get as `ctx.services`. */
  readonly services?: Services;
  /** How long handlers may keep the host's event loop before timers and I/O come first, in milliseconds. @default {8} */
  readonly sliceMs?: number;
  /** Whether errors keep their stacks, which differ from host to host. @default {false} */
  readonly errorStacks?: boolean;
}

/** What the executions of an engine share: for the library's own floors. */
export let hostOf: (engine: Engine) => EngineHost;

/**
 * What runs the jobs of flows: ports to the host, and services for handlers. Flows that are given none share a default
 * one.
 *
 * @example
 * ```ts
 * import { Engine, Flow } from "@routilux/routilux";
 *
 * const engine = new Engine({ observer: (event) => event.type === "status" });
 * const flow = new Flow({ id: "orders", engine });
 * ```
 */
export class Engine {
  readonly #host: EngineHost;

  static {
    hostOf = (engine) => engine.#host;
  }

  /**
   * Makes an engine.
   *
   * @throws {RangeError} for a slice below 1 ms
   */
  constructor(options: EngineOptions = {}) {
    const { timers = webTimers(), entropy = webEntropy(), observer, sliceMs = 8, errorStacks = false } = options;
    // An application may have declared services and still make an engine without any.
    const services = options.services ?? ({} as Services);
    checkRange("Cannot create engine", "sliceMs", sliceMs, 1, Infinity);
    this.#host = new EngineHost({ timers, entropy, observer, services, sliceMs, errorStacks });
  }
}
