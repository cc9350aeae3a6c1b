import { isJsonArray, type JsonValue } from "./json.ts";

/** Values of more parts than this are measured once: one that is passed on a thousand times would take a thousand times as long. */
const FEW = 50;
/** What a number, a boolean or null counts for: to write a number would take longer than to look at it. */
const SCALAR_LENGTH = 6;

const lengths: WeakMap<object, number> = new WeakMap();
/** How many parts may still be looked at. */
let left = 0;

/**
 * About how many characters the JSON text of a value has, which never changes: a number counts as six, escapes are not counted. It is the
 * same in every runtime.
 */
export function jsonLength(json: JsonValue): number {
  left = FEW;
  const length = lengthOf(json);
  return left < 0 && typeof json === "object" && json !== null ? measure(json) : length;
}

/** The length of a value, if it has few parts. */
function lengthOf(json: JsonValue): number {
  if (typeof json === "string") return json.length + 2;
  if (typeof json !== "object" || json === null) return SCALAR_LENGTH;
  let length = 2;
  if (isJsonArray(json)) {
    for (let i = 0; i < json.length; i++) {
      if (--left < 0) return 0;
      length += 1 + lengthOf(json[i] ?? null);
    }
    return length;
  }
  for (const key in json) {
    if (--left < 0) return 0;
    length += key.length + 4 + lengthOf(json[key] ?? null);
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
