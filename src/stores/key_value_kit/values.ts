import { utf8Length } from "../../base/text.ts";
import type { KeyValueClient, Put } from "./client.ts";

const AT_ONCE = 32;
const REFERENCE = "@";

/** A reference to a text that is stored in parts, under keys that are written only once. */
export interface ValueRef {
  /** The common prefix of its parts' keys; a slash and the index follow. */
  readonly key: string;
  /** The number of parts. */
  readonly parts: number;
}

/** Something that is to be written with a change. */
export interface Prepared<T> {
  /** What refers to it. */
  readonly result: T;
  /** The values to be written. */
  readonly puts: readonly Put[];
}

/** A part of a value is missing: it was removed after the reference to it was read. */
export class MissingValueError extends Error {
  /** The name of the class, safe under minifiers. */
  override readonly name = "MissingValueError";
}

/** Texts of any length and content, in a storage that limits its values. */
export class Values {
  readonly #client: KeyValueClient;

  /** Makes values for the storage of a client. */
  constructor(client: KeyValueClient) {
    this.#client = client;
  }

  /** Prepares a text as parts under a new key. */
  prepare(key: string, text: string): Prepared<ValueRef> {
    const parts = splitText(encodeText(text), this.#client.maxValueBytes);
    return { result: { key, parts: parts.length }, puts: parts.map((part, index) => [`${key}/${index}`, part]) };
  }

  /** Reads a text. */
  async read(ref: ValueRef): Promise<string> {
    const keys = partsOf(ref);
    const values = await this.#client.getAll(keys);
    const missing = values.indexOf(undefined);
    if (missing >= 0) throw new MissingValueError(`The storage has no value under the key "${keys[missing]}"`);
    return decodeText(values.map((it) => it?.value).join(""));
  }

  /**
   * Encodes a text as one value: a short text as it is, a long one as a reference to its parts. The text must begin
   * with `{`, which distinguishes it from a reference.
   */

  pack(key: string, text: string): Prepared<string> {
    const { maxValueBytes } = this.#client;
    if (text.length * 3 <= maxValueBytes || utf8Length(text) <= maxValueBytes) return { result: text, puts: [] };
    const { result, puts } = this.prepare(key, text);
    return { result: REFERENCE + JSON.stringify(result), puts };
  }

  /** Decodes the value that `pack` returned. */
  async unpack(packed: string): Promise<string> {
    const ref = referenceIn(packed);
    return ref === undefined ? packed : await this.read(ref);
  }
}

/** The keys of a text's parts. */
export function partsOf({ key, parts }: ValueRef): string[] {
  return Array.from({ length: parts }, (_, index) => `${key}/${index}`);
}

/** The keys of the parts that a packed value refers to. */
export function packedPartsOf(packed: string): string[] {
  const ref = referenceIn(packed);
  return ref === undefined ? [] : partsOf(ref);
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
    const settled = await Promise.allSettled(batch.map((item, index) => run(item, start + index)));
    for (const it of settled) {
      // Nothing is under way any more when the caller is told of a failure.
      if (it.status === "rejected") throw it.reason;
      results.push(it.value);
    }
  }
  return results;
}

function referenceIn(packed: string): ValueRef | undefined {
  if (!packed.startsWith(REFERENCE)) return undefined;
  const ref: unknown = JSON.parse(packed.slice(REFERENCE.length));
  if (!isValueRef(ref)) throw new TypeError(`The storage has ${packed.slice(0, 40)} instead of a reference`);
  return ref;
}

/** Whether a value that was read from the storage is a reference. */
export function isValueRef(value: unknown): value is ValueRef {
  return typeof value === "object" && value !== null && "key" in value && typeof value.key === "string" &&
    "parts" in value && typeof value.parts === "number";
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
