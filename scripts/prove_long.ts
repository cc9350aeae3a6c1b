import { readSources } from "../tests/house/source.ts";
import type { Counts } from "./report.ts";
import { startServicesFor } from "./services.ts";

/** What a test uses that tries more cases in the long run than in the gate. */
const TRIES_MORE = /\b(IS_LONG|amountOf)\b|\/in_gate\.ts"/;

/** What the gate runs a part of. */
const LONG_PROGRAMS = {
  "the benchmarks of every runtime, for their assertions": ["run", "-A", "bench/compare.ts", "--small"],
  "the package as npm users get it, with all compilers and bundlers": ["run", "-A", "scripts/npm_package.ts", "--long"],
} as const;

/**
 * Runs the tests that try more cases in the long run, with all of these, and then the programs of which the gate runs a part; with paths,
 * only those of the tests that are there.
 */
export async function proveLong(paths: readonly string[]): Promise<Counts> {
  const tests = longTests(paths.length === 0 ? ["tests"] : paths);
  if (tests.length === 0) throw new RangeError(`No test of the long run is in ${paths.join(", ")}`);
  const services = await startServicesFor(tests);
  const passed: boolean[] = [];
  for (const path of tests) {
    const args = ["test", "-A", "--no-check", "--import-map", "offline.json", path];
    passed.push(await runLong(`${path}, with the cases of the long run`, args, { LONG: "1" }));
  }
  await services.stop();
  for (const it of services.missing) console.log(it);
  const programs = paths.length === 0 ? Object.entries(LONG_PROGRAMS) : [];
  for (const [name, args] of programs) passed.push(await runLong(name, args, {}));
  const failed = passed.filter((it) => !it).length;
  return { passed: passed.length - failed, failed };
}

function longTests(paths: readonly string[]): readonly string[] {
  const folders = paths.map((path) => path.replace(/\/$/, ""));
  const isAsked = (file: string) => folders.some((path) => file === path || file.startsWith(`${path}/`));
  return readSources("tests")
    .filter(({ path, text }) => path.endsWith("_test.ts") && TRIES_MORE.test(text) && isAsked(path))
    .map(({ path }) => path);
}

async function runLong(name: string, args: readonly string[], env: Record<string, string>): Promise<boolean> {
  const start = performance.now();
  const { success } = await new Deno.Command(Deno.execPath(), { args: [...args], env }).spawn().status;
  const seconds = Math.round((performance.now() - start) / 1_000);
  console.log(`${success ? "passed" : "FAILED"}  ${name}, ${seconds} s`);
  return success;
}
