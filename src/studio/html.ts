/** A piece of HTML: all that users have named or stored is escaped in it. */
export class Html {
  /** The text. */
  readonly text: string;

  /** Makes a piece of a text that is HTML. */
  constructor(text: string) {
    this.text = text;
  }
}

/** The values of a template: texts are escaped; `undefined` and `false` are left out. */
export type Part = Html | string | number | false | undefined | readonly Part[];

/**
 * Characters that no page shows: controls, marks of direction, which let a text seem to be another, and halves of a surrogate pair.
 * Line breaks and tabs stay.
 */
const INVISIBLE = /[^\P{Cc}\n\t]|[\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff\p{Surrogate}]/gu;
/** Characters that are written as codes in the value of a field, so that its form sends them back unchanged. */
const UNSHOWN = /[&<>"'\p{Cc}\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/** Makes a piece of HTML: the values of the template are escaped, pieces of HTML aside. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((text, it, index) => text + write(parts[index - 1]) + it));
}

/** A text as the value of a field that must give it back exactly. */
export function exactly(text: string): Html {
  return new Html(text.replace(UNSHOWN, (it) => `&#${it.codePointAt(0)};`));
}

function write(part: Part): string {
  if (part === undefined || part === false) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(write).join("");
  return String(part).replace(INVISIBLE, "\ufffd").replace(/[&<>"']/g, (it) => `&#${it.charCodeAt(0)};`);
}
