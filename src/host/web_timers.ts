import type { CancelTimer, Timers } from "../ports/timers.ts";

/** The longest delay that hosts take: a longer one fires at once, as its 32 bits overflow. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/**
 * The clock and timers that every web-compatible host has. A timer keeps the process alive until it fires or is stopped.
 */
export function webTimers(): Timers {
  return { now: Date.now, setTimer, soon: createSoon() };
}

/** A far instant is reached in several delays; a clock that was set back is waited for. */
function setTimer(at: number, callback: () => void): CancelTimer {
  let timer: ReturnType<typeof setTimeout>;
  const arm = () => {
    const left = at - Date.now();
    timer = setTimeout(() => Date.now() >= at ? callback() : arm(), Math.min(Math.max(left, 0), LONGEST_DELAY_MS));
  };
  arm();
  return () => clearTimeout(timer);
}

/** How long Deno's event loop goes on with immediates before it is made to look for I/O, in milliseconds. */
const LONGEST_BUSY_MS = 4;

const NOTHING = new Uint8Array();

function later(callback: () => void): void {
  setTimeout(callback, 0);
}

/** Looked up when it is needed: in Deno it is loaded then, which takes some ten milliseconds. */
function immediately(callback: () => void): void {
  const { setImmediate = later } = globalThis as { setImmediate?: (callback: () => void) => unknown };
  setImmediate(callback);
}

/** Waits for another thread: that takes a tenth of a millisecond, and a timer of 0 ms some two. */
async function waitShortly(): Promise<void> {
  await crypto.subtle.digest("SHA-256", NOTHING);
}

/**
 * `setImmediate` where there is one, else a timer of 0 ms. A message to a channel of one's own would be quicker than the
 * latter, but one that is posted from a message goes before timers that are due: they would starve. Deno looks for I/O when it
 * waits, else after some sixty immediates: there it waits now and then, twice, so that what has come by the first time is
 * dealt with before the second has passed.
 */
function createSoon(): (callback: () => void) => void {
  if (!("Deno" in globalThis)) return immediately;
  let waitedAt = 0;
  /** What was asked for while it waits. */
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
