import { webIds } from "./host/web_ids.ts";
import { webTimers } from "./host/web_timers.ts";
import { checkRange } from "./base/options.ts";
import { EngineHost, type EngineHostOptions } from "./engine/execution/engine_host.ts";
import type { Services } from "./model/context.ts";

/**
 * Completes the options of an engine: without others, the web's clock and ids, no store.
 *
 * @throws {RangeError} for a number out of range
 */
export function resolveHost({ sliceMs = 4, ...options }: Partial<EngineHostOptions>): EngineHost {
  return new EngineHost({
    timers: options.timers ?? webTimers(),
    ids: options.ids ?? webIds(),
    observer: options.observer,
    // An application may have declared services and still make an engine without any.
    services: options.services ?? ({} as Services),
    sliceMs: checkRange("Cannot create engine", "sliceMs", sliceMs, 1, Infinity),
    errorStacks: options.errorStacks ?? false,
    openStore: options.openStore,
  });
}

let shared: EngineHost | undefined;

/** The host that all flows without an engine of their own share. */
export function defaultHost(): EngineHost {
  return shared ??= resolveHost({});
}
