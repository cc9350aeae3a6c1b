import type { Contest, Metric, RuntimeName, Target, Workload } from "./catalog.ts";
import { reaches, relate, type Results, valuesOf } from "./results.ts";
import { median, spread } from "./statistics.ts";

/** The order of columns. */
export const RUNTIMES: readonly RuntimeName[] = ["Deno", "Node", "Bun"];

/** The tables of a workload, in Markdown: the figures of each contest and their relations. */
export function workloadTables(workload: Workload, results: Results): string {
  const { contests } = workload;
  const parts = workload.hasCurves
    ? [
      ...RUNTIMES.map((runtime) => curveTable(workload, runtime, results)),
      targetTable(contests.map((contest) => ({ workload, contest })), results),
    ]
    : contests.flatMap((contest) => [
      ...contest.metrics.filter(({ drawnAt }) => drawnAt === undefined).map((metric) =>
        figureTable(workload, contest, metric, results)
      ),
      targetTable([{ workload, contest }], results),
    ]);
  return parts.filter((part) => part !== "").join("\n\n");
}

/** The relations for which there is a target. */
export function targetTable(
  contests: readonly { readonly workload: Workload; readonly contest: Contest }[],
  results: Results,
): string {
  const rows = contests.flatMap(({ workload, contest }) =>
    contest.targets.map((target) => {
      const related = RUNTIMES.map((runtime) => relate(results, workload.id, contest.id, target, runtime));
      if (related.every((it) => it.length === 0)) return [];
      const { metrics } = contest;
      const title = metrics.length > 1 ? ` ${metrics.find(({ key }) => key === target.metric)?.title}:` : "";
      const sign = target.relation === "difference" ? "−" : "÷";
      const [shortName] = workload.title.split(/[ :]/);
      const name = `${shortName} ${contest.title.toLowerCase()}:${title} ${target.of} ${sign} ${target.to}`;
      return [
        name,
        goal(target, target.goal),
        goal(target, target.stretch),
        ...related.map((it) => verdict(target, it)),
      ];
    })
  ).filter((row) => row.length > 0);
  return rows.length === 0 ? "" : table(["in one run", "target", "stretch", ...RUNTIMES], rows);
}

function figureTable(workload: Workload, contest: Contest, metric: Metric, results: Results): string {
  const { key, title, scale = 1, isFixed = false } = metric;
  const largest = Math.max(...contest.contestants.map(({ size }) => size));
  const rows = contest.contestants.map(({ name, note, size }) => {
    const all = RUNTIMES.map((runtime) => valuesOf(results, workload.id, contest.id, name, runtime, key));
    const measured = all.find((values) => values.length > 0);
    if (measured === undefined) return [];
    const notes = [...(note === undefined ? [] : [note]), ...(size < largest ? [`a size of ${format(size)}`] : [])];
    const label = notes.length === 0 ? name : `${name} (${notes.join("; ")})`;
    return isFixed ? [label, format(median(measured) * scale)] : [label, ...all.map((values) => cell(values, scale))];
  }).filter((row) => row.length > 0);
  if (rows.length === 0) return "";
  return isFixed ? table([contest.title, title], rows) : table([`${contest.title}: ${title}`, ...RUNTIMES], rows);
}

/** The curves of a runtime: a row per curve, a column per size. */
function curveTable({ id, contests }: Workload, runtime: RuntimeName, results: Results): string {
  const sizes = new Map(contests.flatMap(({ contestants }) => contestants.map(({ size, name }) => [size, name])));
  const columns = [...sizes].toSorted(([a], [b]) => a - b).map(([, name]) => name);
  const rows = contests.flatMap(({ id: contest, title, metrics }) =>
    metrics.map(({ key, title: unit }) => {
      const all = columns.map((name) => valuesOf(results, id, contest, name, runtime, key));
      if (all.every((values) => values.length === 0)) return [];
      return [`${title}: ${unit}`, ...all.map((values) => values.length === 0 ? "" : format(median(values)))];
    })
  ).filter((row) => row.length > 0);
  return rows.length === 0 ? "" : table([runtime, ...columns], rows);
}

function cell(values: readonly number[], scale: number): string {
  return values.length === 0 ? "–" : `${format(median(values) * scale)} ${spreadOf(values)}`;
}

function spreadOf(values: readonly number[]): string {
  return `±${Math.round(spread(values) * 100)} %`;
}

function goal({ sense }: Target, value: number | undefined): string {
  return value === undefined ? "–" : `${sense === "at least" ? "≥" : "≤"} ${value}`;
}

function verdict(target: Target, related: readonly number[]): string {
  if (related.length === 0) return "–";
  return `**${format(median(related))}** ${spreadOf(related)} ${mark(target, related)}`.trim();
}

function mark(target: Target, related: readonly number[]): string {
  if (target.stretch !== undefined && reaches(target, target.stretch, related)) return "✓✓";
  if (target.goal === undefined) return "";
  return reaches(target, target.goal, related) ? "✓" : "✗";
}

/** A number with three significant digits. */
export function format(value: number): string {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}

/** Formats a table in Markdown; all columns but the first are right-aligned. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => i === 0 ? "---" : "--:")), ...rows.map(line)].join("\n");
}
