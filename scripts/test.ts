import { SHARES } from "../tests/support/gate_amount.ts";
import { chooseAssertions } from "./assertions.ts";
import { countsForCoverage, coverageFlags, reportCoverage } from "./coverage_report.ts";
import { handOff } from "./hand_off.ts";
import { countCases, failedCases, finish, type Tally } from "./report.ts";
import { runLimited } from "./run_limited.ts";
import { findRuntimes, type Runtime } from "./runtimes.ts";
import { startServicesFor } from "./services.ts";
import { groupTests } from "./test_groups.ts";
import { testInWorkerd } from "./test_in_workerd.ts";
import { fitsWorkers, LEFT_OUT, listFiles } from "./worker.ts";

// Runs the same test files in every runtime that is there: all of them, and then a job goes from one runtime to the next, and what no
// test in Deno has reached is listed; or those under the paths given as arguments.

interface Result extends Tally {
  readonly line: string;
  /** The names of the tests that failed, where they are known. */
  readonly failures: readonly string[];
}

const STAND_IN = "@std/assert is the stand-in of tests/support";
/** Bun ends a test after five seconds where nothing else is said: on a busy machine that is too soon. */
const PATIENCE_MS = 180_000;
/** How long all tests of a runtime may take: beside those of another one and the checks, on a slow machine. */
const LIMIT_MS = 1_500_000;
/** How many runs go on side by side. */
const LANES = 3;
// Tests start examples, servers and a browser as processes, each in a folder of its own, and call them.
const PERMISSIONS = ["--allow-all"];

/**
 * Tests that ask nothing of a runtime, as they read sources, or bring a disk, a storage, a clock or processes of their own, and take long:
 * of all files and folders, one runtime runs these.
 */
const IN_ONE_RUNTIME = [
  "tests/bench/",
  "tests/browser/",
  "tests/children/killed_test.ts",
  "tests/cli/many_jobs_test.ts",
  "tests/durable/killed/",
  "tests/examples/approval_service_test.ts",
  "tests/examples/browser_test.ts",
  "tests/examples/bun_server_test.ts",
  "tests/house/",
  "tests/properties/pause_everywhere_test.ts",
  "tests/properties/version_fleet_test.ts",
  "tests/routines/stopped_anywhere_test.ts",
  "tests/schedules/",
  "tests/schemas/json_schemas_test.ts",
  "tests/scripts/",
  "tests/stores/broken_stores_test.ts",
  "tests/stores/deno_kv_store_test.ts",
  "tests/stores/durable_object/contract_test.ts",
  "tests/stores/file/crash_test.ts",
  "tests/stores/file/damage_test.ts",
  "tests/stores/file/growth_test.ts",
  "tests/stores/file/layout_test.ts",
  "tests/stores/file/refusals_test.ts",
  "tests/stores/indexed_db/browser_test.ts",
  "tests/stores/indexed_db/contract_test.ts",
  "tests/stores/key_value/contract_test.ts",
  "tests/stores/key_value/faults_test.ts",
  "tests/stores/key_value/nats_test.ts",
  "tests/stores/key_value/web_storage_test.ts",
  "tests/stores/postgres/full_disk_test.ts",
  "tests/stores/postgres/killed_test.ts",
  "tests/stores/postgres/pglite_test.ts",
  "tests/stores/postgres/postgres_store_test.ts",
  "tests/stores/postgres/skewed_clock_test.ts",
  "tests/stores/postgres/text_test.ts",
  "tests/stores/redis/crash_test.ts",
  "tests/stores/redis/redis_store_test.ts",
  "tests/stores/sealed/contract_test.ts",
  "tests/testing/fleet_stores_test.ts",
  "tests/testing/fleet_test.ts",
  "tests/testing/pause_anywhere_test.ts",
];

const files = (Deno.args.length > 0 ? Deno.args.map((path) => `./${path.replace(/^\.\//, "")}`) : ["./tests"])
  .flatMap(testFiles).sort();
const assertions = await chooseAssertions();
const { found, missing } = await findRuntimes();
const services = await startServicesFor(files);

