import { readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch } from "@std/assert";
import { readSources, readText } from "./source.ts";

const FOLDER = "docs/errors";
const PARTS = ["What it means", "When it comes", "What to do", "Example"];

const sources = readSources("src");
const pages = new Map(
  readdirSync(fileURLToPath(new URL(`../../${FOLDER}`, import.meta.url))).map((name) => {
    return [name.replace(/\.md$/, ""), readText(`${FOLDER}/${name}`)] as const;
  }),
);

/** What a pattern finds in all sources: its first group, each once. */
function findAll(pattern: RegExp): string[] {
  return [...new Set(sources.flatMap(({ text }) => Array.from(text.matchAll(pattern), ([, found = ""]) => found)))]
    .sort();
}

/** The classes of errors: the code of each, and what its comment says. */
const classes = sources.flatMap(({ text }) =>
  Array.from(
    text.matchAll(
      /(\/\*\*(?:(?!\*\/).)*\*\/)\nexport class (\w+) extends RoutiluxError \{(?:(?!^\}).)*?\bcode = "([A-Z_]+)" as const/gms,
    ),
    ([, comment = "", name = "", code = ""]) => ({ comment, name, code }),
  )
);

test("each code of an error has a page in docs/errors, and there is no other", () => {
  assertEquals([...pages.keys()].sort(), findAll(/\bcode = "([A-Z_]+)" as const/g));
  assertEquals(classes.map(({ code }) => code).sort(), [...pages.keys()].sort());
});

test("each page names the class that has its code, and says what it means, when it comes, and what to do, with an example", () => {
  for (const { name, code } of classes) {
    const page = pages.get(code) ?? "";
    assertMatch(page, new RegExp(`^# ${code}\n\n\`${name}\``), code);
    assertEquals(Array.from(page.matchAll(/^## (.+)$/gm), ([, part]) => part), PARTS, code);
    const empty = page.split(/^## /m).slice(1).filter((part) => part.split("\n").slice(1).join("").trim() === "");
    assertEquals(empty, [], code);
    assertMatch(page, /^## Example\n\n```ts\n.*^```\n\nAll codes: \[Errors\]\(\.\.\/errors\.md\)\.\n$/ms, code);
  }
});

test("docs/errors.md names each code once, with its class and its page, and the class names the page", () => {
  const rows = readText("docs/errors.md").split("\n").filter((line) => line.startsWith("| [`"));
  const named = rows.map((row) =>
    /^\| \[`(\w+)`\]\(errors\/\1\.md\) +\| `(\w+)`[^|]* \| \S[^|]* \|$/.exec(row)?.slice(1)
  );
  const wanted = classes.map(({ code, name }) => [code, name]);
  const byCode = ([a = ""]: string[] = [], [b = ""]: string[] = []) => a < b ? -1 : 1;
  assertEquals(named.toSorted(byCode), wanted.toSorted(byCode));
  for (const { comment, code } of classes) assertMatch(comment, new RegExp(`@see \`${FOLDER}/${code}\\.md\``), code);
});

test("the page of PREFLIGHT explains each finding, and no others", () => {
  const rows = (pages.get("PREFLIGHT") ?? "").split("\n").filter((line) => /^\| `[a-z]+_/.test(line));
  const explained = rows.flatMap((row) =>
    Array.from((row.split("|")[1] ?? "").matchAll(/`(\w+)`/g), ([, code = ""]) => code)
  );
  const written = findAll(/(?:\badd\(\s*|\bcode: )"([a-z]+_[a-z_]+)"/g);
  assertEquals(explained.sort(), [...new Set([...written, "routine_mismatch"])].sort());
});

test("the page of STATE explains each reason", () => {
  const union = sources.find(({ path }) => path === "src/base/errors.ts")?.text.match(/type StateReason = ([^;]+);/)
    ?.[1];
  const reasons = Array.from(union?.matchAll(/"(\w+)"/g) ?? [], ([, reason = ""]) => reason);
  const explained = Array.from((pages.get("STATE") ?? "").matchAll(/^\| `([a-z]+)` /gm), ([, reason = ""]) => reason);
  assertEquals(explained, reasons);
});
