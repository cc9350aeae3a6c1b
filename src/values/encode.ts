import type { ClassTable } from "./class_table.ts";
import { Encoder, type EncodeSubject, isUserKey, scalarOf } from "./encoder.ts";
import { type Fresh, frozenValue, isOwnKey, isRecord, type JsonObject, type JsonValue, type Stored } from "./json.ts";
import { DEFAULT_VALUE_LIMITS, type ValueLimits } from "../base/limits.ts";
import { isWide } from "./snug_copy.ts";

/**
 * Checks a value and copies it into frozen JSON, in one pass: the caller's object stays as it was, accessors are read
 * once. Dates, maps, sets, bigints, bytes, errors and instances of classes in the table are tagged with `$type`.
 *
 * @throws {SerializationError} naming the path of the first thing that JSON cannot carry
 */
export function encodeValue(
  value: unknown,
  classes: ClassTable,
  subject: EncodeSubject,
  limits: ValueLimits = DEFAULT_VALUE_LIMITS,
): Stored {
  // Most values of a state are such, and need no encoder.
  const scalar = limits.bytes === Infinity ? scalarOf(value) : undefined;
  return scalar ?? frozenValue(encodePayload(value, classes, subject, limits));
}

/**
 * Encodes a value like `encodeValue`, for a task: its lists are left to be frozen when somebody sees them. Parts that stand
 * in `known` at the same place, which has been frozen, are shared.
 *
 * @throws {SerializationError} naming the path of the first thing that JSON cannot carry
 */
export function encodePayload(
  value: unknown,
  classes: ClassTable,
  subject: EncodeSubject,
  limits: ValueLimits,
  known?: JsonValue,
): Stored | Fresh {
  if (value === undefined) return undefined;
  if (!isPlain(value)) return new Encoder(classes, subject, limits).encode(value, known);
  if (!isWide(value)) return encodeNarrow(value, classes, subject, limits, known);
  if (limits.bytes === Infinity && isRecord(known) && hasSameKeys(value, known)) {
    return encodeAlike(value, classes, subject, limits, known);
  }
  return new Encoder(classes, subject, limits).encodeWide(value, known);
}

/** Says whether a value is a plain object of this realm. */
function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** A record of few keys, as most payloads are: only what is more than a scalar, and what comes after it, takes an encoder. */
function encodeNarrow(
  record: Readonly<Record<string, unknown>>,
  classes: ClassTable,
  subject: EncodeSubject,
  limits: ValueLimits,
  known: JsonValue | undefined,
): Stored | Fresh {
  const copy: Record<string, JsonValue> = {};
  let nodes = 1;
  let encoder: Encoder | undefined;
  for (const key in record) {
    if (!isOwnKey(record, key)) continue;
    const value = record[key];
    if (value === undefined) continue;
    const scalar = encoder === undefined && isUserKey(key) ? scalarOf(value) : undefined;
    if (scalar === undefined) {
      encoder ??= new Encoder(classes, subject, limits, nodes);
      copy[key] = encoder.encodePart(record, key, value, known);
    } else {
      copy[key] = scalar;
      nodes++;
    }
  }
  const { bytes, nodes: most } = limits;
  if (encoder === undefined && bytes === Infinity && nodes <= most) return Object.freeze(copy);
  return (encoder ?? new Encoder(classes, subject, limits, nodes)).finish(copy);
}

/** Says whether a record has the keys of another, in the same order. */
function hasSameKeys(record: object, other: object): boolean {
  const keys = Object.keys(other);
  let count = 0;
  for (const key in record) if (key !== keys[count++]) return false;
  const last = keys[count - 1];
  // The loop names keys of the prototype as well, after the others.
  return count === keys.length && last !== undefined && isOwnKey(record, last);
}

/**
 * A record with the keys of what is known, as most have that are passed on: a copy of that, in which other scalars are stored.
 * It has no more values and none deeper, so that nothing need be counted, and no symbols.
 */
function encodeAlike(
  record: Readonly<Record<string, unknown>>,
  classes: ClassTable,
  subject: EncodeSubject,
  limits: ValueLimits,
  known: JsonObject,
): Stored | Fresh {
  const copy: Record<string, JsonValue> = { ...known };
  let others: Record<string, unknown> | undefined;
  for (const key in copy) {
    const value = record[key];
    // What has not changed was checked and frozen before; it is not -0.
    if (value === copy[key]) continue;
    const scalar = scalarOf(value);
    if (scalar === undefined) (others ??= {})[key] = value;
    else copy[key] = scalar;
  }
  if (others === undefined) return Object.freeze(copy);
  return new Encoder(classes, subject, limits).encodeWide({ ...copy, ...others }, known);
}
