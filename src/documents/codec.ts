import * as v from "valibot";
import { formatInstant, LAST_INSTANT, parseInstant } from "../base/instant.ts";
import { isName, RESERVED_NAMES } from "../base/options.ts";
import { ItemPath, type Path, pathStep } from "../base/path.ts";
import { errorJson } from "../job/decide.ts";
import type { ErrorData } from "../values/error_data.ts";
import { isRecord, type JsonObject, type JsonValue } from "../values/json.ts";
import { copyPlain } from "../values/json_room.ts";
import type { Payload } from "../values/payload.ts";
import { isErrorData } from "../values/value_reader.ts";
import type { DocumentReader } from "./reader.ts";
import * as schemas from "./schema.ts";
import { once, type Schema } from "./schema.ts";

/** Writes a value's JSON: as it is for a text, frozen for a document that users see. */
export type WriteValue = (stored: Payload) => JsonValue;

/**
 * How one part of a document travels. `T` is what the library holds, `D` what stands in the document; `undefined` is left
 * out. The schema, the writer and the reader of a larger part follow from those of its parts, and the compiler holds them to
 * both types.
 */
export interface Codec<T, D> {
  /** What its document looks like. Schemas are made when the first document is read: that takes milliseconds. */
  readonly schema: () => Schema<D>;
  /** Writes it. */
  readonly write: (value: T, json: WriteValue) => D;
  /** Reads it from a document that fits the schema, where it stands at `part` of `path`. */
  readonly read: (document: D, reader: DocumentReader, path: Path, part: string) => T;
  /** It is written and checked, but not read by the shape that it is a part of. */
  readonly isOnlyWritten?: true;
  /** A document has the value as the library holds it: shapes copy it without a call. */
  readonly isCopied?: true;
  /** The word that stands in each document, whatever the library holds. */
  readonly word?: string | number;
}

/** Any codec, for code that goes over several. Methods, so that the compiler takes each of them for one. */
interface AnyCodec {
  schema(): Schema<unknown>;
  write(value: unknown, json: WriteValue): unknown;
  read(document: unknown, reader: DocumentReader, path: Path, part: string): unknown;
  readonly isOnlyWritten?: true;
  readonly isCopied?: true;
  readonly word?: string | number;
}

/** A codec for each key of a document. Each key of what the library holds is among them, so that nothing is lost. */
export type Fields<T, D> =
  & { readonly [K in keyof D]-?: Codec<K extends keyof T ? T[K] : undefined, D[K]> }
  & { readonly [K in Exclude<keyof T, keyof D>]-?: never };

/** An object with these keys and no others. They are written, checked and read in sorted order, but for those to be read first. */
// @__NO_SIDE_EFFECTS__
export function shape<T extends object, D extends object>(
  fields: NoInfer<Fields<T, D>>,
  readFirst: readonly (keyof D & string)[] = [],
): Codec<T, D> {
  const parts = Object.entries<AnyCodec>(fields).sort(([a], [b]) => a < b ? -1 : 1).map(([key, codec]) => {
    return { key, codec, part: `.${key}`, isCopied: codec.isCopied === true, word: codec.word };
  });
  const first = parts.filter(({ key }) => readFirst.some((it) => it === key));
  const read = [...new Set([...first, ...parts])].filter(({ codec }) => codec.isOnlyWritten !== true);
  return {
    schema: once(() => {
      const entries = Object.fromEntries(parts.map(({ key, codec }) => [key, codec.schema()]));
      return schemas.strict<D>(entries as schemas.Entries<D>);
    }),
    write: (value, json) => {
      const document: Record<string, unknown> = {};
      for (const { key, codec, isCopied, word } of parts) {
        const given = word ?? value[key as keyof T];
        if (given === undefined) continue;
        const item = isCopied ? given : codec.write(given, json);
        if (item !== undefined) document[key] = item;
      }
      return document as D;
    },
    read: (document, reader, path, part) => {
      const at = part === "" ? path : `${path}${part}`;
      const value: Record<string, unknown> = {};
      for (const { key, codec, part, isCopied } of read) {
        const item = document[key as keyof D];
        value[key] = isCopied ? item : codec.read(item, reader, at, part);
      }
      return value as T;
    },
  };
}

/** A part that the library holds in another form than the codec at hand. */
// @__NO_SIDE_EFFECTS__
export function via<T, U, D>(
  { schema, write, read }: Codec<U, D>,
  to: (value: T) => U,
  from: (value: U, reader: DocumentReader, path: Path, part: string) => T,
): Codec<T, D> {
  return {
    schema,
    write: (value, json) => write(to(value), json),
    read: (document, reader, path, part) => from(read(document, reader, path, part), reader, path, part),
  };
}

/** A part that is in the document as the library holds it. */
// @__NO_SIDE_EFFECTS__
export function same<T>(make: () => Schema<T>): Codec<T, T> {
  return { schema: once(make), write: (value) => value, read: (document) => document, isCopied: true };
}

/** A word, or a number, that is always the same. */
// @__NO_SIDE_EFFECTS__
export function literal<const W extends string | number | true>(word: W): Codec<W, W> {
  return same(() => schemas.literal(word));
}

