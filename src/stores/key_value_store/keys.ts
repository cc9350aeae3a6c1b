import { utf16Bytes } from "../../base/text.ts";

const LONGEST_NAME = 120;

/**
 * Encodes any text as a part of a key, injectively. Characters other than ASCII letters, digits, `_` and `-` are
 * replaced by their code; a long text is replaced by its SHA-256 hash, so that keys stay short.
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
