import { readSources, readText } from "../tests/house/source.ts";
import { complain, cover, type Coverage, namingTests, parseCatalogue, type ReasonRecord } from "./cases.ts";
import { finish } from "./report.ts";

// Lists each case of `tests/cases.md` with the tests that name it, or with the reason from `tests/conformance.json` why none
// does. `--brief` lists only the reasons and the mistakes.

const reasons: ReasonRecord = JSON.parse(readText("tests/conformance.json"));
const tests = readSources("tests").filter(({ path }) => path.endsWith("_test.ts"))
  .flatMap(({ path, text }) => namingTests(path.replace(/^tests\//, ""), text));
const coverage = cover(parseCatalogue(readText("tests/cases.md")), reasons, tests);
const complaints = complain(coverage, reasons, tests);

if (!Deno.args.includes("--brief")) coverage.forEach(list);
summarize();
for (const complaint of complaints) console.log(`FAILED: ${complaint}`);
finish([{
  passed: coverage.filter(({ tests, reason }) => tests.length > 0 || reason !== undefined).length,
  failed: complaints.length,
}]);

function list({ number, kind, tests, reason }: Coverage): void {
  const lines = tests.length > 0 ? tests.map(({ file, name }) => `${file}: ${name}`) : [`no test: ${reason ?? "?"}`];
  lines.forEach((line, index) => console.log(`${(index === 0 ? `${number} ${kind}` : "").padEnd(10)}${line}`));
}

function summarize(): void {
  const tested = coverage.filter(({ tests }) => tests.length > 0).length;
  console.log(`\n${tested} of ${coverage.length} cases are named by ${tests.length} tests. The others:`);
  const reasons = coverage.flatMap(({ tests, reason }) => tests.length === 0 ? [reason ?? "no reason"] : []);
  for (const reason of new Set(reasons)) {
    console.log(`${String(reasons.filter((it) => it === reason).length).padStart(4)}  ${reason}`);
  }
}
