import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Collected, type Context, Registry, Routine } from "../../mod.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createTestFlow } from "../support/test_flow.ts";

test("C110 C111 C160 C225 C403 many jobs side by side: what happens to one, the others don't notice", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 2 });
  const handlers = new WaitingHandlers();
  const start = addFunction(flow, "start", (name: string, ctx) => {
    ctx.shared.set("name", name);
    ctx.state.set("name", name);
    for (const n of [1, 2, 3]) ctx.emit("output", `${name}${n}`);
  });
  addFunction(flow, "work", async (item: string, ctx) => {
    await handlers.wait(item);
    if (item === "fails2") throw new Error("boom");
    ctx.shared.update<string[]>("items", (old = []) => [...old, item]);
    ctx.output("item", `${item} of ${ctx.jobId}`);
  });
  link(flow, "start", "work");
  const names = ["plain", "fails", "pauses", "cancels", "times out"];
  const jobs = names.map((name) =>
    flow.execute(start.trigger, name, { jobId: name, ...(name === "times out" ? { timeoutMs: 10 } : {}) })
  );
  const [plain, , pauses, cancels] = jobs;
  await timers.flush();
  assertEquals(handlers.waiting, names.flatMap((name) => [`${name}1`, `${name}2`]));
  handlers.release("fails2");
  if (pauses !== undefined) void flow.pause(pauses, { graceMs: 0 });
  if (cancels !== undefined) flow.cancel(cancels);
  await timers.advance(10);
  assertEquals(jobs.map(({ status }) => status), ["running", "failed", "paused", "cancelled", "failed"]);
  for (const n of [1, 2, 3]) {
    handlers.release(`plain${n}`);
    await timers.flush();
  }
  assertEquals(plain?.status, "completed");
  assertEquals(plain?.sharedData, { name: "plain", items: ["plain1", "plain2", "plain3"] });
  assertEquals(plain?.outputLog.map(({ data }) => data), [1, 2, 3].map((n) => `plain${n} of plain`));
  assertEquals([plain?.failures, plain?.pausePoints], [[], []]);
  assertEquals(jobs.map(({ sharedData }) => sharedData.name), names);
  assertEquals(timers.size, 0);
});

test("C372 jobs leave no trace in the flow: its bytes are equal before, during and after", async () => {
  class Adder extends Routine<{ step: number }> {
    readonly trigger = this.addSlot("trigger", this.add, { merge: "append" });
    readonly output = this.addEvent<{ n: number }>("output");
    add({ n }: { readonly n: Collected<number> }, ctx: Context): void {
      ctx.state.update<number>("count", (old = 0) => old + 1);
      if (n.length < 3) ctx.emit(this.output, { n: n.length + this.getConfig("step", 1) });
    }
  }
  const { flow, timers } = createTestFlow({ registry: new Registry({ Adder }) });
  const adder = flow.addRoutine(new Adder().setConfig({ step: 2 }), "adder");
  flow.connect(adder.output, adder.trigger);
  const before = JSON.stringify(flow);
  const job = flow.execute(adder.trigger, { n: 1 });
  assertEquals(JSON.stringify(flow), before);
  await flow.pause(job);
  assertEquals(JSON.stringify(flow), before);
  flow.resume(job);
  await timers.flush();
  assertEquals([job.status, job.routineStates.adder?.state, JSON.stringify(flow)], ["completed", { count: 3 }, before]);
});

test("two flows on one engine, and two engines, don't notice each other", async () => {
  const [a, b] = [createTestFlow(), createTestFlow()];
  for (const { flow } of [a, b]) addFunction(flow, "act", (_data, ctx) => ctx.shared.set("now", ctx.now()));
  const jobs = [a.flow.execute("act"), b.flow.execute("act")];
  await a.timers.advance(5);
  await b.timers.flush();
  assertEquals(jobs.map(({ status, sharedData, jobId }) => [status, sharedData.now, jobId]), [
    ["completed", 0, "id-1"],
    ["completed", 0, "id-1"],
  ]);
});

