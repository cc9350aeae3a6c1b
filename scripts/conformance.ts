import { readSources } from "../tests/house/source.ts";
import {
  type CaseRecord,
  compare,
  complain,
  cover,
  type Coverage,
  namingTests,
  parseCatalogue,
  readCases,
  writeCases,
} from "./cases.ts";
import { finish } from "./report.ts";

// Lists each case of the catalogue with the tests that name it, or with the reason why none does. The catalogue's text lies
// beside the repository; which cases there are is recorded in `tests/conformance.json`, so that this works without it.
// `--brief` lists only what is not as it should be; `--update` records the numbers of the catalogue.

const RECORD = new URL("../tests/conformance.json", import.meta.url);
const CATALOGUE = new URL("../../shared/CASES.md", import.meta.url);

const record: CaseRecord = JSON.parse(await Deno.readTextFile(RECORD));
const catalogue = await readCatalogue();
if (catalogue !== undefined && Deno.args.includes("--update")) {
  const updated = { ...record, cases: writeCases(catalogue) };
  await Deno.writeTextFile(RECORD, `${JSON.stringify(updated, null, 2)}\n`);
  console.log("The cases of the catalogue are recorded.");
  Deno.exit();
}

const tests = readSources("tests").filter(({ path }) => path.endsWith("_test.ts"))
  .flatMap(({ path, text }) => namingTests(path.replace(/^tests\//, ""), text));
const cases = readCases(record);
const coverage = cover(cases, record, tests);
const complaints = [
  ...(catalogue === undefined ? [] : compare(cases, catalogue)),
  ...complain(coverage, record, tests),
];

if (!Deno.args.includes("--brief")) coverage.forEach(list);
summarize();
for (const complaint of complaints) console.log(`FAILED: ${complaint}`);
finish([{
  passed: coverage.filter(({ tests, reason }) => tests.length > 0 || reason !== undefined).length,
  failed: complaints.length,
}]);

async function readCatalogue(): Promise<ReturnType<typeof parseCatalogue> | undefined> {
  try {
    return parseCatalogue(await Deno.readTextFile(CATALOGUE));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return undefined;
  }
}

function list({ number, kind, tests, reason }: Coverage): void {
  const lines = tests.length > 0 ? tests.map(({ file, name }) => `${file}: ${name}`) : [`no test: ${reason ?? "?"}`];
  lines.forEach((line, index) => console.log(`${(index === 0 ? `${number} ${kind}` : "").padEnd(10)}${line}`));
}

function summarize(): void {
  const source = catalogue === undefined
    ? "../shared/CASES.md is not here: the cases are those of tests/conformance.json, which was not compared with it"
    : `../shared/CASES.md has ${catalogue.size} cases, and tests/conformance.json ${cases.size}`;
  const tested = coverage.filter(({ tests }) => tests.length > 0).length;
  console.log(`\n${source}\n${tested} of ${coverage.length} cases are named by ${tests.length} tests. The others:`);
  const reasons = coverage.flatMap(({ tests, reason }) => tests.length === 0 ? [reason ?? "no reason"] : []);
  for (const reason of new Set(reasons)) {
    console.log(`${String(reasons.filter((it) => it === reason).length).padStart(4)}  ${reason}`);
  }
}
