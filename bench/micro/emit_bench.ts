import { type Context, Flow, Routine } from "@routilux/routilux";
import { counted, payload } from "../harness/payload.ts";
import { bench } from "./bench.ts";
import { TIMES } from "./repeated.ts";

// The time of a call of `emit` until its task exists: the value is checked and frozen, the task is made and committed.

class Emitter extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly output = this.addEvent("output");
  readonly #make: (v: number) => object;
  constructor(make: (v: number) => object) {
    super();
    this.#make = make;
  }
  send(_params: unknown, ctx: Context): void {
    for (let v = 0; v < TIMES; v++) ctx.emit(this.output, this.#make(v));
    ctx.pause();
  }
}

class Receiver extends Routine {
  readonly input = this.addSlot("input", this.take);
  take(): void {}
}

/** Emits to a number of routines; the job is paused before they run. */
async function benchFanOut(name: string, make: (v: number) => object, receivers: number): Promise<void> {
  const flow = new Flow({ id: "fan_out" });
  const { output } = flow.addRoutine(new Emitter(make), "emitter");
  for (let i = 0; i < receivers; i++) flow.connect(output, flow.addRoutine(new Receiver(), `receiver_${i}`).input);
  const { pendingTasks } = await flow.run("emitter");
  if (pendingTasks.length !== TIMES * receivers) throw new Error(`There are ${pendingTasks.length} tasks`);
  bench(name, { group: "emit" }, async () => {
    const { status } = await flow.run("emitter");
    if (status !== "paused") throw new Error(`The job is ${status}`);
  });
}

await benchFanOut("10,000 numbers to nobody", counted, 0);
await benchFanOut("10,000 numbers to a routine", counted, 1);
await benchFanOut("10,000 numbers to 10 routines", counted, 10);
await benchFanOut("10,000 payloads to a routine", payload, 1);
