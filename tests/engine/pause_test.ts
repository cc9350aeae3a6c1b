import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { Flow, SerializationError, StateError } from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createWaitingFlow } from "../support/waiting_flow.ts";
import { createTestFlow } from "../support/test_flow.ts";

test("C219 pause with a job of another flow fails: does not match", async () => {
  const { flow, engine, timers } = createTestFlow();
  const other = new Flow({ id: "other", engine });
  addFunction(other, "act", () => new Promise<void>(() => {}));
  const job = other.execute("act");
  await assertRejects(() => flow.pause(job), TypeError, 'its flow_id "other" does not match flow "flow"');
  await timers.flush();
  assertEquals(job.status, "running");
});

test("C220 pause with reason and checkpoint: status paused, one pause point that holds both and the instant", async () => {
  const { flow, timers } = createTestFlow();
  addFunction(flow, "act", () => {});
  await timers.advance(1_000);
  const job = flow.execute("act");
  await flow.pause(job, { reason: "Transfer", checkpoint: { page: 3, when: new Date(0) } });
  assertEquals([job.status, job.pausePoints], [
    "paused",
    [{ at: "1970-01-01T00:00:01.000Z", checkpoint: { page: 3, when: new Date(0) }, reason: "Transfer" }],
  ]);
  flow.resume(job);
  await flow.pause(job);
  assertEquals(job.pausePoints[1], { at: "1970-01-01T00:00:01.000Z" });
});

test("C222 C223 C226 C376 processed and pending are all that there was; each pending task names its way", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  addSource(flow, "source", [1, 2, 3]);
  addFunction(flow, "sink", (n: number) => handlers.wait(n));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  const paused = flow.pause(job);
  await timers.flush();
  assertEquals([job.status, handlers.waiting], ["running", [1]], "the running one finishes first");
  handlers.release(1);
  await paused;
  const pending = (id: number) => ({
    connection: { event: "output", routine: "source" },
    createdAt: "1970-01-01T00:00:00.000Z",
    data: id - 1,
    id,
    routine: "sink",
    slot: "trigger",
  });
  assertEquals([job.status, handlers.started, job.pendingTasks], ["paused", [1], [pending(3), pending(4)]]);
  assertEquals(timers.size, 0);
  await timers.advance(1_000_000);
  assertEquals(handlers.started, [1]);
  flow.resume(job);
  for (const n of [2, 3]) {
    await timers.flush();
    handlers.release(n);
  }
  await timers.flush();
  assertEquals([job.status, handlers.finished], ["completed", [1, 2, 3]]);
});

test("what is delivered or falls due while the job is pausing waits for the resume", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  addFunction(flow, "act", async (name: string, ctx) => {
    if (name === "entry") {
      ctx.emit("output", "delayed", { delayMs: 5 });
      await ctx.checkpoint();
    }
    await handlers.wait(name);
  });
  link(flow, "act", "act");
  const job = flow.execute("act", "entry");
  await timers.flush();
  const paused = flow.pause(job);
  flow.deliver(job, "act", "trigger", "delivered");
  await timers.advance(10);
  handlers.release("entry");
  await paused;
  assertEquals([job.status, handlers.started], ["paused", ["entry"]]);
  assertEquals(job.pendingTasks.map(({ data }) => data), ["delayed", "delivered"]);
  flow.resume(job);
  for (const name of ["delayed", "delivered"]) {
    await timers.flush();
    handlers.release(name);
  }
  await timers.flush();
  assertEquals([job.status, handlers.finished], ["completed", ["entry", "delayed", "delivered"]]);
});

test("at rest a pause ends as paused, even if nothing is left; resume then completes the job", async () => {
  const { flow, timers, handlers } = createWaitingFlow();
  const job = flow.execute("act");
  await timers.flush();
  const paused = flow.pause(job);
  handlers.release("act");
  await paused;
  assertEquals([job.status, job.pendingTasks], ["paused", []]);
  flow.resume(job);
  await timers.flush();
  assertEquals(job.status, "completed");
});

test("a job that waits for time pauses at once, and its instants stay", async () => {
  const { flow, timers } = createTestFlow();
  const seen: number[] = [];
  addSource(flow, "source", [{}], { delayMs: 100 });
  addFunction(flow, "sink", (_data, ctx) => void seen.push(ctx.now()));
  link(flow, "source", "sink");
  for (const [resumeAfter, expected] of [[20, 100], [500, 500]] as const) {
    const start = timers.now();
    const job = flow.execute("source");
    await timers.flush();
    await flow.pause(job);
    assertEquals([job.status, timers.size], ["paused", 0]);
    await timers.advance(resumeAfter);
    flow.resume(job);
    await timers.advance(1_000);
    assertEquals([job.status, seen.splice(0)], ["completed", [start + expected]]);
  }
});

test("pause refuses a checkpoint that cannot travel and a grace out of range, and the job goes on", async () => {
  const { flow, timers, handlers } = createWaitingFlow();
  const job = flow.execute("act");
  await timers.flush();
  const error = await assertRejects(() => flow.pause(job, { checkpoint: [() => {}] }), SerializationError);
  assertEquals(error.path, "checkpoint[0]");
  for (const graceMs of [-1, NaN, Infinity]) {
    await assertRejects(() => flow.pause(job, { graceMs }), RangeError, "graceMs");
  }
  handlers.release("act");
  await timers.flush();
  assertEquals([job.status, job.pausePoints], ["completed", []]);
  await assertRejects(() => flow.pause(job), StateError, "it is not live here");
});
