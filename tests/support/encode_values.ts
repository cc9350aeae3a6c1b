import type { ClassTable } from "../../src/values/class_table.ts";
import { NO_CLASSES } from "./no_classes.ts";
import {
  DEFAULT_VALUE_LIMITS,
  frozenWireOf,
  isTagged,
  type Payload,
  type ValueLimits,
  valueOf,
  wireOf,
} from "../../src/values/payload.ts";
import { payloadOf } from "../../src/values/encoder.ts";
import { SerializationError } from "../../src/base/errors.ts";
import { ValueReader } from "../../src/values/value_reader.ts";

const SUBJECT = { action: 'Cannot emit "output" of routine "source"', root: "data" } as const;

/** Encodes a value and freezes it, as if a user had seen it. */
export function encode(
  value: unknown,
  classes: ClassTable = NO_CLASSES,
  limits?: Partial<ValueLimits>,
): Payload | undefined {
  return seen(payloadOf(value, classes, SUBJECT, { ...DEFAULT_VALUE_LIMITS, ...limits }));
}

/** Encodes a value as `emit` does where a part of it has been received. */
export function encodeEmitted(
  value: unknown,
  received?: Payload,
  limits?: Partial<ValueLimits>,
): Payload | undefined {
  return payloadOf(value, NO_CLASSES, SUBJECT, { ...DEFAULT_VALUE_LIMITS, ...limits }, received);
}

/** A payload after a user has seen it: frozen. */
export function seen(payload: Payload | undefined): Payload | undefined {
  return payload === undefined || isTagged(payload) ? payload : frozenWireOf(payload);
}

/** The JSON text of an encoded value, as documents contain it. */
export function wireText(value: unknown, classes?: ClassTable): string {
  const stored = encode(value, classes);
  return stored === undefined ? "undefined" : JSON.stringify(wireOf(stored));
}

/** The value as another host receives it: encoded, written as text, parsed, read and decoded. */
export function throughWire(value: unknown, classes: ClassTable = NO_CLASSES): unknown {
  const reader = new ValueReader("routilux/job", DEFAULT_VALUE_LIMITS);
  return valueOf(reader.read(JSON.parse(wireText(value, classes)), "data"), classes);
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
