const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const NONE = 255;
/** Two letters for each 12 bits, and the code of each letter: made at first use. */
let pairs: readonly string[] | undefined;
let codes: Uint8Array | undefined;

function makePairs(): readonly string[] {
  return Array.from({ length: 4_096 }, (_, code) => ALPHABET.charAt(code >> 6) + ALPHABET.charAt(code & 63));
}

function makeCodes(): Uint8Array {
  const made = new Uint8Array(128).fill(NONE);
  for (let code = 0; code < ALPHABET.length; code++) made[ALPHABET.charCodeAt(code)] = code;
  return made;
}

/** Writes bytes as base64 with padding (RFC 4648, section 4). Hosts offer this under different names, or not at all. */
export function encodeBase64(bytes: Uint8Array): string {
  const letters = pairs ??= makePairs();
  const byte = (at: number) => bytes[at] ?? 0;
  const whole = bytes.length - bytes.length % 3;
  let text = "";
  for (let i = 0; i < whole; i += 3) {
    const group = (byte(i) << 16) | (byte(i + 1) << 8) | byte(i + 2);
    // Unreachable default: there are letters for each number of twelve bits.
    text += (letters[group >> 12] ?? "") + (letters[group & 4_095] ?? "");
  }
  if (whole === bytes.length) return text;
  const rest = (byte(whole) << 16) | (byte(whole + 1) << 8);
  // Unreachable default: there are letters for each number of twelve bits.
  return text + (letters[rest >> 12] ?? "") +
    (bytes.length - whole === 1 ? "==" : ALPHABET.charAt((rest >> 6) & 63) + "=");
}

/** Reads base64 with padding; nothing when the text is no base64, or not the one way to write its bytes. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 !== 0) return undefined;
  const table = codes ??= makeCodes();
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const letters = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let group = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < letters; i++) {
    const code = table[text.charCodeAt(i)] ?? NONE;
    if (code === NONE) return undefined;
    group = ((group << 6) | code) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (group >> bits) & 255;
    }
  }
  return (group & ((1 << bits) - 1)) === 0 ? bytes : undefined;
}
