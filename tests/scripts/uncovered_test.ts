import { test } from "node:test";
import { assert, assertEquals, assertFalse } from "@std/assert";
import { hasOnlyTypes, judge, readLcov } from "../../scripts/uncovered.ts";

const REPORT = `SF:/a/one.ts
FN:1,f
FNDA:0,f
BRDA:3,1,0,4
BRDA:5,1,0,0
BRDA:6,1,1,-
DA:1,3
DA:2,0
DA:30,0
end_of_record
SF:/a/two.ts
DA:1,10
end_of_record
`;

/** What is said of a source whose marked lines are not reached. */
function judged(source: string): { readonly open: number[]; readonly stale: number[] } {
  const marked = source.split("\n").flatMap((line, index) => line.includes("§") ? [index + 1] : []);
  return judge(source, new Set(marked));
}

test("lines and branches that were never run are read from a report", () => {
  assertEquals(readLcov(REPORT), [
    { file: "/a/one.ts", lines: new Set([5, 6, 2, 30]) },
    { file: "/a/two.ts", lines: new Set<number>() },
  ]);
});

test("what is not reached needs a reason: on the line before, or at its end", () => {
  assertEquals(judged("a();\nb(); /*§*/\n"), { open: [2], stale: [] });
  assertEquals(judged("// Unreachable: it is so.\nb(); /*§*/\nc(); /*§*/\nd();\ne(); /*§*/\n"), {
    open: [5],
    stale: [],
  });
  assertEquals(judged("b(); /*§*/ // Unreachable default: it is so.\n"), { open: [], stale: [] });
  assertEquals(judged("// Unreachable:\nb(); /*§*/\n"), { open: [2], stale: [] });
});

test("a reason for what is reached is told", () => {
  assertEquals(judged("// Unreachable: it is so.\nb();\nc(); /*§*/\n"), { open: [3], stale: [1] });
});

test("a file of types alone has nothing to run", () => {
  assert(hasOnlyTypes("// a comment\n   \nexport {};\n"));
  assertFalse(hasOnlyTypes("export const a = 1;\n"));
});
