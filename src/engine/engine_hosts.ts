import { describeValue } from "../base/path.ts";
import type { EngineHost } from "./execution/engine_host.ts";

/** The hosts by engine. `Flow` looks here, so that it need not load `Engine`, which brings all that a store needs. */
export const hosts: WeakMap<object, EngineHost> = new WeakMap();

/**
 * The state that the executions of an engine share.
 *
 * @throws {TypeError} naming the action, when the object is no engine
 */
export function hostOf(engine: object, action: string): EngineHost {
  const host = hosts.get(engine);
  if (host === undefined) throw new TypeError(`${action}: engine must be an Engine, got ${describeValue(engine)}`);
  return host;
}
