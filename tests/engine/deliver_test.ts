import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { ErrorHandler, Flow, JobState, Registry, SerializationError, StepLimitError } from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createWaitingFlow } from "../support/waiting_flow.ts";
import { createTestFlow } from "../support/test_flow.ts";

test("deliver adds a task to a running job, by slot or by names, and wakes it", async () => {
  const { flow, timers } = createTestFlow();
  const seen: unknown[] = [];
  addSource(flow, "source", [{ n: 0 }], { delayMs: 100 });
  const sink = addFunction(flow, "sink", (data: { n: number }, ctx) => void seen.push([data.n, ctx.now()]));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.advance(10);
  flow.deliver(job, sink.trigger, { n: 1 });
  flow.deliver(job, "sink", "trigger", { n: 2 });
  assertEquals([seen, job.pendingTasks.map(({ id, connection }) => [id, connection?.event])], [
    [],
    [[2, "output"], [3, undefined], [4, undefined]],
  ]);
  await timers.flush();
  assertEquals(seen, [[1, 10], [2, 10]]);
  await timers.advance(90);
  assertEquals([job.status, seen.at(-1)], ["completed", [0, 100]]);
});

test("deliver to a paused or a restored job: the task waits for the resume", async () => {
  const { flow, timers } = createTestFlow();
  const seen: unknown[] = [];
  const act = addFunction(flow, "act", (data: unknown) => void seen.push(data));
  const paused = flow.execute(act.trigger, "entry");
  await flow.pause(paused);
  const restored = JobState.fromJSON(
    JSON.parse(JSON.stringify({ ...paused.toJSON(), status: "running" })),
    new Registry(),
  );
  for (const job of [paused, restored]) {
    flow.deliver(job, act.trigger, "delivered");
    await timers.flush();
    assertEquals([seen, job.pendingTasks.map(({ data }) => data)], [[], ["entry", "delivered"]]);
    flow.resume(job);
    await timers.flush();
    assertEquals([job.status, seen.splice(0)], ["completed", ["entry", "delivered"]]);
  }
});

test("deliver refuses slots that are not in the flow, jobs of other flows, and data that cannot travel", async () => {
  const { flow, engine, timers, routine } = createWaitingFlow();
  const other = new Flow({ id: "other", engine });
  const stranger = addFunction(other, "act", () => {});
  const job = flow.execute("act");
  await timers.flush();
  const before = JSON.stringify(job);
  assertThrows(() => flow.deliver(job, stranger.trigger, {}), TypeError, "which is not in it");
  assertThrows(() => flow.deliver(job, "nobody", "trigger", {}), TypeError, 'routine "nobody" not found');
  assertThrows(() => flow.deliver(job, "act", "nothing", {}), TypeError, 'has no slot "nothing"');
  assertThrows(() => other.deliver(job, stranger.trigger, {}), TypeError, "does not match");
  const error = assertThrows(() => flow.deliver(job, routine.trigger, { a: NaN }), SerializationError);
  assertEquals([error.path, JSON.stringify(job)], ["data.a", before]);
  assertThrows(() => flow.deliver({} as JobState, routine.trigger, {}), TypeError, "expected a JobState");
});

test("deliveries count for the step limit, and a refused one changes nothing", async () => {
  const { flow, timers, routine } = createWaitingFlow({ limits: { steps: 2 } });
  const job = flow.execute("act");
  await timers.flush();
  flow.deliver(job, routine.trigger, {});
  assertThrows(() => flow.deliver(job, routine.trigger, {}), StepLimitError, "more than 2 tasks");
  assertEquals([job.status, job.pendingTasks.length], ["running", 2]);
});

