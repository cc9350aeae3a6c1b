import * as v from "valibot";
import { LAST_INSTANT, parseInstant } from "../base/instant.ts";
import { isRecord } from "../base/json.ts";
import { MAX_COUNT } from "../base/limits.ts";
import { RESERVED_NAMES } from "../base/options.ts";
import { isErrorData } from "../base/read_value.ts";
import { RECORD_TYPES } from "../scheduler/history.ts";
import { type Check, checkOf, keysCheck, quick } from "./quick_check.ts";

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
    (input) => isRecord(input) && !Object.keys(input).some((key) => key === "" || RESERVED_NAMES.has(key)),
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

/** A whole number from 0. */
export const count: v.GenericSchema = integer(0);

/** A whole number from 1. */
export const positive: v.GenericSchema = integer(1);

/** Milliseconds. */
export const duration: v.GenericSchema = between(0);

/** A name of the user's. */
export const name: v.GenericSchema = quick(
  v.pipe(
    v.string(),
    v.nonEmpty(),
    v.check(
      (text) => !RESERVED_NAMES.has(text),
      `Invalid name: expected a name other than ${Array.from(RESERVED_NAMES).join(", ")}`,
    ),
  ),
  (input) => typeof input === "string" && input !== "" && !RESERVED_NAMES.has(input),
);

/** A key of the user's values. No object that is made of them could have it as a key of its own. */
export const key: v.GenericSchema = v.pipe(
  v.string(),
  v.check((text) => text !== "__proto__", "Invalid key: expected a key other than __proto__"),
);

/** An instant as the library writes it. */
export const instant: v.GenericSchema = quick(
  v.pipe(v.string(), v.check(isInstant, "Invalid instant: expected ISO 8601 in UTC with milliseconds")),
  (input) => typeof input === "string" && isInstant(input),
);

function isInstant(text: string): boolean {
  return (parseInstant(text) ?? Infinity) <= LAST_INSTANT;
}

/** A value of the user's: read and checked on its own, by `ValueReader`. */
export const value: v.GenericSchema = quick(v.unknown(), () => true);

/** Values of the user's by key. */
export const values: v.GenericSchema = v.custom<Record<string, unknown>>(
  isRecord,
  "Invalid values: expected an object",
);

/** An error as data. */
export const error: v.GenericSchema = v.custom<Record<string, unknown>>(
  (input) => isErrorData(input),
  "Invalid error: expected { name, message } with code, cause and stack where there are some",
);

/** The beginning of a connection. */
export const source: v.GenericSchema = strict({ event: name, routine: name });

/** What a slot gave to a handler. */
export const merged: v.GenericSchema = strict({
  lists: optionalList(strict({ from: count, key, to: count })),
  value: optional(value),
});

/** A task. */
export const task: v.GenericSchema = strict({
  active: optional(v.literal(true)),
  attempt: optional(positive),
  awaiting: optional(strict({ timeoutMs: optional(duration), until: optional(instant) })),
  connection: optional(source),
  createdAt: instant,
  data: optional(value),
  id: positive,
  maxRetries: optional(count),
  merged: optional(merged),
  notBefore: optional(instant),
  parked: optional(v.literal(true)),
  priority: optional(v.picklist(["high", "low"])),
  progress: optional(value),
  routine: name,
  slot: name,
  step: optional(positive),
});

/** A line of the history. */
export const record: v.GenericSchema = strict({
  at: instant,
  data: optional(value),
  event: optional(name),
  routine: name,
  type: quick(v.picklist(RECORD_TYPES), (input) => RECORD_TYPES.some((type) => type === input)),
});

/** An output. */
export const output: v.GenericSchema = strict({ at: instant, data: optional(value), routine: name, type: name });

/** An entry of the shared log. */
export const log: v.GenericSchema = strict({ at: instant, entry: value, routine: name });

/** A deferred event. */
export const deferred: v.GenericSchema = strict({ data: optional(value), event: name, routine: name });

/** The mark of a pause. */
export const pausePoint: v.GenericSchema = strict({
  at: instant,
  checkpoint: optional(value),
  reason: optional(v.string()),
});
