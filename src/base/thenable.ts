/** Says whether a value is a promise, or something like one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return ((typeof value === "object" && value !== null) || typeof value === "function") && "then" in value &&
    typeof value.then === "function";
}

/** Lets a promise that nobody waits for fail in peace. */
export function ignoreRejection(promise: unknown): void {
  Promise.resolve(promise).catch(() => {});
}
