import type { CancelTimer, Timers } from "../ports/timers.ts";

/**
 * The longest delay that `setTimeout` takes: it is a signed 32-bit number, and a longer delay overflows and fires at
 * once.
 */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/**
 * Makes the clock and timers of every web-compatible host. A timer keeps the process alive until it fires or is
 * cancelled.
 */
export function webTimers(): Timers {
  return { now: Date.now, setTimer, soon: createSoon() };
}

/** Splits a delay that is too long for `setTimeout`, and waits again when the clock was set back meanwhile. */
function setTimer(at: number, callback: () => void): CancelTimer {
  let timer: ReturnType<typeof setTimeout>;
  const arm = () => {
    const left = at - Date.now();
    timer = setTimeout(() => Date.now() >= at ? callback() : arm(), Math.min(Math.max(left, 0), LONGEST_DELAY_MS));
  };
  arm();
  return () => clearTimeout(timer);
}

/** How long Deno may run immediates before this module makes it poll for I/O, in milliseconds. */
const LONGEST_BUSY_MS = 4;

const NOTHING = new Uint8Array();

function later(callback: () => void): void {
  setTimeout(callback, 0);
}

/** Looks `setImmediate` up on first use: Deno loads it then, which takes some ten milliseconds. */
function immediately(callback: () => void): void {
  const { setImmediate = later } = globalThis as { setImmediate?: (callback: () => void) => unknown };
  setImmediate(callback);
}

/** Waits for a round trip to another thread: about 0.1 ms, where a timer of 0 ms takes about 2 ms. */
async function waitShortly(): Promise<void> {
  await crypto.subtle.digest("SHA-256", NOTHING);
}

/**
 * Makes `soon`: `setImmediate` where it exists, else a timer of 0 ms. A `MessageChannel` would be quicker than that
 * timer, but messages posted from a message handler run before timers that are due, so those would starve.
 *
 * Deno polls for I/O only when its event loop waits, or after some sixty immediates. So every few milliseconds the next
 * callbacks wait twice for another thread: Deno accepts I/O during the first wait, and handles it before the second
 * ends.
 */
function createSoon(): (callback: () => void) => void {
  if (!("Deno" in globalThis)) return immediately;
  let waitedAt = 0;
  /** Callbacks that were passed in during such a wait. */
  let held: (() => void)[] | undefined;
  const release = async (callbacks: readonly (() => void)[]) => {
    await waitShortly();
    await waitShortly();
    held = undefined;
    for (const callback of callbacks) immediately(callback);
  };
  return (callback) => {
    const now = Date.now();
    if (held !== undefined) held.push(callback);
    else if (now - waitedAt < LONGEST_BUSY_MS) immediately(callback);
    else {
      waitedAt = now;
      held = [callback];
      void release(held);
    }
  };
}
