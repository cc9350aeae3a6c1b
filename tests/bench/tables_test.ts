import { test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Target, Workload } from "../../bench/harness/catalog.ts";
import { relate, type Results } from "../../bench/harness/results.ts";
import { format, targetTable, workloadTables } from "../../bench/harness/tables.ts";

function workload(target: Partial<Target>): Workload {
  const contestant = (name: string) => ({ name, program: `${name}.ts`, variant: "only", size: 1 });
  return {
    id: "w0",
    title: "W0 trial: nothing",
    contests: [{
      id: "trial",
      title: "Trial",
      metrics: [{ key: "perSecond", title: "thousands a second", scale: 1e-3 }],
      contestants: [contestant("ours"), contestant("theirs")],
      small: 1,
      targets: [{ metric: "perSecond", of: "ours", to: "theirs", sense: "at least", ...target }],
    }],
  };
}

const series = { workload: "w0", contest: "trial", runtime: "Deno", metric: "perSecond" } as const;
const results: Results = {
  format: 1,
  date: "2026-01-31T12:00:00.000Z",
  machine: "none",
  clock: "wall",
  versions: {},
  series: [
    { ...series, contestant: "ours", values: [2_000, 9_000, 2_100] },
    { ...series, contestant: "theirs", values: [1_000, 4_500, 1_000] },
  ],
};

function relation(target: Partial<Target>): string {
  const trial = workload(target);
  return targetTable(trial.contests.map((contest) => ({ workload: trial, contest })), results).split("\n")[2] ?? "";
}

test("figures of one round are related, so that a slow round does no harm", () => {
  const [contest] = workload({}).contests;
  assertEquals(contest?.targets.map((target) => relate(results, "w0", "trial", target, "Deno")), [[2, 2, 2.1]]);
  assertStringIncludes(relation({ relation: "difference" }), "ours − theirs | – | – | **1,100** ±159 % |");
});

test("a relation is marked when it reaches its target or more, and when it misses it", () => {
  assertStringIncludes(relation({ goal: 1.5, stretch: 3 }), "| ≥ 1.5 | ≥ 3 | **2** ±3 % ✓ | – | – |");
  assertStringIncludes(relation({ goal: 1.5, stretch: 2 }), "**2** ±3 % ✓✓");
  assertStringIncludes(relation({ goal: 2.5 }), "**2** ±3 % ✗");
  assertStringIncludes(relation({ goal: 2.5, sense: "at most" }), "≤ 2.5 | – | **2** ±3 % ✓");
  assertStringIncludes(relation({ stretch: 3 }), "**2** ±3 % | – | – |");
});

test("a table names the unit, and leaves a place where nothing was measured", () => {
  const text = workloadTables(workload({}), results);
  assertStringIncludes(text, "| Trial: thousands a second | Deno | Node | Bun |");
  assertStringIncludes(text, "| theirs | 1 ±175 % | – | – |");
});

test("numbers have three significant digits", () => {
  assertEquals([0.012345, 1.2345, 99.95, 1234567.8].map(format), ["0.0123", "1.23", "100", "1,234,568"]);
});
