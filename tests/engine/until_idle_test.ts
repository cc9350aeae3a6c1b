import { assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { type Context, JobState, Routine } from "../../mod.ts";
import { Approval, approvals, DAY } from "../support/approval.ts";
import { addFunction, link } from "../support/function_routine.ts";
import { createTestFlow } from "../support/test_flow.ts";

test("C410 run until idle resolves when the job waits for an answer, and awaiting tells for which", async () => {
  const { flow, timers } = createTestFlow({ registry: approvals() });
  const approval = flow.addRoutine(new Approval(), "approval");
  await timers.advance(1_000);
  const job = await flow.run(approval.trigger, {}, { until: "idle" });
  assertEquals([job.status, job.awaiting], ["running", [{
    onTimeout: "escalation",
    routine: "approval",
    since: "1970-01-01T00:00:01.000Z",
    slot: "answer",
    task: 2,
    timeoutMs: 7 * DAY,
    until: "1970-01-08T00:00:01.000Z",
  }]]);
  assertEquals(JobState.fromText(job.toText(), flow.registry).awaiting, job.awaiting);
  assertEquals(await flow.waitForCompletion(job, { until: "idle" }), false);
  flow.deliver(job, approval.answer, { by: "ada" });
  assertEquals(await flow.waitForCompletion(job, { until: "idle" }), true);
  assertEquals([job.status, job.awaiting], ["completed", []]);
});

test("C410 awaiting is in the order of asking, without deadlines where there are none", async () => {
  const { flow } = createTestFlow();
  class Asker extends Routine {
    readonly trigger = this.addSlot("trigger", this.ask);
    readonly b = this.addSlot("b", this.ask);
    readonly a = this.addSlot("a", this.ask);
    ask(_data: unknown, ctx: Context): void {
      ctx.expect(this.b);
      ctx.expect(this.a, { timeoutMs: 5 });
      ctx.expect(this.b);
    }
  }
  const job = await flow.run(flow.addRoutine(new Asker(), "asker").trigger, {}, { until: "idle" });
  const since = "1970-01-01T00:00:00.000Z";
  assertEquals(job.awaiting, [
    { routine: "asker", since, slot: "b", task: 2 },
    { routine: "asker", since, slot: "a", task: 3, timeoutMs: 5, until: "1970-01-01T00:00:00.005Z" },
    { routine: "asker", since, slot: "b", task: 4 },
  ]);
});

test("C410 delays and retries are not idle: the job goes on by itself", async () => {
  const { flow, timers } = createTestFlow();
  const act = addFunction(flow, "act", (data: { n?: number }, ctx) => {
    if (data.n === undefined) {
      ctx.expect("trigger");
      ctx.emit("output", { n: 1 }, { delayMs: 500 });
    }
  });
  link(flow, "act", "act");
  const run = flow.run(act.trigger, {}, { until: "idle" });
  let isDone = false;
  void run.then(() => isDone = true);
  await timers.advance(499);
  assertEquals(isDone, false);
  await timers.advance(1);
  assertEquals([(await run).awaiting.length, timers.now()], [1, 500]);
});

test("C410 a wait until idle ends as others do: with the job, its pause, the time, or the signal", async () => {
  const { flow, timers } = createTestFlow();
  const act = addFunction(flow, "act", (_data, ctx) => ctx.emit("output", {}, { delayMs: 500 }));
  link(flow, "act", "act");
  const job = flow.execute(act.trigger);
  const late = flow.waitForCompletion(job, { until: "idle", timeoutMs: 100 });
  const controller = new AbortController();
  const aborted = flow.waitForCompletion(job, { until: "idle", signal: controller.signal });
  const paused = flow.waitForCompletion(job, { until: "idle" });
  await timers.advance(100);
  assertEquals(await late, false);
  controller.abort(new Error("enough"));
  await assertRejects(() => aborted, Error, "enough");
  await flow.pause(job);
  assertEquals([await paused, await flow.waitForCompletion(job, { until: "idle" })], [false, false]);
  flow.resume(job);
  const cancelled = flow.waitForCompletion(job, { until: "idle" });
  flow.cancel(job);
  assertEquals([await cancelled, timers.size], [true, 0]);
});

test("until is one of two words", async () => {
  const { flow } = createTestFlow();
  const act = addFunction(flow, "act", () => {});
  const until = "never" as "idle";
  await assertRejects(() => flow.run(act.trigger, {}, { until }), TypeError, "until must be one of");
  const job = await flow.run(act.trigger);
  await assertRejects(async () => await flow.waitForCompletion(job, { until }), TypeError, "until must be one of");
});