/** A word by which the document says what it is. */
// @__NO_SIDE_EFFECTS__
export function mark<const W extends string | number>(word: W): Codec<undefined, W> {
  const { schema } = literal(word);
  return { schema, write: () => word, read: () => undefined, isCopied: true, isOnlyWritten: true, word };
}

/** One of several words. */
// @__NO_SIDE_EFFECTS__
export function oneOf<const W extends string>(words: readonly W[]): Codec<W, W> {
  return same(() => schemas.oneOf(words));
}

/** A part that may be missing. */
// @__NO_SIDE_EFFECTS__
export function optional<T, D>({ schema, write, read, isCopied }: Codec<T, D>): Codec<T | undefined, D | undefined> {
  return {
    ...(isCopied && { isCopied }),
    schema: once(() => schemas.optional(schema())),
    write: (value, json) => value === undefined ? undefined : write(value, json),
    read: (document, reader, path, part) => document === undefined ? undefined : read(document, reader, path, part),
  };
}

/** A list. */
// @__NO_SIDE_EFFECTS__
export function list<T, D>({ schema, write, read }: Codec<T, D>): Codec<readonly T[], readonly D[]> {
  return {
    schema: once(() => schemas.list(schema())),
    write: (items, json) => {
      const documents: D[] = [];
      for (const item of items) documents.push(write(item, json));
      return documents;
    },
    read: (documents, reader, path, part) => {
      const at = new ItemPath(`${path}${part}`);
      const items: T[] = [];
      for (const document of documents) {
        items.push(read(document, reader, at, ""));
        at.index++;
      }
      return items;
    },
  };
}

/** A list that is left out when it is empty. */
// @__NO_SIDE_EFFECTS__
export function optionalList<T, D>(codec: Codec<T, D>): Codec<readonly T[], readonly D[] | undefined> {
  const { schema, write, read } = list(codec);
  return {
    schema: once(() => schemas.optional(schema())),
    write: (items, json) => items.length === 0 ? undefined : write(items, json),
    read: (documents, reader, path, part) => documents === undefined ? [] : read(documents, reader, path, part),
  };
}

/** A map that travels as a list of objects, each with the `key` of its item. */
// @__NO_SIDE_EFFECTS__
export function keyed<T, E, D extends { readonly key: string }>(
  entry: Codec<E, D>,
  to: (key: string, item: T) => E,
  from: (entry: E, reader: DocumentReader, path: Path) => T,
): Codec<ReadonlyMap<string, T>, readonly D[]> {
  return {
    schema: once(() => schemas.list(entry.schema())),
    write: (items, json) => Array.from(items, ([key, item]) => entry.write(to(key, item), json)),
    read: (documents, reader, path, part) => {
      const items = new Map<string, T>();
      const at = new ItemPath(`${path}${part}`);
      for (const document of documents) {
        const { key } = document;
        if (items.has(key)) reader.fail(`${at}.key`, "each key once", JSON.stringify(key));
        items.set(key, from(entry.read(document, reader, at, ""), reader, at));
        at.index++;
      }
      return items;
    },
  };
}

/** A map whose keys are names that users chose: sorted, as all of the library's own keys. */
// @__NO_SIDE_EFFECTS__
export function named<T, D>({ schema, write, read }: Codec<T, D>): Codec<Map<string, T>, Names<D>> {
  return {
    schema: once(() => schemas.named(schema())),
    write: (items, json) => {
      const sorted = Array.from(items).sort(([a], [b]) => a < b ? -1 : 1);
      return Object.fromEntries(sorted.map(([name, item]) => [name, write(item, json)]));
    },
    read: (documents, reader, path, part) => {
      const items = Object.entries(documents);
      return new Map(items.map(([name, item]) => [name, read(item, reader, path, part + pathStep(name))]));
    },
  };
}

/** Documents by names that users chose. */
export type Names<D> = { readonly [name: string]: D };

/** A map as `named`, which is left out when it is empty. */
// @__NO_SIDE_EFFECTS__
export function optionalNamed<T, D>(codec: Codec<T, D>): Codec<Map<string, T>, Names<D> | undefined> {
  const { schema, write, read } = optional(named(codec));
  return {
    schema,
    write: (items, json) => items.size === 0 ? undefined : write(items, json),
    read: (documents, reader, path, part) => read(documents, reader, path, part) ?? new Map(),
  };
}

/** A value, or lists by key. */
export type ValueOrLists<L> =
  | { readonly kind: "value"; readonly value: Payload | undefined }
  | { readonly kind: "lists"; readonly lists: L };

/** A value, or lists by key. */
// @__NO_SIDE_EFFECTS__
export function valueOrLists<L, D>(
  lists: Codec<L, D>,
): Codec<ValueOrLists<L>, { readonly lists?: D; readonly value?: JsonValue }> {
  const { schema, write, read } = shape<
    { lists?: L | undefined; value?: Payload | undefined },
    { readonly lists?: D; readonly value?: JsonValue }
  >({ lists: optional(lists), value: optionalValue });
  return {
    schema,
    write,
    read: (document, reader, path, part) => {
      const { lists, value } = read(document, reader, path, part);
      if (lists === undefined) return { kind: "value", value };
      return value === undefined ? { kind: "lists", lists } : reader.fail(path + part, "a value or lists", "both");
    },
  };
}

