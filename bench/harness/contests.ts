import type { Contest, Contestant, RuntimeName, Workload } from "./catalog.ts";
import { type BenchRuntime, hasPeers, measure } from "./process.ts";
import { type Figures, SMALL } from "./program.ts";
import type { Series } from "./results.ts";

/** Which contestants take part. */
export interface Selection {
  readonly workloads: readonly Workload[];
  readonly runtimes: readonly BenchRuntime[];
  /** Only contestants whose names contain one of these, and those that they are compared with. */
  readonly only: readonly string[];
}

interface Entry {
  readonly workload: Workload;
  readonly contest: Contest;
  readonly contestant: Contestant;
  readonly runtime: BenchRuntime;
}

const DEFAULT_WARM_UP = 0.1;

/**
 * Measures round by round, each contestant in a process of its own. Every round begins with another contestant: no one has
 * always the same neighbour, or the beginning of a burst of other work.
 */
export async function measureRounds(
  selection: Selection,
  rounds: number,
  onFigures: (line: string) => void,
): Promise<readonly Series[]> {
  const series = new Map<string, Series>();
  for (const workload of selection.workloads) {
    await prepare(workload);
    const entries = entriesOf({ ...selection, workloads: [workload] });
    for (let round = 0; round < rounds; round++) {
      const first = Math.floor((round * entries.length) / rounds);
      for (const entry of [...entries.slice(first), ...entries.slice(0, first)]) {
        const { contest, contestant, runtime } = entry;
        const warmUp = contestant.warmUp ?? Math.floor(contestant.size * (contest.warmUp ?? DEFAULT_WARM_UP));
        const argument = `${contestant.variant}:${contestant.size}:${warmUp}`;
        const [measured] = await measure(runtime, contestant.program, [argument], flagsOf(contest, runtime.name));
        const figures: Figures = { ...measured, ...await contest.weigh?.(contestant) };
        for (const { key } of contest.metrics) add(series, entry, key, figures[key] ?? NaN);
        onFigures(`${round + 1}/${rounds} ${labelOf(entry)}: ${JSON.stringify(figures)}`);
      }
    }
  }
  return [...series.values()];
}

/** Runs everything once, small, for its assertions; each program only once. Says what went wrong, one text each. */
export async function assertAll(selection: Selection): Promise<{ readonly passed: number; readonly errors: string[] }> {
  const programs = Map.groupBy(entriesOf(selection), ({ contest, contestant: { program }, runtime }) => {
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
      passed += (await measure(runtime, program, [...variants], flags, { [SMALL]: "1" })).length;
    } catch (error) {
      errors.push(String(error));
    }
  }
  return { passed, errors };
}

async function prepare({ contests }: Workload): Promise<void> {
  for (const contest of contests) await contest.prepare?.();
}

/** Those that are compared with each other stand side by side, so that they meet the same moods of the machine. */
function entriesOf({ workloads, runtimes, only }: Selection): Entry[] {
  return workloads.flatMap((workload) =>
    workload.contests.flatMap((contest) => {
      const contestants = contest.contestants.filter((it) => takesPart(it, contest, only));
      return runtimes.flatMap((runtime) =>
        contestants.map((contestant) => ({ workload, contest, contestant, runtime }))
      );
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
