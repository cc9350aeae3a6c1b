import { readResults, relate, valuesOf } from "./harness/results.ts";
import { median, spread } from "./harness/statistics.ts";
import { format, RUNTIMES, table } from "./harness/tables.ts";
import { workloads } from "./harness/workloads.ts";

// Compares two files of results: `deno task bench:diff before.json after.json`. The machine may have been faster or
// slower, so the ratios to peers and references show what has changed.

const [before, after] = await Promise.all(Deno.args.slice(0, 2).map((path) => readResults(path)));
if (before === undefined || after === undefined) throw new RangeError("Two files of results are needed");
if (before.clock !== after.clock) {
  throw new RangeError("One was measured by the wall clock, the other by the processor's");
}

const relations: string[][] = [];
for (const workload of workloads.values()) {
  for (const contest of workload.contests) {
    for (const target of contest.targets) {
      for (const runtime of RUNTIMES) {
        const [a, b] = [before, after].map((it) => relate(it, workload.id, contest.id, target, runtime));
        const name = `${workload.id} ${contest.id} ${target.metric}: ${target.of} / ${target.to}, ${runtime}`;
        relations.push(...compareValues(name, a, b));
      }
    }
  }
}
const figures = before.series.flatMap(({ workload, contest, contestant, runtime, metric, values }) => {
  const name = `${workload} ${contest} ${metric}: ${contestant}, ${runtime}`;
  return compareValues(name, values, valuesOf(after, workload, contest, contestant, runtime, metric));
});
const head = ["before", "after", "change", "beyond the spread"];
console.log(`${table(["relation", ...head], relations)}\n\n${table(["figure", ...head], figures)}`);

function compareValues(name: string, a: readonly number[] = [], b: readonly number[] = []): string[][] {
  if (a.length === 0 || b.length === 0) return [];
  const change = median(b) / median(a) - 1;
  const isClear = Math.abs(change) > spread(a) + spread(b);
  const percent = `${change >= 0 ? "+" : "−"}${Math.abs(Math.round(change * 100))} %`;
  return [[name, format(median(a)), format(median(b)), percent, isClear ? "yes" : ""]];
}
