import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { type Context, ErrorHandler, SerializationError } from "../../mod.ts";
import { addFunction, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createTestFlow } from "../support/test_flow.ts";

const retries = new ErrorHandler({ strategy: "retry", retryDelayMs: 0, maxRetries: 2 });

test("a checkpoint commits what is buffered and stores progress; the handler goes on", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent" });
  const handlers = new WaitingHandlers();
  const seen: unknown[] = [];
  addFunction(flow, "source", async (_data, ctx) => {
    ctx.emit("output", "first");
    ctx.shared.set("a", 1);
    await ctx.checkpoint({ done: 1 });
    assertEquals([ctx.progress, ctx.shared.get("a")], [{ done: 1 }, 1]);
    ctx.emit("output", "second");
    ctx.shared.set("a", 2);
    await handlers.wait("source");
  });
  addFunction(flow, "sink", (data) => void seen.push(data));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  assertEquals([seen, job.sharedData], [["first"], { a: 1 }]);
  const { id, step, progress, active } = job.pendingTasks[0] ?? {};
  assertEquals({ id, step, progress, active }, { id: 1, step: 1, progress: { done: 1 }, active: true });
  handlers.release("source");
  await timers.flush();
  assertEquals([seen, job.sharedData, job.status], [["first", "second"], { a: 2 }, "completed"]);
  assertEquals(job.history("source").map(({ type }) => type), ["start", "emit", "emit"]);
});

test("what was committed before a later throw stays, and the retry goes on from its progress", async () => {
  const { flow } = createTestFlow({ errorHandler: retries });
  const seen: unknown[] = [];
  const attempts: unknown[] = [];
  addFunction(flow, "source", async (_data, ctx) => {
    attempts.push([ctx.attempt, ctx.progress]);
    for (let n = Number(ctx.progress ?? 0); n < 4; n++) {
      ctx.emit("output", n);
      ctx.shared.update<number>("count", (old = 0) => old + 1);
      if (n === ctx.attempt + 1 && ctx.attempt < 2) throw new Error(`at ${n}`);
      await ctx.checkpoint(n + 1);
    }
  });
  addFunction(flow, "sink", (n) => void seen.push(n));
  link(flow, "source", "sink");
  const job = await flow.run("source");
  assertEquals(attempts, [[0, undefined], [1, 1], [2, 2]]);
  assertEquals([seen, job.sharedData, job.status], [[0, 1, 2, 3], { count: 4 }, "completed"]);
  assertEquals([job.retryCount("source"), job.failures], [2, []]);
});

test("checkpoints don't reset attempts: the retries of a task are those of all its steps", async () => {
  const { flow } = createTestFlow({ errorHandler: retries });
  let calls = 0;
  addFunction(flow, "source", async (_data, ctx) => {
    calls++;
    await ctx.checkpoint(calls);
    throw new Error("after the step");
  });
  const job = await flow.run("source");
  const { attempt, maxRetries, step, progress } = job.failures[0]?.task ?? {};
  assertEquals([job.status, calls], ["failed", 3]);
  assertEquals({ attempt, maxRetries, step, progress }, { attempt: 2, maxRetries: 2, step: 3, progress: 3 });
});

test("the idempotency key is the same for every attempt of a step, and new for each step", async () => {
  const { flow } = createTestFlow({ errorHandler: retries });
  const keys: string[] = [];
  addFunction(flow, "first", (_data, ctx) => ctx.emit("output", {}));
  addFunction(flow, "source", async (_data, ctx) => {
    keys.push(ctx.idempotencyKey);
    if (ctx.attempt === 0) throw new Error("before the step");
    if (ctx.progress === undefined) await ctx.checkpoint("stepped");
    keys.push(ctx.idempotencyKey);
    if (ctx.attempt === 1) throw new Error("after the step");
  });
  link(flow, "first", "source");
  const job = await flow.run("first");
  assertEquals(job.status, "completed");
  assertEquals(keys, ["id-1/2/0", "id-1/2/0", "id-1/2/1", "id-1/2/1", "id-1/2/1"]);
});

test("an update before a checkpoint is made once, of shared data and of state", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "source", async (_data, ctx) => {
    for (const values of [ctx.shared, ctx.state]) values.update<number>("n", (old = 0) => old + 1);
    ctx.log({ n: 1 });
    ctx.output("n", 1);
    await ctx.checkpoint();
    assertEquals([ctx.shared.get("n"), ctx.state.get("n")], [1, 1]);
  });
  const job = await flow.run("source");
  assertEquals([job.status, job.sharedData, job.routineStates.source?.state], ["completed", { n: 1 }, { n: 1 }]);
  assertEquals([job.outputLog.length, job.sharedLog.length], [1, 1]);
});

