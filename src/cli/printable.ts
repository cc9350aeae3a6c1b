/** Characters that change how a terminal shows others: controls and escapes, separators of lines, marks of direction, half pairs. */
const UNSAFE = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\p{Surrogate}]/gu;

/** A text of a user as one line that a terminal shows as it is: other characters are written as codes. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    return `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
}

/** A printable text of at most so many characters. */
export function shortened(text: string, most: number): string {
  const characters = Array.from(printable(text));
  return characters.length <= most ? characters.join("") : `${characters.slice(0, most - 1).join("")}…`;
}

/** A number with its word. */
export function counted(count: number, one: string, several: string): string {
  return `${count} ${count === 1 ? one : several}`;
}
