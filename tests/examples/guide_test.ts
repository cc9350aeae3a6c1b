import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { assertEquals, assertGreater } from "@std/assert";
import { asModule, deadLinks, examplesOf, pages, read } from "./pages.ts";
import { inFolder } from "./run_example.ts";

/** Examples that need a server or a browser: tests of their own try them, in `tests/stores/key_value`. */
const TRIED_ELSEWHERE = ["docs/browsers.md: example 1", "docs/stores.md: example 2"];

for (const example of pages.flatMap(examplesOf).filter(({ name }) => !TRIED_ELSEWHERE.includes(name))) {
  test(`${example.name} prints what it says`, { timeout: 60_000 }, () =>
    inFolder(async (folder) => {
      const path = join(folder, example.language === "ts" ? "example.ts" : "example.mjs");
      await writeFile(path, asModule(example));
      const { printed } = await import(pathToFileURL(path).href);
      // An example that says nothing could be wrong unnoticed.
      assertGreater(example.says.length, 0);
      assertEquals(printed.map((it: string) => it.trimEnd()), example.says.map((it) => it.trimEnd()));
    }));
}

for (const page of [...pages, "CONTRIBUTING.md", "examples/README.md", "bench/README.md"]) {
  test(`${page} links to what exists`, () => assertEquals(deadLinks(page), []));
}

const guide = pages.filter((page) => page.startsWith("docs/"));

test("docs/README.md leads to each page of the guide, and docs/errors.md to those of the errors", () => {
  const contents = read("docs/README.md") + read("docs/errors.md");
  const others = guide.filter((page) => page !== "docs/README.md").map((page) => page.slice("docs/".length));
  assertGreater(others.length, 0);
  assertEquals(others.filter((page) => !contents.includes(`](${page})`)), []);
});

test("the guide names each public entry", () => {
  const text = guide.map(read).join("\n");
  const entries = Object.keys(JSON.parse(read("deno.json")).exports).map((entry) => entry.replace(".", ""));
  assertGreater(entries.length, 0);
  assertEquals(entries.filter((entry) => !new RegExp(`@routilux/routilux${entry}(?![/\\w])`).test(text)), []);
});
