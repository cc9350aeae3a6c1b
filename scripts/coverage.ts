import { stripTypeScriptTypes } from "node:module";
import { chooseAssertions } from "./assertions.ts";
import { finish } from "./report.ts";
import { hasOnlyTypes, judge, readLcov } from "./uncovered.ts";
import { listFiles } from "./worker.ts";

// Runs the tests in Deno and lists the lines and branches of `src`, stores and host aside, that none of them reaches and that
// have no comment `// Unreachable: …` with the reason. Arguments name tests to run instead, which reach less.

/** Tests that take long, or work in other processes: what they reach, a small test reaches too. */
const LEFT_OUT = [
  "tests/bench/",
  "tests/durable/killed/",
  "tests/examples/",
  "tests/hostile/hostile_test.ts",
  "tests/properties/",
  "tests/stores/deno_kv",
  "tests/stores/file/",
  "tests/stores/sqlite/",
  "tests/travel/million_test.ts",
];
const ROOT = new URL("..", import.meta.url);

const tests = Deno.args.length > 0 ? Deno.args : listFiles("tests").filter(isRun);
const folder = await Deno.makeTempDir();
const { flags } = await chooseAssertions();
const passed = await run(
  "test",
  "--parallel",
  "--reporter=dot",
  "--allow-all",
  "--no-check",
  "--coverage-raw-data-only",
  `--coverage=${folder}`,
  ...flags,
  ...tests,
);
await run("coverage", "--quiet", "--lcov", `--output=${folder}/lcov.info`, `--include=^${ROOT.href}src/`, folder);
const reports = new Map(
  readLcov(await Deno.readTextFile(`${folder}/lcov.info`)).map(({ file, lines }) => [file, lines]),
);
await Deno.remove(folder, { recursive: true });

const files = listFiles("src").filter((file) => !/^src\/(?:stores|host)\//.test(file));
let complaints = passed ? 0 : 1;
let excused = 0;
for (const file of files) {
  const text = await Deno.readTextFile(file);
  const lines = reports.get(new URL(file, ROOT).pathname);
  if (lines === undefined) {
    if (!hasOnlyTypes(stripTypeScriptTypes(text))) complain(file, 1, "is imported by no test");
    continue;
  }
  const { open, stale } = judge(text, lines);
  excused += lines.size - open.length;
  for (const line of open) complain(file, line, `no test reaches all of it: ${text.split("\n")[line - 1]?.trim()}`);
  for (const line of stale) complain(file, line, "says that it is unreachable, but is reached");
}
console.log(`\n${files.length} files; ${excused} lines that no test reaches have a reason`);
finish([{ passed: files.length, failed: complaints }]);

function complain(file: string, line: number, what: string): void {
  complaints++;
  console.log(`${file}:${line}: ${what}`);
}

async function run(...args: string[]): Promise<boolean> {
  return (await new Deno.Command(Deno.execPath(), { args }).spawn().status).success;
}

function isRun(file: string): boolean {
  return file.endsWith("_test.ts") && !LEFT_OUT.some((path) => file.startsWith(path));
}
