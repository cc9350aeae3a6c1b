import type { ClassTable } from "./class_table.ts";
import { Encoder, type EncodeSubject, isUserKey, scalarOf } from "./encoder.ts";
import { type Fresh, frozenValue, isOwnKey, type JsonValue, type Stored } from "./json.ts";
import { DEFAULT_VALUE_LIMITS, type ValueLimits } from "./limits.ts";
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
  if (isWide(value)) return new Encoder(classes, subject, limits).encodeWide(value, known);
  return encodeNarrow(value, classes, subject, limits, known);
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
