import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { JobState, Registry } from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createTestFlow } from "../support/test_flow.ts";

test("deferred events are sent before the job completes, in order, when no other task is left", async () => {
  const { flow } = createTestFlow();
  const seen: unknown[] = [];
  addFunction(flow, "source", (_data, ctx) => {
    ctx.defer("output", "deferred 1");
    ctx.emit("output", "emitted");
    ctx.defer("output", "deferred 2");
  });
  addFunction(flow, "sink", (data, ctx) => void seen.push(`${data} ${ctx.jobId}`));
  link(flow, "source", "sink");
  const job = await flow.run("source");
  assertEquals([job.status, seen], ["completed", ["emitted id-1", "deferred 1 id-1", "deferred 2 id-1"]]);
  assertEquals(job.deferredEvents, []);
  assertEquals(job.history("source").map(({ type, data }) => `${type} ${data}`), [
    "start undefined",
    "emit emitted",
    "emit deferred 1",
    "emit deferred 2",
  ]);
});

test("deferred events wait for delayed tasks too", async () => {
  const { flow, timers } = createTestFlow();
  const seen: string[] = [];
  addFunction(flow, "source", (_data, ctx) => {
    ctx.defer("output", "deferred");
    ctx.emit("output", "delayed", { delayMs: 100 });
  });
  addFunction(flow, "sink", (data, ctx) => void seen.push(`${ctx.now()} ${data}`));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.advance(99);
  assertEquals([seen, job.deferredEvents], [[], [{ data: "deferred", event: "output", routine: "source" }]]);
  await timers.advance(1);
  assertEquals([seen, job.status], [["100 delayed", "100 deferred"], "completed"]);
});

test("C388 an event deferred before a pause is emitted after the resume, in order, within the job, and cleared", async () => {
  const { flow, timers } = createTestFlow();
  const seen: string[] = [];
  addFunction(flow, "source", (_data, ctx) => {
    ctx.defer("output", "a");
    ctx.defer("output", "b");
    ctx.emit("output", "later", { delayMs: 50 });
    ctx.pause();
  });
  addFunction(flow, "sink", (data, ctx) => void seen.push(`${data} ${ctx.jobId}`));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  assertEquals([job.status, job.deferredEvents.map(({ data }) => data)], ["paused", ["a", "b"]]);
  const copy = JobState.fromJSON(JSON.parse(JSON.stringify(job)), new Registry());
  for (const resumed of [job, copy]) {
    flow.resume(resumed);
    assertEquals([resumed.status, resumed.deferredEvents.length, resumed.pendingTasks.length], ["running", 2, 1]);
  }
  // A pause changes nothing: they go when no other task is left.
  await timers.advance(50);
  const all = ["later id-1", "a id-1", "b id-1"];
  assertEquals([job.status, copy.status, seen.sort()], ["completed", "completed", [...all, ...all].sort()]);
  assertEquals([job.deferredEvents, copy.deferredEvents], [[], []]);
});

test("a deferred event may defer again: the job completes when nothing is left", async () => {
  const { flow } = createTestFlow();
  const seen: number[] = [];
  const act = addFunction(flow, "act", ({ n }: { n: number }, ctx) => {
    seen.push(n);
    if (n > 0) ctx.defer("output", { n: n - 1 });
  });
  link(flow, "act", "act");
  const job = await flow.run(act.trigger, { n: 3 });
  assertEquals([seen, job.status], [[3, 2, 1, 0], "completed"]);
});

test("a cycle by deferred events meets the step limit as well", async () => {
  const { flow } = createTestFlow({ limits: { steps: 5 } });
  let runs = 0;
  addFunction(flow, "act", (_data, ctx) => {
    if (++runs < 100) ctx.defer("output", {});
  });
  link(flow, "act", "act");
  const job = await flow.run("act");
  assertEquals([job.status, job.error?.name, runs], ["failed", "StepLimitError", 5]);
});

test("a deferred event that nothing is connected to is recorded, and delivers nothing", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "act", (_data, ctx) => ctx.defer("output", 1));
  const job = await flow.run("act");
  assertEquals([job.status, job.history().map(({ type }) => type)], ["completed", ["start", "emit"]]);
});

test("C392 every handler finds its job: entry, background, retried, deferred", async () => {
  const { flow, timers } = createTestFlow();
  const seen: unknown[] = [];
  const handlers = new WaitingHandlers();
  addFunction(flow, "entry", (_data, ctx) => {
    seen.push([ctx.routineId, ctx.jobId, ctx.flowId, ctx.slotName]);
    ctx.emit("output", "background");
    ctx.defer("output", "deferred");
  });
  addFunction(flow, "sink", async (kind: string, ctx) => {
    await handlers.wait(`${kind} ${ctx.attempt}`);
    seen.push([`${kind} ${ctx.attempt}`, ctx.routineId, ctx.jobId, ctx.flowId]);
    if (ctx.attempt === 0) throw new Error("again");
  }).setAsCritical({ retryDelayMs: 5 });
  link(flow, "entry", "sink");
  const job = flow.execute("entry", {}, { jobId: "my-job" });
  for (const name of ["background 0", "background 1", "deferred 0", "deferred 1"]) {
    await timers.advance(5);
    handlers.release(name);
  }
  await timers.flush();
  assertEquals([job.status, job.jobId], ["completed", "my-job"]);
  assertEquals(seen, [
    ["entry", "my-job", "flow", "trigger"],
    ["background 0", "sink", "my-job", "flow"],
    ["background 1", "sink", "my-job", "flow"],
    ["deferred 0", "sink", "my-job", "flow"],
    ["deferred 1", "sink", "my-job", "flow"],
  ]);
});

test("a mapping applies to deferred events as to emitted ones", async () => {
  const { flow } = createTestFlow();
  const seen: unknown[] = [];
  addFunction(flow, "source", (_data, ctx) => ctx.defer("output", { a: 1, b: 2 }));
  addFunction(flow, "sink", (data) => void seen.push(data));
  addSource(flow, "unused", []);
  flow.connect("source", "output", "sink", "trigger", { mapping: { a: "x" } });
  await flow.run("source");
  assertEquals(seen, [{ x: 1, b: 2 }]);
});