test("an update before a checkpoint is made once, also when another key is written after it", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "act", async (_data, ctx) => {
    const count = (key: string) => ctx.state.update<number>(key, (old = 0) => old + 1);
    count("a");
    count("b");
    await ctx.checkpoint();
    count("a");
  });
  const job = await flow.run("act");
  assertEquals(job.routineStates["act"]?.state, { a: 2, b: 1 });
});

test("checkpoint() without progress keeps what was stored before", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  addFunction(flow, "source", async (_data, ctx) => {
    await ctx.checkpoint({ page: 7 });
    await ctx.checkpoint();
    await handlers.wait("source");
  });
  const job = flow.execute("source");
  await timers.flush();
  assertEquals(job.pendingTasks.map(({ step, progress }) => ({ step, progress })), [{
    step: 2,
    progress: { page: 7 },
  }]);
});

test("a checkpoint may be made before an await without being awaited itself: it has committed when it returns", async () => {
  const { flow } = createTestFlow();
  const steps: unknown[] = [];
  addFunction(flow, "source", (_data, ctx) => {
    void ctx.checkpoint(1);
    steps.push(ctx.progress);
    void ctx.checkpoint(2);
    steps.push(ctx.progress, ctx.idempotencyKey);
  });
  const job = await flow.run("source");
  assertEquals([steps, job.status], [[1, 2, "id-1/1/2"], "completed"]);
});

test("checkpoints and yields of a generator count the same steps", async () => {
  const { flow } = createTestFlow();
  const seen: unknown[] = [];
  addFunction(flow, "source", function* (_data, ctx) {
    void ctx.checkpoint("a checkpoint");
    seen.push(ctx.idempotencyKey, ctx.progress);
    yield "a yield";
    seen.push(ctx.idempotencyKey, ctx.progress);
    void ctx.checkpoint();
    seen.push(ctx.idempotencyKey, ctx.progress);
  });
  const job = await flow.run("source");
  assertEquals(job.status, "completed");
  assertEquals(seen, ["id-1/1/1", "a checkpoint", "id-1/1/2", "a yield", "id-1/1/3", "a yield"]);
});

test("a checkpoint refuses progress that cannot travel, and commits nothing", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  addFunction(flow, "source", async (_data, ctx) => {
    ctx.shared.set("a", 1);
    const error = await assertRejects(() => ctx.checkpoint({ when: new Date(NaN) }), SerializationError);
    assertEquals(error.path, "progress.when");
    await handlers.wait("source");
  });
  const job = flow.execute("source");
  await timers.flush();
  assertEquals([job.sharedData, job.pendingTasks[0]?.step], [{}, undefined]);
  handlers.release("source");
  await timers.flush();
  assertEquals([job.status, job.sharedData], ["completed", { a: 1 }]);
});

test("an update that throws at a checkpoint rejects it, and fails the task if nobody catches it", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "source", async (_data, ctx) => {
    ctx.shared.set("a", 1);
    await ctx.checkpoint(1);
    ctx.shared.update("a", () => {
      throw new RangeError("no");
    });
    await ctx.checkpoint(2);
  });
  const job = await flow.run("source");
  assertEquals([job.status, job.error?.name, job.sharedData], ["failed", "RangeError", { a: 1 }]);
  assertEquals([job.failures[0]?.task.step, job.failures[0]?.task.progress], [1, 1]);
});

test("checkpoints of concurrent handlers commit each its own", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 2 });
  const handlers = new WaitingHandlers();
  const walk = async (name: string, ctx: Context) => {
    for (const n of [1, 2]) {
      await handlers.wait(`${name}${n}`);
      ctx.shared.update<string>("trail", (old = "") => `${old} ${name}${n}`);
      await ctx.checkpoint(n);
    }
  };
  addFunction(flow, "source", (_data, ctx) => ["a", "b"].forEach((name) => ctx.emit("output", name)));
  addFunction(flow, "sink", walk);
  link(flow, "source", "sink");
  const job = flow.execute("source");
  for (const name of ["b1", "a1", "a2", "b2"]) {
    await timers.flush();
    handlers.release(name);
  }
  await timers.flush();
  assertEquals([job.status, job.sharedData.trail], ["completed", " b1 a1 a2 b2"]);
});
