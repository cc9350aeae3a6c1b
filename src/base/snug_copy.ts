import type { JsonValue } from "./json.ts";

// What grows, be it key by key or item by item, keeps room for more as long as it lives.

/** An object that grows has room for so many keys anyway. A clone of one with more takes no more than it needs. */
export const ROOMY_KEYS = 4;

/** Copies a record without its symbols and the keys that have no value. */
export function withValues(record: Readonly<Record<string, JsonValue>>): Record<string, JsonValue> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

/** Makes the array for so many items, of which `most` will be taken: one that is refused may claim any length. */
export function createArray(length: number, most: number): JsonValue[] {
  return length > most ? [] : new Array<JsonValue>(length);
}
