import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Context, ErrorHandler, JobState, Registry, Routine } from "../../mod.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createWaitingFlow } from "../support/waiting_flow.ts";
import { createTestFlow } from "../support/test_flow.ts";

test("settle runs what is due and tells when the job must be looked at again", async () => {
  const { flow, timers } = createTestFlow();
  const seen: string[] = [];
  addFunction(flow, "source", (_data, ctx) => {
    ctx.emit("output", "now");
    ctx.emit("output", "at 500", { delayMs: 500 });
    ctx.emit("output", "at 200", { delayMs: 200 });
  });
  addFunction(flow, "sink", (text: string) => void seen.push(text));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  assertEquals(await flow.settle(job), { status: "running", nextDueAt: 200 });
  assertEquals(seen, ["now"]);
  assertEquals(await flow.settle(job), { status: "running", nextDueAt: 200 });
  await timers.advance(200);
  assertEquals(await flow.settle(job), { status: "running", nextDueAt: 500 });
  await timers.advance(300);
  assertEquals(await flow.settle(job), { status: "completed", nextDueAt: undefined });
  assertEquals([seen, timers.size], [["now", "at 200", "at 500"], 0]);
});

test("settle waits for active handlers, and answers for a retry, a deadline and an open delivery", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  addFunction(flow, "act", async (_data, ctx) => {
    await handlers.wait(ctx.attempt);
    if (ctx.attempt === 0) throw new Error("again");
    ctx.expect("trigger", { timeoutMs: 5_000 });
    ctx.expect("trigger");
  }).setErrorHandler(new ErrorHandler({ strategy: "retry", retryDelayMs: 300, jitter: 0 }));
  const job = flow.execute("act");
  const answers: unknown[] = [];
  const settle = () => void flow.settle(job).then((answer) => answers.push(answer));
  settle();
  await timers.advance(10);
  assertEquals(answers, []);
  handlers.release(0);
  await timers.flush();
  assertEquals(answers.splice(0), [{ status: "running", nextDueAt: 310 }]);
  await timers.advance(300);
  settle();
  handlers.release(1);
  await timers.flush();
  assertEquals(answers.splice(0), [{ status: "running", nextDueAt: 5_310 }]);
  flow.deliver(job, "act", "trigger", {});
  await timers.flush();
  handlers.release(0);
  await timers.flush();
  assertEquals(await flow.settle(job), { status: "running", nextDueAt: 610 });
});

test("an open delivery without a deadline is nothing to wake up for", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "act", (_data, ctx) => ctx.expect("trigger"));
  const job = flow.execute("act");
  assertEquals(await flow.settle(job), { status: "running", nextDueAt: undefined });
});

test("settle with a timeout answers when the time is up: work that is still due is due now", async () => {
  const { flow, timers } = createWaitingFlow();
  const job = flow.execute("act");
  const answers: unknown[] = [];
  void flow.settle(job, { timeoutMs: 50 }).then((answer) => answers.push(answer));
  await timers.advance(50);
  assertEquals([answers, job.status], [[{ status: "running", nextDueAt: 50 }], "running"]);
});

test("settle answers at once for a job that is not live", async () => {
  const { flow, timers } = createTestFlow();
  addSource(flow, "source", [{}], { delayMs: 1_000 });
  addFunction(flow, "sink", () => {});
  link(flow, "source", "sink");
  assertEquals(await flow.settle(flow.create("source")), { status: "pending", nextDueAt: 0 });
  const job = flow.execute("source");
  await flow.settle(job);
  await flow.pause(job);
  assertEquals(await flow.settle(job), { status: "paused", nextDueAt: 1_000 });
  const restored = JobState.fromJSON(JSON.parse(JSON.stringify(job)), new Registry());
  await timers.advance(2_000);
  assertEquals(await flow.settle(restored), { status: "paused", nextDueAt: 2_000 });
  flow.cancel(job);
  assertEquals(await flow.settle(job), { status: "cancelled", nextDueAt: undefined });
});

test("settle runs what is due even if the host's timer is late, or never comes", async () => {
  const host = manualTimers();
  let now = 0;
  const timers = { ...host, now: () => now, elapsed: () => now, setTimer: () => () => {} };
  const { flow } = createTestFlow({}, { timers });
  const seen: number[] = [];
  addSource(flow, "source", [{}], { delayMs: 100 });
  addFunction(flow, "sink", (_data, ctx) => void seen.push(ctx.now()));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  assertEquals(await flow.settle(job), { status: "running", nextDueAt: 100 });
  now = 250;
  assertEquals([await flow.settle(job), seen], [{ status: "completed", nextDueAt: undefined }, [250]]);
});

test("settle of a job that pauses or ends meanwhile answers with that", async () => {
  const { flow, timers } = createWaitingFlow();
  for (const end of ["paused", "cancelled"] as const) {
    const job = flow.execute("act");
    await timers.flush();
    const settled = flow.settle(job);
    if (end === "paused") void flow.pause(job, { graceMs: 0 });
    else flow.cancel(job);
    assertEquals((await settled).status, end);
  }
});

test("a routine's own timer comes back to it without any connection of the flow's", async () => {
  class Reminder extends Routine {
    readonly trigger = this.addSlot("trigger", this.start);
    readonly remind = this.addTimer("remind", this.ring);
    readonly output = this.addEvent<{ rung: number }>("output");
    start(_params: unknown, ctx: Context): void {
      ctx.emit(this.remind, { count: 1 }, { delayMs: 60_000 });
    }
    ring({ count }: { count: number }, ctx: Context): void {
      ctx.output("ring", { count, at: ctx.now() });
      if (count < 3) ctx.emit(this.remind, { count: count + 1 }, { delayMs: 60_000 });
    }
  }
  const { flow, timers } = createTestFlow();
  flow.addRoutine(new Reminder(), "reminder");
  const job = flow.execute("reminder");
  await timers.advance(60_000);
  assertEquals([job.status, flow.connections.length], ["running", 0]);
  await timers.advance(120_000);
  assertEquals([job.status, job.outputLog.map(({ data }) => data)], [
    "completed",
    [{ count: 1, at: 60_000 }, { count: 2, at: 120_000 }, { count: 3, at: 180_000 }],
  ]);
});
