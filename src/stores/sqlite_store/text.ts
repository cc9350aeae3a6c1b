import { utf16Bytes } from "../../base/utf16.ts";
import type { SqliteValue } from "./database.ts";

const CHUNK = 8_192;

/**
 * A text as SQLite keeps it: as text, which people can read. Only what the clients don't give back as it was, a NUL or half
 * a surrogate pair, makes it a blob of UTF-16 units, least significant byte first; a blob is never equal to a text.
 */
export function toColumn(text: string): SqliteValue {
  return text.isWellFormed() && !text.includes("\0") ? text : utf16Bytes(text);
}

/** The text in a column. */
export function fromColumn(value: unknown): string {
  if (typeof value === "string") return value;
  if (!(value instanceof Uint8Array)) {
    throw new TypeError(`The database has ${typeof value} where there should be text`);
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
