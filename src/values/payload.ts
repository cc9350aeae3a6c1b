import type { ClassTable } from "./class_table.ts";
import { decode } from "./decoder.ts";
import { isJsonArray, isOwnKey, isRecord, jsonLength, type JsonObject, type JsonValue } from "./json.ts";

/** How deep and how large one value may be. */
export interface ValueLimits {
  /** The deepest nesting. */
  readonly depth: number;
  /** The most values in it: every primitive, array and object counts. */
  readonly nodes: number;
  /** The longest JSON text of it, in UTF-8 bytes; `Infinity` for none. */
  readonly bytes: number;
}

/** The limits of a value where nobody set others. */
export const DEFAULT_VALUE_LIMITS: ValueLimits = { depth: 100, nodes: 1_000_000, bytes: Infinity };

/** The deepest nesting that can be allowed: the call stack of every host bears it. */
export const MAX_DEPTH = 1_000;

/** JSON that cannot be shown to users as it is. */
class HeldJson {
  readonly json: JsonValue;
  /**
   * Whether `$type` tags in the JSON stand for other values: each user gets a newly decoded value, and nobody sees the JSON.
   * JSON without tags is unseen: lists in it are frozen only when the first user sees it.
   */
  readonly isTagged: boolean;

  constructor(json: JsonValue, isTagged: boolean) {
    this.json = json;
    this.isTagged = isTagged;
  }
}

/**
 * A value as the library holds it between the user who gave it and the users who get it. `payloadOf` makes a payload of a
 * value, a `ValueReader` makes one of a document, `valueOf` makes the value that users see, and `wireOf` gives the JSON.
 *
 * Only this file knows what a payload is: JSON that is frozen, and so can be shown as it is, or an object of this file around
 * JSON that cannot. Lists are frozen late because engines write frozen lists slowly to JSON, and Bun keeps them at six times
 * the size. "No value" is `undefined`: its key is left out on the wire.
 */
export type Payload = JsonValue | HeldJson;

/** A payload of JSON in which `$type` tags stand for other values. */
export function taggedPayload(json: JsonValue): Payload {
  return new HeldJson(json, true);
}

/** A payload of JSON that belongs to the library and that no user has seen: it is frozen when one does. */
export function unseenPayload(json: JsonValue): Payload {
  return typeof json === "object" && json !== null ? new HeldJson(json, false) : json;
}

/** Says whether a payload has tags: its JSON is not what users see. */
export function isTagged(payload: Payload | undefined): boolean {
  return payload instanceof HeldJson && payload.isTagged;
}

/** The JSON of an unseen payload; `undefined` for any other: who keeps the JSON alone saves the object around it. */
export function unseenWireOf(payload: Payload | undefined): JsonValue | undefined {
  return payload instanceof HeldJson && !payload.isTagged ? payload.json : undefined;
}

/**
 * The value of a payload as users see it: plain JSON is frozen, and all users share it; anything else is built anew for each,
 * and refuses changes in place where it can: they would be lost.
 *
 * @throws {TypeError} when a class is not in the table; whatever a class's `fromJSON` throws
 */
export function valueOf(payload: Payload | undefined, classes: ClassTable): unknown {
  if (!(payload instanceof HeldJson)) return payload;
  return payload.isTagged ? decode(payload.json, classes, false) : frozenWireOf(payload);
}

/**
 * The value of a payload for a function of the user that gives back what takes its place: what is built anew may be changed.
 *
 * @throws as `valueOf`
 */
export function draftOf(payload: Payload | undefined, classes: ClassTable): unknown {
  return isTagged(payload) && payload !== undefined
    ? decode(wireOf(payload), classes, true)
    : valueOf(payload, classes);
}

/** The JSON of a payload whose parts may be shared with other payloads; `undefined` for a tagged one. */
export function sharedWireOf(payload: Payload | undefined): JsonValue | undefined {
  return payload instanceof HeldJson ? unseenWireOf(payload) : payload;
}

/** The JSON of a payload, to be written as text or compared: it may not be frozen, so users must not see it. */
export function wireOf(payload: Payload): JsonValue {
  return payload instanceof HeldJson ? payload.json : payload;
}

/** About how many characters the JSON text of a payload has: see `jsonLength`. */
export function lengthOf(payload: Payload | undefined): number {
  return payload === undefined ? 0 : jsonLength(wireOf(payload));
}

/** The JSON of a payload, frozen: for documents that users see. */
export function frozenWireOf(payload: Payload): JsonValue {
  const json = wireOf(payload);
  freezeJson(json);
  return json;
}

/** The JSON of a payload whose keys can be renamed or collected: it is an object and no tagged value. */
export function keyedWireOf(payload: Payload | undefined): JsonObject | undefined {
  const json = payload instanceof HeldJson ? payload.json : payload;
  return isRecord(json) && !Object.hasOwn(json, "$type") ? json : undefined;
}

/** A payload of JSON that is a part of another payload, or made of its parts: tagged or unseen where the whole is. */
export function partPayload(json: JsonValue, whole: Payload | undefined): Payload {
  if (!(whole instanceof HeldJson)) return json;
  return whole.isTagged ? taggedPayload(json) : unseenPayload(json);
}

/** Freezes JSON all the way down. Objects that cannot be extended were frozen before, with everything in them. */
function freezeJson(json: JsonValue): void {
  if (typeof json !== "object" || json === null || !Object.isExtensible(json)) return;
  // Most parts are scalars. Checking them here instead of calling `freezeJson` for each takes a third less time.
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
