import { readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { readSources, readText } from "./source.ts";

test("tests/support/README.md names each file of the folder, once", () => {
  const files = readdirSync(fileURLToPath(new URL("../support", import.meta.url))).filter((it) => it.endsWith(".ts"));
  const named = Array.from(readText("tests/support/README.md").matchAll(/^\| `(\w+\.ts)` +\| \S/gm), ([, it]) => it);
  assertEquals(named.toSorted(), files.toSorted());
});

test("no test that only Deno runs is left out in Deno", () => {
  const [, list = ""] = /const IN_ONE_RUNTIME = \[([^\]]*)\]/.exec(readText("scripts/test.ts")) ?? [];
  const paths = Array.from(list.matchAll(/"([^"]+)"/g), ([, path = ""]) => path);
  assert(paths.length > 10, `scripts/test.ts names ${paths.length}`);
  const files = readSources("tests").filter(({ path }) => paths.some((it) => path.startsWith(it)));
  assertEquals(paths.filter((it) => !files.some(({ path }) => path.startsWith(it))), []);
  const others = files.filter(({ text }) => /"(?:Node|Bun) (?:drives|runs|tries)\b/.test(text));
  assertEquals(others.map(({ path }) => path), []);
});

/** They have a limit of time for their processes, and end them, each in its way. */
const STARTERS = [
  "end_with_process",
  "measured_command",
  "nats_server",
  "process_client",
  "serving_process",
  "started_process",
];

test("processes of tests are started by tests/support, and write nothing into the output of the runner", () => {
  const sources = readSources("tests").filter(({ path }) => path !== "tests/house/support_test.ts");
  const starting = /import [^;]*\b(?:spawn|exec|execFile|fork)\b[^;]* from "node:child_process"|Deno\.Command\(/;
  const starters = sources.filter(({ text }) => starting.test(text)).map(({ path }) => path);
  assertEquals(starters, STARTERS.map((it) => `tests/support/${it}.ts`));
  assertEquals(sources.filter(({ text }) => text.includes('"inherit"')).map(({ path }) => path), []);
});
