import { isRecord } from "../values/json.ts";
import { describeValue } from "../base/path.ts";

/** The keys of data by which it may be grouped: all of it has a text, a number or a boolean there. Any key, where the keys are not known. */
export type GroupKey<T> = unknown extends T ? string
  : string extends keyof T ? string
  : { [K in keyof T & string]: T[K] extends string | number | boolean ? K : never }[keyof T & string];

/** Stands before each name, so that values such as `__proto__` are not used as keys. */
const PREFIX = "group:";

/**
 * The name of the group that data belongs to: that of the value under the key `by`, without one always the same.
 *
 * @throws {TypeError} when the data has no such key, or a value there that names nothing
 */
export function groupName(data: unknown, by: string | undefined): string {
  return PREFIX + JSON.stringify(by === undefined ? "" : keyOf(data, by));
}

/** The value that the inputs of a group share, as text. */
export function groupKey(name: string): string {
  return String(JSON.parse(name.slice(PREFIX.length)));
}

function keyOf(data: unknown, by: string): string | number | boolean {
  const key: unknown = isRecord(data) && Object.hasOwn(data, by) ? data[by] : undefined;
  if (key === undefined) {
    throw new TypeError(
      `Cannot group: the data has no key ${JSON.stringify(by)}, by which it is grouped; all data needs one`,
    );
  }
  if (typeof key === "string" || typeof key === "number" || typeof key === "boolean") return key;
  throw new TypeError(`Cannot group: data.${by} is ${describeValue(key)}; a key is a text, a number or a boolean`);
}

/**
 * The number that data has under a key; `undefined` where it has none.
 *
 * @throws {TypeError} for anything else than a whole number of at least 0
 */
export function countIn(data: unknown, key: string): number | undefined {
  const count: unknown = isRecord(data) && Object.hasOwn(data, key) ? data[key] : undefined;
  if (count === undefined || (typeof count === "number" && Number.isSafeInteger(count) && count >= 0)) return count;
  throw new TypeError(`Cannot group: data.${key} is ${describeValue(count)}; a count is a whole number of at least 0`);
}
