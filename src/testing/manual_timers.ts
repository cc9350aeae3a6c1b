import { webTimers } from "../host/web_timers.ts";
import { checkDuration } from "../base/options.ts";
import { Heap } from "../base/heap.ts";
import type { CancelTimer, Timers } from "../ports/timers.ts";

/** Clocks that only move when a test moves them. */
export interface ManualTimers extends Timers {
  /** The number of pending timers. */
  readonly size: number;
  /** The time of the next timer, by the wall clock; `undefined` when there is none. */
  readonly nextAt: number | undefined;
  /**
   * Lets time pass: both clocks move forward. Timers fire in order, each at its own time, and all work that follows from one is done
   * before the next fires.
   */
  advance(ms: number): Promise<void>;
  /** Moves the clocks to the next timer and fires it. Returns false when there is none. */
  advanceToNext(): Promise<boolean>;
  /**
   * Sets the wall clock while no time passes, as a time server does; to a later time, also as it is when a machine has slept. What
   * is due by it then fires at once, where a host takes up to 30 seconds to notice. When it is set back, nothing comes later than
   * it would have: timers go on for as long as was left of them.
   */
  setClock(at: number): Promise<void>;
  /** Runs everything that needs no time: promises, and callbacks passed to `soon`. */
  flush(): Promise<void>;
}

interface Timer {
  /** The instant that it was set for; `Infinity` for a duration. */
  readonly instant: number;
  /** What the wall clock will show when as much time has passed as was left, unless it is set before. */
  at: number;
  readonly order: number;
  readonly callback: () => void;
  isSet: boolean;
}

/**
 * Makes clocks that stand still until a test moves them: no test has to wait, and none depends on the speed of the
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
 * await timers.setClock(timers.now() - 3_600_000); // somebody sets the clock back by an hour
 * ```
 */
export function manualTimers(startAt: number = 0): ManualTimers {
  const host = webTimers();
  let heap = newHeap();
  let now = startAt;
  let elapsed = 0;
  /** Where the clock stops that `advance` moves. */
  let end = startAt;
  let order = 0;
  let size = 0;
  let soons = 0;
  let soonsDone = 0;

  const add = (at: number, instant: number, callback: () => void): CancelTimer => {
    const timer = { instant, at, order: order++, callback, isSet: true };
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
  const moveTo = (at: number): void => {
    elapsed += Math.max(0, at - now);
    now = Math.max(now, at);
  };
  const fire = async (timer: Timer): Promise<void> => {
    heap.pop();
    timer.isSet = false;
    size--;
    moveTo(dueAt(timer));
    timer.callback();
    await flush();
  };
  const fireDue = async (until: () => number): Promise<void> => {
    for (let timer = next(); timer !== undefined && dueAt(timer) <= until(); timer = next()) await fire(timer);
  };
  const turnClock = (by: number): void => {
    const timers = heap;
    heap = newHeap();
    for (let timer = timers.pop(); timer !== undefined; timer = timers.pop()) {
      timer.at += by;
      heap.push(timer);
    }
    now += by;
    end += by;
  };

  return {
    now: () => now,
    elapsed: () => elapsed,
    setTimer: (at, callback) => add(at, at, callback),
    after: (ms, callback) => add(now + ms, Infinity, callback),
    soon,
    flush,
    get size() {
      return size;
    },
    get nextAt() {
      const timer = next();
      return timer && dueAt(timer);
    },
    async advance(ms) {
      end = now + checkDuration("Cannot advance", "ms", ms);
      await flush();
      await fireDue(() => end);
      moveTo(end);
      await flush();
    },
    async advanceToNext() {
      await flush();
      const timer = next();
      if (timer !== undefined) await fire(timer);
      return timer !== undefined;
    },
    async setClock(at) {
      checkDuration("Cannot set clock", "at", at);
      await flush();
      turnClock(at - now);
      await fireDue(() => now);
    },
  };
}

function newHeap(): Heap<Timer> {
  return new Heap((a, b) => dueAt(a) < dueAt(b) || (dueAt(a) === dueAt(b) && a.order < b.order));
}

/** What the wall clock will show when a timer fires. */
function dueAt({ instant, at }: Timer): number {
  return Math.min(instant, at);
}

/**
 * Makes timers that fire late or early. `skew` returns the deviation in milliseconds for each timer; `onFire` gets it
 * when it is not 0.
 */
export function skewedTimers(timers: Timers, skew: () => number, onFire: (by: number) => void): Timers {
  const skewed = (ms: number, set: (by: number, callback: () => void) => CancelTimer, callback: () => void) => {
    // A timer that is already due cannot fire any earlier.
    const by = Math.max(Math.min(0, -ms), skew());
    return set(by, () => {
      if (by !== 0) onFire(by);
      callback();
    });
  };
  return {
    now: () => timers.now(),
    elapsed: () => timers.elapsed(),
    soon: (callback) => timers.soon(callback),
    setTimer: (at, callback) => skewed(at - timers.now(), (by, run) => timers.setTimer(at + by, run), callback),
    after: (ms, callback) => skewed(ms, (by, run) => timers.after(ms + by, run), callback),
  };
}
