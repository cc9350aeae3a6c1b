import type { RuntimeName } from "../harness/catalog.ts";
import { type Results, valuesOf } from "../harness/results.ts";
import { median } from "../harness/statistics.ts";
import { type Line, plot } from "../harness/svg.ts";
import { scaling } from "./workload.ts";

/** Draws the curves of a runtime; returns nothing if it was not measured. */
export function plotScaling(results: Results, runtime: RuntimeName): string | undefined {
  const lines = scaling.contests.map(({ id, title, contestants, metrics: [metric], targets }): Line => ({
    label: title,
    isReference: targets.every(({ goal }) => goal === undefined),
    points: contestants.flatMap(({ name, size }) => {
      const values = valuesOf(results, scaling.id, id, name, runtime, metric?.key ?? "");
      return values.length === 0 ? [] : [[size, median(values)] as const];
    }),
  })).filter(({ points }) => points.length > 0);
  if (lines.length === 0) return undefined;
  const version = `${runtime} ${results.versions[runtime]}`;
  return plot(lines, { title: `Time of an activation, ${version}`, x: "how many there are", y: "ns an activation" });
}
