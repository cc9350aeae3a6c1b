import { webIds } from "./host/web_ids.ts";
import { webTimers } from "./host/web_timers.ts";
import { checkRange } from "./base/options.ts";
import { EngineBase, EngineHost, type EngineHostOptions } from "./engine/execution/engine_host.ts";
import type { Services } from "./model/context.ts";

/**
 * Fills in what an engine is made of, where it is not given: the web's clock and chance, no store.
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

class DefaultEngine extends EngineBase {
  constructor() {
    super(resolveHost({}));
  }
}

let shared: EngineBase | undefined;

/** The engine that all flows share which are given none. */
export function defaultEngine(): EngineBase {
  return shared ??= new DefaultEngine();
}
