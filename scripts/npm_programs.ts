/** What each entry of the package gives, by the specifier that users write. */
export type Exported = Readonly<Record<string, readonly string[]>>;

/** What a program prints last when everything went well. */
export const DONE = "all is well";

/** A program that imports every entry and uses the most important ones, in JavaScript without types. */
export function scriptOf(exported: Exported): string {
  return `
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FencedError, Flow, JobState, Registry, Routine } from "@routilux/routilux";
import { routines } from "@routilux/routilux/routines";
import { TextClipper } from "@routilux/routilux/routines/text";
import schema from "@routilux/routilux/schemas/flow.v1.json" with { type: "json" };
import { fileStore } from "@routilux/routilux/stores/file";
import { memoryStore } from "@routilux/routilux/stores/memory";
import { runRoutine } from "@routilux/routilux/testing";

for (const [specifier, names] of Object.entries(${JSON.stringify(exported)})) {
  assert.deepEqual(Object.keys(await import(specifier)).sort(), names, specifier);
}
assert.equal(schema.type, "object");
// Messages show the names of classes.
assert.throws(() => new Flow().connect(new Routine().addSlot("input", null), 5), /got a Slot instance, 5$/);

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
assert.equal(copy.status, "completed");
assert.equal(copy.outputLog[0].data, "Hello, npm");

// Classes are the same in every entry.
const clipper = new TextClipper();
assert(clipper instanceof Routine);
assert.equal((await runRoutine(clipper, clipper.input, { text: "short" })).emitted[0].data.text, "short");
for (const store of [memoryStore(), fileStore(mkdtempSync(join(tmpdir(), "routilux-")))]) {
  await assert.rejects(async () => await store.append({ jobId: "absent", life: 1, epoch: 1 }, 0, ["entry"]), FencedError);
  await store.close();
}

console.log(${JSON.stringify(DONE)});
`;
}

/** A program that tries the store in files by everything that a store has to do. */
export const CONTRACT: string = `
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileStore } from "@routilux/routilux/stores/file";
import { storeContract } from "@routilux/routilux/testing";

const tests = [];
storeContract({
  test: (name, run) => tests.push([name, run]),
  isExclusive: true,
  createPlace() {
    const folder = mkdtempSync(join(tmpdir(), "routilux-"));
    return { open: () => fileStore(folder), dispose: () => rmSync(folder, { recursive: true }) };
  },
});
assert(tests.length > 0);
for (const [name, run] of tests) await run().catch((cause) => assert.fail(name + ": " + cause.stack));
console.log(${JSON.stringify(DONE)});
`;

/** A program for a Node that lacks what the file store needs. */
export const TOO_OLD: string = `
import assert from "node:assert/strict";
import { fileStore } from "@routilux/routilux/stores/file";

assert.throws(() => fileStore("absent"), /Cannot open a file store: .* use Node 20\\.15 or newer, Deno, or Bun$/);
console.log(${JSON.stringify(DONE)});
`;

/** A program of CommonJS. */
export const COMMON_JS: string = `
const { Flow } = require("@routilux/routilux");
if (new Flow({ id: "a" }).id !== "a") throw new Error("no flow");
console.log(${JSON.stringify(DONE)});
`;

/** A program that names every value of every entry, and whose types have to be right: too loose ones fail as well. */
export function typedProgramOf(exported: Exported): string {
  const imports = Object.entries(exported).map(([specifier, names], index) =>
    `import * as entry${index} from "${specifier}";\nexport const values${index} = [${
      names.map((it) => `entry${index}.${it}`).join(", ")
    }];\n`
  );
  return `${imports.join("")}
import { type Collected, type Context, Engine, Flow, Routine } from "@routilux/routilux";
import { runRoutine } from "@routilux/routilux/testing";
import { memoryStore } from "@routilux/routilux/stores/memory";

class Source extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly output = this.addEvent<{ n: number }>("output");
  send({ count }: { count: number }, ctx: Context): void {
    for (let n = 0; n < count; n++) ctx.emit(this.output, { n });
    // @ts-expect-error: an event takes what it declares
    ctx.emit(this.output, { n: "one" });
  }
}
class Sum extends Routine {
  readonly input = this.addSlot("input", this.add, { merge: "append" });
  add({ n }: { n: Collected<number> }, ctx: Context): void {
    let sum = 0;
    for (const item of n) sum += item;
    const [first = 0, ...others] = n;
    ctx.output("sum", { sum, first, count: others.length + 1 });
  }
}
class Texts extends Routine {
  readonly input = this.addSlot("input", this.take);
  take(_data: { text: string }): void {}
}

const flow = new Flow({ id: "typed", engine: new Engine({ store: memoryStore() }) });
const source = flow.addRoutine(new Source(), "source");
const sum = flow.addRoutine(new Sum(), "sum");
const texts = flow.addRoutine(new Texts(), "texts");
flow.connect(source.output, sum.input);
// @ts-expect-error: a slot takes what its handler takes
flow.connect(source.output, texts.input);
export const job = await flow.run(source.trigger, { count: 3 });
export const status: "completed" | string = job.status;
export const run = await runRoutine(source, source.trigger, { count: 1 });
for await (const { type } of flow.outputs(job)) type.toUpperCase();
`;
}
