import { type Collected, type Context, Routine } from "@routilux/routilux";
import { counted } from "../harness/payload.ts";
import { bench } from "./bench.ts";
import { repeatDeliveries, TIMES } from "./repeated.ts";

// The time of a merge in a slot, by merge strategy.

class Newest extends Routine {
  readonly input = this.addSlot("input", this.take);
  take(_item: { v: number }, ctx: Context): void {
    ctx.shared.update<number>("count", (count = 0) => count + 1);
  }
}

class Appended extends Routine {
  readonly input = this.addSlot("input", this.take, { merge: "append" });
  take({ v }: { v: Collected<number> }, ctx: Context): void {
    ctx.shared.set("count", v.length);
  }
}

class Added extends Routine {
  readonly input = this.addSlot("input", this.take, {
    merge: (old: { v: number } | undefined, { v }: { v: number }) => ({ v: (old?.v ?? 0) + v }),
  });
  take(_total: { v: number }, ctx: Context): void {
    ctx.shared.update<number>("count", (count = 0) => count + 1);
  }
}

for (
  const [name, routine] of Object.entries({ newest: new Newest(), append: new Appended(), "a function": new Added() })
) {
  const run = repeatDeliveries(routine, counted);
  bench(`10,000 deliveries, ${name}`, { group: "merge", baseline: name === "newest" }, async () => {
    const { sharedData } = await run();
    if (sharedData["count"] !== TIMES) throw new Error(`The count is ${sharedData["count"]}`);
  });
}
