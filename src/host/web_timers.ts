import type { CancelTimer, Timers } from "../ports/timers.ts";

/**
 * The longest delay that `setTimeout` takes: it is a signed 32-bit number, and a longer delay overflows and fires at
 * once.
 */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/**
 * How long a timer for an instant waits before it looks at the wall clock again, in milliseconds. `setTimeout` knows nothing of
 * that clock, and stands still while the machine sleeps.
 */
const LONGEST_LOOK_MS = 30_000;

/**
 * Makes the clocks and timers of every web-compatible host. A timer keeps the process alive until it fires or is
 * cancelled.
 */
export function webTimers(): Timers {
  return { now, elapsed, setTimer, after, soon: createSoon() };
}

function now(): number {
  return Date.now();
}

function elapsed(): number {
  return performance.now();
}

/** Fires by the wall clock; or by the other one, when the wall clock was set back. */
function setTimer(at: number, callback: () => void): CancelTimer {
  const due = elapsed() + at - now();
  return wait(() => Math.min(at - now(), due - elapsed()), LONGEST_LOOK_MS, callback);
}

function after(ms: number, callback: () => void): CancelTimer {
  const due = elapsed() + ms;
  return wait(() => due - elapsed(), LONGEST_DELAY_MS, callback);
}

/**
 * Waits until nothing is left, by delays of `longest` at the most: whole ones, as hosts cut off the rest. A host may fire a
 * little early all the same: then it waits again.
 */
function wait(left: () => number, longest: number, callback: () => void): CancelTimer {
  let timer: ReturnType<typeof setTimeout>;
  const arm = () => {
    timer = setTimeout(() => left() > 0 ? arm() : callback(), Math.min(Math.max(Math.ceil(left()), 0), longest));
  };
  arm();
  return () => clearTimeout(timer);
}

/** How long Deno may run immediates before this module makes it poll for I/O, in milliseconds. */
const LONGEST_BUSY_MS = 4;

const NOTHING = new Uint8Array();

/** The part of a browser's `scheduler` that is used here; workerd's has it not. */
interface Scheduler {
  readonly postTask?: (callback: () => void) => unknown;
}

/**
 * For hosts without `setImmediate`. Browsers delay a timer that a timer has set by 4 ms, and one of a hidden page by a second; not so a
 * posted task. A `MessageChannel` or `scheduler.yield` would be quicker, but they go before timers that are due, so those would starve.
 */
function later(callback: () => void): void {
  const { scheduler } = globalThis as { scheduler?: Scheduler };
  if (scheduler?.postTask === undefined) setTimeout(callback, 0);
  else scheduler.postTask(callback);
}

/**
 * Calls back in the next macrotask, perhaps before I/O that is due: for programs that wait for none. It looks `setImmediate` up on
 * first use: Deno loads it then, which takes some ten milliseconds.
 */
export function immediately(callback: () => void): void {
  const { setImmediate = later } = globalThis as { setImmediate?: (callback: () => void) => unknown };
  setImmediate(callback);
}

/** Waits for a round trip to another thread: about 0.1 ms, where a timer of 0 ms takes about 2 ms. */
async function waitShortly(): Promise<void> {
  await crypto.subtle.digest("SHA-256", NOTHING);
}

/**
 * Makes `soon`: `setImmediate` where it exists, else a posted task, else a timer of 0 ms.
 *
 * Deno polls for I/O only when its event loop waits, or after some sixty immediates. So every few milliseconds the next
 * callbacks wait twice for another thread: Deno accepts I/O during the first wait, and handles it before the second
 * ends.
 */
function createSoon(): (callback: () => void) => void {
  if (!("Deno" in globalThis)) return immediately;
  let waitedAt = -Infinity;
  /** Callbacks that were passed in during such a wait. */
  let held: (() => void)[] | undefined;
  const release = async (callbacks: readonly (() => void)[]) => {
    await waitShortly();
    await waitShortly();
    held = undefined;
    for (const callback of callbacks) immediately(callback);
  };
  return (callback) => {
    const at = elapsed();
    if (held !== undefined) held.push(callback);
    else if (at - waitedAt < LONGEST_BUSY_MS) immediately(callback);
    else {
      waitedAt = at;
      held = [callback];
      void release(held);
    }
  };
}
