import type { RuntimeName } from "../harness/catalog.ts";
import { type Results, valuesOf } from "../harness/results.ts";
import { median } from "../harness/statistics.ts";
import { type Line, plot } from "../harness/svg.ts";
import { bounded, pointsOf } from "./workload.ts";

/** Draws the curves of a runtime; returns nothing if it was not measured. */
export function plotBounded(results: Results, runtime: RuntimeName): string | undefined {
  const lines = (["heap", "journal"] as const).flatMap((curve) =>
    bounded.contests.flatMap(({ id, contestants }) =>
      contestants.map(({ name, variant }): Line => ({
        label: curve === "heap" ? name : `journal: ${variant}`,
        isReference: curve === "journal",
        points: pointsOf(curve).flatMap(({ at, key }) => {
          const values = valuesOf(results, bounded.id, id, name, runtime, key);
          return values.length === 0 ? [] : [[at, median(values) / 1_000] as const];
        }),
      }))
    )
  ).filter(({ points }) => points.length > 0);
  if (lines.length === 0) return undefined;
  const version = `${runtime} ${results.versions[runtime]}`;
  const y = "heap: kB; journal: thousand characters";
  return plot(lines, { title: `Memory and journals along the way, ${version}`, x: "percent of the work", y });
}
