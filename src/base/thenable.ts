/** Says whether a value is a promise, or something like one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return ((typeof value === "object" && value !== null) || typeof value === "function") && "then" in value &&
    typeof value.then === "function";
}
