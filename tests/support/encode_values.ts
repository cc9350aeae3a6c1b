import type { ClassTable } from "../../src/values/class_table.ts";
import { NO_CLASSES } from "./no_classes.ts";
import { decodeValue } from "../../src/values/decode.ts";
import { encodePayload, encodeValue } from "../../src/values/encode.ts";
import { SerializationError } from "../../src/base/errors.ts";
import { type Fresh, type JsonValue, type Stored, wireOf } from "../../src/values/json.ts";
import { DEFAULT_VALUE_LIMITS, type ValueLimits } from "../../src/base/limits.ts";
import { ValueReader } from "../../src/values/value_reader.ts";

const SUBJECT = { action: 'Cannot emit "output" of routine "source"', root: "data" } as const;

/** Encodes a value as `shared.set` does. */
export function encode(value: unknown, classes: ClassTable = NO_CLASSES, limits?: Partial<ValueLimits>): Stored {
  return encodeValue(value, classes, SUBJECT, { ...DEFAULT_VALUE_LIMITS, ...limits });
}

/** Encodes a value as `emit` does when a part of it was received before. */
export function encodeEmitted(value: unknown, known?: JsonValue, limits?: Partial<ValueLimits>): Stored | Fresh {
  return encodePayload(value, NO_CLASSES, SUBJECT, { ...DEFAULT_VALUE_LIMITS, ...limits }, known);
}

/** The JSON text of an encoded value, as documents contain it. */
export function wireText(value: unknown, classes?: ClassTable): string {
  const stored = encode(value, classes);
  return stored === undefined ? "undefined" : JSON.stringify(wireOf(stored));
}

/** The value as another host receives it: encoded, written as text, parsed, read and decoded. */
export function throughWire(value: unknown, classes: ClassTable = NO_CLASSES): unknown {
  const reader = new ValueReader("routilux/job", DEFAULT_VALUE_LIMITS);
  return decodeValue(reader.read(JSON.parse(wireText(value, classes)), "data"), classes);
}

/** The message of the error that refuses a value, without the beginning that all these messages share. */
export function refusalOf(value: unknown, classes?: ClassTable, limits?: Partial<ValueLimits>): string {
  const opening = `${SUBJECT.action}: `;
  try {
    encode(value, classes, limits);
  } catch (error) {
    if (!(error instanceof SerializationError) || !error.message.startsWith(opening)) throw error;
    return error.message.slice(opening.length);
  }
  return "not refused";
}
