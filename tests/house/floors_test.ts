import { test } from "node:test";
import { assertEquals, assertLessOrEqual } from "@std/assert";
import * as rules from "./rules.ts";
import { readSources, readText, type Source } from "./source.ts";

const sources: readonly Source[] = [{ path: "mod.ts", text: readText("mod.ts") }, ...readSources("src")];

for (
  const rule of [
    rules.checkFloors,
    rules.checkSpecifiers,
    rules.checkPath,
    rules.checkLength,
    rules.checkIterables,
    rules.checkAge,
  ]
) {
  test(`every source passes ${rule.name}()`, () => assertEquals(sources.flatMap(rule), []));
}

for (const rule of [rules.checkTargets, rules.checkCycles]) {
  test(`the sources pass ${rule.name}()`, () => assertEquals(rule(sources), []));
}

test("the rules see the sources and their imports", () => {
  const flow = sources.find(({ path }) => path === "src/flow.ts") ?? { path: "", text: "" };
  const entry = sources.find(({ path }) => path === "mod.ts") ?? { path: "", text: "" };
  assertEquals(rules.valueImports(entry).includes(flow.path), true);
  assertEquals(rules.specifiers(flow).every((it) => it.startsWith("./") && it.endsWith(".ts")), true);
});

test("few sources are longer than they are aimed to be", () => {
  const long = sources.filter((source) => rules.countLines(source) > rules.AIMED_LINES).map(({ path }) => path);
  assertLessOrEqual(long.length, sources.length / 7.5, long.join(", "));
});
