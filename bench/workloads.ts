import { type Collected, type Context, Engine, Flow, type JobState, Registry, Routine } from "@routilux/routilux";

/** Emits `count` numbers, one at a time. */
class Numbers extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly output = this.addEvent<{ value: number }>("output");
  *send({ count }: { count: number }, ctx: Context<number>): Generator<number, void, void> {
    for (let value = ctx.progress ?? 0; value < count; value++) {
      ctx.emit(this.output, { value });
      yield value + 1;
    }
  }
}

/** Adds one. */
class Stage extends Routine {
  readonly input = this.addSlot("input", this.add);
  readonly output = this.addEvent<{ value: number }>("output");
  add({ value }: { value: number }, ctx: Context): void {
    ctx.emit(this.output, { value: value + 1 });
  }
}

/** Adds one, after a promise. */
class AsyncStage extends Routine {
  readonly input = this.addSlot("input", this.add);
  readonly output = this.addEvent<{ value: number }>("output");
  async add({ value }: { value: number }, ctx: Context): Promise<void> {
    await null;
    ctx.emit(this.output, { value: value + 1 });
  }
}

/** Keeps the sum of all values. */
class Sum extends Routine {
  readonly input = this.addSlot("input", this.add);
  add({ value }: { value: number }, ctx: Context): void {
    ctx.state.update<number>("sum", (sum = 0) => sum + value);
  }
}

/** Collects all values, and keeps how many there are. */
class Collector extends Routine {
  readonly input = this.addSlot("input", this.count, { merge: "append" });
  count({ value }: { value: Collected<number> }, ctx: Context): void {
    ctx.state.set("length", value.length);
  }
}

/** The names of all routines here. */
export const registry: Registry = new Registry({ Numbers, Stage, AsyncStage, Sum, Collector });

/** A source, `stages` routines in a row, and a sum at the end. */
export function chain(stages: number, isAsync = false): Flow {
  const flow = new Flow({ id: "chain", registry, engine: new Engine() });
  let output = flow.addRoutine(new Numbers(), "numbers").output;
  for (let i = 0; i < stages; i++) {
    const stage = flow.addRoutine(isAsync ? new AsyncStage() : new Stage(), `stage_${i}`);
    flow.connect(output, stage.input);
    output = stage.output;
  }
  flow.connect(output, flow.addRoutine(new Sum(), "sum").input);
  return flow;
}

/** A source and an append slot. */
export function collection(): Flow {
  const flow = new Flow({ id: "collection", registry, engine: new Engine() });
  const { output } = flow.addRoutine(new Numbers(), "numbers");
  flow.connect(output, flow.addRoutine(new Collector(), "collector").input);
  return flow;
}

/** Runs `count` numbers through a chain, and fails when their sum is wrong. */
export async function runChain(flow: Flow, stages: number, count: number): Promise<void> {
  const { status, routineStates } = await flow.run("numbers", { count });
  const expected = (count * (count - 1)) / 2 + count * stages;
  const sum = routineStates["sum"]?.state["sum"];
  if (status !== "completed" || sum !== expected) throw new Error(`The chain came to ${sum}, not ${expected}`);
}

/** Collects `count` numbers, and fails when some are missing. */
export async function runCollection(flow: Flow, count: number): Promise<void> {
  const { routineStates } = await flow.run("numbers", { count });
  const length = routineStates["collector"]?.state["length"];
  if (length !== count) throw new Error(`The list has ${length} items, not ${count}`);
}

/** A paused job with `count` pending tasks. */
export async function pendingJob(flow: Flow, count: number): Promise<JobState> {
  const job = flow.create("numbers", { count: 0 });
  flow.resume(job);
  await flow.pause(job);
  for (let value = 0; value < count; value++) flow.deliver(job, "sum", "input", { value, ...PAYLOAD });
  return job;
}

/** About 200 bytes as JSON, with the number that goes with it. */
const PAYLOAD = {
  name: "a payload of an ordinary size",
  tags: ["one", "two", "three"],
  nested: { when: "2026-01-31T12:00:00.000Z", price: 12.5, open: true, note: null },
  text: "the quick brown fox jumps over the lazy dog",
};
