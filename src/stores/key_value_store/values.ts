import { utf8Length } from "../../base/text.ts";
import type { KeyValueStorage } from "./storage.ts";

const AT_ONCE = 32;
const REFERENCE = "@";

/** A reference to a text that is stored in parts, under keys that are written only once. */
export interface ValueRef {
  /** The common prefix of its parts' keys; a slash and the index follow. */
  readonly key: string;
  /** The number of parts. */
  readonly parts: number;
}

/** A part of a value is missing: it was removed after the reference to it was read. */
export class MissingValueError extends Error {
  /** The name of the class, safe under minifiers. */
  override readonly name = "MissingValueError";
}

/** Texts of any length and content, in a storage that limits its values. */
export interface Values {
  /** Writes a text in parts under a new key. When this fails, the parts are removed as far as possible. */
  write(key: string, text: string): Promise<ValueRef>;
  /** Reads a text. */
  read(ref: ValueRef): Promise<string>;
  /** Removes a text. Parts that cannot be removed are left. */
  remove(ref: ValueRef): Promise<void>;
  /**
   * Encodes a text as one value: a short text as it is, a long one as a reference to its parts. The text must begin
   * with `{`, which distinguishes it from a reference.
   */
  pack(key: string, text: string): Promise<string>;
  /** Decodes the value that `pack` returned. */
  unpack(packed: string): Promise<string>;
  /** Removes the parts that a packed value refers to. */
  removePacked(packed: string): Promise<void>;
}

/** Makes values for a storage whose values may have `limit` bytes each. */
export function valuesOf(storage: KeyValueStorage, limit: number): Values {
  const write = async (key: string, text: string): Promise<ValueRef> => {
    const parts = splitText(encodeText(text), limit);
    const ref = { key, parts: parts.length };
    const errors: unknown[] = [];
    await inBatches(parts.map((part, index) => [`${key}/${index}`, part] as const), async ([partKey, part]) => {
      if (errors.length > 0) return;
      try {
        const version = await storage.set(partKey, part, undefined);
        if (version === undefined) throw new Error(`The storage has a value under the new key "${partKey}" already`);
      } catch (error) {
        errors.push(error);
      }
    });
    if (errors.length === 0) return ref;
    await remove(ref);
    throw errors[0];
  };
  const read = async ({ key, parts }: ValueRef): Promise<string> => {
    const keys = Array.from({ length: parts }, (_, index) => `${key}/${index}`);
    const texts = await inBatches(keys, async (partKey) => {
      const entry = await storage.get(partKey);
      if (entry === undefined) throw new MissingValueError(`The storage has no value under the key "${partKey}"`);
      return entry.value;
    });
    return decodeText(texts.join(""));
  };
  const remove = async ({ key, parts }: ValueRef): Promise<void> => {
    await inBatches(
      Array.from({ length: parts }),
      (_, index) => quietly(async () => await storage.delete(`${key}/${index}`)),
    );
  };
  return {
    write,
    read,
    remove,
    async pack(key, text) {
      if (utf8Length(text) <= limit) return text;
      return REFERENCE + JSON.stringify(await write(key, text));
    },
    async unpack(packed) {
      const ref = referenceIn(packed);
      return ref === undefined ? packed : await read(ref);
    },
    async removePacked(packed) {
      const ref = referenceIn(packed);
      if (ref !== undefined) await remove(ref);
    },
  };
}

/** Does work whose failure does not matter: the next caller that meets its remains repeats it. */
export async function quietly(run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch {
    // The call's own work is already done.
  }
}

/** Maps items asynchronously, a batch at a time; the results are in the order of the items. */
export async function inBatches<T, R>(
  items: readonly T[],
  run: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += AT_ONCE) {
    const batch = items.slice(start, start + AT_ONCE);
    results.push(...await Promise.all(batch.map((item, index) => run(item, start + index))));
  }
  return results;
}

/** Whether a value that was read from the storage is a reference. */
export function isValueRef(value: unknown): value is ValueRef {
  return typeof value === "object" && value !== null && "key" in value && typeof value.key === "string" &&
    "parts" in value && typeof value.parts === "number";
}

function referenceIn(packed: string): ValueRef | undefined {
  if (!packed.startsWith(REFERENCE)) return undefined;
  const ref: unknown = JSON.parse(packed.slice(REFERENCE.length));
  if (!isValueRef(ref)) throw new TypeError(`The storage has ${packed.slice(0, 40)} instead of a reference`);
  return ref;
}

/** Storages take well-formed text without NUL; any other text is stored as JSON, which escapes such characters. */
function encodeText(text: string): string {
  return text.isWellFormed() && !text.includes("\0") ? `=${text}` : JSON.stringify(text);
}

function decodeText(encoded: string): string {
  return encoded.startsWith("=") ? encoded.slice(1) : String(JSON.parse(encoded));
}

/** Splits a well-formed text into parts of at most `limit` bytes, none of which ends within a character. */
function splitText(text: string, limit: number): string[] {
  const encoder = new TextEncoder();
  const bytes = new Uint8Array(limit);
  const parts: string[] = [];
  for (let start = 0; start < text.length;) {
    // A surrogate pair that is cut at the end of the slice does not fit: the text before it already takes a byte for
    // each code unit.
    const { read } = encoder.encodeInto(text.slice(start, start + limit), bytes);
    parts.push(text.slice(start, start += read));
  }
  return parts;
}
