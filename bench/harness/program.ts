import { argv, cpuUsage, env } from "node:process";

/** What came of one run, by the name of the metric. */
export type Figures = Readonly<Record<string, number>>;

/** The variable that tells programs to run for their assertions only. */
export const SMALL = "BENCH_SMALL";

/** Whether this is such a run: as little as will do. */
export const isSmall: boolean = env[SMALL] !== undefined;

/** The variable that makes `clock` count processor time. */
export const CPU_CLOCK = "BENCH_CPU_CLOCK";

/**
 * Milliseconds that have passed; or that the threads of this process have worked, which others on the machine don't change,
 * but which counts what collects garbage beside the program as well.
 */
export const clock: () => number = env[CPU_CLOCK] === undefined ? () => performance.now() : () => {
  const { user, system } = cpuUsage();
  return (user + system) / 1_000;
};

/** A warm-up is so many runs, for what only begins or ends a run has to be compiled as well. */
const WARM_UP_RUNS = 5;

/** One way to do a workload; it asserts its own result. */
export type Variant = (size: number) => Figures | Promise<Figures>;

/**
 * Runs what the command line asks for, and prints its figures, one line of JSON each. An argument is the name of a variant,
 * its size, and the size of what warms it up before, in several runs: `sync:100000:100000`.
 */
export async function runProgram(variants: Readonly<Record<string, Variant>>): Promise<void> {
  for (const argument of argv.slice(2)) {
    const [name = "", size = "", warmUp = "0"] = argument.split(":");
    const variant = variants[name];
    if (variant === undefined) {
      throw new RangeError(`No variant "${name}"; there are ${Object.keys(variants).join(", ")}`);
    }
    const part = Math.ceil(Number(warmUp) / WARM_UP_RUNS);
    for (let run = 0; run < WARM_UP_RUNS && part > 0; run++) await variant(part);
    console.log(JSON.stringify(await variant(Number(size))));
  }
}

/** Runs something and says how many units it did in a second. */
export async function timeUnits(units: number, run: () => unknown): Promise<Figures> {
  const start = clock();
  await run();
  return { perSecond: (units * 1_000) / (clock() - start) };
}

/** Sees that a result is what it must be: else the work was left out, or done twice. */
export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${what} came to ${actual}, not ${expected}`);
}
