import type { Timers } from "../../ports/timers.ts";

/** How a wait can end early. */
export interface WaitOptions {
  /** The longest wait, in milliseconds; without it there is no limit. */
  readonly timeoutMs?: number;
  /** Ends the wait when aborted: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Waits for something that calls back: until it resolves or rejects, the time is up, or the signal is aborted. Whichever
 * comes first, everything is cleaned up.
 *
 * @throws the signal's reason, at once when it is aborted already
 */
export function wait<T>(
  timers: Timers,
  { timeoutMs, signal }: WaitOptions,
  onTimeout: () => T,
  start: (resolve: (value: T) => void, reject: (error: unknown) => void) => () => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    let hasEnded = false;
    const stops: (() => void)[] = [];
    /** Says whether this is the first end. */
    const end = (): boolean => {
      if (hasEnded) return false;
      hasEnded = true;
      for (const stop of stops) stop();
      return true;
    };
    const succeed = (value: T): void => void (end() && resolve(value));
    const fail = (error: unknown): void => void (end() && reject(error));
    if (signal !== undefined) {
      const abort = () => fail(signal.reason);
      signal.addEventListener("abort", abort);
      stops.push(() => signal.removeEventListener("abort", abort));
    }
    if (timeoutMs !== undefined && timeoutMs !== Infinity) {
      stops.push(timers.setTimer(timers.now() + timeoutMs, () => succeed(onTimeout())));
    }
    const stop = start(succeed, fail);
    // It may have ended at once, before there was anything to stop.
    if (hasEnded) stop();
    else stops.push(stop);
  });
}
