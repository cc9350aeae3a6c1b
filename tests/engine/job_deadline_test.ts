import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { Engine, Flow, JobState, Registry } from "../../mod.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { Approval, approvals } from "../support/approval.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { lateStore } from "../support/late_store.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";

const LATE = 'Job "id-1", waiting included, took longer than 50 ms';

test("C408 a job that waits for an answer, a delay or a handler fails at its deadline", async () => {
  const handlers = new WaitingHandlers();
  for (const wait of ["answer", "delay", "handler"]) {
    const { flow, timers } = createTestFlow();
    let isAborted = false;
    const act = addFunction(flow, "act", (_data, ctx) => {
      if (wait === "answer") ctx.expect("trigger");
      if (wait === "delay") ctx.emit("output", 1, { delayMs: 1_000 });
      ctx.signal.addEventListener("abort", () => isAborted = true);
      return wait === "handler" ? handlers.wait("act") : undefined;
    });
    link(flow, "act", "act");
    const job = flow.execute(act.trigger, {}, { deadlineMs: 50 });
    assertEquals(job.deadlineAt, "1970-01-01T00:00:00.050Z");
    await timers.advance(49);
    assertEquals(job.status, "running");
    if (wait !== "handler") assertEquals(await flow.settle(job), { status: "running", nextDueAt: 50 });
    await timers.advance(1);
    assertEquals([job.status, job.error?.code, job.error?.message, isAborted], [
      "failed",
      "TIMEOUT",
      LATE,
      wait === "handler",
    ]);
    assertEquals([job.pendingTasks.length, timers.size], [1, 0]);
  }
});

test("C408 a job that ends in time leaves no timer, and one that is paused over its deadline fails when it goes on", async () => {
  const { flow, timers } = createTestFlow();
  addSource(flow, "source", [1], { delayMs: 40 });
  const seen: unknown[] = [];
  addFunction(flow, "sink", (data) => void seen.push(data));
  link(flow, "source", "sink");
  const job = flow.execute("source", {}, { deadlineMs: 50 });
  await timers.advance(40);
  assertEquals([job.status, timers.size], ["completed", 0]);
  const paused = flow.execute("source", {}, { deadlineMs: 50 });
  await timers.advance(10);
  await flow.pause(paused);
  await timers.advance(100);
  assertEquals(paused.status, "paused");
  const copy = JobState.fromJSON(JSON.parse(JSON.stringify(paused)), flow.registry);
  flow.resume(copy);
  await timers.flush();
  assertEquals([copy.status, copy.error?.code, seen], ["failed", "TIMEOUT", [1]]);
});

test("C408 a redrive gives a job that was too late as long again", async () => {
  const { flow, timers } = createTestFlow();
  const act = addFunction(flow, "act", (_data, ctx) => ctx.expect("trigger"));
  const job = flow.execute(act.trigger, {}, { deadlineMs: 50 });
  await timers.advance(80);
  flow.resume(job, { redrive: true });
  assertEquals([job.status, job.deadlineAt], ["running", "1970-01-01T00:00:00.130Z"]);
  await timers.advance(49);
  assertEquals(job.status, "running");
  await timers.advance(1);
  assertEquals(job.status, "failed");
});

test("C408 the deadline comes no later when the clock is set back", async () => {
  const { flow, timers } = createTestFlow();
  await timers.setClock(100_000_000);
  const act = addFunction(flow, "act", (_data, ctx) => ctx.expect("trigger"));
  const job = flow.execute(act.trigger, {}, { deadlineMs: 60_000 });
  await timers.advance(30_000);
  await timers.setClock(10_000_000);
  await timers.advance(40_000);
  assertEquals([job.status, job.error?.code], ["failed", "TIMEOUT"]);
});

test("C408 a stored job is taken at its deadline, counted from when it begins, whatever it waits for", async () => {
  const timers = manualTimers();
  const registry = approvals();
  const engine = new Engine({ timers, ids: manualIds(), registry, store: lateStore() });
  const flow = new Flow({ id: "flow", engine, registry });
  flow.addRoutine(new Approval(), "approval");
  const handle = await flow.start("approval", {}, { jobId: "request", at: 5_000, deadlineMs: 60_000 });
  const worker = engine.work();
  await timers.advance(64_000);
  assertEquals((await handle.read()).status, "running");
  await timers.advance(2_000);
  const job = await handle.read();
  assertEquals([job.status, job.error?.code, job.deadlineAt], ["failed", "TIMEOUT", "1970-01-01T00:01:05.000Z"]);
  await worker.stop();
  await engine.close();
});

test("C409 a job has no limit for its work unless one is set", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  const act = addFunction(flow, "act", () => handlers.wait("act"));
  const job = flow.execute(act.trigger);
  await timers.advance(86_400_000);
  handlers.release("act");
  await timers.flush();
  assertEquals([job.status, flow.executionTimeoutMs], ["completed", Infinity]);
});

test("deadlineMs is a number of at least 1", () => {
  const { flow } = createTestFlow({ registry: new Registry() });
  const act = addFunction(flow, "act", () => {});
  for (const deadlineMs of [0, -1, NaN, Infinity]) {
    assertThrows(() => flow.execute(act.trigger, {}, { deadlineMs }), RangeError, "deadlineMs must be a number");
  }
});
