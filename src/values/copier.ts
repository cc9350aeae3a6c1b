import { encodeBase64 } from "../base/base64.ts";
import type { ClassTable } from "./class_table.ts";
import { Collected, storedItems } from "./collected.ts";
import { describeError } from "./error_data.ts";
import type { SerializationError } from "../base/errors.ts";
import { formatInstant } from "../base/instant.ts";
import {
  cloneArray,
  isJsonArray,
  isOwnKey,
  isRecord,
  isWide,
  type JsonObject,
  type JsonValue,
  withValues,
} from "./json.ts";
import { className, describeValue } from "../base/path.ts";
import { isTagged, type Payload, taggedPayload, unseenPayload, type ValueLimits, wireOf } from "./payload.ts";
import { type EncodeSubject, Refusal } from "./refusal.ts";
import { utf8Length } from "../base/text.ts";
import { isAsyncAnswer } from "../base/thenable.ts";

/** The answer of the copying methods for a value that is refused; the copier keeps the refusal. */
const REFUSED: unique symbol = Symbol("refused");
type Copied = JsonValue | typeof REFUSED;

/** Checks and copies one value, or the parts of one. */
export class Copier {
  readonly #classes: ClassTable;
  readonly #subject: EncodeSubject;
  readonly #limits: ValueLimits;
  /** Whether all that has been copied is frozen: lists are not. */
  #isFrozen = true;
  #tagged = false;
  #nodes: number;
  #refusal: Refusal | undefined;

  /** Makes a copier; `nodes` is the number of values that the caller has copied of the same value. */
  constructor(classes: ClassTable, subject: EncodeSubject, limits: ValueLimits, nodes: number = 0) {
    this.#classes = classes;
    this.#subject = subject;
    this.#limits = limits;
    this.#nodes = nodes;
  }

  /**
   * Copies a value; parts that stand in `known` at the same place are shared.
   *
   * @throws {SerializationError} naming the path of the first thing that JSON cannot carry
   */
  encode(value: unknown, known: JsonValue | undefined): Payload {
    return this.#finish(this.#copy(value, 0, known));
  }

  /**
   * Copies a plain object of many keys, as `encode` does.
   *
   * @throws {SerializationError} naming the path of the first thing that JSON cannot carry
   */
  encodeWide(record: object, known: JsonValue | undefined): Payload {
    this.#nodes++;
    return this.#finish(this.#copyWide(record, 0, known));
  }

  /**
   * Copies a value of a record that somebody else copies.
   *
   * @throws {SerializationError} naming the path of the first thing that JSON cannot carry
   */
  encodePart(record: object, key: string, value: unknown, known: JsonValue | undefined): JsonValue {
    const copied = this.#copyValue(key, value, 0, known);
    if (copied !== REFUSED) return copied;
    this.#step(record, key);
    throw this.#error();
  }

  /**
   * Ends the copy of a record whose parts it has copied.
   *
   * @throws {SerializationError} when it is larger than it may be
   */
  finish(record: Readonly<Record<string, JsonValue>>): Payload {
    return this.#finish(this.#nodes > this.#limits.nodes ? this.#tooMany() : this.#seal(record));
  }

  #finish(json: Copied): Payload {
    if (json === REFUSED || this.#isTooLong(json)) throw this.#error();
    if (this.#tagged) return taggedPayload(json);
    return this.#isFrozen ? json : unseenPayload(json);
  }

  #isTooLong(json: JsonValue): boolean {
    const most = this.#limits.bytes;
    if (most === Infinity) return false;
    const bytes = utf8Length(JSON.stringify(json));
    if (bytes <= most) return false;
    this.#refuse(`takes ${bytes} bytes as JSON, more than limits.bytes allows (${most})`);
    return true;
  }

  #error(): SerializationError {
    // Unreachable default: whatever answers REFUSED has set a refusal.
    return (this.#refusal ?? new Refusal("is refused")).error(this.#subject);
  }

