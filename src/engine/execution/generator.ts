import { ignoreRejection, isThenable } from "../../base/thenable.ts";

/** A generator as the engine drives it, synchronous or not. */
export interface GeneratorLike {
  /** Goes on to the next `yield`, or to the end. */
  next(): unknown;
  /** Ends it: its `finally` blocks run. */
  return(value: undefined): unknown;
}

/** Says whether a handler has returned a generator. */
export function isGenerator(value: unknown): value is GeneratorLike {
  return typeof value === "object" && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value) &&
    "next" in value && typeof value.next === "function" && "return" in value && typeof value.return === "function";
}

/** Ends a generator that is not needed any more. Its `finally` blocks have no effect on the job. */
export function dispose(generator: GeneratorLike): void {
  try {
    const result = generator.return(undefined);
    if (isThenable(result)) ignoreRejection(result);
  } catch {
    // The handler was told to end; its commit is decided already, whatever its `finally` blocks throw.
  }
}
