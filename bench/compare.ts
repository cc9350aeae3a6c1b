import { parseArgs } from "node:util";
import { finish } from "../scripts/report.ts";
import { findRuntimes } from "../scripts/runtimes.ts";
import type { RuntimeName } from "./harness/catalog.ts";
import { conditions, describeConditions } from "./harness/conditions.ts";
import { assertAll, measureRounds } from "./harness/contests.ts";
import { type BenchRuntime, hasPeers } from "./harness/process.ts";
import { CPU_CLOCK, SMALL } from "./harness/program.ts";
import { writeReports } from "./harness/reports.ts";
import type { Results } from "./harness/results.ts";
import { RUNTIMES, workloadTables } from "./harness/tables.ts";
import { workloads } from "./harness/workloads.ts";

// Compares the library with peers and bare references: `deno task bench:compare --help`.

const HELP = `deno task bench:compare [workload…] [options]

Workloads: ${[...workloads.keys()].join(", ")}; all of them when none is named.

  --runs 6                   how often each contestant runs
  --runtimes deno,node,bun   where
  --only ring,fastq          only contestants whose names contain one of these
  --cpu                      times the processor, not the wall clock: for busy machines; W3, W7 and manners stay as they are
  --json file                writes the results there
  --record                   writes them to bench/results, and their tables to the READMEs
  --small                    runs everything once, small, for its assertions only
`;

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "6" },
    runtimes: { type: "string", default: "deno,node,bun" },
    only: { type: "string", default: "" },
    cpu: { type: "boolean", default: false },
    json: { type: "string" },
    record: { type: "boolean", default: false },
    small: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(HELP);
  Deno.exit();
}

const selection = {
  workloads: (positionals.length > 0 ? positionals : [...workloads.keys()]).map((id) => {
    const workload = workloads.get(id);
    if (workload === undefined) {
      throw new RangeError(`No workload "${id}"; there are ${[...workloads.keys()].join(", ")}`);
    }
    return workload;
  }),
  runtimes: await chosenRuntimes(values.runtimes.toLowerCase().split(",")),
  only: values.only.split(",").filter((part) => part !== ""),
  env: values.cpu ? { [CPU_CLOCK]: "1" } : {},
};
if (!hasPeers) console.log("Without peers: `npm ci --prefix bench/peers` installs them.");

if (values.small) {
  const { passed, errors } = await assertAll(selection);
  if (positionals.length === 0 && !await assertMicro()) errors.push("A micro-benchmark has failed");
  for (const error of errors) console.log(`FAILED: ${error}`);
  finish([{ passed, failed: errors.length }]);
}

const before = conditions(selection.runtimes, hasPeers, values.cpu ? "cpu" : "wall");
const { series, errors } = await measureRounds(selection, Number(values.runs), (line) => console.error(line));
const results: Results = { format: 1, ...before, series };
console.log(describeConditions(results));
for (const workload of selection.workloads) {
  console.log(`\n## ${workload.title}\n\n${workloadTables(workload, results)}`);
}
if (values.json !== undefined) await Deno.writeTextFile(values.json, JSON.stringify(results));
if (values.record) await writeReports(results);
for (const error of errors) console.log(`FAILED: ${error}`);
if (errors.length > 0) Deno.exitCode = 1;

async function assertMicro(): Promise<boolean> {
  const args = ["bench", "--quiet", "--no-check", "--allow-env", "bench/micro"];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, env: { [SMALL]: "1" } }).output();
  if (!success) console.log(new TextDecoder().decode(stderr));
  return success;
}

async function chosenRuntimes(names: readonly string[]): Promise<readonly BenchRuntime[]> {
  const { found, missing } = await findRuntimes();
  for (const line of missing) console.log(line);
  const isChosen = (name: string): name is RuntimeName => {
    return RUNTIMES.some((it) => it === name) && names.includes(name.toLowerCase());
  };
  return found.flatMap(({ name, version, command }) => isChosen(name) ? [{ name, version, command }] : []);
}
