/** Says whether a value is a promise, or an object with a `then` method of its own kind. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return ((typeof value === "object" && value !== null) || typeof value === "function") && "then" in value &&
    typeof value.then === "function";
}

/** Handles the rejection of a promise that nobody waits for, so that it cannot end the process. */
export function ignoreRejection(promise: unknown): void {
  handleRejection(promise, () => {});
}

/** A rejected promise that nobody has to handle: its rejection does not end the process. */
export function rejectQuietly(reason: unknown): Promise<never> {
  const promise = Promise.reject(reason);
  ignoreRejection(promise);
  return promise;
}

/**
 * Calls a function of the user that may be asynchronous. Whatever it throws, or its promise rejects with, goes to `onError`, which
 * must not throw.
 */
export function callGuarded(run: () => unknown, onError: (error: unknown) => void): void {
  try {
    const answer = run();
    if (isThenable(answer)) handleRejection(answer, onError);
  } catch (error) {
    onError(error);
  }
}

/** Never throws: where reading a property of the promise throws, `resolve` rejects with that error. */
function handleRejection(promise: unknown, onError: (error: unknown) => void): void {
  new Promise((resolve) => resolve(promise)).catch(onError);
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

/**
 * Waits for an answer, but not longer than until a signal is aborted; then nobody waits for it any more.
 *
 * @throws the signal's reason when it is aborted
 */
export async function unlessAborted<T>(answer: T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined || !isThenable(answer)) return answer;
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort);
  });
  try {
    if (signal.aborted) abort();
    return await Promise.race([answer, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
