import { stripTypeScriptTypes } from "node:module";
import debts from "./unreached.json" with { type: "json" };
import type { Counts } from "./report.ts";
import { hasOnlyTypes, judge, readLcov } from "./uncovered.ts";
import { listFiles } from "./worker.ts";

/** Tests that take long, or work in other processes: what they reach, a small test reaches too. */
const LEFT_OUT = [
  "tests/bench/",
  "tests/browser/",
  "tests/children/killed_test.ts",
  "tests/durable/killed/",
  "tests/examples/",
  "tests/hostile/hostile_test.ts",
  "tests/house/",
  "tests/properties/",
  "tests/routines/stopped_anywhere_test.ts",
  "tests/scripts/",
  "tests/stores/deno_kv",
  "tests/stores/durable_object/",
  "tests/stores/file/",
  "tests/stores/indexed_db/",
  "tests/stores/key_value/",
  "tests/stores/postgres/",
  "tests/stores/redis/",
  "tests/stores/sqlite/",
  "tests/testing/fleet_stores_test.ts",
  "tests/travel/million_test.ts",
];
/**
 * Sources that are not looked at: adapters, whose tests take long; and the judges of simulated fleets, whose verdicts need a defect: the
 * long run puts defects in; and of the command line what needs a process of its own, or a server.
 */
const LEFT_ASIDE =
  /^src\/(?:(?:stores|host|testing\/fleet)\/|ports\/owner_kit\.ts$|cli\/(?:host|postgres_server|redis_server|program)\.ts$)/;
const ROOT = new URL("..", import.meta.url);

/** Whether a file's tests are looked at: whether all of `src` is reached does not depend on the others. */
export function countsForCoverage(file: string): boolean {
  const path = file.replace(/^\.\//, "");
  return path.endsWith("_test.ts") && !LEFT_OUT.some((it) => path.startsWith(it));
}

/** The arguments of `deno test` that write what is reached into a folder. */
export function coverageFlags(folder: string): readonly string[] {
  return ["--coverage-raw-data-only", `--coverage=${folder}`];
}

/** Lines that still lack a test, by file: the list must only become shorter. */
const DEBTS: ReadonlyMap<string, readonly string[]> = new Map(Object.entries(debts));

/**
 * Lists the lines and branches of `src`, some folders aside, that no test has reached, by what was written into a folder, and that
 * have no comment `// Unreachable: …` with the reason, and are not in `unreached.json`. Each file counts as passed, each complaint as
 * failed.
 */
export async function reportCoverage(folder: string): Promise<Counts> {
  const lcov = `${folder}/lcov.info`;
  const args = ["coverage", "--quiet", "--lcov", `--output=${lcov}`, `--include=^${ROOT.href}src/`, folder];
  await new Deno.Command(Deno.execPath(), { args }).spawn().status;
  const reports = new Map(readLcov(await Deno.readTextFile(lcov)).map(({ file, lines }) => [file, lines]));
  const files = listFiles("src").filter((file) => !LEFT_ASIDE.test(file));
  let complaints = 0;
  let excused = 0;
  let owed = 0;
  const complain = (file: string, line: number, what: string): void => {
    complaints++;
    console.log(`${file}:${line}: ${what}`);
  };
  for (const file of files) {
    const text = await Deno.readTextFile(file);
    const lines = reports.get(new URL(file, ROOT).pathname);
    if (lines === undefined) {
      if (!hasOnlyTypes(stripTypeScriptTypes(text))) complain(file, 1, "is imported by no test");
      continue;
    }
    const { open, stale } = judge(text, lines);
    excused += lines.size - open.length;
    const known = new Set(DEBTS.get(file));
    const texts = new Map(open.map((line) => [line, text.split("\n")[line - 1]?.trim() ?? ""]));
    for (const [line, text] of texts) if (!known.has(text)) complain(file, line, `no test reaches all of it: ${text}`);
    owed += Array.from(texts.values()).filter((it) => known.has(it)).length;
    for (const line of stale) complain(file, line, "says that it is unreachable, but is reached");
  }
  console.log(`\n${files.length} files; ${excused} lines that no test reaches have a reason, ${owed} lack a test`);
  return { passed: files.length, failed: complaints };
}
