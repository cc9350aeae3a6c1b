/** The values that the script returns: texts, nothing, and lists of these. */
export type Reply = string | number | null | readonly Reply[];

const MARK = "\u0001";

/**
 * Converts a text to one that clients, which send UTF-8, return unchanged. Those with unpaired surrogates, and those that begin with the
 * mark, are stored as JSON behind a mark; all others as they are.
 */
export function toWire(text: string): string {
  return text.isWellFormed() && !text.startsWith(MARK) ? text : MARK + JSON.stringify(text);
}

/** Converts a text back. */
export function fromWire(text: string): string {
  return text.startsWith(MARK) ? String(JSON.parse(text.slice(1))) : text;
}

/** A parameter that may be absent, as the script takes it. */
export function optional(value: string | number | undefined): readonly string[] {
  if (value === undefined) return ["0"];
  return ["1", typeof value === "number" ? String(value) : toWire(value)];
}

/** A list or a set of texts, as the script takes it. */
export function listOf(texts: Iterable<string>): readonly string[] {
  const list = Array.from(texts, toWire);
  return [String(list.length), ...list];
}

/** The list in a reply; none where there is nothing. */
export function itemsOf(reply: Reply | undefined): readonly Reply[] {
  return Array.isArray(reply) ? reply : [];
}

/** The text in a reply. */
export function textOf(reply: Reply | undefined): string {
  if (typeof reply !== "string") throw new TypeError(`Redis has answered ${typeof reply} instead of text`);
  return fromWire(reply);
}

/** The text in a reply; `undefined` where there is nothing. */
export function optionalText(reply: Reply | undefined): string | undefined {
  return isNothing(reply) ? undefined : textOf(reply);
}

/** The number in a reply. */
export function numberOf(reply: Reply | undefined): number {
  return Number(reply);
}

/** The number in a reply; `undefined` where there is nothing. */
export function optionalNumber(reply: Reply | undefined): number | undefined {
  return isNothing(reply) ? undefined : Number(reply);
}

/** Whether there is nothing: a client of a newer protocol returns `false` of a script as it is. */
function isNothing(reply: unknown): reply is null | undefined {
  return reply === null || reply === undefined || reply === false;
}
