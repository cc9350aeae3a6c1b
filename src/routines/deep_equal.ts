import { isRecord } from "../values/json.ts";

/** Says whether two values are equal: objects in any order of keys; dates, bytes, maps and sets by their contents. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => deepEqual(item, b[i]));
  if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime();
  if (a instanceof Uint8Array) return b instanceof Uint8Array && deepEqual(Array.from(a), Array.from(b));
  if (a instanceof Map || a instanceof Set) {
    return Object.getPrototypeOf(a) === Object.getPrototypeOf(b) &&
      deepEqual(Array.from(a), Array.from(b as Iterable<unknown>));
  }
  if (!isRecord(a) || !isRecord(b) || Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && deepEqual(a[key], b[key]));
}
