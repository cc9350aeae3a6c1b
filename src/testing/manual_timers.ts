import { webTimers } from "../host/web_timers.ts";
import { checkDuration } from "../base/options.ts";
import { Heap } from "../base/heap.ts";
import type { CancelTimer, Timers } from "../ports/timers.ts";

/** A clock that only moves when a test moves it. */
export interface ManualTimers extends Timers {
  /** The number of pending timers. */
  readonly size: number;
  /** The time of the next timer; `undefined` when there is none. */
  readonly nextAt: number | undefined;
  /**
   * Moves the clock forward. Timers fire in order, each at its own time, and all work that follows from one is done
   * before the next fires.
   */
  advance(ms: number): Promise<void>;
  /** Moves the clock to the next timer and fires it. Returns false when there is none. */
  advanceToNext(): Promise<boolean>;
  /** Runs everything that needs no time: promises, and callbacks passed to `soon`. */
  flush(): Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
  isSet: boolean;
}

/**
 * Makes a clock that stands still until a test moves it: no test has to wait, and none depends on the speed of the
 * machine.
 *
 * @example
 * ```ts
 * import { Engine } from "@routilux/routilux";
 * import { manualTimers } from "@routilux/routilux/testing";
 *
 * const timers = manualTimers();
 * const engine = new Engine({ timers });
 * await timers.advance(30 * 24 * 3_600_000); // thirty days
 * ```
 */
export function manualTimers(startAt: number = 0): ManualTimers {
  const host = webTimers();
  const heap = new Heap<Timer>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));
  let now = startAt;
  let order = 0;
  let size = 0;
  let soons = 0;
  let soonsDone = 0;

  const setTimer = (at: number, callback: () => void): CancelTimer => {
    const timer = { at, order: order++, callback, isSet: true };
    heap.push(timer);
    size++;
    return () => {
      if (!timer.isSet) return;
      timer.isSet = false;
      size--;
    };
  };
  const soon = (callback: () => void): void => {
    soons++;
    host.soon(() => {
      soons--;
      soonsDone++;
      callback();
    });
  };
  const macrotask = (): Promise<void> => new Promise((resolve) => host.soon(resolve));
  /**
   * Ends after a whole macrotask without any callback: a callback may schedule more work, which needs macrotasks of its
   * own.
   */
  const flush = async (): Promise<void> => {
    let before: number;
    do {
      before = soonsDone;
      await macrotask();
    } while (soons > 0 || soonsDone > before);
  };
  const next = (): Timer | undefined => {
    for (let timer = heap.peek(); timer !== undefined; timer = heap.peek()) {
      if (timer.isSet) return timer;
      heap.pop();
    }
    return undefined;
  };
  const fire = async (timer: Timer): Promise<void> => {
    heap.pop();
    timer.isSet = false;
    size--;
    now = Math.max(now, timer.at);
    timer.callback();
    await flush();
  };

  return {
    now: () => now,
    setTimer,
    soon,
    flush,
    get size() {
      return size;
    },
    get nextAt() {
      return next()?.at;
    },
    async advance(ms) {
      const end = now + checkDuration("Cannot advance", "ms", ms);
      await flush();
      for (let timer = next(); timer !== undefined && timer.at <= end; timer = next()) await fire(timer);
      now = end;
      await flush();
    },
    async advanceToNext() {
      await flush();
      const timer = next();
      if (timer !== undefined) await fire(timer);
      return timer !== undefined;
    },
  };
}

/**
 * Makes timers that fire late or early. `skew` returns the deviation in milliseconds for each timer; `onFire` gets it
 * when it is not 0.
 */
export function skewedTimers(timers: Timers, skew: () => number, onFire: (by: number) => void): Timers {
  return {
    now: () => timers.now(),
    soon: (callback) => timers.soon(callback),
    setTimer(at, callback) {
      // A timer that is already due cannot fire any earlier.
      const fireAt = Math.max(Math.min(at, timers.now()), at + skew());
      return timers.setTimer(fireAt, () => {
        if (fireAt !== at) onFire(fireAt - at);
        callback();
      });
    },
  };
}
