import { chooseAssertions } from "./assertions.ts";
import { countsForCoverage, coverageFlags, reportCoverage } from "./coverage_report.ts";
import { finish } from "./report.ts";
import { groupTests } from "./test_groups.ts";
import { listFiles } from "./worker.ts";

// Runs the tests in Deno and says what of `src` none of them reaches. Arguments name tests to run instead, which reach less. The gate
// need not run it: the tests of the gate say the same.

const tests = Deno.args.length > 0 ? Deno.args : listFiles("tests").filter(countsForCoverage);
const folder = await Deno.makeTempDir();
await using groups = await groupTests(tests);
const { flags } = await chooseAssertions();
const args = ["test", "--parallel", "--reporter=dot", "--allow-all", "--no-check", ...coverageFlags(folder), ...flags];
const { success } = await new Deno.Command(Deno.execPath(), { args: [...args, ...groups.paths] }).spawn().status;
const counts = await reportCoverage(folder);
await Deno.remove(folder, { recursive: true });
finish([counts, { passed: 0, failed: success ? 0 : 1 }]);
