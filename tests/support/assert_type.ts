type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;

/** Compiles only when the type of `value` is exactly `T`. */
export function assertType<T>(): <V>(value: V, ..._hint: Same<V, T> extends true ? [] : ["another type", T]) => void {
  return () => {};
}
