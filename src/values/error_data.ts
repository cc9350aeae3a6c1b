import {
  CancelledError,
  FencedError,
  PausedError,
  PoisonError,
  PreflightError,
  SerializationError,
  StateError,
  StoreError,
  TimeoutError,
} from "../base/errors.ts";
import { shorten } from "../base/text.ts";
import { constructorOf, functionName } from "../base/reflection.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { copyPlain, isPlainKey, JsonRoom } from "./json_room.ts";
import type { ValueLimits } from "./payload.ts";
import { SchemaError } from "./standard_schema.ts";

/** An error as data: what the wire, the history and `job.error` hold. */
export interface ErrorData {
  /** The error's name, such as `"TypeError"`. */
  readonly name: string;
  /** Its message. */
  readonly message: string;
  /** Its `code`, where it has one. */
  readonly code?: string | number;
  /** What caused it: an error, or another value described as one. */
  readonly cause?: ErrorData;
  /** Its other enumerable fields, as far as they are plain JSON and not too large. */
  readonly details?: JsonObject;
  /** The errors of an `AggregateError`. */
  readonly errors?: readonly ErrorData[];
  /** The names of what is not kept here, or not whole: fields, `cause`, `errors`. */
  readonly omitted?: readonly string[];
  /** Its stack, only where the engine was asked for stacks. */
  readonly stack?: string;
}

/** How many causes of causes are kept: a chain made by a fault must not grow a job without bound. */
const CAUSES = 8;

/** What is kept of one error with all its causes and fields: a job may keep a thousand of them. */
const ERROR_LIMITS: ValueLimits = { depth: 30, nodes: 1_000, bytes: 2 ** 15 };

/** Errors of the library whose messages tell all that their fields do. The limit of a `StepLimitError` is asked for on a redrive. */
const TOLD_BY_MESSAGE: ReadonlySet<unknown> = new Set([
  ...[CancelledError, FencedError, PausedError, PoisonError, PreflightError],
  ...[SchemaError, SerializationError, StateError, StoreError, TimeoutError],
]);

/** How many characters are kept of the name, the message and the stack of an error. */
const MOST_CHARACTERS = 10_000;

/** How many names of what is left out are kept. */
const MOST_OMITTED = 50;

/**
 * Describes whatever was thrown as data. Never throws itself: a thrown value may be anything, getters that throw included.
 *
 * @param limits the limits of the values of a job that keeps the description: details and causes beyond them are left out
 */
export function describeError(thrown: unknown, stacks = false, limits: ValueLimits = ERROR_LIMITS): ErrorData {
  const depth = Math.min(limits.depth, ERROR_LIMITS.depth);
  const nodes = Math.min(limits.nodes, ERROR_LIMITS.nodes);
  const bytes = Math.min(limits.bytes, ERROR_LIMITS.bytes);
  return describe(thrown, { stacks, room: new JsonRoom({ depth, nodes, bytes }) }, 0, CAUSES);
}

/** What all parts of a description share. */
interface Describing {
  readonly stacks: boolean;
  readonly room: JsonRoom;
}

const UNKNOWN = "A value that cannot be described was thrown";

function describe(thrown: unknown, shared: Describing, depth: number, causes: number): ErrorData {
  try {
    if (typeof thrown === "object" && thrown !== null) return describeObject(thrown, shared, depth, causes);
    const message = shorten(messageOf(thrown), MOST_CHARACTERS);
    shared.room.takeText(message);
    return Object.freeze({ name: "Error", message });
  } catch {
    return Object.freeze({ name: "Error", message: UNKNOWN });
  }
}

/** Describes an error, or an object that is none: what it has of an error's parts, and its fields. */
function describeObject(thrown: object, shared: Describing, depth: number, causes: number): ErrorData {
  const { stacks, room } = shared;
  const isError = thrown instanceof Error;
  const { name, message, code, cause, errors, omitted: known }: Partial<Record<string, unknown>> = thrown;
  // Hosts make the text of a stack when it is read.
  const stack: unknown = stacks && "stack" in thrown ? thrown.stack : undefined;
  const whole = isError || typeof message === "string" ? String(message) : messageOf(thrown);
  const texts = {
    name: shorten(isError || typeof name === "string" ? String(name) : "Error", MOST_CHARACTERS),
    message: shorten(whole, MOST_CHARACTERS),
  };
  const hasCode = typeof code === "string" || (isErrorCode(code) && Object.hasOwn(thrown, "code"));
  room.take(PART_NODES, PART_BYTES);
  for (const text of [...Object.values(texts), hasCode ? code : "", stack]) {
    if (text !== undefined) room.takeText(String(text));
  }
  const omitted = new Set<string>(isTexts(known) ? known : []);
  if (texts.message !== whole) omitted.add("message");
  if (!isError && name !== undefined && typeof name !== "string") omitted.add("name");
  if (!isError && message !== undefined && typeof message !== "string") omitted.add("message");
  const describeAll = (field: string, list: readonly unknown[], at: number): readonly ErrorData[] => {
    const described: ErrorData[] = [];
    for (const each of list) {
      if (causes === 0 || !room.reaches(at + 1)) break;
      const data = room.attempt(() => describe(each, shared, at, causes - 1));
      if (data === undefined) break;
      described.push(data);
    }
    if (described.length < list.length) omitted.add(field);
    return Object.freeze(described);
  };
  const [described] = cause === undefined ? [] : describeAll("cause", [cause], depth + 1);
  const list: unknown = thrown instanceof AggregateError ? errors : undefined;
  const all = Array.isArray(list) ? describeAll("errors", list, depth + 2) : undefined;
  const parts = new Set([...Object.keys(texts), "cause", "stack"]);
  if (hasCode) parts.add("code");
  if (all !== undefined) parts.add("errors");
  if (isTexts(known)) parts.add("omitted");
  const details = detailsOf(thrown, parts, room, depth + 1, omitted);
  const names = room.reaches(depth + 1)
    ? [...omitted].filter((each) => room.attempt(() => (room.takeText(each), true)) === true)
    : [];
  return Object.freeze({
    ...texts,
    ...(hasCode ? { code } : {}),
    ...(described === undefined ? {} : { cause: described }),
    ...(details === undefined ? {} : { details }),
    ...(all === undefined ? {} : { errors: all }),
    ...(names.length === 0 ? {} : { omitted: Object.freeze(names) }),
    ...(typeof stack === "string" ? { stack: shorten(stack, MOST_CHARACTERS) } : {}),
  });
}

