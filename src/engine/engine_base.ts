import type { EngineHost } from "./execution/engine_host.ts";

/** What the executions of an engine share: for the library's own floors. */
export let hostOf: (engine: EngineBase) => EngineHost;

/** What a flow needs of an engine; `Engine` is the one to make. */
export abstract class EngineBase {
  readonly #host: EngineHost;

  static {
    hostOf = (engine) => engine.#host;
  }

  /** Use `Engine`. */
  protected constructor(host: EngineHost) {
    this.#host = host;
  }
}