  #refuse(reason: string, cause?: unknown, deepest?: object): typeof REFUSED {
    this.#refusal = new Refusal(reason, cause, deepest);
    return REFUSED;
  }

  #copy(value: unknown, depth: number, known?: JsonValue): Copied {
    if (++this.#nodes > this.#limits.nodes) return this.#tooMany();
    if (typeof value === "object") return value === null ? null : this.#copyObject(value, depth, known);
    return scalarOf(value) ?? this.#copyOther(value, depth);
  }

  #copyOther(value: unknown, depth: number): Copied {
    if (typeof value === "number") return this.#refuse(`is ${value}, which JSON cannot carry; null can stand for it`);
    if (typeof value !== "bigint") return this.#refuse(`is ${describeValue(value)}; send what it stands for instead`);
    return depth > this.#limits.depth ? this.#tooDeep(undefined) : this.#tagText("bigint", String(value));
  }

  #copyObject(value: object, depth: number, known: JsonValue | undefined): Copied {
    if (depth > this.#limits.depth) return this.#tooDeep(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return this.#copyRecord(value, depth, known);
    if (Array.isArray(value)) {
      if (prototype === Array.prototype || isRootPrototype(Object.getPrototypeOf(prototype))) {
        return this.#copyArray(value, depth, known);
      }
    } else if (isRootPrototype(prototype)) return this.#copyRecord(value, depth, known);
    return this.#copyInstance(value, depth);
  }

  #copyRecord(record: object, depth: number, known: JsonValue | undefined): Copied {
    if (isWide(record)) return this.#copyWide(record, depth, known);
    const copy: Record<string, JsonValue> = {};
    for (const key in record) {
      if (!isOwnKey(record, key)) continue;
      const value: unknown = record[key as keyof typeof record];
      if (value === undefined) continue;
      const copied = this.#copyValue(key, value, depth, known);
      if (copied === REFUSED) return this.#step(record, key);
      copy[key] = copied;
    }
    return this.#seal(copy);
  }

  #copyWide(record: object, depth: number, known: JsonValue | undefined): Copied {
    const copy: Record<string, JsonValue> = { ...record };
    let isWhole = Object.getOwnPropertySymbols(copy).length === 0;
    for (const key in copy) {
      const value: unknown = copy[key];
      if (value === undefined) {
        isWhole = false;
        continue;
      }
      const copied = this.#copyValue(key, value, depth, known);
      // To look is cheaper than to store, and most values stay what they are; -0 does not. The loop also names keys of the prototype.
      if ((copied === value && copied !== 0) || !isOwnKey(copy, key)) continue;
      if (copied === REFUSED) return this.#step(record, key);
      copy[key] = copied;
    }
    return this.#seal(isWhole ? copy : withValues(copy));
  }

  #copyValue(key: string, value: unknown, depth: number, known: JsonValue | undefined): Copied {
    if (!isUserKey(key)) return this.#refuse(`is a key that user data cannot have`);
    if (typeof value !== "object" || !isRecord(known)) return this.#copy(value, depth + 1);
    return this.#copyPart(value, depth + 1, known[key]);
  }

  #copyArray(array: readonly unknown[], depth: number, known: JsonValue | undefined): Copied {
    // It may claim any length.
    if (array.length > this.#limits.nodes - this.#nodes) return this.#tooMany();
    const copy = cloneArray(array);
    for (let i = 0; i < copy.length; i++) {
      const value: unknown = copy[i];
      const copied = value === undefined
        ? this.#refuse(
          i in array ? "is undefined; an array can hold null instead" : "is a hole; an array can hold null instead",
        )
        : this.#copyPart(value, depth + 1, isJsonArray(known) ? known[i] : undefined);
      if (Object.is(copied, value)) continue;
      if (copied === REFUSED) return this.#step(array, i);
      copy[i] = copied;
    }
    this.#isFrozen = false;
    return copy;
  }

  /** Copies a part, unless it stands in what is known. */
  #copyPart(value: unknown, depth: number, known: JsonValue | undefined): Copied {
    if (known === undefined || value !== known) return this.#copy(value, depth, known);
    return this.#measure(known, depth) ?? known;
  }

  #copyInstance(value: object, depth: number): Copied {
    const name = this.#classes.classNameOf(value);
    if (name !== undefined) return this.#copyRegistered(name, value, depth);
    if (value instanceof Collected) return this.#copyCollected(value, depth);
    try {
      return this.#copyBuiltIn(value, depth);
    } catch (cause) {
      return this.#refuse(`is ${describeValue(value)} that cannot be read: ${describeError(cause).message}`, cause);
    }
  }

  #copyBuiltIn(value: object, depth: number): Copied {
    if (isExactly(value, Date)) {
      const ms = value.getTime();
      return Number.isNaN(ms)
        ? this.#refuse("is an invalid date; null can stand for it")
        : this.#tagText("Date", formatInstant(ms));
    }
    if (value instanceof Uint8Array) return this.#tagText("Uint8Array", encodeBase64(value));
    if (isExactly(value, Map)) return this.#copyEntries("Map", value, Array.from(value), depth);
    if (isExactly(value, Set)) return this.#copyEntries("Set", value, Array.from(value), depth);
    if (value instanceof Error) return this.#copyEntries("Error", value, describeError(value), depth);
    return this.#refuse(`is ${describeValue(value)}; ${remedy(value)}`);
  }

  #copyEntries(tag: string, owner: object, entries: object, depth: number): Copied {
    const copied = this.#copy(entries, depth + 1);
    if (copied !== REFUSED) return this.#tag(tag, copied);
    this.#refusal?.meetOwner(owner, entries, tag === "Map");
    return REFUSED;
  }

  #copyRegistered(name: string, value: object, depth: number): Copied {
    if (!("toJSON" in value) || typeof value.toJSON !== "function") {
      return this.#refuse(`is an instance of '${name}', which has no toJSON method`);
    }
    let json: unknown;
    try {
      json = value.toJSON();
    } catch (cause) {
      return this.#refuse(`cannot be written: toJSON of '${name}' threw ${describeError(cause).message}`, cause);
    }
    const copied = this.#copy(json, depth + 1);
    if (copied !== REFUSED) return this.#tag(name, copied);
    this.#refusal?.meet(value);
    return REFUSED;
  }

  /** The items have been checked and frozen when they were appended: only their depth below this list is new. */
  #copyCollected(list: Collected<unknown>, depth: number): Copied {
    const items: JsonValue[] = [];
    for (const stored of storedItems(list)) {
      const json = wireOf(stored);
      if (isTagged(stored)) this.#tagged = true;
      if (this.#measure(json, depth + 1) !== undefined) return this.#step(list, items.length);
      items.push(json);
    }
    this.#isFrozen = false;
    return items;
  }

  #measure(json: JsonValue | undefined, depth: number): typeof REFUSED | undefined {
    if (++this.#nodes > this.#limits.nodes) return this.#tooMany();
    if (typeof json !== "object" || json === null) return undefined;
    if (depth > this.#limits.depth) return this.#tooDeep(json);
    return isJsonArray(json) ? this.#measureArray(json, depth) : this.#measureRecord(json, depth);
  }

  #measureArray(array: readonly JsonValue[], depth: number): typeof REFUSED | undefined {
    if (array.length > this.#limits.nodes - this.#nodes) return this.#tooMany();
    for (let i = 0; i < array.length; i++) {
      if (this.#measure(array[i], depth + 1) !== undefined) return this.#step(array, i);
    }
    return undefined;
  }

  #measureRecord(record: JsonObject, depth: number): typeof REFUSED | undefined {
    for (const key in record) if (this.#measure(record[key], depth + 1) !== undefined) return this.#step(record, key);
    return undefined;
  }

  /** The tag is a value more, as it will be when the document is read. */
  #tag(tag: string, value: JsonValue): Copied {
    if (++this.#nodes > this.#limits.nodes) return this.#tooMany();
    this.#tagged = true;
    return this.#seal({ $type: tag, value });
  }

  #tagText(tag: string, text: string): Copied {
    return ++this.#nodes > this.#limits.nodes ? this.#tooMany() : this.#tag(tag, text);
  }

  /** Nothing is frozen that has something in it which is not. */
  #seal<T extends object>(copy: T): T {
    return this.#isFrozen ? Object.freeze(copy) : copy;
  }

  #tooMany(): typeof REFUSED {
    return this.#refuse(`is part of more than ${this.#limits.nodes} values; raise limits.nodes, or send less at once`);
  }

  #tooDeep(value: object | undefined): typeof REFUSED {
    return this.#refuse(`is nested deeper than limits.depth allows (${this.#limits.depth})`, undefined, value);
  }

  #step(owner: object, key: string | number): typeof REFUSED {
    this.#refusal?.step(owner, key);
    return REFUSED;
  }
}

/** Says whether user data can have a key: one would change the prototype, the other stands for something else. */
export function isUserKey(key: string): boolean {
  return key !== "__proto__" && key !== "$type";
}

/** What JSON carries as it is, -0 as 0; nothing for any other value. */
export function scalarOf(value: unknown): string | boolean | number | undefined {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value === 0 ? 0 : value;
  return undefined;
}

/** An instance of a subclass would come back as one of the class itself. */
function isExactly<T extends object>(value: object, Class: new () => T): value is T {
  return value instanceof Class && Object.getPrototypeOf(value) === Class.prototype;
}

/** A root prototype is that of plain objects: this realm's, or another's. */
function isRootPrototype(prototype: unknown): boolean {
  return typeof prototype === "object" && prototype !== null && Object.getPrototypeOf(prototype) === null;
}

function remedy(value: object): string {
  if (isAsyncAnswer(value)) return "await it first";
  if (Array.isArray(value)) return "it is of a class of its own: send a plain array";
  return className(value) === undefined
    ? "emit a plain object instead"
    : "register its class with a toJSON method and a static fromJSON, or send a plain object";
}
