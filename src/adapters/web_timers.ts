import type { CancelTimer, Timers } from "../ports/timers.ts";

/** The longest delay that hosts take: a longer one fires at once, as its 32 bits overflow. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/**
 * The clock and timers that every web-compatible host has. A timer keeps the process alive until it fires or is stopped.
 */
export function webTimers(): Timers {
  return { now: Date.now, setTimer, soon };
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

/**
 * `setImmediate` where there is one, else a timer of 0 ms. A message to a channel of one's own would be quicker than the
 * latter, but one that is posted from a message goes before timers that are due: they would starve.
 */
function soon(callback: () => void): void {
  if ("setImmediate" in globalThis && typeof globalThis.setImmediate === "function") globalThis.setImmediate(callback);
  else setTimeout(callback, 0);
}
