import { webIds } from "./host/web_ids.ts";
import { webTimers } from "./host/web_timers.ts";
import { EngineHost, type EngineHostOptions } from "./engine/execution/engine_host.ts";

/**
 * Makes the host of an engine: without others, with the web's clock and ids.
 *
 * @throws {RangeError} for a number out of range
 */
export function createHost({ timers, ids, ...options }: Partial<EngineHostOptions>): EngineHost {
  return new EngineHost({ timers: timers ?? webTimers(), ids: ids ?? webIds(), ...options });
}

let shared: EngineHost | undefined;

/** The host of all flows that are made without an engine. */
export function defaultHost(): EngineHost {
  return shared ??= createHost({});
}
