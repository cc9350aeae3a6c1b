/** Cancels a timer. Does nothing when the timer has fired or was cancelled before. */
export type CancelTimer = () => void;

/**
 * The clocks and timers of a host. Jobs get all times from here, so that a test can control them.
 *
 * There are two clocks. Instants are read off the wall clock, which somebody may set, and which goes on while the machine sleeps.
 * Durations are measured on a clock that only goes forward, at one speed.
 */
export interface Timers {
  /** Returns the current time by the wall clock, in milliseconds since 1970. */
  now(): number;
  /**
   * Returns the milliseconds since some moment before the first call, by a clock that nobody sets: it never goes back and never
   * jumps. It stands still while the machine sleeps, where the host can tell.
   */
  elapsed(): number;
  /**
   * Calls `callback` once, as soon as `now()` is at least `at`; or when as much time has elapsed as was left until then, if the
   * wall clock has been set back meanwhile. `at` may be any distance away. The wall clock is looked at every 30 seconds at
   * least: it may have been set forward, or the machine may have slept.
   */
  setTimer(at: number, callback: () => void): CancelTimer;
  /** Calls `callback` once, as soon as `ms` have elapsed: however the wall clock is set. `ms` may be any length. */
  after(ms: number, callback: () => void): CancelTimer;
  /**
   * Calls `callback` in the next macrotask, after timers and I/O that are due, without the minimum delay of a timer of
   * 0 ms.
   */
  soon(callback: () => void): void;
}
