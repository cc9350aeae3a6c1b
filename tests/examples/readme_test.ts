import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { assertEquals, assertGreater } from "@std/assert";
import { toMermaid } from "../../src/diagram/mod.ts";
import { inFolder } from "./run_example.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string) => readFile(new URL(path, root), "utf8");
const matches = (text: string, pattern: RegExp) => Array.from(text.matchAll(pattern), (match) => match[1] ?? "");

const readme = await read("README.md");
const packageJson = JSON.parse(await read("package.json"));
const denoJson = JSON.parse(await read("deno.json"));

/** Collects the output of an example, and makes it import the library from this checkout. */
function asModule(block: string): string {
  const console = "const console = { log: (...all) => { printed.push(all.join(' ')); } };";
  const exported: Record<string, string> = denoJson.exports;
  const imports = (_all: string, name: string, subpath: string) => {
    return `from "${new URL(exported[`.${subpath}`] ?? name, root)}"`;
  };
  return `export const printed = []; ${console}\n${block.replaceAll(/from "(@routilux\/routilux(.*))"/g, imports)}`;
}

/** Pages whose examples print what they say. */
const PAGES = ["docs/results_and_failures.md"];
const blocks = matches(readme, /^```ts\n(.*?)^```$/gms);

test("README has examples", () => {
  assertGreater(blocks.length, 0);
});

const pages = await Promise.all(PAGES.map(async (page) => {
  const found = matches(await read(page), /^```ts\n(.*?)^```$/gms);
  return found.map((block, index) => ({ block, name: `${page}: example ${index + 1}` }));
}));
const examples = [...blocks.map((block, index) => ({ block, name: `README: example ${index + 1}` })), ...pages.flat()];

examples.forEach(({ block, name }) =>
  test(`${name} prints what it says`, { timeout: 60_000 }, () =>
    inFolder(async (folder) => {
      const path = join(folder, "example.ts");
      await writeFile(path, asModule(block));
      const { printed } = await import(pathToFileURL(path).href);
      const said = matches(block, /^console\.log\(.*; \/\/ prints: (.*)$/gm);
      assertGreater(said.length, 0);
      assertEquals(printed, said);
    }))
);

test(
  "README: the diagram of the first example is what its flow gives",
  { timeout: 60_000 },
  () =>
    inFolder(async (folder) => {
      const path = join(folder, "example.ts");
      await writeFile(path, `${asModule(blocks[0] ?? "")}\nexport { flow };`);
      const { flow } = await import(pathToFileURL(path).href);
      const [drawn] = matches(readme, /^```mermaid\n(.*?)^```$/gms);
      assertEquals(drawn, toMermaid(flow.toJSON()));
    }),
);

test("README and CONTRIBUTING link to files that exist", async () => {
  const links = matches(`${readme}${await read("CONTRIBUTING.md")}`, /\]\((?!https:)([^)]+)\)/g);
  assertGreater(links.length, 0);
  assertEquals(links.filter((link) => !existsSync(fileURLToPath(new URL(link, root)))), []);
});

test("README and CONTRIBUTING name commands that exist", async () => {
  const text = `${readme}${await read("CONTRIBUTING.md")}`;
  const scripts = matches(text, /npm (?:run )?(test|(?<=run )[a-z]+)/g);
  const tasks = matches(text, /deno task ([a-z]+)/g);
  const files = matches(text, /\s((?:examples|scripts)\/[\w/]+\.ts)/g);
  for (const found of [scripts, tasks, files]) assertGreater(found.length, 0);
  assertEquals(scripts.filter((script) => !(script in packageJson.scripts)), []);
  assertEquals(tasks.filter((task) => !(task in denoJson.tasks)), []);
  assertEquals(files.filter((file) => !existsSync(fileURLToPath(new URL(file, root)))), []);
});
