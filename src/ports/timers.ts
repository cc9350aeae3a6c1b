/** Cancels a timer. Does nothing when the timer has fired or was cancelled before. */
export type CancelTimer = () => void;

/** The clock and timers of a host. Jobs get all times from here, so that a test can control them. */
export interface Timers {
  /** Returns the current time, in milliseconds since 1970. */
  now(): number;
  /** Calls `callback` once, as soon as `now()` is at least `at`. `at` may be any distance away. */
  setTimer(at: number, callback: () => void): CancelTimer;
  /**
   * Calls `callback` in the next macrotask, after timers and I/O that are due, without the minimum delay of a timer of
   * 0 ms.
   */
  soon(callback: () => void): void;
}
