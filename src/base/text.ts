/** How many characters an error message has at the most. */
const MOST_CHARACTERS = 4_000;

/**
 * A text of a user's, for a message: one of more than `most` characters without its middle, whose place the number of its characters takes.
 * Messages are written to logs and kept in jobs, and what users pass may be of any length.
 */
export function shorten(text: string, most: number = MOST_CHARACTERS): string {
  if (text.length <= most) return text;
  const middle = ` … (${text.length} characters) … `;
  const half = Math.max(0, Math.floor((most - middle.length) / 2));
  const start = half - (isBetween(text.charCodeAt(half - 1), 0xd800, 0xdbff) ? 1 : 0);
  const end = text.length - half;
  return text.slice(0, start) + middle + text.slice(isBetween(text.charCodeAt(end), 0xdc00, 0xdfff) ? end + 1 : end);
}

/** The length of a text in UTF-8 bytes; a lone surrogate counts as the three bytes of its replacement character. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 ? 1 : 2;
    // A pair is two units and four bytes: the two that `length` counted and the two just added.
    if (isBetween(unit, 0xd800, 0xdbff) && isBetween(text.charCodeAt(i + 1), 0xdc00, 0xdfff)) i++;
  }
  return bytes;
}

function isBetween(unit: number, least: number, most: number): boolean {
  return unit >= least && unit <= most;
}

/** The UTF-16 units of a text, least significant byte first: of any text, also of one with half a surrogate pair. */
export function utf16Bytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length * 2);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    bytes[index * 2] = unit & 0xff;
    bytes[index * 2 + 1] = unit >> 8;
  }
  return bytes;
}
