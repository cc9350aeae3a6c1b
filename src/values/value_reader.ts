import { BUILT_IN_TAGS } from "./class_table.ts";
import { decodeBase64 } from "../base/base64.ts";
import { SerializationError } from "../base/errors.ts";
import { parseInstant } from "../base/instant.ts";
import { isErrorCode, isTexts } from "./error_data.ts";
import { cloneArray, isOwnKey, isRecord, isWide, type JsonValue, withValues } from "./json.ts";
import { copyPlain } from "./json_room.ts";
import { type Payload, taggedPayload, unseenPayload, type ValueLimits } from "./payload.ts";
import { describeValue, joinPath, type Path } from "../base/path.ts";
import { utf8Length } from "../base/text.ts";

const INTEGER = /^(?:0|-?[1-9]\d*)$/;

/**
 * Reads user values out of a document that came from outside: checks each, makes frozen JSON of it, and notes which classes
 * they name. Nothing is built and no class is looked up. The document stays as it is, unless the reader adopts it: then what
 * is in it is frozen where it is, and only what was frozen before is copied, if something in it must be written otherwise.
 */
export class ValueReader {
  readonly #document: string;
  readonly #limits: ValueLimits;
  readonly #adopts: boolean;
  /** The names of the classes met, each with the first place that needs it. */
  readonly classes: Map<string, string> = new Map();
  #tagged = false;
  #freezes = true;
  #nodes = 0;
  #root: Path = "";
  /** What comes after the root. */
  #part = "";
  /** The keys on the way to what is being read, by depth; beyond it stand those of earlier ways. */
  readonly #keys: (string | number)[] = [];

  /** Makes a reader for a document of a format, such as `routilux/job`. */
  constructor(document: string, limits: ValueLimits, adopts: boolean = false) {
    this.#document = document;
    this.#limits = limits;
    this.#adopts = adopts;
  }

  /**
   * Reads one value that stands at `path` in the document, or at a part of what stands there, such as `.data`.
   *
   * @throws {SerializationError} with the path of what JSON cannot hold, of a wrong tag, or of what is too deep or large
   */
  read(value: unknown, path: Path, part: string = ""): Payload {
    const json = this.#readRoot(value, path, part, true);
    return this.#tagged ? taggedPayload(json) : json;
  }

  /** Reads a value for a task, which may be left out: nothing of it is frozen. */
  readUnseen(value: unknown, path: Path, part: string): Payload | undefined {
    if (value === undefined) return undefined;
    const json = this.#readRoot(value, path, part, false);
    return this.#tagged ? taggedPayload(json) : unseenPayload(json);
  }

