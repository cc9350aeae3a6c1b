import { type Collected, type Context, Engine, Flow, type FlowOptions, Registry, Routine } from "@routilux/routilux";
import { manualTimers } from "@routilux/routilux/testing";
import type { Counted } from "../harness/payload.ts";
import { expectEqual, runProgram } from "../harness/program.ts";
import { ACTIVATIONS, timeEach, timeJobs } from "./activations.ts";

// Each curve does about the same amount of work at each of its sizes: the time of an activation should not depend on
// the size.

const DELAY_MS = 60_000;

interface Order {
  /** The number of items that the source sends. */
  readonly count: number;
  /** The number of activations per item. */
  readonly v: number;
  /** The time over which their delays are spread, in milliseconds. */
  readonly delayMs?: number;
}

class Source extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly output = this.addEvent<Counted>("output");
  send({ count, v, delayMs = 0 }: Order, ctx: Context): void {
    for (let i = 1; i <= count; i++) ctx.emit(this.output, { v }, { delayMs: Math.ceil((delayMs * i) / count) });
  }
}

/** Passes an item on until its activations are done. */
class Step extends Routine {
  readonly input = this.addSlot("input", this.pass);
  readonly output = this.addEvent<Counted>("output");
  pass({ v }: Counted, ctx: Context): void {
    if (v > 1) ctx.emit(this.output, { v: v - 1 });
    else ctx.shared.update<number>("done", (done = 0) => done + 1);
  }
}

/** The same after a promise, so that other jobs run in between. */
class AsyncStep extends Routine {
  readonly input = this.addSlot("input", this.pass);
  readonly output = this.addEvent<Counted>("output");
  async pass({ v }: Counted, ctx: Context): Promise<void> {
    await null;
    if (v > 1) ctx.emit(this.output, { v: v - 1 });
    else ctx.shared.update<number>("done", (done = 0) => done + 1);
  }
}

/** Collects all data in its slot. */
class Collector extends Routine {
  readonly input = this.addSlot("input", this.look, { merge: "append" });
  look({ v }: { v: Collected<number> }, ctx: Context): void {
    ctx.shared.set("done", v.length);
  }
}

const registry = new Registry({ Source, Step, AsyncStep, Collector });

/** A source, and a number of routines in a circle. */
function circle(routines: number, Routine: typeof Step | typeof AsyncStep, options: FlowOptions = {}): Flow {
  const flow = new Flow({ id: "circle", registry, executionTimeoutMs: Infinity, ...options });
  const { output } = flow.addRoutine(new Source(), "source");
  const steps = Array.from({ length: routines }, (_, i) => flow.addRoutine(new Routine(), `step_${i}`));
  steps.forEach((step, i) => flow.connect(i === 0 ? output : steps[i - 1]?.output ?? output, step.input));
  const [first, last] = [steps[0], steps[routines - 1]];
  if (first !== undefined && last !== undefined) flow.connect(last.output, first.input);
  return flow;
}

async function runOne(flow: Flow, order: Order): Promise<void> {
  const { sharedData } = await flow.run("source", order);
  expectEqual("The number of items", sharedData["done"], order.count);
}

await runProgram({
  "routines": async (size) => {
    const flow = circle(size, Step);
    const order = { count: 20, v: ACTIVATIONS / 20 };
    // The first job makes the flow's plan, which all its jobs share.
    await runOne(flow, order);
    return timeEach(ACTIVATIONS, () => runOne(flow, order));
  },
  "jobs": (size) => {
    const flow = circle(10, AsyncStep);
    return timeJobs(size, (count, v) => runOne(flow, { count, v }));
  },
  "pending": (size) => {
    const flow = circle(10, Step);
    const order = { count: size, v: Math.max(2, Math.ceil(ACTIVATIONS / size)) };
    return timeEach(order.count * order.v, () => runOne(flow, order));
  },
  "delayed": (size) => {
    const timers = manualTimers();
    const flow = circle(10, Step, { engine: new Engine({ timers }) });
    const rounds = Math.ceil(ACTIVATIONS / size);
    return timeEach(rounds * size, async () => {
      for (let round = 0; round < rounds; round++) {
        const run = runOne(flow, { count: size, v: 1, delayMs: DELAY_MS });
        await timers.advance(DELAY_MS);
        await run;
      }
    });
  },
  "append": (size) => {
    const flow = new Flow({ id: "append", registry });
    const { output } = flow.addRoutine(new Source(), "source");
    flow.connect(output, flow.addRoutine(new Collector(), "collector").input);
    const rounds = Math.ceil(ACTIVATIONS / size);
    return timeEach(rounds * size, async () => {
      for (let round = 0; round < rounds; round++) await runOne(flow, { count: size, v: 1 });
    });
  },
  "history": (size) => {
    const flow = circle(10, Step, { limits: { history: size } });
    return timeEach(ACTIVATIONS, () => runOne(flow, { count: 20, v: ACTIVATIONS / 20 }));
  },
});
