import type { RuntimeName, Target } from "./catalog.ts";
import { median } from "./statistics.ts";

/** The figures of one contestant in one runtime, one value per round. */
export interface Series {
  readonly workload: string;
  readonly contest: string;
  readonly contestant: string;
  readonly runtime: RuntimeName;
  readonly metric: string;
  readonly values: number[];
}

/** The results of one run of the command. */
export interface Results {
  readonly format: 1;
  /** The date, in ISO 8601. */
  readonly date: string;
  readonly machine: string;
  /** The clock that the programs used. */
  readonly clock: "wall" | "cpu";
  /** The versions of the library, the runtimes and the peers. */
  readonly versions: Readonly<Record<string, string>>;
  readonly series: readonly Series[];
}

/** The values of a series by round; empty if it was not measured. */
export function valuesOf(
  { series }: Results,
  workload: string,
  contest: string,
  contestant: string,
  runtime: RuntimeName,
  metric: string,
): readonly number[] {
  return series.find((it) =>
    it.workload === workload && it.contest === contest && it.contestant === contestant && it.runtime === runtime &&
    it.metric === metric
  )?.values ?? [];
}

/** The relation of two contestants by round, which cancels out the state of the machine. */
export function relate(
  results: Results,
  workload: string,
  contest: string,
  target: Target,
  runtime: RuntimeName,
): readonly number[] {
  const of = valuesOf(results, workload, contest, target.of, runtime, target.metric);
  const to = valuesOf(results, workload, contest, target.to, runtime, target.metric);
  if (of.length !== to.length) return [];
  return of.map((value, round) => {
    const other = to[round] ?? NaN;
    return target.relation === "difference" ? value - other : value / other;
  });
}

/** Whether a relation reaches a goal. */
export function reaches({ sense }: Target, goal: number, related: readonly number[]): boolean {
  return sense === "at least" ? median(related) >= goal : median(related) <= goal;
}

/** Reads results from a file. */
export async function readResults(path: string | URL): Promise<Results> {
  const results: Results = JSON.parse(await Deno.readTextFile(path));
  if (results.format !== 1) throw new Error(`${path} holds no results of format 1`);
  return results;
}
