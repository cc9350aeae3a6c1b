import * as v from "valibot";
import { isRecord } from "../values/json.ts";
import { MAX_COUNT } from "../base/bounded_list.ts";
import { isName } from "../base/options.ts";
import { type Check, checkOf, keysCheck, quick } from "./quick_check.ts";

/** Makes something when it is first asked for, and returns the same from then on. */
export function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => made ??= make();
}

/**
 * An object with these keys and no others. The entries have no prototype: `toString` or `__proto__` in a document would
 * be taken for a known key otherwise.
 */
export function strict(entries: v.ObjectEntries): v.GenericSchema {
  const object = v.strictObject(Object.assign(Object.create(null), entries));
  // A list would pass for an object, its methods for values.
  const schema = v.pipe(v.custom<object>(isRecord, "Invalid type: expected an object"), object);
  return quick(schema, keysCheck(entries));
}

/** An object whose keys are names of the user's: ids, slots, events. */
export function named(schema: v.GenericSchema): v.GenericSchema {
  const names = v.custom<Record<string, unknown>>(
    (input) => isRecord(input) && Object.keys(input).every(isName),
    "Invalid names: expected an object whose keys are names",
  );
  return v.pipe(names, v.record(v.string(), schema));
}

/** What may be left out. */
export function optional(schema: v.GenericSchema): v.GenericSchema {
  const fits = checkOf(schema);
  return quick(v.optional(schema), (input) => input === undefined || fits(input));
}

/** A list. */
export function list(schema: v.GenericSchema): v.GenericSchema {
  const fits = checkOf(schema);
  return quick(v.array(schema), (input) => Array.isArray(input) && haveAll(input, fits));
}

/** A hole is no item that fits. */
function haveAll(items: readonly unknown[], fits: Check): boolean {
  for (let i = 0; i < items.length; i++) if (!fits(items[i])) return false;
  return true;
}

/** A list that may be left out. */
export function optionalList(schema: v.GenericSchema): v.GenericSchema {
  return optional(list(schema));
}

/** A whole number of at least `least`. */
export function integer(least: number, most: number = MAX_COUNT): v.GenericSchema {
  const message = `Invalid number: expected a whole number from ${least} to ${most}`;
  const schema = v.pipe(v.number(), v.integer(message), v.minValue(least, message), v.maxValue(most, message));
  return quick(schema, (input) => Number.isInteger(input) && least <= Number(input) && Number(input) <= most);
}

/** A number between two bounds, both included. */
export function between(least: number, most: number = Number.MAX_SAFE_INTEGER): v.GenericSchema {
  const message = `Invalid number: expected a number from ${least} to ${most}`;
  return v.pipe(v.number(), v.minValue(least, message), v.maxValue(most, message));
}
