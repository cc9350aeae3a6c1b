import { utf16Bytes } from "../../base/text.ts";

const LONGEST_NAME = 100;
const LONGEST_START = 60;

/**
 * Encodes any text as a part of a key: injectively, and in the order of the texts by their UTF-16 units. Characters other than
 * ASCII letters and digits are replaced by their code. A long text is replaced by its beginning and its SHA-256 hash, so that keys
 * stay short. Only the latter contains `--`.
 */
export async function nameOf(text: string): Promise<string> {
  const name = escapeText(text.slice(0, LONGEST_NAME));
  if (text.length <= LONGEST_NAME && name.length <= LONGEST_NAME) return name;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", utf16Bytes(text)));
  return `${name.slice(0, LONGEST_START)}--${Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

function escapeText(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9]/g, escapeUnit);
}

/** The first character keeps the order: it is below the digits, above 9, between the cases of letters, or above all. */
function escapeUnit(unit: string): string {
  const code = unit.charCodeAt(0);
  const lead = code < 0x30 ? "-" : code < 0x41 ? "9~~" : code < 0x61 ? "_" : "~";
  return `${lead}${code.toString(16).padStart(4, "0")}`;
}

const NUMBER = new DataView(new ArrayBuffer(8));

/** Encodes a number as a part of a key, in the order of numbers: the bits of the double, those of a negative one inverted. */
export function numberName(value: number): string {
  NUMBER.setFloat64(0, value + 0);
  const bits = NUMBER.getBigUint64(0);
  const ordered = bits >> 63n === 0n ? bits | 1n << 63n : ~bits & 0xffff_ffff_ffff_ffffn;
  return ordered.toString(16).padStart(16, "0");
}

/** Sorts after `/` and all other characters of keys. */
export const LAST = "~";
