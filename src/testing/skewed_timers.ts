import type { Timers } from "../ports/timers.ts";

/** Makes timers of a clock that fire late or early; `skew` gives by how many milliseconds, for each timer that is set. */
export function skewedTimers(timers: Timers, skew: () => number, onFire: (by: number) => void): Timers {
  return {
    now: () => timers.now(),
    soon: (callback) => timers.soon(callback),
    setTimer(at, callback) {
      // A timer that is due already has no more time to be early.
      const fireAt = Math.max(Math.min(at, timers.now()), at + skew());
      return timers.setTimer(fireAt, () => {
        if (fireAt !== at) onFire(fireAt - at);
        callback();
      });
    },
  };
}
