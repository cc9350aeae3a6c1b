import { isRecord } from "../../values/json.ts";
import { ignoreRejection } from "../../base/thenable.ts";

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

/** Ends a generator that nobody will ask again. Whatever its `finally` blocks do has no effect on the job. */
export function dispose(generator: GeneratorLike): void {
  try {
    const result = generator.return(undefined);
    ignoreRejection(result);
  } catch {
    // The handler was told to end; how it fails at that concerns nobody.
  }
}

/**
 * Reads what a generator's `next` has given.
 *
 * @throws {TypeError} when it is no result, as of an iterator that breaks the contract
 */
export function readResult(result: unknown): { readonly done: unknown; readonly value: unknown } {
  if (!isRecord(result)) throw new TypeError("Cannot go on: next() of the generator has given no result");
  return { done: result.done, value: result.value };
}
