/**
 * A stand-in for the few functions of `@std/assert` that the tests use, for machines that can't reach JSR. Where JSR can
 * be reached, Deno runs the tests with the real package.
 *
 * @module
 */
import { AssertionError } from "node:assert";

type ErrorClass<E extends Error> = new (...args: never[]) => E;
type Falsy = false | 0 | 0n | "" | null | undefined;

/** Fails unless `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError({ message: msg });
}

/** Fails unless `expr` is falsy. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError({ message: msg });
}

/** Fails, always. */
export function fail(msg?: string): never {
  throw new AssertionError({ message: msg || "Failed assertion." });
}

/** Fails unless both values are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected, new Map())) return;
  throw new AssertionError({ message: msg, actual, expected, operator: "deepStrictEqual" });
}

/** Fails if both values are deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected, new Map())) return;
  throw new AssertionError({ message: msg, actual, expected, operator: "notDeepStrictEqual" });
}

/** Fails unless both are the same value, as `Object.is` sees it. */
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  if (Object.is(actual, expected)) return;
  throw new AssertionError({ message: msg, actual, expected, operator: "strictEqual" });
}

/** Fails if the value is null or undefined. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual == null) fail(`Expected actual: "${actual}" to not be null or undefined${suffix(msg)}`);
}

/** Fails unless the value is an instance of the class. */
export function assertInstanceOf<T>(
  actual: unknown,
  expectedType: abstract new (...args: never[]) => T,
  msg?: string,
): asserts actual is T {
  if (actual instanceof expectedType) return;
  fail(`Expected object to be an instance of "${expectedType.name}" but was "${className(actual)}"${suffix(msg)}`);
}

/** Fails unless `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (actual.includes(expected)) return;
  fail(`Expected actual: "${actual}" to contain: "${expected}"${suffix(msg)}`);
}

/** Fails unless the pattern matches. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) return;
  fail(`Expected actual: "${actual}" to match: "${expected}"${suffix(msg)}`);
}

/** Fails unless `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) fail(msg ?? `Expect ${actual} > ${expected}`);
}

/** Fails unless `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual >= expected)) fail(msg ?? `Expect ${actual} >= ${expected}`);
}

/** Fails unless `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) fail(msg ?? `Expect ${actual} < ${expected}`);
}

/** Fails unless `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual <= expected)) fail(msg ?? `Expect ${actual} <= ${expected}`);
}

/** Fails unless the function throws; returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Fails unless the function throws an error of the class, whose message includes the text; returns the error. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  classOrMsg?: ErrorClass<Error> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const expected = typeof classOrMsg === "string" ? { msg: classOrMsg } : { errorClass: classOrMsg, msgIncludes, msg };
  try {
    fn();
  } catch (error) {
    assertExpected(error, "thrown", expected);
    return error;
  }
  fail(`Expected function to throw${suffix(expected.msg)}`);
}

/** Fails unless the promise rejects; resolves with the reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Fails unless the promise rejects with an error of the class, whose message includes the text; resolves with it. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorClass<Error> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const expected = typeof classOrMsg === "string" ? { msg: classOrMsg } : { errorClass: classOrMsg, msgIncludes, msg };
  const promise = promiseOf(fn);
  if (promise === undefined) fail(`Function throws when expected to reject${suffix(expected.msg)}`);
  try {
    await promise;
  } catch (error) {
    assertExpected(error, "rejected", expected);
    return error;
  }
  fail(`Expected function to reject${suffix(expected.msg)}`);
}

interface Expected {
  readonly errorClass?: ErrorClass<Error> | undefined;
  readonly msgIncludes?: string | undefined;
  readonly msg?: string | undefined;
}

function assertExpected(error: unknown, verb: "thrown" | "rejected", { errorClass, msgIncludes, msg }: Expected): void {
  if (errorClass === undefined) return;
  if (!(error instanceof Error)) fail(`A non-Error object was ${verb}${suffix(msg)}`);
  if (!(error instanceof errorClass)) {
    fail(`Expected error to be instance of "${errorClass.name}", but was "${className(error)}"${suffix(msg)}`);
  }
  if (msgIncludes && !error.message.includes(msgIncludes)) {
    const [wanted, got] = [JSON.stringify(msgIncludes), JSON.stringify(error.message)];
    fail(`Expected error message to include ${wanted}, but got ${got}${suffix(msg)}`);
  }
}

function promiseOf(fn: () => PromiseLike<unknown>): PromiseLike<unknown> | undefined {
  try {
    const promise = fn();
    return typeof promise?.then === "function" ? promise : undefined;
  } catch {
    return undefined;
  }
}

function suffix(msg: string | undefined): string {
  return msg ? `: ${msg}` : ".";
}

function className(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? value.constructor?.name ?? "Object" : typeof value;
}

/**
 * As in the real package: 0 equals -0, NaN equals NaN, an object without prototype equals a plain one, and of instances all
 * properties count, hidden ones and those of their prototypes too. So an error equals no other, because of its `stack`.
 */
function equal(a: unknown, b: unknown, seen: Map<unknown, unknown>): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (prototypeOf(a) !== prototypeOf(b)) return false;
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
  if (a instanceof RegExp || a instanceof URL || a instanceof URLSearchParams) return String(a) === String(b);
  if (a instanceof ArrayBuffer && b instanceof ArrayBuffer) return equalBytes(a, b);
  if (ArrayBuffer.isView(a) && !(a instanceof DataView)) {
    return equalItems(a as unknown as ArrayLike<unknown>, b as unknown as ArrayLike<unknown>);
  }
  if (seen.get(a) === b) return true;
  if (Object.keys(a).length !== Object.keys(b).length) return false;
  seen.set(a, b);
  if (a instanceof Set && b instanceof Set) return equalEntries([...a], [...b], seen);
  if (a instanceof Map && b instanceof Map) return equalEntries([...a], [...b], seen);
  const isPlain = prototypeOf(a) === Object.prototype || prototypeOf(a) === Array.prototype;
  const keys = isPlain ? Reflect.ownKeys({ ...a, ...b }) : [...keysOfChain(a), ...keysOfChain(b)];
  return keys.every((key) => key in a === key in b && equal(Reflect.get(a, key), Reflect.get(b, key), seen));
}

function prototypeOf(object: object): unknown {
  return Object.getPrototypeOf(object) ?? Object.prototype;
}

function keysOfChain(object: object): Set<PropertyKey> {
  const keys = new Set<PropertyKey>();
  for (let it = object; it !== null && it !== Object.prototype; it = Object.getPrototypeOf(it)) {
    for (const key of Reflect.ownKeys(it)) keys.add(key);
  }
  return keys;
}

function equalBytes(a: ArrayBuffer, b: ArrayBuffer): boolean {
  return equalItems(new Uint8Array(a), new Uint8Array(b));
}

function equalItems(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  return a.length === b.length && Array.from(a).every((item, index) => item === b[index] || Object.is(item, b[index]));
}

function equalEntries(a: unknown[], b: unknown[], seen: Map<unknown, unknown>): boolean {
  if (a.length !== b.length) return false;
  const left = [...b];
  return a.every((entry) => {
    const index = left.findIndex((other) => equal(entry, other, new Map(seen)));
    if (index >= 0) left.splice(index, 1);
    return index >= 0;
  });
}
