import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type Context, Flow, Registry, Routine, StateError } from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { heldStore } from "../support/held_store.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";

const range = (length: number) => Array.from({ length }, (_, n) => n);

test("C415 at most so many handlers of a routine run at once in a job, in the order of their tasks", async () => {
  for (const most of [1, 2, 3]) {
    const handlers = new WaitingHandlers();
    const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 8 });
    addSource(flow, "source", range(6));
    const order: number[] = [];
    let active = 0;
    let highest = 0;
    addFunction(flow, "sink", async (n: number) => {
      order.push(n);
      highest = Math.max(highest, ++active);
      await handlers.wait(n);
      active--;
    }).setConcurrency(most);
    link(flow, "source", "sink");
    const job = flow.execute("source");
    await timers.flush();
    assertEquals(order, range(most));
    for (const n of range(6)) {
      handlers.release(n);
      await timers.flush();
    }
    assertEquals([job.status, order, highest], ["completed", range(6), most]);
  }
});

test("C415 tasks of other routines run meanwhile, and each job counts for itself", async () => {
  const handlers = new WaitingHandlers();
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 3 });
  addSource(flow, "source", range(4));
  const seen: string[] = [];
  addFunction(flow, "slow", async (n: number, ctx) => {
    seen.push(`${ctx.jobId} slow ${n}`);
    await handlers.wait(`${ctx.jobId} ${n}`);
  }).setConcurrency(1);
  addFunction(flow, "quick", (n: number, ctx) => void seen.push(`${ctx.jobId} quick ${n}`));
  link(flow, "source", "slow", "quick");
  const jobs = ["a", "b"].map((jobId) => flow.execute("source", {}, { jobId }));
  await timers.flush();
  for (const id of ["a", "b"]) {
    assertEquals(seen.filter((it) => it.startsWith(id)), [`${id} slow 0`, ...range(4).map((n) => `${id} quick ${n}`)]);
  }
  for (const n of range(4)) {
    for (const id of ["a", "b"]) handlers.release(`${id} ${n}`);
    await timers.flush();
  }
  assertEquals(jobs.map(({ status }) => status), ["completed", "completed"]);
});

test("C415 with 1, what a handler has read in its state is still so when it writes", async () => {
  for (const most of [1, undefined]) {
    const { flow } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 8 });
    addSource(flow, "source", range(20));
    const counter = addFunction(flow, "counter", async (_n: number, ctx) => {
      const count = ctx.state.get<number>("count") ?? 0;
      await Promise.resolve();
      ctx.state.set("count", count + 1);
    });
    if (most !== undefined) counter.setConcurrency(most);
    link(flow, "source", "counter");
    const job = await flow.run("source");
    assertEquals(job.routineStates["counter"]?.state["count"] === 20, most === 1);
  }
});

test("C415 handlers that return at once, fail, take too long or are aborted make room for the next", async () => {
  const handlers = new WaitingHandlers();
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 4 });
  addSource(flow, "source", range(12));
  const seen: number[] = [];
  const sink = addFunction(flow, "sink", (n: number) => {
    seen.push(n);
    if (n % 4 === 1) throw new Error("no");
    if (n % 4 === 2) return handlers.wait(n);
    if (n % 4 === 3) return new Promise<void>((_, reject) => timers.soon(() => reject(new Error("later"))));
  }, { timeoutMs: 50 });
  sink.setConcurrency(1).setAsOptional("continue");
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.advance(20);
  await flow.pause(job, { graceMs: 0 });
  flow.resume(job);
  await timers.advance(500);
  assertEquals([job.status, seen], ["completed", [0, 1, 2, 2, ...range(9).map((n) => n + 3)]]);
});

test("C415 a task that waits for its turn can be taken back", async () => {
  const handlers = new WaitingHandlers();
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 4 });
  class Worker extends Routine {
    readonly trigger = this.addSlot("trigger", this.begin);
    readonly work = this.addTimer("work", this.do);
    begin(_data: unknown, ctx: Context): void {
      for (const n of range(3)) ctx.emit(this.work, n, { key: `${n}` });
    }
    async do(n: number, ctx: Context): Promise<void> {
      ctx.output("done", n);
      await handlers.wait(n);
      ctx.cancelEmit(this.work, "1");
    }
  }
  const worker = flow.addRoutine(new Worker(), "worker");
  worker.setConcurrency(1);
  const job = flow.execute(worker.trigger);
  await timers.flush();
  for (const n of range(3)) {
    handlers.release(n);
    await timers.flush();
  }
  assertEquals([job.status, job.outputLog.map(({ data }) => data)], ["completed", [0, 2]]);
});

test("C415 the limit travels with the flow, is frozen with it, and is a whole number of at least 1", async () => {
  class Worker extends Routine {
    readonly trigger = this.addSlot("trigger", this.work);
    work(): void {}
  }
  const { flow } = createTestFlow({ registry: new Registry({ Worker }) });
  const worker = flow.addRoutine(new Worker(), "worker");
  assertEquals(JSON.parse(JSON.stringify(flow)).routines.worker.concurrency, undefined);
  worker.setConcurrency(2);
  const text = JSON.stringify(flow);
  assertEquals(JSON.parse(text).routines.worker.concurrency, 2);
  assertEquals(JSON.stringify(Flow.fromJSON(JSON.parse(text), flow.registry)), text);
  for (const most of [0, 1.5, NaN, Infinity]) {
    assertThrows(() => worker.setConcurrency(most), RangeError, "Cannot set concurrency: most must be an integer");
  }
  await flow.run(worker.trigger);
  assertThrows(() => worker.setConcurrency(1), StateError, "Cannot set concurrency");
});

test("a task behind those that have no room waits, too, until the commit that made it is stored", async () => {
  const handlers = new WaitingHandlers();
  const store = heldStore();
  const seen: string[] = [];
  class Source extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly slow = this.addEvent<object>("slow");
    readonly quick = this.addEvent<object>("quick");
    send(_data: object, ctx: Context): void {
      for (const event of [this.slow, this.quick, this.slow]) ctx.emit(event, {});
    }
  }
  class Slow extends Routine {
    readonly input = this.addSlot("input", this.work);
    async work(_data: object): Promise<void> {
      await handlers.wait(seen.push("slow"));
    }
  }
  class Quick extends Routine {
    readonly input = this.addSlot("input", this.work);
    readonly output = this.addEvent<object>("output");
    readonly next = this.addSlot("next", this.end);
    work(_data: object, ctx: Context): void {
      seen.push("quick");
      store.hold();
      ctx.emit(this.output, {});
    }
    end(): void {
      seen.push("next");
    }
  }
  const registry = new Registry({ Source, Slow, Quick });
  const { flow, timers } = createTestFlow({ registry, executionStrategy: "concurrent" }, { registry, store });
  const source = flow.addRoutine(new Source(), "source");
  const slow = flow.addRoutine(new Slow().setConcurrency(1), "slow");
  const quick = flow.addRoutine(new Quick(), "quick");
  flow.connect(source.slow, slow.input);
  flow.connect(source.quick, quick.input);
  flow.connect(quick.output, quick.next);
  const job = flow.execute(source.trigger);
  await timers.flush();
  assertEquals(seen, ["slow", "quick"]);
  store.release();
  await timers.flush();
  assertEquals(seen, ["slow", "quick", "next"]);
  handlers.release(1);
  await timers.flush();
  handlers.release(4);
  await timers.flush();
  assertEquals([job.status, seen], ["completed", ["slow", "quick", "next", "slow"]]);
});
