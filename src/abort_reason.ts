import { FencedError, PausedError, StoreError } from "./base/errors.ts";

/** Whether a signal tells that a job rests, or works elsewhere: what one of its handlers has started goes on without it. */
export function isOfRest(reason: unknown): boolean {
  return reason instanceof PausedError || reason instanceof FencedError || reason instanceof StoreError;
}

/** The text of a signal's reason, which may be anything. */
export function textOfReason(reason: unknown): string {
  try {
    return String(reason);
  } catch {
    return "the signal was aborted for a reason without text";
  }
}
