import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { median } from "../harness/statistics.ts";
import { type Line, plot, type PlotText } from "../harness/svg.ts";

// Draws what `bench/w8/main.ts` and `bench/w9/main.ts` have printed: `plots.ts FILE...`. The curves go to bench/results.

interface Row {
  readonly name: string;
  readonly workers?: number;
  readonly stepsPerSecond?: number;
  readonly cpuSecondsPer20kSteps?: number;
  readonly sleeping?: number;
  readonly serverCpuMsPerSecond?: number;
  readonly lookMs?: { readonly p50: number };
}

/** The curves, by the names of their files. */
const CURVES: Readonly<Record<string, PlotText & { readonly at: keyof Row; valueOf(row: Row): number | undefined }>> = {
  w8_steps: {
    ...{ title: "Durable steps a second by the number of workers", x: "workers", y: "steps a second" },
    at: "workers",
    valueOf: (row) => row.stepsPerSecond,
  },
  w8_processor: {
    ...{ title: "Processor time of 20,000 durable steps by the number of workers", x: "workers", y: "seconds" },
    at: "workers",
    valueOf: (row) => row.cpuSecondsPer20kSteps,
  },
  w9_server: {
    ...{ title: "Processor time of the server while jobs sleep", x: "jobs that sleep", y: "ms a second" },
    at: "sleeping",
    valueOf: (row) => row.serverCpuMsPerSecond,
  },
  w9_look: {
    ...{ title: "One look for jobs that are due", x: "jobs that sleep", y: "ms" },
    at: "sleeping",
    valueOf: (row) => row.lookMs?.p50,
  },
};

const rows = process.argv.slice(2).flatMap((path) =>
  readFileSync(path, "utf8").split("\n").filter((line) => line.startsWith("{")).map((line): Row => JSON.parse(line))
);
for (const [file, { at, valueOf, ...text }] of Object.entries(CURVES)) {
  const lines = [...new Set(rows.map(({ name }) => name))].flatMap((label): Line[] => {
    const values = new Map<number, number[]>();
    for (const row of rows) {
      const [x, y] = [Number(row[at]), valueOf(row)];
      // The axes are logarithmic.
      if (row.name === label && x > 0 && y !== undefined && y > 0) values.set(x, [...values.get(x) ?? [], y]);
    }
    const points = [...values].sort(([a], [b]) => a - b).map(([x, all]) => [x, median(all)] as const);
    return points.length === 0 ? [] : [{ label, points, isReference: false }];
  });
  if (lines.length === 0) continue;
  const path = fileURLToPath(new URL(`../results/${file}.svg`, import.meta.url));
  writeFileSync(path, plot(lines, text));
  console.log(path);
}