test("expect keeps a job open until deliver fills it: same task, oldest first", async () => {
  const { flow, timers } = createTestFlow();
  const seen: unknown[] = [];
  const act = addFunction(flow, "act", (data: string, ctx) => {
    seen.push([data, ctx.idempotencyKey]);
    if (data !== "entry") return;
    ctx.expect("trigger");
    ctx.expect(act.trigger, { timeoutMs: 1_000 });
  });
  const job = flow.execute(act.trigger, "entry");
  await timers.advance(500);
  assertEquals([job.status, await flow.settle(job)], ["running", { status: "running", nextDueAt: 1_000 }]);
  assertEquals(job.pendingTasks.map(({ id, awaiting, data }) => [id, awaiting?.until, data]), [
    [2, undefined, undefined],
    [3, "1970-01-01T00:00:01.000Z", undefined],
  ]);
  flow.deliver(job, act.trigger, "first");
  await timers.flush();
  assertEquals([job.status, job.pendingTasks.length], ["running", 1]);
  flow.deliver(job, act.trigger, "second");
  await timers.flush();
  assertEquals([job.status, seen], ["completed", [["entry", "id-1/1/0"], ["first", "id-1/2/0"], [
    "second",
    "id-1/3/0",
  ]]]);
  assertEquals(timers.size, 0);
});

test("a deadline that passes is a TimeoutError under the routine's error handler, and is not retried", async () => {
  const cases = [
    ["stop", true, "failed", "failed"],
    ["continue", true, "completed", "error_continued"],
    ["skip", true, "completed", "skipped"],
    ["retry", true, "failed", "failed"],
    ["retry", false, "completed", "error_continued"],
  ] as const;
  for (const [strategy, isCritical, status, mark] of cases) {
    const { flow, timers } = createTestFlow({ errorHandler: new ErrorHandler({ strategy, isCritical }) });
    let runs = 0;
    addFunction(flow, "act", (_data, ctx) => {
      runs++;
      ctx.expect("trigger", { timeoutMs: 1_000 });
    });
    const job = flow.execute("act");
    await timers.advance(999);
    assertEquals([job.status, runs], ["running", 1]);
    await timers.advance(1);
    assertEquals(
      [job.status, job.routineStates.act?.status, runs, job.retryCount("act")],
      [status, mark, 1, 0],
      strategy,
    );
    assertEquals(job.failures.map(({ error, task }) => [error.name, error.message, task.id]), [
      ["TimeoutError", 'The delivery to slot "trigger" of routine "act" took longer than 1000 ms', 2],
    ]);
    assertEquals(timers.size, 0);
  }
});

test("what is delivered after its deadline is a new task: the one that has ended stays ended", async () => {
  const { flow, timers } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "continue" }) });
  const seen: string[] = [];
  const act = addFunction(flow, "act", (data: string, ctx) => {
    seen.push(`${data} ${ctx.idempotencyKey}`);
    if (data === "entry") {
      ctx.expect("trigger", { timeoutMs: 100 });
      ctx.expect("trigger", { timeoutMs: 300 });
    }
  });
  const job = flow.execute(act.trigger, "entry");
  await timers.advance(100);
  flow.deliver(job, act.trigger, "for the second");
  flow.deliver(job, act.trigger, "for nobody");
  await timers.flush();
  assertEquals([job.status, job.failures.map(({ task }) => task.id)], ["completed", [2]]);
  assertEquals(seen, ["entry id-1/1/0", "for the second id-1/3/0", "for nobody id-1/4/0"]);
});

test("a deadline passes while other handlers work, and no later", async () => {
  const { flow, timers } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "continue" }) });
  const handlers = new WaitingHandlers();
  addFunction(flow, "act", (_data, ctx) => {
    ctx.expect("trigger", { timeoutMs: 100 });
    ctx.emit("output", {});
  });
  addFunction(flow, "slow", () => handlers.wait("slow"));
  link(flow, "act", "slow");
  const job = flow.execute("act");
  await timers.advance(100);
  assertEquals([handlers.waiting, job.failures.map(({ at }) => at)], [["slow"], ["1970-01-01T00:00:00.100Z"]]);
  handlers.release("slow");
  await timers.flush();
  assertEquals(job.status, "completed");
});

