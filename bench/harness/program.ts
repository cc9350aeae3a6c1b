import { argv, cpuUsage, env } from "node:process";

/** The figures of one run, by metric. */
export type Figures = Readonly<Record<string, number>>;

/** The environment variable that makes programs run for their assertions only. */
export const SMALL = "BENCH_SMALL";

/** Whether this run is made for its assertions only. */
export const isSmall: boolean = env[SMALL] !== undefined;

/** The environment variable that makes `clock` return processor time. */
export const CPU_CLOCK = "BENCH_CPU_CLOCK";

/**
 * The elapsed time in milliseconds; or the processor time of this process, which other processes do not change, but
 * which also includes the threads of the garbage collector.
 */
export const clock: () => number = env[CPU_CLOCK] === undefined ? () => performance.now() : () => {
  const { user, system } = cpuUsage();
  return (user + system) / 1_000;
};

/** The number of warm-up runs: code that only starts or ends a run has to be compiled too. */
const WARM_UP_RUNS = 5;

/** A variant of a program; it asserts its own result. */
export type Variant = (size: number) => Figures | Promise<Figures>;

/**
 * Runs the variants named by the command line, and prints their figures as lines of JSON. An argument consists of a
 * variant's name, its size, and the total size of its warm-up runs: `sync:100000:100000`.
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

/** Runs work, and returns the number of units per second. */
export async function timeUnits(units: number, run: () => unknown): Promise<Figures> {
  const start = clock();
  await run();
  return { perSecond: (units * 1_000) / (clock() - start) };
}

/** Asserts a result, so that no work is left out or done twice. */
export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${what} came to ${actual}, not ${expected}`);
}
