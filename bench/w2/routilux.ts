import { type Collected, type Context, Flow, Registry, Routine } from "@routilux/routilux";
import { type Counted, countUp } from "../harness/payload.ts";
import { type Figures, runProgram } from "../harness/program.ts";
import { timeFan, WORKERS } from "./fan.ts";

/** Sends the number of each round to all workers. */
class Source extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly output = this.addEvent<Counted>("output");
  *send({ rounds }: { rounds: number }, ctx: Context<number>): Generator<number, void, void> {
    for (let v = ctx.progress ?? 0; v < rounds; v++) {
      ctx.emit(this.output, { v });
      yield v + 1;
    }
  }
}

class Worker extends Routine {
  readonly input = this.addSlot("input", this.add);
  readonly output = this.addEvent<Counted>("output");
  add(item: Counted, ctx: Context): void {
    ctx.emit(this.output, countUp(item));
  }
}

class AsyncWorker extends Routine {
  readonly input = this.addSlot("input", this.add);
  readonly output = this.addEvent<Counted>("output");
  async add(item: Counted, ctx: Context): Promise<void> {
    ctx.emit(this.output, countUp(item));
  }
}

/** Keeps the sum. */
class Sum extends Routine {
  readonly input = this.addSlot("input", this.add);
  add({ v }: Counted, ctx: Context): void {
    ctx.state.update<number>("sum", (sum = 0) => sum + v);
  }
}

/** Collects all data in its slot, and adds it up when it is complete. */
class Collector extends Routine<{ total: number }> {
  readonly input = this.addSlot("input", this.add, { merge: "append" });
  add({ v }: { v: Collected<number> }, ctx: Context): void {
    if (v.length === this.getConfig("total")) ctx.state.set("sum", v.toArray().reduce((a, b) => a + b));
  }
}

const registry = new Registry({ Source, Worker, AsyncWorker, Sum, Collector });

function fan(Step: typeof Worker | typeof AsyncWorker, aggregator: Sum | Collector): Flow {
  const flow = new Flow({ id: "fan", registry });
  const { output } = flow.addRoutine(new Source(), "source");
  flow.addRoutine(aggregator, "aggregator");
  for (let i = 0; i < WORKERS; i++) {
    const worker = flow.addRoutine(new Step(), `worker_${i}`);
    flow.connect(output, worker.input);
    flow.connect(`worker_${i}`, "output", "aggregator", "input");
  }
  return flow;
}

function run(flow: Flow, rounds: number): Promise<Figures> {
  return timeFan(rounds, async () => {
    const { routineStates } = await flow.run("source", { rounds });
    return Number(routineStates["aggregator"]?.state["sum"]);
  });
}

await runProgram({
  "sync": (rounds) => run(fan(Worker, new Sum()), rounds),
  "async": (rounds) => run(fan(AsyncWorker, new Sum()), rounds),
  "append": (rounds) => run(fan(Worker, new Collector().setConfig({ total: rounds * WORKERS })), rounds),
});
