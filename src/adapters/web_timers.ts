import type { CancelTimer, Timers } from "../ports/timers.ts";

/** The longest delay that hosts take: a longer one fires at once, as its 32 bits overflow. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/**
 * The clock and timers that every web-compatible host has: `Date.now`, `setTimeout`, and `MessageChannel` for the next
 * macrotask. A timer keeps the process alive until it fires or is stopped.
 */
export function webTimers(): Timers {
  const soon = createSoon();
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

/** A channel keeps the process alive while it is open: it is closed as soon as nobody waits. */
function createSoon(): (callback: () => void) => void {
  if (typeof MessageChannel === "undefined") return (callback) => void setTimeout(callback, 0);
  let waiting: (() => void)[] = [];
  let channel: MessageChannel | undefined;
  const run = () => {
    const due = waiting;
    waiting = [];
    let called = 0;
    try {
      while (called < due.length) due[called++]?.();
    } finally {
      // One that throws takes none of the others with it.
      const left = due.slice(called);
      if (left.length > 0) {
        waiting = [...left, ...waiting];
        channel?.port2.postMessage(undefined);
      }
      if (waiting.length === 0) {
        channel?.port1.close();
        channel = undefined;
      }
    }
  };
  return (callback) => {
    waiting.push(callback);
    if (channel === undefined) {
      channel = new MessageChannel();
      channel.port1.onmessage = run;
    }
    if (waiting.length === 1) channel.port2.postMessage(undefined);
  };
}
