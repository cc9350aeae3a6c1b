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
  /** The tagged JSON, whose lists need not be frozen. */
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

/**
 * JSON of the library's own with lists that are not frozen. Engines write frozen lists slowly, and some keep them at six
 * times the size: what waits in a task need not be frozen before somebody sees it.
 */
export class Fresh {
  /** The JSON. */
  readonly json: JsonValue;

  /** Wraps JSON that nobody has seen. */
  constructor(json: JsonValue) {
    this.json = json;
  }
}

/** The JSON of a stored value, for a text: users don't see it. */
export function wireOf(stored: JsonValue | Encoded): JsonValue {
  return stored instanceof Encoded ? stored.json : stored;
}

/** The JSON of a stored value, for a document that users see. */
export function frozenWireOf(stored: JsonValue | Encoded): JsonValue {
  const json = wireOf(stored);
  freezeJson(json);
  return json;
}

/** A value that may be fresh, frozen. */
export function frozenValue(value: Stored | Fresh): Stored {
  return value instanceof Fresh ? freezeValue(value.json) : value;
}

/** Freezes a value, unless it is encoded: nobody sees the JSON of that. */
export function freezeValue(stored: Stored): Stored {
  if (!(stored instanceof Encoded)) freezeJson(stored);
  return stored;
}

/** Freezes JSON all the way down. What cannot be extended has been frozen before, and all that is in it. */
function freezeJson(json: JsonValue | undefined): void {
  if (typeof json !== "object" || json === null || !Object.isExtensible(json)) return;
  // Most parts are scalars: not to call anything for them takes a third less.
  if (isJsonArray(json)) {
    for (let i = 0; i < json.length; i++) {
      const part = json[i];
      if (typeof part === "object") freezeJson(part);
    }
  } else {
    for (const key in json) {
      const part = json[key];
      if (typeof part === "object" && isOwnKey(json, key)) freezeJson(part);
    }
  }
  Object.freeze(json);
}

const { hasOwnProperty } = Object.prototype;

/**
 * Says whether a key is an object's own, and not its prototype's. In a `for … in` engines know it without looking: they don't
 * when `Object.hasOwn` asks.
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

/** Says whether JSON is an object with keys of its own, and no tagged value. */
export function isPlainJsonObject(json: JsonValue | undefined): json is JsonObject {
  return isRecord(json) && !Object.hasOwn(json, "$type");
}
