/**
 * The error of a method that was called without its object, as by `const { emit } = ctx`: only the types refuse that, and an engine
 * of JavaScript would name a private field. `places` are what handlers call it on.
 */
export function detached(method: string, ...places: readonly string[]): TypeError {
  const calls = places.map((it) => `${it}.${method}(…)`).join(" or ");
  return new TypeError(`Cannot call ${method}: it was taken off its object; write ${calls}`);
}
