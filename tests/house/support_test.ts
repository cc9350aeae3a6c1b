import { readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { readText } from "./source.ts";

test("tests/support/README.md names each file of the folder, once", () => {
  const files = readdirSync(fileURLToPath(new URL("../support", import.meta.url))).filter((it) => it.endsWith(".ts"));
  const named = Array.from(readText("tests/support/README.md").matchAll(/^\| `(\w+\.ts)` +\| \S/gm), ([, it]) => it);
  assertEquals(named.toSorted(), files.toSorted());
});
