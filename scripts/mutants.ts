import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { chooseAssertions } from "./assertions.ts";
import { type Mutant, mutantsOf, sample } from "./mutate.ts";
import { MUTATED_AREAS, type MutatedArea } from "./mutated_areas.ts";
import { finish } from "./report.ts";
import { copySources } from "./source_copy.ts";
import survivors from "./surviving_mutants.json" with { type: "json" };
import { listFiles } from "./worker.ts";

// Breaks a copy of the library in one place after the other, and sees whether the tests notice. Arguments choose files by a
// part of their path: `deno task mutants apply preflight --most 50 --seed 7`. A survivor asks for a test, or for a reason in
// `scripts/surviving_mutants.json` why none can notice it.

/** A run that takes so many times as long as without a defect is stopped: the defect keeps it from ending. */
const PATIENCE = 3;
const LEAST_PATIENCE_MS = 20_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { most: { type: "string", default: "20" }, seed: { type: "string", default: "1" } },
});
const [most, seed] = [Number(values.most), Number(values.seed)];
const reasons: Readonly<Record<string, string>> = survivors;

const { flags } = await chooseAssertions();
const folder = await copySources();

const counts = { noticed: 0, known: 0 };
const complaints: string[] = [];
for (const file of listFiles("src").filter(isChosen)) {
  const area = MUTATED_AREAS.find(({ sources }) => file.startsWith(sources));
  if (area !== undefined) await tryFile(file, area);
}
await Deno.remove(folder, { recursive: true });
console.log();
for (const complaint of complaints) console.log(complaint);
console.log(`Seed ${seed}: ${counts.noticed} mutants were noticed, ${counts.known} survive for a recorded reason`);
finish([{ passed: counts.noticed + counts.known, failed: complaints.length }]);

async function tryFile(file: string, { tests }: MutatedArea): Promise<void> {
  const path = `${folder}/${file}`;
  const original = await Deno.readTextFile(path);
  const all = mutantsOf(original);
  if (all.length === 0) return;
  const rounds = [ownTests(file), tests].filter((it) => it.length > 0);
  const start = performance.now();
  for (const round of rounds) {
    if (!await runTests(round)) return void complaints.push(`${file}: ${round.join(" ")} fail without a defect`);
  }
  const patienceMs = Math.max(LEAST_PATIENCE_MS, (performance.now() - start) * PATIENCE);
  const chosen = sample(all, most, seed);
  console.log(`\n${file}: ${chosen.length} of ${all.length} mutants`);
  for (const mutant of chosen) {
    await Deno.writeTextFile(path, mutant.text);
    judge(file, mutant, await areNoticed(rounds, patienceMs));
  }
  await Deno.writeTextFile(path, original);
}

function judge(file: string, { key, line }: Mutant, isNoticed: boolean): void {
  const name = `${file}: ${key}`;
  const reason = reasons[name];
  if (isNoticed) counts.noticed++;
  else if (reason !== undefined) counts.known++;
  else complaints.push(`SURVIVES line ${line} of ${name}`);
  if (isNoticed && reason !== undefined) complaints.push(`NOTICED though it has a reason to survive: ${name}`);
  console.log(`${isNoticed ? "noticed " : "SURVIVES"} ${line}: ${key}`);
}

async function areNoticed(rounds: readonly (readonly string[])[], patienceMs: number): Promise<boolean> {
  for (const tests of rounds) if (!await runTests(tests, patienceMs)) return true;
  return false;
}

/** Whether all of these tests pass, in time. */
async function runTests(tests: readonly string[], patienceMs?: number): Promise<boolean> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", "--no-check", "--fail-fast", ...flags, ...tests],
    cwd: folder,
    stdout: "null",
    stderr: "null",
    ...(patienceMs === undefined ? {} : { signal: AbortSignal.timeout(patienceMs) }),
  }).output();
  return success;
}

/** The test of the same name in a folder of tests of the same name, such as `tests/job/apply_test.ts` for `src/job/apply.ts`. */
function ownTests(file: string): readonly string[] {
  const [, folder = "", ...rest] = file.split("/");
  const test = `tests/${folder}/${rest.at(-1)?.replace(/\.ts$/, "_test.ts")}`;
  return existsSync(test) ? [test] : [];
}

function isChosen(file: string): boolean {
  return file.endsWith(".ts") && (positionals.length === 0 || positionals.some((part) => file.includes(part)));
}
