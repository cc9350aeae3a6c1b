import * as v from "valibot";
import { MAX_COUNT } from "../base/bounded_list.ts";
import { isName } from "../base/options.ts";
import { isRecord } from "../values/json.ts";

/** A schema whose documents are of type `D`. */
export type Schema<D> = v.GenericSchema<unknown, D>;

/** Makes something when it is first asked for, and returns the same from then on. */
export function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => made ??= make();
}

/** Says whether a value fits a schema, and nothing more. */
type Check = (input: unknown) => boolean;

const checks: WeakMap<v.GenericSchema, Check> = new WeakMap();

/**
 * Gives a schema a check that is quicker than the schema itself, which must be able to say where and why a value does not
 * fit. Both accept the same documents, read from JSON: `tests/hostile/quick_check_test.ts` compares them.
 */
export function quick<S extends v.GenericSchema>(schema: S, check: Check): S {
  checks.set(schema, check);
  return schema;
}

/** Says whether a document fits a schema, by the quickest check that there is. */
export function fits<D>(schema: Schema<D>, input: unknown): input is D {
  return checkOf(schema)(input);
}

function checkOf(schema: v.GenericSchema): Check {
  return checks.get(schema) ?? ((input) => v.is(schema, input));
}

/** A schema for each key of a document. */
export type Entries<D> = { readonly [K in keyof D]-?: Schema<D[K]> };

/**
 * An object with these keys and no others. The entries have no prototype: `toString` or `__proto__` in a document would
 * be taken for a known key otherwise.
 */
export function strict<D extends object>(entries: NoInfer<Entries<D>>): Schema<D> {
  const object = v.strictObject(Object.assign(Object.create(null), entries));
  // A list would pass for an object, its methods for values.
  const schema = v.pipe(v.custom<object>(isRecord, "Invalid type: expected an object"), object) as Schema<D>;
  return quick(schema, keysCheck(entries));
}

/** An object whose keys are names that users chose: ids, slots, events. */
export function named<D>(schema: Schema<D>): Schema<{ readonly [name: string]: D }> {
  const names = v.custom<Record<string, unknown>>(
    (input) => isRecord(input) && Object.keys(input).every(isName),
    "Invalid names: expected an object whose keys are names",
  );
  return v.pipe(names, v.record(v.string(), schema));
}

/** A part that may be left out. */
export function optional<D>(schema: Schema<D>): Schema<D | undefined> {
  const check = checkOf(schema);
  return quick(v.optional(schema), (input) => input === undefined || check(input));
}

/** A list. */
export function list<D>(schema: Schema<D>): Schema<readonly D[]> {
  const check = checkOf(schema);
  return quick(v.array(schema), (input) => Array.isArray(input) && haveAll(input, check));
}

/** A hole is no item that fits. */
function haveAll(items: readonly unknown[], check: Check): boolean {
  for (let i = 0; i < items.length; i++) if (!check(items[i])) return false;
  return true;
}

/** A word, or a number, that is always the same. */
export function literal<const W extends string | number | true>(word: W): Schema<W> {
  return quick(v.literal(word), (input) => input === word);
}

/** One of several forms. */
export function union<D>(forms: readonly Schema<D>[], message?: string): Schema<D> {
  const all = forms.map(checkOf);
  return quick(v.union(forms, message), (input) => all.some((check) => check(input)));
}

/** One of several words. */
export function oneOf<const W extends string>(words: readonly W[]): Schema<W> {
  return quick(v.picklist(words), (input) => words.some((word) => word === input));
}

/** A whole number of at least `least`. */
export function integer(least: number, most: number = MAX_COUNT): Schema<number> {
  const message = `Invalid number: expected a whole number from ${least} to ${most}`;
  const schema = v.pipe(v.number(), v.integer(message), v.minValue(least, message), v.maxValue(most, message));
  return quick(schema, (input) => Number.isInteger(input) && least <= Number(input) && Number(input) <= most);
}

/** A number between two bounds, both included. */
export function between(least: number, most: number = Number.MAX_SAFE_INTEGER): Schema<number> {
  const message = `Invalid number: expected a number from ${least} to ${most}`;
  const schema = v.pipe(v.number(), v.minValue(least, message), v.maxValue(most, message));
  return quick(schema, (input) => typeof input === "number" && least <= input && input <= most);
}

/** What is known of a key. */
interface Entry {
  readonly key: string;
  readonly check: Check;
  readonly isNeeded: boolean;
}

/** Says whether a value has the keys that it must have, no others, and values that fit. Made when it is first asked. */
function keysCheck(entries: v.ObjectEntries): Check {
  let check: Check | undefined;
  return (input) => (check ??= createKeysCheck(entries))(input);
}

function createKeysCheck(entries: v.ObjectEntries): Check {
  const known = new Map<string, Entry>();
  let needed = 0;
  for (const [key, schema] of Object.entries<v.GenericSchema>(entries)) {
    const check = checkOf(schema);
    const isNeeded = !check(undefined);
    known.set(key, { key, check, isNeeded });
    if (isNeeded) needed++;
  }
  // Most records of a list have the keys of the one before, in the same order.
  const last: Entry[] = [];
  return (input) => {
    if (!isRecord(input)) return false;
    let found = 0;
    let index = 0;
    for (const key in input) {
      let entry: Entry | undefined = last[index];
      if (entry?.key !== key) {
        entry = known.get(key);
        if (entry === undefined) return false;
        last[index] = entry;
      }
      if (!entry.check(input[key])) return false;
      if (entry.isNeeded) found++;
      index++;
    }
    return found === needed;
  };
}
