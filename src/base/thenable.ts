/** Says whether a value is a promise, or an object with a `then` method of its own kind. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return ((typeof value === "object" && value !== null) || typeof value === "function") && "then" in value &&
    typeof value.then === "function";
}

/** Handles the rejection of a promise that nobody waits for, so that it cannot end the process. */
export function ignoreRejection(promise: unknown): void {
  Promise.resolve(promise).catch(() => {});
}

/**
 * Says whether a user's function has answered with a promise where only an answer at once can be used. The caller refuses it;
 * its rejection is handled here.
 */
export function isAsyncAnswer(answer: unknown): answer is PromiseLike<unknown> {
  if (!isThenable(answer)) return false;
  ignoreRejection(answer);
  return true;
}
