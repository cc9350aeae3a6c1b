const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const CODES: ReadonlyMap<string, number> = new Map(Array.from(ALPHABET, (letter, code) => [letter, code]));

/** Writes bytes as base64 with padding (RFC 4648, section 4). Hosts offer this under different names, or not at all. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  const byte = (at: number) => bytes[at] ?? 0;
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const group = (byte(i) << 16) | (byte(i + 1) << 8) | byte(i + 2);
    text += ALPHABET.charAt(group >> 18) + ALPHABET.charAt((group >> 12) & 63) +
      (left > 1 ? ALPHABET.charAt((group >> 6) & 63) : "=") + (left > 2 ? ALPHABET.charAt(group & 63) : "=");
  }
  return text;
}

/** Reads base64 with padding; nothing when the text is no base64, or not the one way to write its bytes. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const letters = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let group = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < letters; i++) {
    const code = CODES.get(text.charAt(i));
    if (code === undefined) return undefined;
    group = ((group << 6) | code) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (group >> bits) & 255;
    }
  }
  return (group & ((1 << bits) - 1)) === 0 ? bytes : undefined;
}
