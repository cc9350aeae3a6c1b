/**
 * A short text that is equal for equal texts, and practically never equal for different ones: 128 bits, from four multiplicative
 * hashes over the UTF-16 code units. It gives no protection against somebody who constructs two texts with the same hash.
 *
 * @example
 * ```ts
 * import { hashText } from "@routilux/routilux/store";
 *
 * hashText("a flow") === hashText("a flow"); // true
 * ```
 */
export function hashText(text: string): string {
  let [a, b, c, d] = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x5bd1e995) ^ (b >>> 15);
    c = Math.imul(c + unit, 0xcc9e2d51) ^ (c >>> 13);
    d = Math.imul(d + (unit ^ a), 0x1b873593) ^ (d >>> 16);
  }
  return [a, b ^ (a >>> 7), c ^ (b >>> 11), d ^ (c >>> 9)].map(toHex).join("");
}

function toHex(word: number): string {
  const mixed = Math.imul(word ^ (word >>> 16), 0x45d9f3b);
  return ((mixed ^ (mixed >>> 16)) >>> 0).toString(16).padStart(8, "0");
}
