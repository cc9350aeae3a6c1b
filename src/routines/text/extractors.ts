import { isRecord } from "../../values/json.ts";
import { entriesOf } from "./entries_of.ts";

/** The result of an extractor. */
export interface Extraction {
  /** The result. */
  readonly data: unknown;
  /** The kind of the result, such as `json`. */
  readonly format: string;
  /** How certain the extractor is, from 0 to 1. */
  readonly confidence: number;
  /** Further data of the extractor. */
  readonly metadata?: unknown;
}

/** Looks for a result in data and returns it; `undefined` when there is none. It must not be asynchronous. */
export type Extractor = (data: unknown) => Extraction | undefined;

/** The built-in extractors, in the order in which they are tried. */
export const EXTRACTORS: ReadonlyMap<string, Extractor> = new Map<string, Extractor>([
  ["json_code_block", (data) => {
    const values = blocksOf(data).filter(({ language }) => language === "json").flatMap(({ code }) => readJson(code));
    return values.length === 0 ? undefined : { data: values[0], format: "json", confidence: 0.9 };
  }],
  ["json_text", (data) => {
    const values = typeof data === "string" && /^\s*[[{]/.test(data) ? readJson(data) : [];
    return values.length === 0 ? undefined : { data: values[0], format: "json", confidence: 0.95 };
  }],
  ["code_block", (data) => {
    const [block] = blocksOf(data);
    if (block === undefined) return undefined;
    const { language, code } = block;
    if (language === "json" && readJson(code).length === 0) return { data: code, format: "text", confidence: 0.3 };
    return { data: code, format: language === "" ? "code" : language, confidence: 0.8 };
  }],
  ["interpreter_output", (data) => {
    if (!Array.isArray(data) || data.length === 0 || !data.every(isOutput)) return undefined;
    const text = data.map(({ content }) => content).join("\n");
    return { data: text, format: "interpreter_output", confidence: 0.9, metadata: { count: data.length } };
  }],
  [
    "dict",
    (data) =>
      entriesOf(data) !== undefined && !Array.isArray(data) ? { data, format: "dict", confidence: 1 } : undefined,
  ],
  ["list", (data) => Array.isArray(data) ? { data, format: "list", confidence: 1 } : undefined],
]);

const FENCE = "```";
const LANGUAGE = /^[\w+#.-]*$/;

interface Block {
  readonly language: string;
  readonly code: string;
}

/** The fenced blocks of a text, in order, found in one pass. */
function blocksOf(data: unknown): Block[] {
  if (typeof data !== "string" || !data.includes(FENCE)) return [];
  const blocks: Block[] = [];
  let open: { readonly language: string; readonly lines: string[] } | undefined;
  for (const line of data.split(/\r?\n/)) {
    if (open === undefined) {
      const language = line.trim().slice(FENCE.length).trim();
      if (line.trim().startsWith(FENCE) && LANGUAGE.test(language)) {
        open = { language: language.toLowerCase(), lines: [] };
      }
    } else if (line.trim() === FENCE) {
      blocks.push({ language: open.language, code: open.lines.join("\n") });
      open = undefined;
    } else open.lines.push(line);
  }
  return blocks;
}

/** The value of a JSON text, in a list; an empty list when the text is no JSON. */
function readJson(text: string): [] | [unknown] {
  try {
    return [JSON.parse(text)];
  } catch {
    return [];
  }
}

function isOutput(item: unknown): item is { readonly content: string } {
  return isRecord(item) && item.format === "output" && typeof item.content === "string";
}
