/** Any JSON value. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  /** Any key, any JSON value. */
  readonly [key: string]: JsonValue;
}

/**
 * JSON that stands for something else: somewhere in it, `$type` tags say what. It must be decoded before a user sees it,
 * and is decoded anew for each.
 */
export class Encoded {
  /** The tagged JSON, frozen. */
  readonly json: JsonValue;

  /** Wraps tagged JSON. */
  constructor(json: JsonValue) {
    this.json = json;
  }
}

/**
 * A value as a job holds it: frozen JSON that users may see as it is, or `Encoded`. `undefined` is "no value": a key
 * that is left out on the wire.
 */
export type Stored = JsonValue | Encoded | undefined;

/** The JSON of a stored value, for the wire. */
export function wireOf(stored: JsonValue | Encoded): JsonValue {
  return stored instanceof Encoded ? stored.json : stored;
}

/** Says whether a value is an object with keys: not null, not an array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Says whether JSON is an array. */
export function isJsonArray(json: JsonValue | undefined): json is readonly JsonValue[] {
  return Array.isArray(json);
}

/** Says whether JSON is an object with keys of its own, and no tagged value. */
export function isPlainJsonObject(json: JsonValue | undefined): json is JsonObject {
  return isRecord(json) && !Object.hasOwn(json, "$type");
}
