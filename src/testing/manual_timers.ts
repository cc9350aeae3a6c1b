import { webTimers } from "../host/web_timers.ts";
import { checkDuration } from "../base/options.ts";
import { Heap } from "../base/heap.ts";
import type { CancelTimer, Timers } from "../ports/timers.ts";

/** A clock that moves by hand only. */
export interface ManualTimers extends Timers {
  /** How many timers are set. */
  readonly size: number;
  /** The instant of the next timer; `undefined` when none is set. */
  readonly nextAt: number | undefined;
  /**
   * Moves the clock forward. Timers fire one after the other, each at its own instant, and what follows from one is done
   * before the next.
   */
  advance(ms: number): Promise<void>;
  /** Moves the clock to the next timer and fires it: false when none is set. */
  advanceToNext(): Promise<boolean>;
  /** Lets everything happen that needs no time: promises, and macrotasks that were asked for. */
  flush(): Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
  isSet: boolean;
}

/**
 * Makes a clock that stands still until it is moved: no test waits, and none depends on the speed of the machine.
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
  /** Done when a whole macrotask has passed in which nobody was called back: what follows from one needs turns of its own. */
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
