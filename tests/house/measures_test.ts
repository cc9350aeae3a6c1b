import { test } from "node:test";
import { assertEquals, assertLessOrEqual } from "@std/assert";
import { coreLines, loadedModules } from "./measures.ts";
import { readSources, readText, type Source } from "./source.ts";

/** More code lines of the core than this fail. */
const MOST_CORE_LINES = 18_860;
/** More modules than this fail: each costs a runtime, and a reader, a file to open. */
const MOST_MODULES = 173;

const sources: readonly Source[] = [{ path: "mod.ts", text: readText("mod.ts") }, ...readSources("src")];

test("the core stays within its code lines", () => {
  const total = Array.from(coreLines(sources).values()).reduce((a, b) => a + b);
  assertLessOrEqual(total, MOST_CORE_LINES);
});

test("an import of the library loads few modules", () => {
  assertLessOrEqual(loadedModules(sources, "mod.ts").length, MOST_MODULES);
});

test("coreLines() counts the floors of the core and the files above them", () => {
  const lines = coreLines([
    { path: "src/base/a.ts", text: "f();\n// c\n" },
    { path: "src/engine/execution/b.ts", text: "f();\ng();\n" },
    { path: "src/engine/c.ts", text: "f();\n" },
    { path: "src/flow.ts", text: "f();\n" },
    { path: "src/stores/d.ts", text: "f();\n" },
    { path: "src/ports/mod.ts", text: "f();\n" },
    { path: "mod.ts", text: "f();\n" },
  ]);
  assertEquals(Array.from(lines).filter(([, count]) => count > 0), [["base", 1], ["engine", 3], ["src", 1]]);
});

test("loadedModules() follows imports and exports of values, not of types", () => {
  const source = (path: string, text: string) => ({ path, text });
  const all = [
    source("mod.ts", 'export { a } from "./a.ts";\nexport type { B } from "./b.ts";\nimport "./d.ts";'),
    source("a.ts", 'import type { B } from "./b.ts";\nimport {\n  type X,\n  c,\n} from "./c.ts";\nimport "./mod.ts";'),
    source("b.ts", ""),
    source("c.ts", 'const text = "from"; export const x = () => import("./e.ts");'),
    source("d.ts", 'import { v } from "valibot";\nimport { gone } from "./gone.ts";'),
    source("e.ts", ""),
  ];
  assertEquals(loadedModules(all, "mod.ts"), ["a.ts", "c.ts", "d.ts", "mod.ts"]);
});
