import { FencedError } from "../../base/errors.ts";

/** Throws an error with the message unless the condition holds. */
export function check(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(message);
}

/** Returns a value that a store which keeps the contract has. */
export function existing<T>(value: T | undefined, what: string): T {
  check(value !== undefined, `${what} must be there`);
  return value;
}

/** Compares JSON-like data; a property that is `undefined` counts as absent. */
export function checkSame(actual: unknown, expected: unknown, what: string): void {
  const difference = compare(actual, expected, "");
  if (difference !== undefined) throw new Error(`${what}${difference}`);
}

/**
 * Checks that a write is refused with a `FencedError`. Its `revision` is the job's, or absent if the store does not
 * know it.
 */
export async function checkFenced(
  write: () => unknown,
  jobId: string,
  expectedRevision: number,
  revision: number | undefined,
  what: string,
): Promise<void> {
  const error = await errorOf(write);
  check(error !== undefined, `${what}: expected a FencedError, but it was written`);
  check(error instanceof FencedError, `${what}: expected a FencedError, got ${describe(error)}`);
  checkSame(error.jobId, jobId, `${what}: the job of the FencedError`);
  checkSame(error.expectedRevision, expectedRevision, `${what}: the expected revision of the FencedError`);
  check(
    error.revision === undefined || error.revision === revision,
    `${what}: the FencedError tells of revision ${error.revision}, but the job ${
      revision === undefined ? "is gone" : `is at ${revision}`
    }`,
  );
}

/** Checks that what a write has thrown, if anything, is its refusal. */
export function checkNothingWorse(error: unknown, what: string): asserts error is FencedError | undefined {
  const isFine = error === undefined || error instanceof FencedError;
  check(isFine, `${what}: expected nothing worse than a FencedError, got ${describe(error)}`);
}

/** Checks that a call throws or rejects. */
export async function checkFails(call: () => unknown, what: string): Promise<void> {
  check(await errorOf(call) !== undefined, `${what}: expected an error, but it went through`);
}

/** Returns the error that a call throws or rejects with. */
export async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return error ?? new Error(`Failed with ${error}`);
  }
}

function compare(actual: unknown, expected: unknown, path: string): string | undefined {
  if (Object.is(actual, expected)) return undefined;
  if (!isObject(actual) || !isObject(expected) || Array.isArray(actual) !== Array.isArray(expected)) {
    return `${path}: expected ${describe(expected)}, got ${describe(actual)}${placeOf(actual, expected)}`;
  }
  for (const key of new Set([...Object.keys(actual), ...Object.keys(expected)])) {
    const difference = compare(actual[key], expected[key], `${path}.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Describes where two texts differ. */
function placeOf(actual: unknown, expected: unknown): string {
  if (typeof actual !== "string" || typeof expected !== "string") return "";
  let at = 0;
  while (at < actual.length && actual[at] === expected[at]) at++;
  return `; they differ from character ${at} on`;
}

function describe(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 200 ? text : `${text.slice(0, 100)}… (${text.length} characters)`;
}
