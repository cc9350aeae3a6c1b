import { utf16Bytes } from "../../base/text.ts";
import type { SqliteValue } from "./queries.ts";

const CHUNK = 8_192;

/**
 * Converts a text to a column: to TEXT, which people can read. A text that the clients would not return unchanged,
 * because it has a NUL or an unpaired surrogate, becomes a BLOB of its UTF-16 code units, little-endian; a BLOB never
 * equals a TEXT.
 */
export function toColumn(text: string): SqliteValue {
  return isText(text) ? text : utf16Bytes(text);
}

/** Whether a text is TEXT in a column. */
export function isText(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

/** Converts a column to its text. */
export function fromColumn(value: unknown): string {
  if (typeof value === "string") return value;
  if (!(value instanceof Uint8Array)) {
    throw new TypeError(`The database has ${typeof value} instead of text`);
  }
  const parts: string[] = [];
  for (let start = 0; start < value.length; start += CHUNK * 2) {
    const units: number[] = [];
    for (let at = start; at < Math.min(value.length, start + CHUNK * 2); at += 2) {
      units.push((value[at] ?? 0) | (value[at + 1] ?? 0) << 8);
    }
    parts.push(String.fromCharCode(...units));
  }
  return parts.join("");
}