test("all jobs of an engine share slices of sliceMs: then the event loop comes first, and each has its turn", async () => {
  const host = manualTimers();
  let now = 0;
  const slices: string[][] = [[]];
  const soon = (callback: () => void) =>
    host.soon(() => {
      slices.push([]);
      callback();
    });
  const { flow } = createTestFlow({}, { timers: { ...host, now: () => now, elapsed: () => now, soon }, sliceMs: 5 });
  const start = addFunction(flow, "start", (name: string, ctx) => {
    for (let n = 0; n < 9; n++) ctx.emit("output", name);
  });
  addFunction(flow, "work", (name: string) => {
    slices.at(-1)?.push(name);
    now += 2;
  });
  link(flow, "start", "work");
  const jobs = [flow.execute(start.trigger, "a"), flow.execute(start.trigger, "b")];
  for (const job of jobs) await flow.waitForCompletion(job);
  const order = slices.flat();
  assertEquals(slices.every(({ length }) => length <= 3), true, JSON.stringify(slices));
  assertEquals(order.toSorted().join(""), "aaaaaaaaabbbbbbbbb");
  assertEquals(order.indexOf("b") < order.lastIndexOf("a"), true, order.join(""));
});

test("of jobs that had to wait for the event loop, the first have ended before the last go on", async () => {
  const host = manualTimers();
  let now = 0;
  const { flow } = createTestFlow({}, { timers: { ...host, now: () => now, elapsed: () => now }, sliceMs: 5 });
  const seen: string[] = [];
  addFunction(flow, "busy", () => void (now += 5));
  addFunction(flow, "work", async (name: number) => {
    seen.push(`${name} begins`);
    await null;
    seen.push(`${name} ends`);
  });
  const jobs = [flow.execute("busy"), ...Array.from({ length: 20 }, (_, name) => flow.execute("work", name))];
  for (const job of jobs) await flow.waitForCompletion(job);
  assertEquals(seen.length, 40);
  assertEquals(seen.indexOf("0 ends") < seen.indexOf("19 begins"), true, seen.join());
});

test("a busy job does not keep the event loop: others and timers get their turn", async () => {
  const { flow, timers } = createTestFlow({ limits: { steps: 60_000, history: 0 } });
  const seen: string[] = [];
  let rounds = 0;
  addFunction(flow, "busy", (_data, ctx) => {
    rounds++;
    ctx.emit("output", {});
  });
  link(flow, "busy", "busy");
  addFunction(flow, "short", () => void seen.push(`short after ${rounds < 50_000}`));
  const busy = flow.execute("busy");
  await flow.waitUntil(busy, () => rounds > 10);
  const short = flow.execute("short");
  timers.soon(() => seen.push(`soon after ${rounds < 50_000}`));
  await Promise.all([flow.waitForCompletion(short), flow.waitForCompletion(busy)]);
  assertEquals([seen.toSorted(), short.status], [["short after true", "soon after true"], "completed"]);
  assertEquals([busy.status, busy.error?.name, rounds], ["failed", "StepLimitError", 60_000]);
});

test("a job that ends in its first turn asks the host for no timer", async () => {
  const host = manualTimers();
  const asked: string[] = [];
  const { flow } = createTestFlow({}, {
    timers: {
      ...host,
      setTimer: (at, callback) => (asked.push("timer"), host.setTimer(at, callback)),
      after: (ms, callback) => (asked.push("timer"), host.after(ms, callback)),
      soon: (callback) => (asked.push("soon"), host.soon(callback)),
    },
  });
  addSource(flow, "source", [{}, {}]);
  addFunction(flow, "act", () => {});
  link(flow, "source", "act");
  const job = await flow.run("source");
  assertEquals([job.status, asked], ["completed", []]);
});
