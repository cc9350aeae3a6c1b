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

/** How long Deno's event loop goes on with immediates before a timer lets it look for I/O, in milliseconds. */
const LONGEST_BUSY_MS = 4;

function later(callback: () => void): void {
  setTimeout(callback, 0);
}

/** Looked up when it is needed: in Deno it is loaded then, which takes some ten milliseconds. */
function immediately(callback: () => void): void {
  const { setImmediate = later } = globalThis as { setImmediate?: (callback: () => void) => unknown };
  setImmediate(callback);
}

/**
 * `setImmediate` where there is one, else a timer of 0 ms. A message to a channel of one's own would be quicker than the
 * latter, but one that is posted from a message goes before timers that are due: they would starve. Deno runs some sixty
 * immediates before it looks for I/O, but looks after each timer: there, now and then, it is one.
 */
function createSoon(): (callback: () => void) => void {
  if (!("Deno" in globalThis)) return immediately;
  let lookedAt = 0;
  /** What was asked for after a timer, and comes after it. */
  let following: (() => void)[] | undefined;
  return (callback) => {
    const now = Date.now();
    if (following !== undefined) following.push(callback);
    else if (now - lookedAt < LONGEST_BUSY_MS) immediately(callback);
    else {
      lookedAt = now;
      following = [];
      later(() => {
        following?.forEach((next) => immediately(next));
        following = undefined;
        callback();
      });
    }
  };
}