test("an awaited delivery survives pause and resume; a deadline that passed meanwhile ends it at the resume", async () => {
  const { flow, timers } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "continue" }) });
  const seen: unknown[] = [];
  const act = addFunction(flow, "act", (data: string, ctx) => {
    seen.push(data);
    if (data === "entry") ctx.expect("trigger", { timeoutMs: 100 });
  });
  const job = flow.execute(act.trigger, "entry");
  await timers.flush();
  await flow.pause(job);
  const late = JobState.fromJSON(JSON.parse(JSON.stringify(job)), new Registry());
  flow.deliver(job, act.trigger, "in the pause");
  assertEquals(job.pendingTasks.map(({ id, awaiting, data }) => [id, awaiting, data]), [[
    2,
    undefined,
    "in the pause",
  ]]);
  flow.resume(job);
  await timers.advance(200);
  assertEquals([job.status, seen, job.failures], ["completed", ["entry", "in the pause"], []]);
  flow.resume(late);
  await timers.flush();
  assertEquals([late.status, late.failures.map(({ error }) => error.name)], ["completed", ["TimeoutError"]]);
});

test("a filled delivery whose retry falls due at the old deadline is tried once", async () => {
  const { flow, timers } = createTestFlow(
    { errorHandler: new ErrorHandler({ strategy: "retry", retryDelayMs: 50 }) },
    { sliceMs: Infinity },
  );
  const seen: string[] = [];
  const act = addFunction(flow, "act", (data: string, ctx) => {
    seen.push(`${data} ${ctx.attempt} at ${ctx.now()}`);
    if (data === "entry") {
      ctx.expect("trigger", { timeoutMs: 100 });
      ctx.emit("output", "before it", { delayMs: 90 });
    }
    if (data === "delivered" && ctx.attempt === 0) throw new Error("once");
  });
  link(flow, "act", "act");
  const job = flow.execute(act.trigger, "entry");
  await timers.advance(50);
  flow.deliver(job, act.trigger, "delivered");
  await timers.advance(50);
  assertEquals(seen, ["entry 0 at 0", "delivered 0 at 50", "before it 0 at 90", "delivered 1 at 100"]);
  assertEquals([job.status, job.failures, timers.size], ["completed", [], 0]);
});

test("of awaited deliveries with one deadline the first stops the job, and the others stay pending", async () => {
  const { flow, timers } = createTestFlow();
  const act = addFunction(flow, "act", (data: string, ctx) => {
    if (data !== "entry") return;
    ctx.expect("trigger", { timeoutMs: 100 });
    ctx.expect("trigger", { timeoutMs: 100 });
  });
  const job = flow.execute(act.trigger, "entry");
  await timers.advance(100);
  assertEquals([job.status, job.failures.length, job.pendingTasks.length], ["failed", 1, 1]);
  assertEquals(timers.size, 0);
});

test("redrive awaits a delivery again, for as long as before", async () => {
  const { flow, timers } = createTestFlow();
  const seen: unknown[] = [];
  const act = addFunction(flow, "act", (data: string, ctx) => {
    seen.push(data);
    if (data === "entry") ctx.expect("trigger", { timeoutMs: 100 });
  });
  const job = flow.execute(act.trigger, "entry");
  await timers.advance(150);
  assertEquals([job.status, job.error?.name], ["failed", "TimeoutError"]);
  flow.resume(job, { redrive: true });
  await timers.advance(99);
  assertEquals([job.status, job.pendingTasks[0]?.awaiting?.until], ["running", "1970-01-01T00:00:00.250Z"]);
  flow.deliver(job, act.trigger, "at last");
  await timers.flush();
  assertEquals([job.status, seen], ["completed", ["entry", "at last"]]);
});

test("expect is buffered like everything else, and refuses deadlines out of range", async () => {
  const { flow } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "continue" }) });
  addFunction(flow, "act", (_data, ctx) => {
    assertThrows(() => ctx.expect("nothing"), TypeError, 'has no slot "nothing" of its own; it has "trigger"');
    for (const timeoutMs of [-1, NaN]) {
      assertThrows(() => ctx.expect("trigger", { timeoutMs }), RangeError, "timeoutMs");
    }
    ctx.expect("trigger");
    throw new Error("boom");
  });
  const job = await flow.run("act");
  assertEquals([job.status, job.failures[0]?.error.message], ["completed", "boom"]);
});
