import type { Timers } from "../../src/ports/timers.ts";
import { manualTimers } from "../../src/testing/mod.ts";

/** A clock that goes on by a millisecond at each look: slices of the event loop are used up after a few handlers. */
export function tickingTimers(): Timers {
  const timers = manualTimers();
  let now = 0;
  return { ...timers, now: () => ++now };
}