/** The room of what the parts of an error stand in. */
const PART_NODES = 4;
const PART_BYTES = 100;

function messageOf(thrown: unknown): string {
  if (typeof thrown === "string") return thrown;
  try {
    return `${String(thrown)} was thrown`;
  } catch {
    return UNKNOWN;
  }
}

/** The fields of an error that are none of its parts. */
function detailsOf(
  thrown: object,
  parts: ReadonlySet<string>,
  room: JsonRoom,
  depth: number,
  omitted: Set<string>,
): JsonObject | undefined {
  if (TOLD_BY_MESSAGE.has(constructorOf(thrown))) return undefined;
  const details: Record<string, JsonValue> = {};
  for (const key of Object.keys(thrown)) {
    if (parts.has(key)) continue;
    const value = fieldOf(thrown, key);
    if (value === undefined) continue;
    const copied = isPlainKey(key) ? copyField(room, key, value, depth + 1) : undefined;
    if (copied !== undefined) details[key] = copied;
    else if (omitted.size < MOST_OMITTED) omitted.add(key);
  }
  return Object.keys(details).length === 0 ? undefined : Object.freeze(details);
}

function copyField(room: JsonRoom, key: string, value: unknown, depth: number): JsonValue | undefined {
  return room.attempt(() => {
    room.takeText(key);
    return room.copy(value, depth);
  });
}

/** A field of an error; one that throws when it is read has a value that is no JSON. */
function fieldOf(thrown: object, key: string): unknown {
  try {
    return Reflect.get(thrown, key);
  } catch (error) {
    return error;
  }
}

/** Says whether a value can be the code of an error as data. */
export function isErrorCode(code: unknown): code is string | number {
  return typeof code === "string" || (typeof code === "number" && Number.isFinite(code));
}

/** Says whether a value is a list of texts that is not empty. */
export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string");
}

const ERROR_CLASSES: ReadonlyMap<string, new (message: string, options?: ErrorOptions) => Error> = new Map(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((Class) => [Class.name, Class]),
);

/** Makes an `Error` of the data again: of the built-in class of that name, else an `Error` that carries the name. */
export function reviveError(data: ErrorData): Error {
  const { name, message, code, cause, details = {}, errors, omitted, stack } = data;
  const options = cause === undefined ? undefined : { cause: reviveError(cause) };
  const error = errors === undefined
    ? new (ERROR_CLASSES.get(name) ?? Error)(message, options)
    : new AggregateError(errors.map(reviveError), message, options);
  for (const key of Object.keys(details)) {
    // The data may be that of a payload, which nobody may change.
    if (!(key in error)) define(error, key, copyPlain(details[key]), true);
  }
  if (error.name !== name) define(error, "name", name);
  if (code !== undefined) define(error, "code", code);
  if (omitted !== undefined) define(error, "omitted", [...omitted]);
  if (stack !== undefined) define(error, "stack", stack);
  return error;
}

function define(error: Error, key: string, value: unknown, enumerable = false): void {
  Object.defineProperty(error, key, { value, configurable: true, writable: true, enumerable });
}

/**
 * What an error can be told by: its name, its code, and the names of its classes below `Error`, which would stand for any. An
 * error that has come as data has no class of its own: it goes by its name and code.
 */
export function errorKinds(thrown: unknown, { name, code }: ErrorData): readonly (string | number)[] {
  const kinds = code === undefined ? [name] : [name, code];
  try {
    for (let at: unknown = thrown; at instanceof Error; at = Object.getPrototypeOf(at)) {
      const Class = constructorOf(at);
      if (typeof Class === "function" && Class !== Error) kinds.push(functionName(Class));
    }
  } catch {
    // The prototype of a proxy cannot always be asked for: the name and the code are known.
  }
  return kinds;
}

/** Says whether an error is that of a job that would make more tasks than it may. */
export function isStepLimit({ name, code }: ErrorData): boolean {
  return name === "StepLimitError" && code === "STEP_LIMIT";
}
