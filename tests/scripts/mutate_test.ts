import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertNotEquals } from "@std/assert";
import { mutantsOf, sample } from "../../scripts/mutate.ts";
import { readText } from "../house/source.ts";

/** The keys of a source's mutants. */
function keysOf(text: string): string[] {
  return mutantsOf(text).map(({ key }) => key);
}

test("mutantsOf() makes each kind of defect", () => {
  const mutants = {
    "if (a) f();": ["module: a → !(a)", "module: f(); → nothing"],
    "while (a) f();": ["module: a → !(a)", "module: f(); → nothing"],
    "const x = a ? b : c;": ["module: a → !(a)"],
    "const x = a && b;": ["module: a && b → a || b"],
    "const x = a < b || c;": ["module: a < b || c → a < b && c", "module: a < b → a <= b"],
    "const x = a === b;": ["module: a === b → a !== b"],
    "if (a === b) f();": ["module: a === b → !(a === b)", "module: f(); → nothing"],
    "const x = a ?? 1;": ["module: a ?? 1 → a", "module: 1 → 2"],
    "const x = a - 1_000;": ["module: a - 1000 → a + 1_000", "module: 1000 → 1001"],
    "const x = true;": ["module: true → false"],
    "function f() { if (a) return b; return c; }": [
      "f: { if (a) return b; return c; } → { return; }",
      "f: a → !(a)",
      "f: return b; → nothing",
    ],
    "class A extends B { constructor() { super(); throw e; } }": [
      "A.constructor: { super(); throw e; } → { return; }",
      "A.constructor: throw e; → nothing",
    ],
    "class A { #f = () => g(1); get b() { return false; } }": ["A.#f: 1 → 2", "A.b: false → true"],
  };
  for (const [source, keys] of Object.entries(mutants)) assertEquals(keysOf(source), keys, source);
});

test("mutantsOf() changes the source at one place", () => {
  const source = "const f = (a: number): number => a < 1 ? 1 : a;\n";
  assertEquals(mutantsOf(source).map(({ line, text }) => [line, text.trim()]), [
    [1, "const f = (a: number): number => !(a < 1) ? 1 : a;"],
    [1, "const f = (a: number): number => a <= 1 ? 1 : a;"],
    [1, "const f = (a: number): number => a < 2 ? 1 : a;"],
    [1, "const f = (a: number): number => a < 1 ? 2 : a;"],
  ]);
});

test("mutantsOf() leaves types and unreachable code as they are", () => {
  const source = `
type A = 1 | true;
interface B { a: 2 }
let c: 3;
f(); // Unreachable: a reason
// Unreachable: a reason
f();
`;
  assertEquals(keysOf(source), []);
});

test("keys are the same in another format, and equal ones are numbered", () => {
  const keys = ["f: { g(a, 1); g(a, 1); } → { return; }", "f: g(a, 1); → nothing", "f: 1 → 2"];
  const expected = [...keys, "f: g(a, 1); → nothing (2)", "f: 1 → 2 (2)"];
  assertEquals(keysOf("function f() { g(a, 1); g(a, 1); }"), expected);
  assertEquals(keysOf("function f() {\n  g(\n    a, // first\n    1,\n  );\n  g(a, 1);\n}"), expected);
});

test("sample() chooses the same mutants for the same seed, and keeps its choice when others come", () => {
  const lines = Array.from({ length: 50 }, (_, index) => `f(a${index});`);
  const all = mutantsOf(lines.join("\n"));
  const keys = (seed: number, from = all) => sample(from, 10, seed).map(({ key }) => key);
  assertEquals(keys(1).length, 10);
  assertEquals(keys(1), keys(1));
  assertNotEquals(keys(1), keys(2));
  assertEquals(sample(all, 100, 1), all);
  const more = keys(1, mutantsOf(["f(b);", ...lines].join("\n"))).filter((key) => key !== "module: f(b); → nothing");
  assertEquals(more.every((key) => keys(1).includes(key)), true);
});

test("each mutant of a source of the library is another program", () => {
  const text = readText("src/job/apply.ts");
  const mutants = mutantsOf(text);
  assertEquals(new Set([text, ...mutants.map((it) => it.text)]).size, mutants.length + 1);
  assertEquals(new Set(mutants.map(({ key }) => key)).size, mutants.length);
});

test("the areas of mutants are there, and their tests", { skip: typeof Deno === "undefined" }, async () => {
  const { MUTATED_AREAS } = await import("../../scripts/mutated_areas.ts");
  const isThere = (path: string) => existsSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)));
  const paths = MUTATED_AREAS.flatMap((
    { sources, tests },
  ) => [sources.endsWith("/") ? sources : `${sources}/`, ...tests]);
  assertEquals(paths.filter((path) => !isThere(path)), []);
});
