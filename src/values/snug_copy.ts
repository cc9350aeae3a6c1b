import type { JsonValue } from "./json.ts";

// What grows, be it key by key or item by item, keeps room for more as long as it lives.

/** An object that grows has room for so many keys anyway. */
const ROOMY_KEYS = 4;

/** Says whether a clone takes less than an object that grows. */
export function isWide(record: object): boolean {
  let count = 0;
  // To count like this is cheaper than to make an array of the keys.
  for (const _ in record) if (++count > ROOMY_KEYS) return true;
  return false;
}

/** Copies a record without its symbols and the keys that have no value. */
export function withValues(record: Readonly<Record<string, JsonValue>>): Record<string, JsonValue> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

/** Clones an array whose items are still to be checked: while nothing is written to it, it may share them with a literal. */
export function cloneArray(array: readonly unknown[]): JsonValue[] {
  // Those of another realm need not be iterable.
  return (Symbol.iterator in array ? [...array] : Array.from(array)) as JsonValue[];
}
