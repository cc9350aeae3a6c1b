import { test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { StateError } from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createTestFlow } from "../support/test_flow.ts";

test("C402 shutdown lets queued work finish, then takes no more jobs", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  addSource(flow, "source", [1, 2]);
  addFunction(flow, "sink", (n: number) => handlers.wait(n));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  const waiting = flow.create("source");
  await timers.flush();
  let isDown = false;
  const down = flow.shutdown().then(() => isDown = true);
  assertThrows(() => flow.execute("source"), StateError, 'flow "flow" has been shut down');
  assertThrows(() => flow.resume(waiting), StateError, "has been shut down");
  for (const n of [1, 2]) {
    await timers.flush();
    assertEquals([isDown, handlers.waiting], [false, [n]]);
    handlers.release(n);
  }
  await down;
  assertEquals([job.status, waiting.status, job.pausePoints, timers.size], ["completed", "pending", [], 0]);
});

test("shutdown pauses what waits for time or for deliveries; without drain, also what is queued", async () => {
  for (const drain of [true, false]) {
    const { flow, timers } = createTestFlow();
    const handlers = new WaitingHandlers();
    addFunction(flow, "act", async (name: string, ctx) => {
      await handlers.wait(name);
      if (name === "later") ctx.emit("output", "delayed", { delayMs: 1_000_000 });
      if (name === "expects") ctx.expect("trigger");
    });
    link(flow, "act", "act");
    const jobs = ["plain", "later", "expects"].map((name) => flow.execute("act", name));
    await timers.flush();
    const down = flow.shutdown({ drain });
    for (const name of ["plain", "later", "expects"]) handlers.release(name);
    await down;
    assertEquals(jobs.map(({ status }) => status), [drain ? "completed" : "paused", "paused", "paused"]);
    assertEquals(jobs.map(({ pendingTasks }) => pendingTasks.length), [0, 1, 1]);
    assertEquals(jobs[1]?.pausePoints.map(({ reason }) => reason), ["shutdown"]);
    assertEquals(timers.size, 0);
  }
});

test("shutdown aborts handlers that don't return within the grace, and can be called twice", async () => {
  const { flow, timers } = createTestFlow();
  addFunction(flow, "act", () => new Promise<void>(() => {}));
  const job = flow.execute("act");
  await timers.flush();
  const both = Promise.all([flow.shutdown({ drain: false }), flow.shutdown({ drain: false })]);
  await timers.advance(1_000);
  await both;
  assertEquals([job.status, job.pendingTasks[0]?.active, job.pausePoints.length], ["paused", true, 1]);
  await flow.shutdown();
  await assertRejects(() => flow.run("act"), StateError, "has been shut down");
});

test("shutdown of an engine without a store pauses the jobs of all its flows", async () => {
  const { engine, flow } = createTestFlow();
  addFunction(flow, "act", (_data, ctx) => void ctx.expect("trigger"));
  const job = flow.execute("act");
  await engine.shutdown();
  assertEquals([job.status, job.pausePoints.length], ["paused", 1]);
});
