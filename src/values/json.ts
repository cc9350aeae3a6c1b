/** Any JSON value. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  /** Any key, any JSON value. */
  readonly [key: string]: JsonValue;
}

const { hasOwnProperty } = Object.prototype;

/**
 * Says whether a key is the object's own, and not its prototype's. In a `for … in` loop V8 answers this call from the enum
 * cache; `Object.hasOwn` looks the key up.
 */
export function isOwnKey(object: object, key: string): boolean {
  return hasOwnProperty.call(object, key);
}

/** Says whether a value is an object with keys: not null, not an array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Says whether JSON is an array. */
export function isJsonArray(json: JsonValue | undefined): json is readonly JsonValue[] {
  return Array.isArray(json);
}

/** An object that gets its keys one by one starts with room for this many. */
const ROOMY_KEYS = 4;

/**
 * Says whether a record is copied best as a whole. An object that grows key by key reserves room for more keys as long as it
 * lives; a clone has no more room than it needs.
 */
export function isWide(record: object): boolean {
  let count = 0;
  // Counting allocates nothing; `Object.keys` makes an array.
  for (const _ in record) if (++count > ROOMY_KEYS) return true;
  return false;
}

/** Copies a record without its symbols and without the keys that have no value. */
export function withValues(record: Readonly<Record<string, JsonValue>>): Record<string, JsonValue> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

/** Clones an array whose items are still to be checked. Until the clone is written to, the engine may share the items of a literal. */
export function cloneArray(array: readonly unknown[]): JsonValue[] {
  // Arrays of another realm need not be iterable.
  return (Symbol.iterator in array ? [...array] : Array.from(array)) as JsonValue[];
}
