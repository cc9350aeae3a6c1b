import { type Context, Flow, Routine } from "@routilux/routilux";

interface Item {
  readonly v: number;
}

class Step extends Routine {
  readonly input = this.addSlot("input", this.add);
  readonly output = this.addEvent<Item>("output");
  add({ v }: Item, ctx: Context): void {
    ctx.shared.set("v", v + 1);
    ctx.emit(this.output, { v: v + 1 });
  }
}

const flow = new Flow({ id: "ten_steps" });
const steps = Array.from({ length: 10 }, (_, i) => flow.addRoutine(new Step(), `step_${i}`));
for (let i = 1; i < steps.length; i++) flow.connect(`step_${i - 1}`, "output", `step_${i}`, "input");
const { sharedData } = await flow.run(flow.slot("step_0", "input"), { v: 0 });
if (sharedData["v"] !== 10) throw new Error(`It came to ${sharedData["v"]}`);
console.log("{}");
