import { utf8Length } from "../../base/utf8.ts";
import type { KeyValueStorage } from "./storage.ts";

const AT_ONCE = 32;
const REFERENCE = "@";

/** Where a text is that was written in parts, under keys that nobody else writes. */
export interface ValueRef {
  /** The key of its parts, but for their numbers. */
  readonly key: string;
  /** How many parts it has. */
  readonly parts: number;
}

/** A part of a value that is not there: it was removed since somebody has referred to it. */
export class MissingValueError extends Error {
  /** The name of the class, safe under minifiers. */
  override readonly name = "MissingValueError";
}

/** Texts of any length and content in a storage that limits its values. */
export interface Values {
  /** Writes a text under a key that is new. When it fails, no part is left that could be removed. */
  write(key: string, text: string): Promise<ValueRef>;
  /** The text that was written. */
  read(ref: ValueRef): Promise<string>;
  /** Removes a text; parts that can't be removed are left. */
  remove(ref: ValueRef): Promise<void>;
  /** A short text as it is, a long one as a reference: what the value of a key may be. The text begins with `{`. */
  pack(key: string, text: string): Promise<string>;
  /** The text of a packed one. */
  unpack(packed: string): Promise<string>;
  /** Removes what a packed text refers to. */
  removePacked(packed: string): Promise<void>;
}

/** Makes values of a storage whose values may have `limit` bytes each. */
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
    await inBatches(Array.from({ length: parts }), async (_, index) => await removeQuietly(storage, `${key}/${index}`));
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

/** Removes a key, and says whether it could; one that is left costs nothing but space. */
export async function removeQuietly(storage: KeyValueStorage, key: string, expected?: string): Promise<boolean> {
  try {
    await (expected === undefined ? storage.delete(key) : storage.delete(key, expected));
    return true;
  } catch {
    return false;
  }
}

/** Does something with all items, with few of them at the same time; the results stand in turn. */
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

/** Whether a value is a reference, read from a document of this store. */
export function isValueRef(value: unknown): value is ValueRef {
  return typeof value === "object" && value !== null && "key" in value && typeof value.key === "string" &&
    "parts" in value && typeof value.parts === "number";
}

function referenceIn(packed: string): ValueRef | undefined {
  if (!packed.startsWith(REFERENCE)) return undefined;
  const ref: unknown = JSON.parse(packed.slice(REFERENCE.length));
  if (!isValueRef(ref)) throw new TypeError(`The storage has ${packed.slice(0, 40)} where there should be a reference`);
  return ref;
}

/** Storages take well-formed text without NUL: anything else is written as JSON, which escapes it. */
function encodeText(text: string): string {
  return text.isWellFormed() && !text.includes("\0") ? `=${text}` : JSON.stringify(text);
}

function decodeText(encoded: string): string {
  return encoded.startsWith("=") ? encoded.slice(1) : String(JSON.parse(encoded));
}

/** Parts of a well-formed text of at most so many bytes each, none of which ends within a character. */
function splitText(text: string, limit: number): string[] {
  const encoder = new TextEncoder();
  const bytes = new Uint8Array(limit);
  const parts: string[] = [];
  for (let start = 0; start < text.length;) {
    // Half a pair at the end of the slice does not fit any more: what stands before it has a byte for each unit at least.
    const { read } = encoder.encodeInto(text.slice(start, start + limit), bytes);
    parts.push(text.slice(start, start += read));
  }
  return parts;
}
