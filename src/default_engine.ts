import { webIds } from "./host/web_ids.ts";
import { webTimers } from "./host/web_timers.ts";
import { EngineHost, type EngineHostOptions } from "./engine/execution/engine_host.ts";
import { createInnerUse } from "./engine/inner_flows.ts";
import { describeValue } from "./base/path.ts";
import type { Timers } from "./ports/timers.ts";

/**
 * Makes the host of an engine: without others, with the web's clock and ids.
 *
 * @throws {RangeError} for a number out of range
 * @throws {TypeError} for timers without one of their methods
 */
export function createHost({ timers, ids, ...options }: Partial<Omit<EngineHostOptions, "openInner">>): EngineHost {
  return new EngineHost({
    timers: hostTimers(timers),
    ids: ids ?? webIds(),
    openInner: createInnerUse,
    ...options,
  });
}

/**
 * The timers of an engine: by default, those of the web.
 *
 * @throws {TypeError} for timers without one of their methods
 */
export function hostTimers(timers: Timers | undefined): Timers {
  if (timers === undefined) return webTimers();
  for (const name of ["now", "elapsed", "setTimer", "after", "soon"] as const) {
    const method: unknown = timers[name];
    if (typeof method === "function") continue;
    throw new TypeError(
      `Cannot create engine: timers.${name} must be a function, current value is ${describeValue(method)}`,
    );
  }
  return timers;
}

let shared: EngineHost | undefined;

/** The host of all flows that are made without an engine. */
export function defaultHost(): EngineHost {
  return shared ??= createHost({});
}
