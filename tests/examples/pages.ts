import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const root: URL = new URL("../../", import.meta.url);

/** The pages of the guide, and the README. */
export const pages: readonly string[] = [
  "README.md",
  ...readdirSync(fileURLToPath(new URL("docs", root)), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md")).map((name) => `docs/${name.replaceAll("\\", "/")}`).sort(),
];

/** An example of a page: a block of code that the gate runs. */
export interface Example {
  readonly name: string;
  readonly language: "ts" | "js";
  readonly code: string;
  /** What the code says that it prints: a text for each call of `console.log`. */
  readonly says: readonly string[];
}

/** What a call says that prints the text of the drawing that follows on the page. */
const PICTURE = "the picture below";
const CALL = /^ *console\.log\(.*;(?: \/\/ prints: (.*))?$/gm;

/** Reads a file of the repository. */
export function read(path: string): string {
  return readFileSync(fileURLToPath(new URL(path, root)), "utf8");
}

/** The examples of a page, in order. Blocks marked `ignore` are none. */
export function examplesOf(page: string): Example[] {
  const text = read(page);
  return Array.from(text.matchAll(/^```(ts|js)\n(.*?)^```$/gms), ({ 1: language, 2: code = "", index }, number) => {
    const [, picture = ""] = /^```mermaid\n(.*?)^```$/ms.exec(text.slice(index)) ?? [];
    const says = Array.from(code.matchAll(CALL), ([, said]) => said === PICTURE ? picture : said ?? "");
    return { name: `${page}: example ${number + 1}`, language: language === "js" ? "js" : "ts", code, says };
  });
}

/** The module of an example: the library is that of this checkout, and what is printed is collected. */
export function asModule({ code }: Example): string {
  const { exports }: { exports: Readonly<Record<string, string>> } = JSON.parse(read("deno.json"));
  const console = "const console = { log: (...all) => { printed.push(all.join(' ')); } };";
  const addressOf = (name: string) => {
    const entry = /^@routilux\/routilux(.*)$/.exec(name)?.[1];
    return entry === undefined ? import.meta.resolve(name) : new URL(exports[`.${entry}`] ?? name, root).href;
  };
  // The module stands in another folder, where packages are not found by their names.
  return `export const printed = []; ${console}\n${
    code.replaceAll(/ from "(?!node:)([^"]+)"/g, (_all, name) => ` from "${addressOf(name)}"`)
  }`;
}

/** The links of a page that lead nowhere: to no file of the repository, or to no heading of a page. */
export function deadLinks(page: string): string[] {
  const links = Array.from(read(page).matchAll(/\]\((?![a-z]+:)([^)\s]+)\)/g), ([, link = ""]) => link);
  return links.filter((link) => {
    const [path = "", heading] = link.split("#");
    const target = new URL(path === "" ? page : new URL(path, new URL(page, root)).href, root);
    if (!existsSync(fileURLToPath(target))) return true;
    return heading !== undefined && !headingsOf(readFileSync(fileURLToPath(target), "utf8")).includes(heading);
  });
}

/** The names of the headings of a page, as links write them. */
function headingsOf(text: string): string[] {
  const prose = text.replaceAll(/^```.*?^```$/gms, "");
  return Array.from(prose.matchAll(/^#+ (.*)$/gm), ([, heading = ""]) => {
    return heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
  });
}
