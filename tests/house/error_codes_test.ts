import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { readSources, readText } from "./source.ts";

const page = readText("docs/errors.md");
const sources = readSources("src");

/** What a pattern finds in all sources: its first group, each once. */
function findAll(pattern: RegExp): string[] {
  return [...new Set(sources.flatMap(({ text }) => Array.from(text.matchAll(pattern), ([, found = ""]) => found)))]
    .sort();
}

test("docs/errors.md has a section for each code of an error, and no others", () => {
  const sections = Array.from(page.matchAll(/^## (\w+)$/gm), ([, code = ""]) => code).sort();
  assertEquals(sections, findAll(/\bcode = "([A-Z_]+)" as const/g));
});

test("each section names the class that has its code, and says what to do", () => {
  const classes = new Map(sources.flatMap(({ text }) =>
    Array.from(
      text.matchAll(/^export class (\w+) extends RoutiluxError \{(?:(?!^\}).)*?\bcode = "([A-Z_]+)" as const/gms),
      ([, name = "", code = ""]) => [code, name] as const,
    )
  ));
  const sections = page.split(/^## /m).slice(1).map((section) => [section.split("\n")[0] ?? "", section] as const);
  for (const [code, section] of sections) {
    assertMatch(section, new RegExp(`^\\w+\n\n\`${classes.get(code)}\``), code);
    assertMatch(section, /what to do/i, code);
  }
});

test("docs/errors.md explains each finding, and no others", () => {
  const rows = page.split("\n").filter((line) => /^\| `[a-z]+_/.test(line)).map((line) => line.split("|")[1] ?? "");
  const explained = rows.flatMap((cell) => Array.from(cell.matchAll(/`(\w+)`/g), ([, code = ""]) => code)).sort();
  const written = findAll(/(?:\badd\(\s*|\bcode: )"([a-z]+_[a-z_]+)"/g);
  assertEquals(explained, [...new Set([...written, "routine_mismatch"])].sort());
});

test("docs/errors.md explains each reason of a StateError", () => {
  const union = sources.find(({ path }) => path === "src/base/errors.ts")?.text.match(/type StateReason = ([^;]+);/)
    ?.[1];
  const reasons = Array.from(union?.matchAll(/"(\w+)"/g) ?? [], ([, reason = ""]) => reason);
  const explained = Array.from(page.matchAll(/^\| `([a-z]+)` /gm), ([, reason = ""]) => reason);
  assertEquals(explained, reasons);
});
