import { isRecord, type JsonValue } from "../values/json.ts";

/** A place at which two values differ. */
export interface JsonDifference {
  /** The keys that lead to it. */
  readonly keys: readonly (string | number)[];
  /** The value in the first one, if it has one. */
  readonly before?: JsonValue;
  /** The value in the second one, if it has one. */
  readonly after?: JsonValue;
}

/** A pair of values that remain to be compared. */
interface Pair {
  readonly keys: readonly (string | number)[];
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * The innermost places at which two JSON values differ, in the order of the keys. The order of keys is no difference; an item that is
 * inserted into an array moves all later ones. Values may be of any depth: the comparison does not call itself.
 */
export function compareJson(before: unknown, after: unknown): JsonDifference[] {
  const found: JsonDifference[] = [];
  const stack: Pair[] = [{ keys: [], before, after }];
  for (let pair = stack.pop(); pair !== undefined; pair = stack.pop()) {
    const { keys, before, after } = pair;
    if (Object.is(before, after)) continue;
    const inside = Array.isArray(before) && Array.isArray(after)
      ? pairItems(before, after)
      : isRecord(before) && isRecord(after)
      ? pairParts(before, after)
      : undefined;
    if (inside === undefined) found.push({ keys, ...valueOf("before", before), ...valueOf("after", after) });
    else for (const it of inside.reverse()) stack.push({ ...it, keys: [...keys, ...it.keys] });
  }
  return found;
}

/** Whether two JSON values are equal, except for the order of keys. */
export function equalsJson(a: unknown, b: unknown): boolean {
  return compareJson(a, b).length === 0;
}

function pairItems(before: readonly unknown[], after: readonly unknown[]): Pair[] {
  const length = Math.max(before.length, after.length);
  return Array.from({ length }, (_, index) => ({ keys: [index], before: before[index], after: after[index] }));
}

function pairParts(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): Pair[] {
  const keys = Array.from(new Set([...Object.keys(before), ...Object.keys(after)])).sort();
  return keys.map((key) => ({ keys: [key], before: ownValue(before, key), after: ownValue(after, key) }));
}

function ownValue(object: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function valueOf(name: "before" | "after", value: unknown): Partial<JsonDifference> {
  return value === undefined ? {} : { [name]: value };
}
