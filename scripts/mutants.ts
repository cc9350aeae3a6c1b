import { chooseAssertions } from "./assertions.ts";
import { type Mutant, MUTATED_FILES, type MutatedFile } from "./mutant_list.ts";
import { finish } from "./report.ts";

// Breaks a copy of the library in one place after the other, and sees that the tests notice each time. Arguments choose
// files by a part of their path: `deno task mutants apply preflight`.

/** Tests that take so many times as long as without a defect don't come to an end: that is noticed too. */
const PATIENCE = 3;
const LEAST_PATIENCE_MS = 30_000;
const COPIED = ["bench", "deno.json", "examples", "mod.ts", "offline.json", "scripts", "src", "tests"];

interface TestRun {
  readonly success: boolean;
  /** What failed first; nothing when no test has run. */
  readonly verdict: string | undefined;
  readonly seconds: number;
}

const { flags } = await chooseAssertions();
const folder = await Deno.makeTempDir();
for (const name of COPIED) await copy(name, `${folder}/${name}`);
await Deno.symlink(`${Deno.cwd()}/node_modules`, `${folder}/node_modules`);

let caught = 0;
const failures: string[] = [];
for (const mutated of MUTATED_FILES.filter(isChosen)) await tryAll(mutated);
await Deno.remove(folder, { recursive: true });
console.log();
for (const failure of failures) console.log(failure);
finish([{ passed: caught, failed: failures.length }]);

async function tryAll({ file, tests, mutants }: MutatedFile): Promise<void> {
  const path = `${folder}/${file}`;
  const original = await Deno.readTextFile(path);
  const sound = await runTests(tests, Infinity);
  console.log(`\n${file}: ${mutants.length} mutants; without one the tests take ${sound.seconds} s`);
  if (!sound.success) {
    failures.push(`${file}: the tests fail without a defect: ${sound.verdict}`);
    return;
  }
  const patienceMs = Math.max(LEAST_PATIENCE_MS, sound.seconds * 1_000 * PATIENCE);
  for (const mutant of mutants) {
    const [find, replacement] = mutant.map(oneLine);
    console.log(`    ${find}\n  → ${replacement}`);
    const failure = await judge(mutant, original, path, () => runTests(tests, patienceMs));
    if (failure === undefined) caught++;
    else failures.push(`${file}: ${find} → ${replacement}: ${failure}`);
  }
  await Deno.writeTextFile(path, original);
}

/** Says why a defect does not count as noticed. */
async function judge(
  [find, replacement]: Mutant,
  original: string,
  path: string,
  test: () => Promise<TestRun>,
): Promise<string | undefined> {
  const places = original.split(find).length - 1;
  if (places !== 1) return `the text to replace is found ${places} times`;
  await Deno.writeTextFile(path, original.replace(find, () => replacement));
  const { success, verdict, seconds } = await test();
  if (success) return `it survives the tests, which took ${seconds} s`;
  if (verdict === undefined) return "with it, no test runs";
  console.log(`    noticed in ${seconds} s: ${verdict}`);
  return undefined;
}

async function runTests(tests: readonly string[], patienceMs: number): Promise<TestRun> {
  const begun = performance.now();
  const { success, stdout, stderr, signal } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", "--no-check", "--fail-fast", ...flags, ...tests],
    cwd: folder,
    env: { NO_COLOR: "1" },
    ...(patienceMs === Infinity ? {} : { signal: AbortSignal.timeout(patienceMs) }),
  }).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const test = /^(.*?) \.\.\. .*?FAILED/m.exec(output)?.[1] ?? /^(.*?) \(uncaught error\)/m.exec(output)?.[1];
  const verdict = signal === null ? test : "the tests don't come to an end";
  return { success, verdict, seconds: Math.round((performance.now() - begun) / 100) / 10 };
}

function isChosen({ file }: MutatedFile): boolean {
  return Deno.args.length === 0 || Deno.args.some((part) => file.includes(part));
}

async function copy(from: string, to: string): Promise<void> {
  if (!(await Deno.stat(from)).isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) {
    if (name !== "node_modules") await copy(`${from}/${name}`, `${to}/${name}`);
  }
}

function oneLine(text: string): string {
  return text === "" ? "nothing" : text.trim().replaceAll(/\s*\n\s*/g, " ⏎ ");
}
