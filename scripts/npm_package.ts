import { makePackage } from "./package.ts";
import { type Counts, finish } from "./report.ts";
import { findRuntimes } from "./runtimes.ts";

// Makes the package as npm users get it from JSR, JavaScript without types, installs it in a folder of its own, and imports
// every export of it in the runtimes that are there.

const PROGRAM = `
import { Flow, JobState, Registry, Routine } from "@routilux/routilux";
import { routines } from "@routilux/routilux/routines";
import { runRoutine } from "@routilux/routilux/testing";

class Greeter extends Routine {
  trigger = this.addSlot("trigger", this.greet);
  greet({ name }, ctx) {
    ctx.output("greeting", "Hello, " + name);
  }
}
const registry = new Registry({ Greeter, ...routines });
const flow = new Flow({ id: "greeting", registry });
const job = flow.create(flow.addRoutine(new Greeter(), "greeter"), { name: "npm" });
const copy = JobState.fromJSON(JSON.parse(JSON.stringify(job)), registry);
flow.resume(copy);
await flow.waitForCompletion(copy);
const clipper = new routines.TextClipper();
const { emitted } = await runRoutine(clipper, clipper.input, { text: "short" });
console.log(copy.status, copy.outputLog[0].data, emitted[0].data.text);
`;
const EXPECTED = "completed Hello, npm short";

const folder = await Deno.makeTempDir();
const results: Counts[] = [];
try {
  await makePackage(`${folder}/node_modules/@routilux/routilux`);
  await Deno.symlink(await Deno.realPath("node_modules/valibot"), `${folder}/node_modules/valibot`);
  await Deno.writeTextFile(`${folder}/main.mjs`, PROGRAM);
  const { found, missing } = await findRuntimes();
  for (const { name, version, command } of found) {
    if (name === "workerd") continue;
    const args = name === "Deno" ? ["run", "-A", "--node-modules-dir=manual", "main.mjs"] : ["main.mjs"];
    const { stdout, stderr } = await new Deno.Command(command, { args, cwd: folder }).output();
    const printed = new TextDecoder().decode(stdout).trim();
    const isRight = printed === EXPECTED;
    console.log(`${isRight ? "passed" : "FAILED"}: ${name} ${version}`);
    if (!isRight) console.log(printed, new TextDecoder().decode(stderr));
    results.push({ passed: isRight ? 1 : 0, failed: isRight ? 0 : 1 });
  }
  for (const line of missing) console.log(line);
} catch (error) {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
  console.log("skipped: valibot is not installed; `npm ci` installs it");
} finally {
  await Deno.remove(folder, { recursive: true });
}
finish(results);