/** A whole number from 0. */
export const count: Codec<number, number> = same(() => schemas.integer(0));

/** A whole number from 1. */
export const positive: Codec<number, number> = same(() => schemas.integer(1));

/** A count that is left out when it is 0. */
export const optionalCount: Codec<number, number | undefined> = {
  schema: once(() => schemas.optional(positive.schema())),
  write: (value) => value === 0 ? undefined : value,
  read: (document) => document ?? 0,
};

/** A flag that is left out when it is not set. */
export const flag: Codec<boolean, true | undefined> = {
  schema: once(() => schemas.optional(schemas.literal(true))),
  write: (value) => value ? true : undefined,
  read: (document) => document === true,
};

/** Milliseconds. */
export const duration: Codec<number, number> = same(() => schemas.between(0));

/** How long a job may work: `null` in documents is for ever. */
export const timeout: Codec<number, number | null> = {
  schema: once(() => v.nullable(schemas.between(1))),
  write: (value) => value === Infinity ? null : value,
  read: (document) => document ?? Infinity,
};

/** Any text. */
export const text: Codec<string, string> = same(() => schemas.quick(v.string(), (input) => typeof input === "string"));

/** A name that a user chose. */
export const name: Codec<string, string> = same(() =>
  schemas.quick(
    v.pipe(
      v.string(),
      v.nonEmpty("Invalid name: expected a name that is not empty"),
      v.check(
        (text) => !RESERVED_NAMES.has(text),
        `Invalid name: expected a name other than ${Array.from(RESERVED_NAMES).join(", ")}`,
      ),
    ),
    isName,
  )
);

/** A key of users' values. No object that is made of them could have it as a key of its own. */
export const key: Codec<string, string> = same(() =>
  schemas.quick(
    v.pipe(v.string(), v.check((text) => text !== "__proto__", "Invalid key: expected a key other than __proto__")),
    (input) => typeof input === "string" && input !== "__proto__",
  )
);

/** An instant: ISO 8601 in documents. */
export const instant: Codec<number, string> = {
  schema: once(() =>
    schemas.quick(
      v.pipe(v.string(), v.check(isInstant, "Invalid instant: expected ISO 8601 in UTC with milliseconds")),
      (input) => typeof input === "string" && isInstant(input),
    )
  ),
  write: formatInstant,
  read: (document) => parseInstant(document) ?? 0, // Unreachable default: the schema has checked the form.
};

function isInstant(text: string): boolean {
  return (parseInstant(text) ?? Infinity) <= LAST_INSTANT;
}

/** A user's value. `ValueReader` checks it; JSON has no `undefined`, so that one is missing. */
export const value: Codec<Payload, JsonValue> = {
  schema: once(() => schemas.quick(v.custom<JsonValue>(() => true), (input) => input !== undefined)),
  write: (stored, json) => json(stored),
  read: (document, reader, path, part) => reader.values.read(document, path, part),
};

/** A user's value that may be missing. */
export const optionalValue: Codec<Payload | undefined, JsonValue | undefined> = optional(value);

/** What users' values by key look like. */
export const valuesSchema: () => Schema<JsonObject> = once(() =>
  v.custom<JsonObject>(isRecord, "Invalid values: expected an object")
);

/** Users' values by key, in their own order; left out when there are none. */
export const values: Codec<Map<string, Payload>, JsonObject | undefined> = {
  schema: once(() => schemas.optional(valuesSchema())),
  write: (stored, json) => {
    if (stored.size === 0) return undefined;
    const document: Record<string, JsonValue> = {};
    for (const [key, item] of stored) document[key] = json(item);
    return document;
  },
  read: (document = {}, reader, path, part) =>
    new Map(
      Object.entries(document).map(([key, item]) => {
        const at = part + pathStep(key);
        if (key === "__proto__") reader.fail(`${path}${at}`, "no key of this name", "one");
        return [key, reader.values.read(item, path, at)];
      }),
    ),
};

/** An error as data, on the wire. */
export type ErrorDocument = JsonObject;

/** An error. */
export const error: Codec<ErrorData, ErrorDocument> = {
  schema: once(() =>
    v.custom<ErrorDocument>(
      (input) => isErrorData(input),
      "Invalid error: expected { name, message }, and code, cause, details, errors, omitted and stack where there are some",
    )
  ),
  write: errorJson,
  read: (document) => copyError(document as unknown as ErrorData),
};

function copyError({ cause, details, errors, omitted, ...error }: ErrorData): ErrorData {
  const copied = copyPlain(details);
  return {
    ...error,
    ...(cause === undefined ? {} : { cause: copyError(cause) }),
    ...(isRecord(copied) ? { details: copied } : {}),
    ...(errors === undefined ? {} : { errors: errors.map(copyError) }),
    ...(omitted === undefined ? {} : { omitted: [...omitted] }),
  };
}
