// PostgreSQL has no text with a NUL, clients replace unpaired surrogates, and some of them drop a byte order mark at the beginning. Such
// texts are stored with a mark at the beginning, and what cannot be stored is escaped. All others are stored as they are.

const MARK = "\u0001";
const ESCAPES: Readonly<Record<string, string>> = { "\0": `${MARK}0`, [MARK]: `${MARK}1` };
const BYTE_ORDER_MARK = 0xfeff;
/** Unpaired surrogates are moved into the area for private use, behind a mark. */
const SURROGATES = 0xd800;
const PRIVATE_USE = 0xe000;

/** Converts a text to one that PostgreSQL and its clients return unchanged. */
export function toColumn(text: string): string {
  const first = text.charCodeAt(0);
  const isPlain = first !== BYTE_ORDER_MARK && first !== 1 && !text.includes("\0") && text.isWellFormed();
  return isPlain ? text : MARK + text.replace(SPECIAL, escape);
}

// With the flag `u`, a pair of surrogates is one character, so that the class finds unpaired ones only.
// deno-lint-ignore no-control-regex
const SPECIAL = /[\0\u0001\ud800-\udfff]/gu;
// deno-lint-ignore no-control-regex
const ESCAPED = /\u0001([\s\S])/g;

function escape(character: string): string {
  return ESCAPES[character] ?? MARK + String.fromCharCode(character.charCodeAt(0) - SURROGATES + PRIVATE_USE);
}

/** Converts a column to its text. */
export function fromColumn(value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`The database has ${typeof value} instead of text`);
  if (value.charCodeAt(0) !== 1) return value;
  return value.slice(1).replace(ESCAPED, (_all, character: string) => unescape(character));
}

function unescape(character: string): string {
  if (character === "0") return "\0";
  return character === "1" ? MARK : String.fromCharCode(character.charCodeAt(0) - PRIVATE_USE + SURROGATES);
}
