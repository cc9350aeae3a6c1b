import { type Context, Flow, Routine } from "@routilux/routilux";

// The smallest useful program: one routine, executed in memory. `size.ts` measures what a user of it has to ship.

class Hello extends Routine {
  readonly trigger = this.addSlot("trigger", this.greet);
  greet({ name }: { name: string }, ctx: Context): void {
    ctx.output("greeting", `Hello, ${name}`);
  }
}

const flow = new Flow({ id: "hello" });
const hello = flow.addRoutine(new Hello(), "hello");
const job = await flow.run(hello.trigger, { name: "world" });
console.log(job.outputLog[0]?.data);
