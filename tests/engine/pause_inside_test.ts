import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { ErrorHandler } from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createTestFlow } from "../support/test_flow.ts";

test("C389 ctx.pause pauses once the handler has committed: what it emitted waits", async () => {
  const { flow, timers } = createTestFlow();
  const seen: number[] = [];
  addFunction(flow, "source", (_data, ctx) => {
    ctx.emit("output", 1);
    ctx.pause("enough for today", { at: "source" });
    ctx.emit("output", 2);
  });
  addFunction(flow, "sink", (n: number) => void seen.push(n));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  assertEquals([job.status, seen, job.pendingTasks.map(({ data }) => data), timers.size], ["paused", [], [1, 2], 0]);
  assertEquals(job.pausePoints, [
    { at: "1970-01-01T00:00:00.000Z", checkpoint: { at: "source" }, reason: "enough for today" },
  ]);
  flow.resume(job);
  await timers.flush();
  assertEquals([job.status, seen], ["completed", [1, 2]]);
});

test("C389 a handler may call flow.pause() of its own job without awaiting it, synchronous or not", async () => {
  for (const isAsync of [false, true]) {
    const { flow, timers } = createTestFlow();
    const seen: unknown[] = [];
    const pause = () => void flow.pause(job, { reason: "from inside" }).then(() => seen.push("paused"));
    addFunction(flow, "source", (_data, ctx) => {
      ctx.emit("output", {});
      pause();
      if (isAsync) return Promise.resolve();
    });
    addFunction(flow, "sink", () => void seen.push("sink"));
    link(flow, "source", "sink");
    const job = flow.execute("source");
    await timers.flush();
    assertEquals([job.status, seen, job.pendingTasks.length, timers.size], ["paused", ["paused"], 1, 0]);
  }
});

test("C389 a handler that awaits the pause of its own job waits for itself: the grace ends that", async () => {
  const { flow, timers } = createTestFlow();
  addFunction(flow, "act", async (_data, ctx) => {
    ctx.shared.set("ran", true);
    await flow.pause(job, { graceMs: 50 });
  });
  const job = flow.execute("act");
  await timers.advance(49);
  assertEquals(job.status, "running");
  await timers.advance(1);
  assertEquals([job.status, job.sharedData, job.pendingTasks[0]?.active], ["paused", {}, true]);
});

test("ctx.pause lets the others finish within the grace of 1,000 ms, then aborts them", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 3 });
  const handlers = new WaitingHandlers();
  addSource(flow, "source", ["quick", "slow", "pauses", "queued"]);
  addFunction(flow, "sink", async (name: string, ctx) => {
    if (name === "pauses") ctx.pause();
    else await handlers.wait(name);
    ctx.shared.set(name, ctx.now());
  });
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.advance(10);
  handlers.release("quick");
  await timers.advance(989);
  assertEquals(job.status, "running");
  await timers.advance(1);
  assertEquals([job.status, job.sharedData], ["paused", { pauses: 0, quick: 10 }]);
  assertEquals(job.pendingTasks.map(({ data, active }) => [data, active]), [["slow", true], ["queued", undefined]]);
});

test("a handler that asks for a pause and then throws leaves no pause", async () => {
  const { flow, timers } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "continue" }) });
  addFunction(flow, "act", (_data, ctx) => {
    ctx.pause("never mind");
    throw new Error("boom");
  });
  const job = flow.execute("act");
  await timers.flush();
  assertEquals([job.status, job.pausePoints], ["completed", []]);
});

test("a pause that is asked for before a checkpoint begins with it; the handler may finish within the grace", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  addFunction(flow, "act", async (_data, ctx) => {
    ctx.pause("at the checkpoint");
    await ctx.checkpoint("half");
    await handlers.wait("act");
    ctx.shared.set("done", true);
  });
  const job = flow.execute("act");
  await timers.advance(500);
  assertEquals([job.status, job.pendingTasks[0]?.progress], ["running", "half"]);
  handlers.release("act");
  await timers.flush();
  assertEquals([job.status, job.sharedData, job.pendingTasks, job.pausePoints.length], [
    "paused",
    { done: true },
    [],
    1,
  ]);
});

test("the first ctx.pause of a handler counts, and a handler's pause joins one that is under way", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 2 });
  const handlers = new WaitingHandlers();
  addSource(flow, "source", ["a", "b"]);
  addFunction(flow, "sink", async (name: string, ctx) => {
    ctx.pause(`${name} 1`);
    ctx.pause(`${name} 2`);
    await handlers.wait(name);
  });
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  handlers.release("b");
  await timers.flush();
  handlers.release("a");
  await timers.flush();
  assertEquals([job.status, job.pausePoints.map(({ reason }) => reason), job.pendingTasks], ["paused", ["b 1"], []]);
});

test("each activation may pause anew: a job paused after every task ends as one that never was", async () => {
  const run = async (pauses: boolean) => {
    const { flow, timers } = createTestFlow();
    const act = addFunction(flow, "act", ({ n }: { n: number }, ctx) => {
      if (pauses) ctx.pause();
      ctx.shared.update<number[]>("seen", (old = []) => [...old, n]);
      if (n > 0) ctx.emit("output", { n: n - 1 });
    });
    link(flow, "act", "act");
    const job = flow.execute(act.trigger, { n: 4 });
    await timers.flush();
    while (job.status === "paused") {
      flow.resume(job);
      await timers.flush();
    }
    return job;
  };
  const [straight, paused] = [await run(false), await run(true)];
  const { pausePoints, ...rest } = paused.toJSON();
  assertEquals([pausePoints?.length, rest], [5, straight.toJSON()]);
});

test("a handler that pauses its job at once, and then cancels it, is aborted once, for the first reason", async () => {
  const { flow, timers } = createTestFlow();
  const reasons: unknown[] = [];
  addFunction(flow, "act", (_data, ctx) => {
    ctx.signal.addEventListener("abort", () => reasons.push((ctx.signal.reason as Error).name));
    void flow.pause(job, { graceMs: 0 });
    flow.cancel(job);
  });
  const job = flow.execute("act");
  await timers.flush();
  assertEquals([job.status, reasons], ["cancelled", ["PausedError"]]);
});
