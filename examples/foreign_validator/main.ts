import { Ajv2020 } from "ajv/dist/2020.js";
import { type Context, Flow, Registry, Routine } from "@routilux/routilux";
import flowSchema from "../../schemas/flow.v1.json" with { type: "json" };
import jobSchema from "../../schemas/job.v1.json" with { type: "json" };

// Validates a snapshot with ajv, which knows only the published JSON Schemas. A gateway, a database or a program in
// another language can do the same before it accepts a snapshot.

class Greeter extends Routine {
  readonly trigger = this.addSlot("trigger", this.greet);
  readonly output = this.addEvent<{ text: string }>("output");

  greet({ name }: { name: string }, ctx: Context): void {
    ctx.emit(this.output, { text: `Hello, ${name}` }, { delayMs: 60_000 });
    ctx.shared.set("greeted", new Date(0));
  }
}
class Printer extends Routine {
  readonly input = this.addSlot("input", this.print);

  print({ text }: { text: string }, ctx: Context): void {
    ctx.output("line", text);
  }
}

const flow = new Flow({ id: "greeting", registry: new Registry({ Greeter, Printer }) });
const greeter = flow.addRoutine(new Greeter(), "greeter");
flow.connect(greeter.output, flow.addRoutine(new Printer(), "printer").input);
const job = flow.execute(greeter.trigger, { name: "world" });
await flow.settle(job);
await flow.pause(job, { reason: "to be looked at" });
const snapshot = JSON.parse(JSON.stringify({ flow, job }));

const ajv = new Ajv2020({ allowUnionTypes: true });
const [validateFlow, validateJob] = [ajv.compile(flowSchema), ajv.compile(jobSchema)];

/** Prints whether a document is valid. */
function print(what: string, validate: typeof validateFlow, document: unknown): void {
  const isValid = validate(document);
  console.log(`${what}: ${isValid ? "valid" : `invalid, ${ajv.errorsText(validate.errors, { dataVar: "it" })}`}`);
}

print("The flow", validateFlow, snapshot.flow);
print("The paused job", validateJob, snapshot.job);
print("A job with a status of its own", validateJob, { ...snapshot.job, status: "resting" });
print("A job without its tasks", validateJob, { ...snapshot.job, pendingTasks: undefined });
print("A flow in place of a job", validateJob, snapshot.flow);