const isAll = Deno.args.length === 0;
const others = files.filter((file) => !isAll || !IN_ONE_RUNTIME.some((it) => file.startsWith(`./${it}`)));
const portable = others.filter(fitsWorkers);
const inWorkerd = found.filter(({ name }) => name === "workerd").map(runWorkerd);
const inDeno = found.filter(({ name }) => name === "Deno");
const looked = isAll ? files.filter(countsForCoverage) : [];
// All wait for processes, disks and servers half of the time: Bun follows as one of the others is done, then the job that goes round.
const lanes = [
  ...inDeno.flatMap((runtime) => [
    () => run(runtime, files.filter((it) => !looked.includes(it))).then((result) => [result]),
    ...(isAll ? [() => runForCoverage(runtime)] : []),
  ]),
  ...found.filter(({ name }) => name === "Node" || name === "Bun")
    .map((runtime) => () => run(runtime, others).then((result) => [result])),
  // It has said what failed.
  ...(isAll ? [() => handOff(found).then((tally) => [{ ...tally, failures: [] }])] : []),
];
const results: Result[] = [];
await Promise.all(Array.from({ length: LANES }, async () => {
  for (let next = lanes.shift(); next !== undefined; next = lanes.shift()) results.push(...await next());
}));
results.push(...await Promise.all(inWorkerd));
console.log();
await services.stop();
for (const line of [...results.map((it) => it.line), ...missing, ...services.missing]) console.log(line);
for (const name of results.flatMap((it) => it.failures)) console.log(`FAILED: ${name}`);
finish(results);

/** The tests that are to reach every line, and what they reach. */
async function runForCoverage(runtime: Runtime): Promise<Result[]> {
  const folder = await Deno.makeTempDir();
  const result = await run(runtime, looked, coverageFlags(folder));
  const counts = await reportCoverage(folder);
  await Deno.remove(folder, { recursive: true });
  const line = `Coverage: ${counts.passed} files, ${counts.failed} complaints`;
  return [result, { ...counts, skipped: 0, line, failures: counts.failed > 0 ? ["coverage"] : [] }];
}

async function run(runtime: Runtime, tested: readonly string[], flags: readonly string[] = []): Promise<Result> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  await using groups = runtime.name === "Deno" ? await groupTests(tested) : undefined;
  const args = testArgs(runtime, report, groups?.paths ?? tested, flags);
  const { success, stdout, stderr } = await runLimited(runtime.command, args, { limitMs: LIMIT_MS });
  console.log(`\n${runtime.name} ${runtime.version}\n`);
  for (const output of [stdout, stderr]) console.log(output);
  const cases = await Deno.readTextFile(report);
  await Deno.remove(report);
  const note = runtime.name === "Deno" ? assertions.note : STAND_IN;
  return summarize(runtime, countCases(cases, success), failedCases(cases), note);
}

function testArgs({ name }: Runtime, report: string, tested: readonly string[], flags: readonly string[]): string[] {
  if (name === "Deno") {
    // Whether the types are right, the check "types" says.
    const options = ["--parallel", "--no-check", ...assertions.flags, ...flags, ...PERMISSIONS];
    return ["test", ...options, `--junit-path=${report}`, ...tested];
  }
  if (name === "Bun") {
    return ["test", `--timeout=${PATIENCE_MS}`, "--reporter=junit", `--reporter-outfile=${report}`, ...tested];
  }
  const reporters = { spec: "stdout", junit: report };
  const destinations = Object.entries(reporters)
    .flatMap(([reporter, to]) => [`--test-reporter=${reporter}`, `--test-reporter-destination=${to}`]);
  return ["--test", "--test-isolation=none", ...destinations, ...tested];
}

/** Beside the others: in workerd the tests spend most of their time waiting. */
async function runWorkerd(runtime: Runtime): Promise<Result> {
  const tally = await testInWorkerd(runtime.command, portable);
  return summarize(
    runtime,
    tally,
    [],
    `${files.length - portable.length} of ${files.length} files are left out: ${LEFT_OUT}, or run in Deno`,
  );
}

function summarize({ name, version }: Runtime, tally: Tally, named: readonly string[], note: string): Result {
  const { passed, failed, skipped } = tally;
  const failures = failed > 0 && named.length === 0 ? ["see above"] : named;
  const share = `${Math.round(SHARES[name] * 100)} % of the generated cases`;
  return {
    ...tally,
    failures: failures.map((it) => `${name}: ${it}`),
    line: `${name} ${version}: ${passed} passed, ${failed} failed, ${skipped} skipped (${share}; ${note})`,
  };
}

function testFiles(path: string): string[] {
  return Deno.statSync(path).isFile ? [path] : listFiles(path).filter((file) => file.endsWith("_test.ts"));
}
