import { test } from "node:test";
import { assertEquals, assertGreater } from "@std/assert";
import * as rules from "./rules.ts";
import { readSources, readText, type Source } from "./source.ts";

const sources: readonly Source[] = [{ path: "mod.ts", text: readText("mod.ts") }, ...readSources("src")];

for (const rule of [rules.checkFloors, rules.checkSpecifiers, rules.checkNames, rules.checkPath, rules.checkLength]) {
  test(`every source passes ${rule.name}()`, () => assertEquals(sources.flatMap(rule), []));
}

for (const rule of [rules.checkTargets, rules.checkCycles]) {
  test(`the sources pass ${rule.name}()`, () => assertEquals(rule(sources), []));
}

test("the rules see the sources and their imports", () => {
  assertGreater(sources.length, 1);
  assertGreater(sources.flatMap(rules.specifiers).length, 0);
});

test("the longest sources are listed", (t) => {
  const sizes = sources.map((source) => ({ path: source.path, lines: rules.countLines(source) }));
  const long = sizes.filter(({ lines }) => lines > rules.AIMED_LINES).sort((a, b) => b.lines - a.lines);
  for (const { path, lines } of long) t.diagnostic(`${path}: ${lines} lines of code`);
});
