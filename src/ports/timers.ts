/** Stops a timer that has not fired yet; afterwards it does nothing. */
export type CancelTimer = () => void;

/** The clock and the timers of a host. All that a job knows of time comes from here. */
export interface Timers {
  /** The present instant, in milliseconds since 1970. */
  now(): number;
  /** Calls back once, when `now()` has reached the instant `at`; any distance is allowed. */
  setTimer(at: number, callback: () => void): CancelTimer;
  /** Calls back in the next macrotask, after timers and I/O that are due: without the delay of a timer of 0 ms. */
  soon(callback: () => void): void;
}