  #readRoot(value: unknown, path: Path, part: string, freezes: boolean): JsonValue {
    this.#tagged = false;
    this.#nodes = 0;
    this.#root = path;
    this.#part = part;
    this.#freezes = freezes;
    const json = this.#read(value, 0);
    if (this.#limits.bytes !== Infinity && utf8Length(JSON.stringify(json)) > this.#limits.bytes) {
      this.#fail(`JSON of at most ${this.#limits.bytes} bytes (the limit bytes)`, "a longer one", 0);
    }
    return json;
  }

  #read(value: unknown, depth: number): JsonValue {
    if (++this.#nodes > this.#limits.nodes) this.#tooMany(depth);
    if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
    if (typeof value === "number") {
      if (!Number.isFinite(value)) this.#fail("a finite number", String(value), depth);
      return value === 0 ? 0 : value;
    }
    if (typeof value !== "object") return this.#fail("JSON", describeValue(value), depth);
    if (depth > this.#limits.depth) {
      this.#fail(`nesting of at most ${this.#limits.depth} (the limit depth)`, "deeper nesting", depth);
    }
    return Array.isArray(value) ? this.#readArray(value, depth) : this.#readRecord(value, depth);
  }

  #readArray(array: readonly unknown[], depth: number): JsonValue {
    // It may claim any length.
    if (array.length > this.#limits.nodes - this.#nodes) this.#tooMany(depth);
    let read = this.#adopts ? array as JsonValue[] : cloneArray(array);
    for (let i = 0; i < read.length; i++) {
      this.#keys[depth] = i;
      const item = this.#read(read[i], depth + 1);
      if (Object.is(item, read[i])) continue;
      if (this.#adopts && Object.isFrozen(read)) read = [...read];
      read[i] = item;
    }
    return this.#freezes ? Object.freeze(read) : read;
  }

  #readRecord(record: object, depth: number): JsonValue {
    const read = this.#adopts || isWide(record) ? this.#readWhole(record, depth) : this.#copyNarrow(record, depth);
    if (Object.hasOwn(read, "$type")) this.#checkTag(read, depth);
    return this.#freezes ? Object.freeze(read) : read;
  }

  #copyNarrow(record: object, depth: number): Record<string, JsonValue> {
    const copy: Record<string, JsonValue> = {};
    for (const key in record) {
      if (!isOwnKey(record, key)) continue;
      const value: unknown = record[key as keyof typeof record];
      if (value !== undefined) copy[key] = this.#readPart(key, value, depth);
    }
    return copy;
  }

  #readWhole(record: object, depth: number): Record<string, JsonValue> {
    let read = this.#adopts ? record as Record<string, JsonValue> : { ...record };
    let isWhole = this.#adopts || Object.getOwnPropertySymbols(read).length === 0;
    for (const key in read) {
      if (!isOwnKey(read, key)) continue;
      const value: unknown = read[key];
      if (value === undefined) {
        isWhole = false;
        continue;
      }
      const part = this.#readPart(key, value, depth);
      if (Object.is(part, value)) continue;
      if (this.#adopts && Object.isFrozen(read)) read = { ...read };
      read[key] = part;
    }
    return isWhole ? read : withValues(read);
  }

  #readPart(key: string, value: unknown, depth: number): JsonValue {
    this.#keys[depth] = key;
    if (key === "__proto__") this.#fail("no key of this name", "one", depth + 1);
    return this.#read(value, depth + 1);
  }

  #checkTag(tagged: Readonly<Record<string, JsonValue>>, depth: number): void {
    const { $type: tag, value } = tagged;
    if (typeof tag !== "string" || tag === "" || value === undefined || Object.keys(tagged).length !== 2) {
      this.#fail('a tagged value, { "$type": name, "value": … }', describeValue(tag ?? tagged), depth);
    }
    this.#tagged = true;
    if (!BUILT_IN_TAGS.has(tag)) {
      if (!this.classes.has(tag)) this.classes.set(tag, this.#path(depth));
    } else if (!isTagContent(tag, value)) this.#fail(`the value of a ${tag}`, describeValue(value), depth);
  }

  #tooMany(depth: number): never {
    return this.#fail(`at most ${this.#limits.nodes} values (the limit nodes)`, "more", depth);
  }

  #path(depth: number): string {
    return joinPath(`${this.#root}${this.#part}`, this.#keys.slice(0, depth));
  }

  #fail(expected: string, got: string, depth: number): never {
    const path = this.#path(depth);
    throw new SerializationError(
      `Cannot read ${this.#document}: ${path}: expected ${expected}, got ${got}`,
      this.#document,
      path,
    );
  }
}

function isTagContent(tag: string, value: JsonValue): boolean {
  switch (tag) {
    case "Date":
      return typeof value === "string" && isDateText(value);
    case "bigint":
      return typeof value === "string" && INTEGER.test(value);
    case "Uint8Array":
      return typeof value === "string" && decodeBase64(value) !== undefined;
    case "Map":
      return Array.isArray(value) && value.every((pair: unknown) => Array.isArray(pair) && pair.length === 2);
    case "Set":
      return Array.isArray(value);
    default:
      return isErrorData(value);
  }
}

/** A `Date` reaches further than the job's own instants: years before 0 and after 9999 have six digits. */
function isDateText(text: string): boolean {
  if (parseInstant(text) !== undefined) return true;
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === text;
}

/** A longer chain of causes is none that was written here. */
const MOST_CAUSES = 100;

/** Says whether JSON is an error as `describeError` writes it. */
export function isErrorData(value: unknown, causes: number = MOST_CAUSES): boolean {
  if (!isRecord(value) || causes < 0) return false;
  const { name, message, code, cause, details, errors, omitted, stack, ...rest } = value;
  return typeof name === "string" && typeof message === "string" && Object.keys(rest).length === 0 &&
    (code === undefined || isErrorCode(code)) && (stack === undefined || typeof stack === "string") &&
    (cause === undefined || isErrorData(cause, causes - 1)) && (omitted === undefined || isTexts(omitted)) &&
    (errors === undefined || (Array.isArray(errors) && errors.every((each) => isErrorData(each, causes - 1)))) &&
    (details === undefined || (isRecord(details) && copyPlain(details) !== undefined));
}
