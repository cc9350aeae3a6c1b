import * as v from "valibot";
import { isRecord } from "../values/json.ts";

/** Says whether a value fits a schema, and nothing more. */
export type Check = (input: unknown) => boolean;

const checks: WeakMap<v.GenericSchema, Check> = new WeakMap();

/**
 * Gives a schema a check of its own that is quicker than the schema, which has to be able to say where and why a value does
 * not fit. It may refuse what the schema takes, but never take what the schema refuses.
 */
export function quick<S extends v.GenericSchema>(schema: S, check: Check): S {
  checks.set(schema, check);
  return schema;
}

/** The quickest check that there is for a schema. */
export function checkOf(schema: v.GenericSchema): Check {
  return checks.get(schema) ?? ((input) => v.is(schema, input));
}

/** What is known of a key. */
interface Entry {
  readonly key: string;
  readonly fits: Check;
  readonly isNeeded: boolean;
}

/** Says whether a value has the keys that it must have, none but these, and values that fit. Made when it is first asked. */
export function keysCheck(entries: v.ObjectEntries): Check {
  let check: Check | undefined;
  return (input) => (check ??= createKeysCheck(entries))(input);
}

function createKeysCheck(entries: v.ObjectEntries): Check {
  const known = new Map<string, Entry>();
  let needed = 0;
  for (const [key, schema] of Object.entries(entries)) {
    const fits = checkOf(schema as v.GenericSchema);
    const isNeeded = !fits(undefined);
    known.set(key, { key, fits, isNeeded });
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
      if (!entry.fits(input[key])) return false;
      if (entry.isNeeded) found++;
      index++;
    }
    return found === needed;
  };
}
