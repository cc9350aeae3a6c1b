import type { Contest, Contestant, RuntimeName, Workload } from "./catalog.ts";
import { type BenchRuntime, hasPeers, measure } from "./process.ts";
import { type Figures, SMALL } from "./program.ts";
import type { Series } from "./results.ts";

/** Selects contestants. */
export interface Selection {
  readonly workloads: readonly Workload[];
  readonly runtimes: readonly BenchRuntime[];
  /** Only contestants whose names contain one of these, and those that they are compared with. */
  readonly only: readonly string[];
  /** Environment variables of the processes. */
  readonly env: Readonly<Record<string, string>>;
}

interface Entry {
  readonly workload: Workload;
  readonly contest: Contest;
  readonly contestant: Contestant;
  readonly runtime: BenchRuntime;
}

/** The result of several rounds. */
export interface Measured {
  readonly series: readonly Series[];
  /** Errors; the contestants with errors have no series. */
  readonly errors: readonly string[];
}

/**
 * Measures in rounds, with one process per contestant. Contestants that are compared run one after the other, so that
 * they meet the same state of the machine; each round starts with another one.
 */
export async function measureRounds(
  selection: Selection,
  rounds: number,
  onFigures: (line: string) => void,
): Promise<Measured> {
  const series = new Map<string, Series>();
  const errors = new Map<Entry, string>();
  for (const workload of selection.workloads) {
    await prepare(workload);
    const groups = groupsOf({ ...selection, workloads: [workload] });
    for (let round = 0; round < rounds; round++) {
      for (const entry of groups.flatMap((group) => rotate(group, round / rounds))) {
        if (errors.has(entry)) continue;
        try {
          const figures = await measureEntry(entry, selection.env);
          for (const { key } of entry.contest.metrics) add(series, entry, key, figures[key] ?? NaN);
          onFigures(`${round + 1}/${rounds} ${labelOf(entry)}: ${JSON.stringify(figures)}`);
        } catch (error) {
          errors.set(entry, String(error));
        }
      }
    }
  }
  for (const entry of errors.keys()) {
    for (const { key } of entry.contest.metrics) series.delete(`${labelOf(entry)}/${key}`);
  }
  return { series: [...series.values()], errors: [...errors.values()] };
}

async function measureEntry({ contest, contestant, runtime }: Entry, env: Selection["env"]): Promise<Figures> {
  const { variant, size, program } = contestant;
  const warmUp = contestant.warmUp ?? Math.floor(size * (contest.warmUp ?? 1));
  const variants = [`${variant}:${size}:${warmUp}`];
  const [measured] = await measure(runtime, program, variants, flagsOf(contest, runtime.name), env);
  return { ...measured, ...await contest.weigh?.(contestant) };
}

function rotate<T>(items: readonly T[], part: number): readonly T[] {
  const first = Math.floor(items.length * part);
  return [...items.slice(first), ...items.slice(0, first)];
}

/** Runs each program once with a small size, for its assertions. Returns the errors. */
export async function assertAll(selection: Selection): Promise<{ readonly passed: number; readonly errors: string[] }> {
  const programs = Map.groupBy(groupsOf(selection).flat(), ({ contest, contestant: { program }, runtime }) => {
    return JSON.stringify([runtime.name, program, flagsOf(contest, runtime.name)]);
  });
  for (const workload of selection.workloads) await prepare(workload);
  const errors: string[] = [];
  let passed = 0;
  for (const entries of programs.values()) {
    const [first] = entries;
    if (first === undefined) continue;
    const { runtime, contest, contestant: { program } } = first;
    const variants = new Set(entries.map((it) => `${it.contestant.variant}:${it.contest.small}`));
    try {
      const flags = flagsOf(contest, runtime.name);
      passed += (await measure(runtime, program, [...variants], flags, { ...selection.env, [SMALL]: "1" })).length;
    } catch (error) {
      errors.push(String(error));
    }
  }
  return { passed, errors };
}

async function prepare({ contests }: Workload): Promise<void> {
  for (const contest of contests) await contest.prepare?.();
}

/** The contestants of each contest in each runtime. */
function groupsOf({ workloads, runtimes, only }: Selection): readonly (readonly Entry[])[] {
  return workloads.flatMap((workload) =>
    workload.contests.flatMap((contest) => {
      const contestants = contest.contestants.filter((it) => takesPart(it, contest, only));
      return runtimes.map((runtime) => contestants.map((contestant) => ({ workload, contest, contestant, runtime })));
    })
  );
}

function takesPart({ name, program }: Contestant, { targets }: Contest, only: readonly string[]): boolean {
  if (/\bpeers\//.test(program) && !hasPeers) return false;
  const isNamed = (it: string) => only.length === 0 || only.some((part) => it.includes(part));
  return isNamed(name) || targets.some(({ of, to }) => to === name && isNamed(of));
}

function flagsOf(contest: Contest, runtime: RuntimeName): readonly string[] {
  return contest.flags?.[runtime] ?? [];
}

function add(all: Map<string, Series>, entry: Entry, metric: string, value: number): void {
  const label = `${labelOf(entry)}/${metric}`;
  const { workload, contest, contestant, runtime } = entry;
  const series = all.get(label) ?? {
    workload: workload.id,
    contest: contest.id,
    contestant: contestant.name,
    runtime: runtime.name,
    metric,
    values: [],
  };
  series.values.push(value);
  all.set(label, series);
}

function labelOf({ workload, contest, contestant, runtime }: Entry): string {
  return [workload.id, contest.id, contestant.name, runtime.name].join("/");
}
