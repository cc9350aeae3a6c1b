import { type Context, Routine } from "@routilux/routilux";
import { counted } from "../harness/payload.ts";
import { bench } from "./bench.ts";
import { repeatDeliveries, repeatInHandler, TIMES } from "./repeated.ts";

// The time of an activation and its commit, by the effects of the handler.

class Idle extends Routine {
  readonly input = this.addSlot("input", this.take);
  take(): void {}
}

class Awaited extends Routine {
  readonly input = this.addSlot("input", this.take);
  async take(): Promise<void> {}
}

class Counter extends Routine {
  readonly input = this.addSlot("input", this.count);
  count(_item: unknown, ctx: Context): void {
    ctx.state.update<number>("count", (count = 0) => count + 1);
  }
}

class Forwarder extends Routine {
  readonly input = this.addSlot("input", this.forward);
  readonly output = this.addEvent("output");
  forward(item: object, ctx: Context): void {
    ctx.emit(this.output, item);
  }
}

class Checkpoints extends Routine {
  readonly trigger = this.addSlot("trigger", this.store);
  async store(_params: unknown, ctx: Context): Promise<void> {
    for (let i = 0; i < TIMES; i++) await ctx.checkpoint(i);
  }
}

const idle = repeatDeliveries(new Idle(), counted);
const awaited = repeatDeliveries(new Awaited(), counted);
const counter = repeatDeliveries(new Counter(), counted);
const forwarder = repeatDeliveries(new Forwarder(), counted);
const checkpoints = repeatInHandler(new Checkpoints());

bench("10,000 activations that do nothing", { group: "commit", baseline: true }, async () => void await idle());
bench("10,000 activations that are awaited", { group: "commit" }, async () => void await awaited());
bench("10,000 activations that change a state", { group: "commit" }, async () => {
  const { routineStates } = await counter();
  if (routineStates["routine"]?.state["count"] !== TIMES) throw new Error("The count is wrong");
});
bench("10,000 activations that forward what they get", { group: "commit" }, async () => void await forwarder());
bench("10,000 checkpoints", { group: "commit" }, async () => void await checkpoints());
