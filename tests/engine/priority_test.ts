import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { createTestFlow } from "../support/test_flow.ts";

test("ready tasks run by priority, then by id", async () => {
  const { flow } = createTestFlow();
  const seen: string[] = [];
  addFunction(flow, "source", (_data, ctx) => {
    for (const n of [1, 2]) {
      ctx.emit("output", `low ${n}`, { priority: "low" });
      ctx.emit("output", `normal ${n}`);
      ctx.emit("output", `high ${n}`, { priority: "high" });
    }
  });
  addFunction(flow, "sink", (text: string, ctx) => {
    seen.push(text);
    if (text === "normal 1") ctx.emit("output", "high late", { priority: "high" });
  });
  link(flow, "source", "sink");
  link(flow, "sink", "sink");
  await flow.run("source");
  assertEquals(seen, ["high 1", "high 2", "normal 1", "high late", "normal 2", "low 1", "low 2"]);
});

test("delayed deliveries run when they are due, then again by priority and id", async () => {
  const { flow, timers } = createTestFlow();
  const seen: string[] = [];
  addFunction(flow, "source", (_data, ctx) => {
    ctx.emit("output", "at 20", { delayMs: 20 });
    ctx.emit("output", "at 10, low", { delayMs: 10, priority: "low" });
    ctx.emit("output", "at 10", { delayMs: 10 });
    ctx.emit("output", "at 10, high", { delayMs: 10, priority: "high" });
    ctx.emit("output", "at once");
  });
  addFunction(flow, "sink", (text: string, ctx) => void seen.push(`${ctx.now()}: ${text}`));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.advance(9);
  assertEquals(seen, ["0: at once"]);
  await timers.advance(1);
  assertEquals(seen.splice(0), ["0: at once", "10: at 10, high", "10: at 10", "10: at 10, low"]);
  assertEquals([job.status, job.pendingTasks.map(({ id, notBefore }) => ({ id, notBefore }))], [
    "running",
    [{ id: 2, notBefore: "1970-01-01T00:00:00.020Z" }],
  ]);
  await timers.advance(10);
  assertEquals([seen, job.status, timers.size], [["20: at 20"], "completed", 0]);
});

test("a delayed delivery falls due while another handler works: it comes next, and the alarm rings once", async () => {
  const { flow, timers } = createTestFlow({ executionTimeoutMs: 300_000 });
  let done = () => {};
  const seen: string[] = [];
  addFunction(flow, "source", (_data, ctx) => {
    ctx.emit("output", "slow");
    ctx.emit("output", "due at 10", { delayMs: 10 });
    ctx.emit("output", "after");
  });
  addFunction(flow, "sink", (text: string) => {
    seen.push(text);
    if (text === "slow") return new Promise<void>((resolve) => done = resolve);
  });
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  assertEquals(await timers.advanceToNext(), true);
  assertEquals([timers.now(), timers.nextAt], [10, 300_000]);
  done();
  await timers.flush();
  assertEquals([seen, job.status, timers.size], [["slow", "due at 10", "after"], "completed", 0]);
});

test("a retry, a parked generator and new tasks of one priority run by id", async () => {
  const { flow, timers } = createTestFlow();
  const seen: string[] = [];
  addSource(flow, "start", [{}]);
  addFunction(flow, "flaky", (_data, ctx) => {
    seen.push(`flaky ${ctx.attempt}`);
    if (ctx.attempt === 0) throw new Error("again");
  }).setAsCritical({ retryDelayMs: 10 });
  addFunction(flow, "source", function* (_data, ctx) {
    seen.push("source 1");
    ctx.emit("output", "slow", { priority: "high" });
    yield 1;
    seen.push("source 2");
  });
  addFunction(flow, "sink", (name: string, ctx) => {
    seen.push(name);
    if (name === "slow") return new Promise<void>((resolve) => void timers.setTimer(ctx.now() + 10, resolve));
  });
  link(flow, "start", "flaky", "source");
  link(flow, "source", "sink");
  const job = flow.execute("start");
  await timers.advance(5);
  flow.deliver(job, "sink", "trigger", "new");
  await timers.advance(5);
  assertEquals([job.status, seen], ["completed", ["flaky 0", "source 1", "slow", "flaky 1", "source 2", "new"]]);
});

test("refuses delays and priorities that there are not, and delivers nothing", async () => {
  const { flow } = createTestFlow();
  const seen: string[] = [];
  addFunction(flow, "source", (_data, ctx) => {
    for (const delayMs of [-1, NaN, Infinity]) {
      assertThrows(() => ctx.emit("output", {}, { delayMs }), RangeError, "delayMs");
    }
    assertThrows(
      () => ctx.emit("output", {}, { priority: "urgent" as "high" }),
      TypeError,
      'one of "high", "normal", "low"',
    );
  });
  addFunction(flow, "sink", () => void seen.push("sink"));
  link(flow, "source", "sink");
  const job = await flow.run("source");
  assertEquals([job.status, seen], ["completed", []]);
});
