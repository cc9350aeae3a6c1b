import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A source file by its path from the root of the repository, with `/` between folders. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** What a source file says, told apart. */
export interface Scanned {
  /** The text with comments and the insides of strings, templates and patterns blanked; offsets and lines stay. */
  readonly code: string;
  /** The text with only comments blanked. */
  readonly uncommented: string;
  /** Every string in quotes, by the offset of its opening quote. */
  readonly strings: readonly Literal[];
  /** Every template, with its substitutions as they are written, by the offset of its opening quote. */
  readonly templates: readonly Literal[];
}

/** A literal of a source file. */
export interface Literal {
  /** The offset of its opening quote. */
  readonly at: number;
  /** What stands between its quotes. */
  readonly value: string;
}

const ROOT = new URL("../../", import.meta.url);

/** Reads a file of the repository. */
export function readText(path: string): string {
  return readFileSync(fileURLToPath(new URL(path, ROOT)), "utf8");
}

/** Every TypeScript file under a folder of the repository, sorted. */
export function readSources(folder: string): Source[] {
  const names = readdirSync(fileURLToPath(new URL(folder, ROOT)), { recursive: true, encoding: "utf8" });
  const paths = names.map((name) => `${folder}/${name.replaceAll("\\", "/")}`).filter((path) => path.endsWith(".ts"));
  return paths.sort().map((path) => ({ path, text: readText(path) }));
}

/** Tells code from comments and literals. It knows just enough of the grammar to do that in formatted code. */
export function scan(text: string): Scanned {
  const code = text.split("");
  const uncommented = text.split("");
  const strings: Literal[] = [];
  const templates: Literal[] = [];
  const blank = (target: string[], from: number, to: number) => {
    for (let i = from; i < to; i++) if (text[i] !== "\n") target[i] = " ";
  };
  // One entry per open template: where it begins.
  const opened: number[] = [];
  // One entry per open template substitution: the depth of braces inside it.
  const substitutions: number[] = [];
  let at = 0;
  let last = "";

  const template = (from: number) => {
    const end = templateEnd(text, from);
    blank(code, from, end.at);
    if (end.substitution) substitutions.push(0);
    else {
      const start = opened.pop() ?? from;
      templates.push({ at: start, value: text.slice(start + 1, end.at - 1) });
    }
    last = "`";
    return end.at;
  };

  while (at < text.length) {
    const rest = text.slice(at, at + 2);
    const char = text[at] ?? "";
    if (rest === "//" || rest === "/*") {
      const end = rest === "//" ? indexOf(text, "\n", at) : indexOf(text, "*/", at + 2) + 2;
      blank(code, at, end);
      blank(uncommented, at, end);
      at = end;
    } else if (char === '"' || char === "'") {
      const end = quoteEnd(text, at, char);
      strings.push({ at, value: text.slice(at + 1, end - 1) });
      blank(code, at + 1, end - 1);
      at = end;
      last = '"';
    } else if (char === "`") {
      opened.push(at);
      at = template(at + 1);
    } else if (char === "}" && substitutions.at(-1) === 0) {
      substitutions.pop();
      at = template(at + 1);
    } else if (char === "/" && startsPattern(last)) {
      const end = patternEnd(text, at);
      blank(code, at, end);
      at = end;
      last = '"';
    } else if (/[\w$]/.test(char)) {
      const word = /^[\w$]+/.exec(text.slice(at, at + 200))?.[0] ?? char;
      at += word.length;
      last = word;
    } else {
      const depth = substitutions.length - 1;
      if (depth >= 0 && char === "{") substitutions[depth] = (substitutions[depth] ?? 0) + 1;
      if (depth >= 0 && char === "}") substitutions[depth] = (substitutions[depth] ?? 0) - 1;
      if (/\S/.test(char)) last = char;
      at++;
    }
  }
  return { code: code.join(""), uncommented: uncommented.join(""), strings, templates };
}

function indexOf(text: string, part: string, from: number): number {
  const found = text.indexOf(part, from);
  return found < 0 ? text.length : found;
}

function quoteEnd(text: string, from: number, quote: string): number {
  let at = from + 1;
  while (at < text.length && text[at] !== quote && text[at] !== "\n") at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function templateEnd(text: string, from: number): { at: number; substitution: boolean } {
  let at = from;
  while (at < text.length && text[at] !== "`") {
    if (text.startsWith("${", at)) return { at: at + 2, substitution: true };
    at += text[at] === "\\" ? 2 : 1;
  }
  return { at: at + 1, substitution: false };
}

function patternEnd(text: string, from: number): number {
  let at = from + 1;
  let inClass = false;
  while (at < text.length && (inClass || text[at] !== "/") && text[at] !== "\n") {
    if (text[at] === "[") inClass = true;
    if (text[at] === "]") inClass = false;
    at += text[at] === "\\" ? 2 : 1;
  }
  return at + 1;
}

// After a value `/` divides; after an operator or one of these words it opens a pattern.
function startsPattern(last: string): boolean {
  if (/^(return|typeof|case|do|else|in|of|void|delete|throw|new|await|yield|instanceof)$/.test(last)) return true;
  return !/^[\w$]+$|^["`)\]}]$/.test(last);
}
