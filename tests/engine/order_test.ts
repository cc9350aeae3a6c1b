import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Context, Routine } from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createTestFlow } from "../support/test_flow.ts";

interface Item {
  readonly n: number;
}

test("C079 C082 C090 C100 three emissions in one handler are three deliveries, in order", async () => {
  const { flow } = createTestFlow();
  const seen: unknown[] = [];
  addSource(flow, "source", ["item_0", "item_1", "item_2"]);
  addFunction(flow, "sink", (data) => void seen.push(data));
  link(flow, "source", "sink");
  const job = await flow.run("source");
  assertEquals([seen, job.status], [["item_0", "item_1", "item_2"], "completed"]);
});

test("C074 C077 C095 one emission reaches every connected slot, in the order of connection", async () => {
  const { flow } = createTestFlow();
  const seen: string[] = [];
  addFunction(flow, "source", (_data, ctx) => {
    ctx.emit("output", { n: 1 });
    seen.push("source");
  });
  for (const id of ["c", "a", "b"]) addFunction(flow, id, ({ n }: Item) => void seen.push(`${id} ${n}`));
  link(flow, "source", "a", "b", "c");
  const job = await flow.run("source");
  assertEquals(seen, ["source", "a 1", "b 1", "c 1"]);
  assertEquals([job.status, Object.values(job.routineStates).map(({ status }) => status)], [
    "completed",
    Array(4).fill("completed"),
  ]);
});

test("C078 C089 several keys of one emission arrive together, in one delivery", async () => {
  const { flow } = createTestFlow();
  const seen: unknown[] = [];
  addSource(flow, "source", [{ a: 1, b: "two", c: [3] }]);
  addFunction(flow, "sink", (data) => void seen.push(data));
  link(flow, "source", "sink");
  const job = await flow.run("source");
  assertEquals([seen, job.status], [[{ a: 1, b: "two", c: [3] }], "completed"]);
});

test("C080 a key that is called flow is data like any other", async () => {
  const { flow } = createTestFlow();
  const seen: unknown[] = [];
  addSource(flow, "source", [{ flow: "mine", n: 1 }]);
  addFunction(flow, "sink", (data) => void seen.push(data));
  link(flow, "source", "sink");
  const job = await flow.run("source");
  assertEquals([seen, job.status], [[{ flow: "mine", n: 1 }], "completed"]);
});

test("C084 an event and a slot that are connected as objects deliver once per emission", async () => {
  const { flow } = createTestFlow();
  const seen: unknown[] = [];
  const source = addSource(flow, "source", [{ n: 1 }]);
  const sink = addFunction<unknown>(flow, "sink", (data) => void seen.push(data));
  flow.connect(source.output, sink.trigger);
  const job = await flow.run(source.trigger, {});
  assertEquals([seen, job.status], [[{ n: 1 }], "completed"]);
});

test("C083 emitting from a helper that the handler calls is emitting in the handler", async () => {
  class Helped extends Routine {
    readonly trigger = this.addSlot("trigger", this.start);
    readonly output = this.addEvent<{ n: number }>("output");
    start(_params: unknown, ctx: Context): void {
      this.help(ctx, 1);
      this.help(ctx, 2);
    }
    help(ctx: Context, n: number): void {
      ctx.emit(this.output, { n });
    }
  }
  const { flow } = createTestFlow();
  const seen: number[] = [];
  flow.addRoutine(new Helped(), "helped");
  addFunction(flow, "sink", ({ n }: Item) => void seen.push(n));
  link(flow, "helped", "sink");
  await flow.run("helped");
  assertEquals(seen, [1, 2]);
});

