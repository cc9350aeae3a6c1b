import { utf16Bytes } from "../../base/utf16.ts";

const LONGEST_NAME = 120;

/**
 * A text as a part of a key: two texts never have the same. Odd characters are written as their number; of a long text the
 * SHA-256 is taken, so that keys stay short.
 */
export async function nameOf(text: string): Promise<string> {
  if (text.length <= LONGEST_NAME) {
    const name = text.replaceAll(/[^A-Za-z0-9_-]/g, escapeUnit);
    if (name.length <= LONGEST_NAME) return name;
  }
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", utf16Bytes(text)));
  return `~~${Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

function escapeUnit(unit: string): string {
  return `~${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
