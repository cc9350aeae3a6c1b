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

/** Values of more parts than this are measured once: one that is passed on a thousand times would take a thousand times as long. */
const FEW = 50;
/** What a number, a boolean or null counts for: to write a number would take longer than to look at it. */
const SCALAR_LENGTH = 6;

/** How many parts may still be looked at. */
interface Budget {
  left: number;
}

const lengths: WeakMap<object, number> = new WeakMap();
/**
 * About how many characters the JSON text of a value has, which never changes: a number counts as six, escapes are not counted. It is the
 * same in every runtime.
 */
export function jsonLength(json: JsonValue): number {
  const budget: Budget = { left: FEW };
  const length = lengthOf(json, budget);
  return budget.left < 0 && typeof json === "object" && json !== null ? measure(json) : length;
}

/** The length of a value, if it has few parts. */
function lengthOf(json: JsonValue, budget: Budget): number {
  if (typeof json === "string") return json.length + 2;
  if (typeof json !== "object" || json === null) return SCALAR_LENGTH;
  let length = 2;
  if (isJsonArray(json)) {
    for (const part of json) {
      if (--budget.left < 0) return 0;
      length += 1 + lengthOf(part, budget);
    }
    return length;
  }
  for (const key in json) {
    if (--budget.left < 0) return 0;
    length += key.length + 4 + lengthOf(json[key] ?? null, budget);
  }
  return length;
}

/** The length of a value of many parts. */
function measure(json: Exclude<JsonValue, string | number | boolean | null>): number {
  const known = lengths.get(json);
  if (known !== undefined) return known;
  let length = 2;
  if (isJsonArray(json)) { for (const part of json) length += 1 + jsonLength(part); }
  else for (const [key, part] of Object.entries(json)) length += key.length + 4 + jsonLength(part);
  lengths.set(json, length);
  return length;
}