test("C086 a routine with two events reaches the consumers of the one it emits", async () => {
  class Split extends Routine {
    readonly trigger = this.addSlot("trigger", this.split);
    readonly good = this.addEvent<{ n: number }>("good");
    readonly bad = this.addEvent<{ reason: string }>("bad");
    split({ n }: { n: number }, ctx: Context): void {
      if (n > 0) ctx.emit(this.good, { n });
      else ctx.emit(this.bad, { reason: `${n} is not positive` });
    }
  }
  const { flow } = createTestFlow();
  const seen: string[] = [];
  const split = flow.addRoutine(new Split(), "split");
  const good = addFunction(flow, "good", ({ n }: Item) => void seen.push(`good ${n}`));
  const bad = addFunction(flow, "bad", ({ reason }: { reason: string }) => void seen.push(`bad ${reason}`));
  flow.connect(split.good, good.trigger);
  flow.connect(split.bad, bad.trigger);
  await flow.run(split.trigger, { n: 1 });
  assertEquals(seen, ["good 1"]);
  await flow.run(split.trigger, { n: 0 });
  assertEquals(seen, ["good 1", "bad 0 is not positive"]);
});

test("fan-in: the deliveries of several routines to one slot come in the order in which they were made", async () => {
  const { flow } = createTestFlow();
  const seen: string[] = [];
  addSource(flow, "start", [{ n: 1 }, { n: 2 }]);
  for (const id of ["a", "b"]) addFunction(flow, id, ({ n }: Item, ctx) => ctx.emit("output", `${id}${n}`));
  addFunction(flow, "sink", (text: string) => void seen.push(text));
  link(flow, "start", "a", "b");
  link(flow, "a", "sink");
  link(flow, "b", "sink");
  await flow.run("start");
  assertEquals(seen, ["a1", "b1", "a2", "b2"]);
});

test("C071 what is ready are the pending tasks: the first of a chain, then the next", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  for (const id of ["r1", "r2", "r3"]) {
    addFunction(flow, id, async (_data, ctx) => {
      await handlers.wait(id);
      ctx.emit("output", {});
    });
  }
  link(flow, "r1", "r2");
  link(flow, "r2", "r3");
  const job = flow.execute("r1");
  for (const id of ["r1", "r2", "r3"]) {
    assertEquals(job.pendingTasks.map(({ routine }) => routine), [id]);
    await timers.flush();
    handlers.release(id);
    await timers.flush();
  }
  assertEquals([job.status, job.pendingTasks], ["completed", []]);
});

test("C096 C097 first in, first out: a sibling does not wait for a whole chain", async () => {
  const { flow } = createTestFlow();
  const seen: string[] = [];
  addSource(flow, "start", [{}]);
  for (const id of ["a", "b", "c", "d"]) {
    addFunction(flow, id, (_data, ctx) => {
      seen.push(id);
      ctx.emit("output", {});
    });
  }
  link(flow, "start", "a", "d");
  link(flow, "a", "b");
  link(flow, "b", "c");
  await flow.run("start");
  assertEquals(seen, ["a", "d", "b", "c"]);
});

test("C058 a routine connected to itself runs until it no longer emits", async () => {
  const { flow } = createTestFlow();
  const seen: number[] = [];
  const loop = addFunction(flow, "loop", ({ n }: Item, ctx) => {
    seen.push(n);
    if (n > 0) ctx.emit("output", { n: n - 1 });
  });
  link(flow, "loop", "loop");
  const job = await flow.run(loop.trigger, { n: 3 });
  assertEquals([seen, job.status], [[3, 2, 1, 0], "completed"]);
});

test("C005 C211 emitting an event that nothing is connected to is recorded and delivers nothing", async () => {
  const { flow } = createTestFlow();
  addSource(flow, "source", [{ n: 1 }]);
  const job = await flow.run("source");
  assertEquals(job.history().map(({ type }) => type), ["start", "emit"]);
  assertEquals([job.status, job.pendingTasks.length], ["completed", 0]);
});

test("data may be left out: the receiver gets undefined", async () => {
  const { flow } = createTestFlow();
  const seen: unknown[] = [];
  addFunction(flow, "source", (_data, ctx) => {
    ctx.emit("output", undefined);
    ctx.emit("output", null);
  });
  addFunction(flow, "sink", (data) => void seen.push(data));
  link(flow, "source", "sink");
  const job = await flow.run("source");
  assertEquals([job.status, seen], ["completed", [undefined, null]]);
});
