/** The width of printed text, in characters, where the width of the terminal is not known. */
export const WIDTH = 80;

/** Letters and pictures that a terminal shows in two columns, and marks that take none. */
const WIDE =
  /[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
const WITHOUT_WIDTH = /[\p{Mn}\p{Me}\u200b-\u200d\ufe0e\ufe0f]/u;

/** How many columns of a terminal a printable text takes. */
export function widthOf(text: string = ""): number {
  let width = 0;
  for (const character of text) width += widthOfCharacter(character);
  return width;
}

function widthOfCharacter(character: string): number {
  if (character < "\u0300") return 1;
  return WITHOUT_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
}

/** The beginning of a printable text that takes at most so many columns. */
export function cut(text: string, width: number): string {
  let [end, left] = [0, width];
  for (const character of text) {
    left -= widthOfCharacter(character);
    if (left < 0) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** A text of words in lines of at most so many columns, which are at least 2; a longer word is broken. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
      continue;
    }
    let rest = word;
    for (; widthOf(rest) > width; rest = rest.slice(cut(rest, width).length)) lines.push(cut(rest, width));
    lines.push(rest);
  }
  return lines;
}

/** Names and their descriptions in two columns: a long description goes on below its beginning. */
export function described(entries: readonly (readonly [name: string, about: string])[], widest: number): string[] {
  const left = Math.min(widest, Math.max(...entries.map(([name]) => name.length)));
  return entries.flatMap(([name, about]) => {
    const [first = "", ...more] = wrapped(about, WIDTH - left - 4);
    const indent = " ".repeat(left + 4);
    if (name.length > left) return [`  ${name}`, `${indent}${first}`, ...more.map((it) => indent + it)];
    return [`  ${name.padEnd(left)}  ${first}`, ...more.map((it) => indent + it)];
  });
}
