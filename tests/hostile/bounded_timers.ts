import type { Timers } from "../../mod.ts";
import type { ManualTimers } from "../../src/testing/mod.ts";

/** The most timers of one job that fire, and the most macrotasks that it gets: then its clock and its host stand still. */
export const BOUNDS = { timers: 30, macrotasks: 2 } as const;

/** The timers of one job among others on the same clock. */
export interface BoundedTimers extends Timers {
  /** What was thrown into a timer or a macrotask: nobody would have caught it. */
  readonly thrown: readonly unknown[];
}

/** Makes timers for one job. However it runs, it comes to rest. */
export function boundedTimers(clock: ManualTimers): BoundedTimers {
  const thrown: unknown[] = [];
  let [fired, macrotasks] = [0, 0];
  const guarded = (callback: () => void) => () => {
    try {
      callback();
    } catch (error) {
      thrown.push(error);
    }
  };
  const bounded = (callback: () => void) => () => {
    if (++fired <= BOUNDS.timers) guarded(callback)();
  };
  return {
    thrown,
    now: clock.now,
    elapsed: clock.elapsed,
    setTimer: (at, callback) => clock.setTimer(at, bounded(callback)),
    after: (ms, callback) => clock.after(ms, bounded(callback)),
    soon: (callback) => {
      if (++macrotasks <= BOUNDS.macrotasks) clock.soon(guarded(callback));
    },
  };
}
