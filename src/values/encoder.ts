import type { ClassTable } from "./class_table.ts";
import { Copier, isUserKey, scalarOf } from "./copier.ts";
import { isOwnKey, isRecord, isWide, type JsonObject, type JsonValue } from "./json.ts";
import { DEFAULT_VALUE_LIMITS, type Payload, sharedWireOf, type ValueLimits } from "./payload.ts";
import type { EncodeSubject } from "./refusal.ts";

/**
 * Checks a value and copies it into a payload, in one pass: the caller's object stays as it was, accessors are read once.
 * Dates, maps, sets, bigints, bytes, errors and instances of classes in the table are tagged with `$type`.
 *
 * @param received the payload that a handler got: parts of it that stand at the same place in the value are shared
 * @throws {SerializationError} naming the path of the first thing that JSON cannot carry
 */
export function payloadOf(
  value: unknown,
  classes: ClassTable,
  subject: EncodeSubject,
  limits: ValueLimits = DEFAULT_VALUE_LIMITS,
  received?: Payload,
): Payload | undefined {
  if (!isPlain(value)) {
    // Most values of a state are scalars, which need no copier.
    const scalar = limits.bytes === Infinity ? scalarOf(value) : undefined;
    if (scalar !== undefined || value === undefined) return scalar;
    return new Copier(classes, subject, limits).encode(value, sharedWireOf(received));
  }
  if (!isWide(value)) return encodeNarrow(value, classes, subject, limits, received);
  const known = sharedWireOf(received);
  if (limits.bytes === Infinity && isRecord(known) && hasSameKeys(value, known)) {
    return encodeAlike(value, classes, subject, limits, known);
  }
  return new Copier(classes, subject, limits).encodeWide(value, known);
}

/** Says whether a value is a plain object of this realm. */
function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** A record of few keys, as most payloads are: only what is more than a scalar, and what comes after it, takes a copier. */
function encodeNarrow(
  record: Readonly<Record<string, unknown>>,
  classes: ClassTable,
  subject: EncodeSubject,
  limits: ValueLimits,
  received: Payload | undefined,
): Payload {
  const copy: Record<string, JsonValue> = {};
  let nodes = 1;
  let copier: Copier | undefined;
  for (const key in record) {
    if (!isOwnKey(record, key)) continue;
    const value = record[key];
    if (value === undefined) continue;
    const scalar = copier === undefined && isUserKey(key) ? scalarOf(value) : undefined;
    if (scalar === undefined) {
      copier ??= new Copier(classes, subject, limits, nodes);
      copy[key] = copier.encodePart(record, key, value, sharedWireOf(received));
    } else {
      copy[key] = scalar;
      nodes++;
    }
  }
  const { bytes, nodes: most } = limits;
  if (copier === undefined && bytes === Infinity && nodes <= most) return Object.freeze(copy);
  return (copier ?? new Copier(classes, subject, limits, nodes)).finish(copy);
}

/** Says whether a record has the keys of another, in the same order. */
function hasSameKeys(record: object, other: object): boolean {
  const keys = Object.keys(record);
  const others = Object.keys(other);
  if (keys.length !== others.length) return false;
  for (let i = 0; i < keys.length; i++) if (keys[i] !== others[i]) return false;
  return true;
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
): Payload {
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
  return new Copier(classes, subject, limits).encodeWide({ ...copy, ...others }, known);
}
