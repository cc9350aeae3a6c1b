import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { assertEquals, assertGreater } from "@std/assert";
import { toMermaid } from "../../src/diagram/mod.ts";
import { asModule, examplesOf, pages, read, root } from "./pages.ts";
import { inFolder } from "./run_example.ts";

const matches = (text: string, pattern: RegExp) => Array.from(text.matchAll(pattern), (match) => match[1] ?? "");

test(
  "README: the diagram of the first example is what its flow gives",
  { timeout: 60_000 },
  () =>
    inFolder(async (folder) => {
      const path = join(folder, "example.ts");
      const [first] = examplesOf("README.md");
      await writeFile(path, `${first && asModule(first)}\nexport { flow };`);
      const { flow } = await import(pathToFileURL(path).href);
      const [drawn] = matches(read("README.md"), /^```mermaid\n(.*?)^```$/gms);
      assertEquals(drawn, toMermaid(flow.toJSON()));
    }),
);

test("the README, the guide and CONTRIBUTING name commands that exist", () => {
  const text = [...pages, "CONTRIBUTING.md"].map(read).join("\n");
  const { scripts: known } = JSON.parse(read("package.json"));
  const scripts = matches(text, /npm (?:run )?(test|(?<=run )[a-z]+)/g);
  const tasks = matches(text, /deno task ([a-z]+)/g);
  const files = matches(text, /\s((?:examples|scripts)\/[\w/]+\.ts)/g);
  for (const found of [scripts, tasks, files]) assertGreater(found.length, 0);
  assertEquals(scripts.filter((script) => !(script in known)), []);
  assertEquals(tasks.filter((task) => !(task in JSON.parse(read("deno.json")).tasks)), []);
  assertEquals(files.filter((file) => !existsSync(fileURLToPath(new URL(file, root)))), []);
});
