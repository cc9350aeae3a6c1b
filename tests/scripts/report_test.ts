import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { countCases, failedCases, total } from "../../scripts/report.ts";

const report = `<testsuite>
  <testcase name="a"></testcase>
  <testcase name="b" />
  <testcase name="c"><failure message="x">x</failure></testcase>
  <testcase name="d"><skipped/></testcase>
</testsuite>`;

test("countCases() counts what a report says", () => {
  assertEquals(countCases(report, false), { passed: 2, failed: 1, skipped: 1 });
});

test("failedCases() names what failed", () => {
  assertEquals(failedCases(report), ["c"]);
  assertEquals(failedCases(""), []);
});

test("countCases() counts a run that failed before its cases", () => {
  assertEquals(countCases("", false), { passed: 0, failed: 1, skipped: 0 });
  assertEquals(countCases("", true), { passed: 0, failed: 0, skipped: 0 });
});

test("total() adds counts up", () => {
  assertEquals(total([{ passed: 1, failed: 2 }, { passed: 3, failed: 0 }]), { passed: 4, failed: 2 });
});
