import { test } from "node:test";
import { assertEquals, assertInstanceOf } from "@std/assert";
import { ErrorHandler, PausedError } from "../../mod.ts";
import { addFunction, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createWaitingFlow } from "../support/waiting_flow.ts";
import { createTestFlow } from "../support/test_flow.ts";

test("C224 a handler that does not return is aborted after graceMs, and its task runs again on resume", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  const reasons: unknown[] = [];
  addFunction(flow, "act", async (_data, ctx) => {
    ctx.signal.addEventListener("abort", () => reasons.push(ctx.signal.reason));
    ctx.shared.update<number>("runs", (old = 0) => old + 1);
    await handlers.wait(`${ctx.idempotencyKey} attempt ${ctx.attempt}`);
  });
  const job = flow.execute("act");
  await timers.flush();
  let isPaused = false;
  void flow.pause(job, { graceMs: 200 }).then(() => isPaused = true);
  await timers.advance(199);
  assertEquals([job.status, isPaused, reasons], ["running", false, []]);
  await timers.advance(1);
  assertEquals([job.status, isPaused, job.sharedData], ["paused", true, {}]);
  assertInstanceOf(reasons[0], PausedError);
  const { active, attempt, step } = job.pendingTasks[0] ?? {};
  assertEquals({ active, attempt, step }, { active: true, attempt: undefined, step: undefined });
  handlers.release("id-1/1/0 attempt 0");
  await timers.flush();
  assertEquals([job.status, job.sharedData], ["paused", {}], "what it returns later is ignored");
  flow.resume(job);
  await timers.flush();
  handlers.release("id-1/1/0 attempt 0");
  await timers.flush();
  assertEquals([job.status, job.sharedData, job.retryCount("act")], ["completed", { runs: 1 }, 0]);
});

test("graceMs is 1,000 by default, and 0 aborts at once", async () => {
  for (const [options, graceMs] of [[{}, 1_000], [{ graceMs: 0 }, 0]] as const) {
    const { flow, timers } = createTestFlow();
    addFunction(flow, "act", () => new Promise<void>(() => {}));
    const job = flow.execute("act");
    await timers.flush();
    void flow.pause(job, options);
    assertEquals(job.status, graceMs === 0 ? "paused" : "running");
    if (graceMs > 0) await timers.advance(graceMs - 1);
    assertEquals(job.status, graceMs === 0 ? "paused" : "running");
    if (graceMs > 0) await timers.advance(1);
    assertEquals([job.status, timers.size], ["paused", 0]);
  }
});

test("tasks that were active run first on resume, by id, whatever their priority", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 2 });
  const handlers = new WaitingHandlers();
  const seen: string[] = [];
  addFunction(flow, "source", (_data, ctx) => {
    ctx.emit("output", "a", { priority: "low" });
    ctx.emit("output", "b", { priority: "low" });
  });
  addFunction(flow, "sink", (name: string) => {
    seen.push(name);
    return seen.length <= 2 ? handlers.wait(name) : undefined;
  });
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  flow.deliver(job, "sink", "trigger", "new");
  await flow.pause(job, { graceMs: 0 });
  assertEquals(job.pendingTasks.map(({ data, active }) => [data, active]), [["a", true], ["b", true], [
    "new",
    undefined,
  ]]);
  flow.resume(job);
  await timers.flush();
  assertEquals([job.status, seen], ["completed", ["a", "b", "a", "b", "new"]]);
});

test("a second pause joins the first: one pause point, and both resolve", async () => {
  const { flow, timers, handlers } = createWaitingFlow();
  const job = flow.execute("act");
  await timers.flush();
  const both = Promise.all([flow.pause(job, { reason: "first" }), flow.pause(job, { reason: "second", graceMs: 5 })]);
  await timers.advance(500);
  assertEquals(job.status, "running");
  handlers.release("act");
  await both;
  assertEquals([job.status, job.pausePoints.map(({ reason }) => reason)], ["paused", ["first"]]);
});

test("an error or a timeout while pausing decides: the pause resolves with it", async () => {
  for (const end of ["stop", "timeout", "cancel"]) {
    const { flow, timers } = createTestFlow({ executionTimeoutMs: 100 });
    const handlers = new WaitingHandlers();
    addFunction(flow, "act", async () => {
      await handlers.wait("act");
      throw new Error("stop");
    });
    const job = flow.execute("act");
    await timers.flush();
    const paused = flow.pause(job);
    if (end === "stop") handlers.release("act");
    if (end === "cancel") flow.cancel(job);
    await timers.advance(100);
    await paused;
    assertEquals([job.status, job.error?.name, job.pausePoints, timers.size], [
      end === "cancel" ? "cancelled" : "failed",
      end === "stop" ? "Error" : end === "cancel" ? "CancelledError" : "TimeoutError",
      [],
      0,
    ]);
  }
});

test("a retry that falls due while pausing waits, with its attempt counted", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  addFunction(flow, "act", async (_data, ctx) => {
    await handlers.wait(ctx.attempt);
    if (ctx.attempt === 0) throw new Error("again");
  }).setErrorHandler(new ErrorHandler({ strategy: "retry", retryDelayMs: 10, jitter: 0 }));
  const job = flow.execute("act");
  await timers.flush();
  const paused = flow.pause(job);
  handlers.release(0);
  await paused;
  const { attempt, notBefore, active } = job.pendingTasks[0] ?? {};
  assertEquals([job.status, { attempt, notBefore, active }], [
    "paused",
    { attempt: 1, notBefore: "1970-01-01T00:00:00.010Z", active: undefined },
  ]);
});
