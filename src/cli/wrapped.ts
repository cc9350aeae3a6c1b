/** The width of printed text, in characters, where the width of the terminal is not known. */
export const WIDTH = 80;

/** A text of words in lines of at most so many characters; a longer word has a line of its own. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
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
