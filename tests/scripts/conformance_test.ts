import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Cases, complain, cover, namingTests, parseCatalogue, type ReasonRecord } from "../../scripts/cases.ts";
import { readText } from "../house/source.ts";

const catalogue = `# Catalogue
* **[core]** must hold, as in C999.
- **C001** [core] One thing.
- **C002** [core] Another, unlike C003.
- **C003** [odd] A third. odd: **C004** [core] is better.
- **C004** [py] A fourth.
`;
const cases: Cases = new Map([["C001", "core"], ["C002", "core"], ["C003", "odd"], ["C004", "py"]]);

/** What is wrong with a source of tests and reasons why cases have none. */
function complaints(source: string, reasons: ReasonRecord = {}): string[] {
  const tests = namingTests("a_test.ts", source);
  return complain(cover(cases, reasons, tests), reasons, tests);
}

test("parseCatalogue() finds every case with its kind, and none that is only mentioned", () => {
  assertEquals(parseCatalogue(catalogue), cases);
});

test("namingTests() finds the cases at the beginning of a test's name, not those elsewhere", () => {
  const source = `
test("C001 C002 does two things", () => {});
test(
  "C003 does a third", async () => log("C004 is no test"));
// test("C004 is away", () => {});
test.skip("C004 waits", () => {});
latest("C004 is another function", () => {});
test("is like C004", () => {});
test("C0045 is no number", () => {});
`;
  assertEquals(namingTests("a_test.ts", source), [
    { file: "a_test.ts", name: "does two things", cases: ["C001", "C002"] },
    { file: "a_test.ts", name: "does a third", cases: ["C003"] },
  ]);
});

test("namingTests() finds names that are templates, that a function takes, and that tests are made of", () => {
  const source = `
for (const kind of KINDS) test(\`C001 \${kind} \${\`of \${kind}\`} is one\`, () => {});
crashTest("C002 a server that is killed", () => {});
for (const [name, run] of [["C003 first", run], ["second", "C004 is an argument"]]) test(name, run);
const table = { "C001 C002 key": 1, other: "C003 value" };
log(\`C004 is no test\`, "C004 is none either");
`;
  assertEquals(namingTests("a_test.ts", source).map(({ name, cases }) => [name, ...cases]), [
    ["${kind} ${`of ${kind}`} is one", "C001"],
    ["a server that is killed", "C002"],
    ["first", "C003"],
    ["key", "C001", "C002"],
    ["value", "C003"],
  ]);
  const withoutTable = 'test("a", () => {}); const cases = ["C001 is no test"];';
  assertEquals(namingTests("a_test.ts", withoutTable), []);
});

test("a case needs a test or a reason, and not both; one of another language needs neither", () => {
  const all = 'test("C001 C002 x", () => {}); test("C003 y", () => {});';
  assertEquals(complaints(all), []);
  assertEquals(complaints('test("C001 C002 x", () => {});', { "not wanted": ["C003"] }), []);
  assertEquals(complaints('test("C001 C002 x", () => {});'), ["C003 is named by no test, and has no reason why"]);
  assertEquals(complaints(all, { "not wanted": ["C002"] }), ["C002 has a reason to have no test, but one: a_test.ts"]);
});

test("numbers that are no case, and second reasons, are told", () => {
  const all = 'test("C001 C002 C003 C077 x", () => {});';
  assertEquals(complaints(all, { "not wanted": ["C088", "C004"], "nor this": ["C004"] }), [
    "C088 has a reason, but is no case",
    "C004 has two reasons",
    "C077 is no case, but named in a_test.ts",
  ]);
});

test("cover() tells of each case its tests, or the reason why there are none", () => {
  const reasons = { "not wanted": ["C002"] };
  const tests = namingTests("a_test.ts", 'test("C001 x", () => {}); test("C001 y", () => {});');
  const found = cover(cases, reasons, tests).map(({ number, tests, reason }) => [number, tests.length, reason]);
  assertEquals(found, [
    ["C001", 2, undefined],
    ["C002", 0, "not wanted"],
    ["C003", 0, undefined],
    ["C004", 0, "[py] specific to Python"],
  ]);
});

test("the catalogue's numbers are in order, each once", () => {
  const numbers = Array.from(readText("tests/cases.md").matchAll(/^- \*\*C(\d{3})\*\* \[/gm), ([, it]) => Number(it));
  assertEquals(numbers, Array.from(numbers, (_, index) => index + 1));
});
