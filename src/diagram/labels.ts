/** The most characters of a label; what is longer ends with an ellipsis. */
const MOST_CHARACTERS = 48;

/**
 * Characters that no label shows: controls, which XML refuses; line separators, which end a line; marks of direction, which let a text
 * seem to be another; and halves of a surrogate pair.
 */
const INVISIBLE = /[\p{Cc}\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff\p{Surrogate}]+/gu;

/** A text of a user as one line of a diagram: without what cannot be seen, and not longer than a diagram bears. */
export function labelOf(text: string): string {
  const characters = Array.from(text.replace(INVISIBLE, " ").replace(/\s+/g, " ").trim());
  if (characters.length === 0) return "(blank)";
  if (characters.length <= MOST_CHARACTERS) return characters.join("");
  return `${characters.slice(0, MOST_CHARACTERS - 1).join("")}…`;
}

/** A text as XML has it, in content and in attributes. */
export function xmlText(text: string): string {
  return text.replace(INVISIBLE, " ").replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
