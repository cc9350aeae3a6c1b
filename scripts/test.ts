import { fileURLToPath } from "node:url";
import { chooseAssertions } from "./assertions.ts";
import { countCases, type Counts, finish } from "./report.ts";

// Runs the tests in Deno, then the same files in Bun: all of them, or those under the paths given as arguments.

interface Runtime {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly reportFlags: (path: string) => readonly string[];
  readonly note: string;
}

const PATHS = Deno.args.length > 0 ? Deno.args : ["./tests"];
// The tests of the examples run them as processes, each in a folder of its own.
const PERMISSIONS = ["--allow-read", "--allow-write", "--allow-env", "--allow-run"];

const assertions = await chooseAssertions();
const deno: Runtime = {
  name: `Deno ${Deno.version.deno}`,
  command: Deno.execPath(),
  args: ["test", ...assertions.flags, ...PERMISSIONS, ...PATHS],
  reportFlags: (path) => [`--junit-path=${path}`],
  note: assertions.note,
};

const results = [await run(deno)];
const bun = await findBun();
if (bun) results.push(await run(bun));
for (const { line } of results) console.log(line);
if (!bun) console.log("Bun: skipped, it is not installed; `npm ci` installs it");
finish(results);

// Only the installed one: without `npm ci` Bun would find neither `valibot` nor the stand-in.
async function findBun(): Promise<Runtime | undefined> {
  const command = fileURLToPath(new URL("../node_modules/.bin/bun", import.meta.url));
  const version = await versionOf(command);
  return version === undefined ? undefined : {
    name: `Bun ${version}`,
    command,
    args: ["test", ...PATHS],
    reportFlags: (path) => ["--reporter=junit", `--reporter-outfile=${path}`],
    note: "@std/assert is the stand-in of tests/support",
  };
}

async function versionOf(command: string): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(command, { args: ["--version"], stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function run(runtime: Runtime): Promise<Counts & { line: string }> {
  console.log(`\n${runtime.name}: ${runtime.note}\n`);
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  const args = [...runtime.args, ...runtime.reportFlags(report)];
  const { success } = await new Deno.Command(runtime.command, { args }).spawn().status;
  const counts = countCases(await Deno.readTextFile(report), success);
  await Deno.remove(report);
  const { passed, failed, skipped } = counts;
  return {
    ...counts,
    line: `${runtime.name}: ${passed} passed, ${failed} failed, ${skipped} skipped (${runtime.note})`,
  };
}
