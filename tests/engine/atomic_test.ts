import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Context, ErrorHandler } from "../../mod.ts";
import type { JobDocument } from "../../src/documents/mod.ts";
import { addFunction, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createTestFlow } from "../support/test_flow.ts";

const continues = new ErrorHandler({ strategy: "continue" });

function doEverything(ctx: Context): void {
  ctx.emit("output", { n: 1 });
  ctx.emit("output", { n: 2 }, { delayMs: 10 });
  ctx.defer("output", { n: 3 });
  ctx.shared.set("set", 1);
  ctx.shared.update<number>("updated", (old = 0) => old + 1);
  ctx.state.set("mine", 1);
  ctx.log({ text: "logged" });
  ctx.output("kind", "data");
  ctx.expect("trigger");
  ctx.pause("reason");
}

test("a handler that throws leaves nothing but its error record", async () => {
  const { flow, timers } = createTestFlow({ errorHandler: continues });
  const seen: unknown[] = [];
  addFunction(flow, "source", (_data, ctx) => {
    doEverything(ctx);
    throw new Error("boom");
  });
  addFunction(flow, "sink", (data) => void seen.push(data));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  const { sharedData, sharedLog, outputLog, deferredEvents, pausePoints, pendingTasks, routineStates } = job;
  assertEquals(
    { seen, sharedData, sharedLog, outputLog, deferredEvents, pausePoints, pendingTasks, routineStates },
    {
      seen: [],
      sharedData: {},
      sharedLog: [],
      outputLog: [],
      deferredEvents: [],
      pausePoints: [],
      pendingTasks: [],
      routineStates: { source: { retries: 0, state: {}, status: "error_continued", version: 1 } },
    },
  );
  assertEquals(job.history(), [
    { at: "1970-01-01T00:00:00.000Z", routine: "source", type: "start" },
    { at: "1970-01-01T00:00:00.000Z", data: { message: "boom", name: "Error" }, routine: "source", type: "error" },
  ]);
  assertEquals(job.status, "completed");
});

test("an async handler that rejects after an await leaves nothing either", async () => {
  const { flow, timers } = createTestFlow({ errorHandler: continues });
  const handlers = new WaitingHandlers();
  addFunction(flow, "source", async (_data, ctx) => {
    doEverything(ctx);
    await handlers.wait("source");
    doEverything(ctx);
    throw new Error("boom");
  });
  const job = flow.execute("source");
  await timers.flush();
  handlers.release("source");
  await timers.flush();
  assertEquals([job.status, job.sharedData, job.outputLog, job.pendingTasks], ["completed", {}, [], []]);
  assertEquals(job.history().map(({ type }) => type), ["start", "error"]);
});

test("nothing of a handler enters the job before it has returned; then all of it at once", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  addFunction(flow, "sink", () => {});
  addFunction(flow, "source", async (_data, ctx) => {
    ctx.emit("output", { n: 1 });
    ctx.shared.set("a", 1);
    ctx.state.set("b", 2);
    ctx.log({ c: 3 });
    ctx.output("d", 4);
    ctx.defer("output", { n: 5 });
    await handlers.wait("source");
  });
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  const before = job.toJSON();
  assertEquals([before.pendingTasks.length, before.nextTaskId], [1, 2]);
  for (
    const key of [
      "executionHistory",
      "sharedData",
      "routineStates",
      "sharedLog",
      "outputLog",
      "deferredEvents",
    ] as const
  ) {
    assertEquals(before[key], undefined, key);
  }
  const after: JobDocument[] = [];
  void flow.waitUntil(job, () => {
    after.push(job.toJSON());
    return false;
  });
  after.length = 0;
  handlers.release("source");
  await timers.flush();
  const [first] = after;
  assertEquals([first?.nextTaskId, first?.pendingTasks.map(({ data }) => data)], [3, [{ n: 1 }]]);
  assertEquals([first?.sharedData, first?.routineStates?.source?.state], [{ a: 1 }, { b: 2 }]);
  assertEquals([first?.sharedLog?.[0]?.entry, first?.outputLog?.[0]?.data], [{ c: 3 }, 4]);
  assertEquals([first?.deferredEvents?.length, first?.executionHistory?.map(({ type }) => type)], [1, [
    "start",
    "emit",
  ]]);
});

test("the next attempt starts clean, and only the one that returns counts", async () => {
  const retries = new ErrorHandler({ strategy: "retry", retryDelayMs: 0 });
  const { flow } = createTestFlow({ errorHandler: retries });
  const seen: unknown[] = [];
  addFunction(flow, "source", (_data, ctx) => {
    seen.push(ctx.shared.get("list"), ctx.state.get("n"));
    ctx.shared.update<number[]>("list", (old = []) => [...old, ctx.attempt]);
    ctx.state.update<number>("n", (old = 0) => old + 1);
    ctx.output("attempt", ctx.attempt);
    if (ctx.attempt < 2) throw new Error("again");
  });
  const job = await flow.run("source");
  assertEquals(seen, Array(6).fill(undefined));
  assertEquals([job.sharedData, job.routineStates.source?.state], [{ list: [2] }, { n: 1 }]);
  assertEquals(job.outputLog.map(({ data }) => data), [2]);
});

test("a snapshot at any commit holds every delivered input that has not been committed", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 2 });
  const handlers = new WaitingHandlers();
  addFunction(flow, "source", (_data, ctx) => {
    for (const n of [1, 2, 3, 4]) ctx.emit("output", n);
  });
  addFunction(flow, "sink", async (n: number, ctx) => {
    await handlers.wait(n);
    ctx.shared.update<number[]>("done", (old = []) => [...old, n]);
  });
  link(flow, "source", "sink");
  const job = flow.execute("source");
  const snapshots: unknown[][] = [];
  void flow.waitUntil(job, () => {
    const { pendingTasks, sharedData } = job.toJSON();
    const done = sharedData?.done ?? [];
    snapshots.push([...(Array.isArray(done) ? done : []), "|", ...pendingTasks.map(({ data }) => data)]);
    return false;
  });
  await timers.flush();
  for (const n of [2, 1, 3, 4]) {
    handlers.release(n);
    await timers.flush();
  }
  assertEquals(snapshots, [
    ["|", {}],
    ["|", 1, 2, 3, 4],
    [2, "|", 1, 3, 4],
    [2, 1, "|", 3, 4],
    [2, 1, 3, "|", 4],
    [2, 1, 3, 4, "|"],
    [2, 1, 3, 4, "|"],
    [2, 1, 3, 4, "|"],
  ]);
  assertEquals(job.status, "completed");
});

test("what a handler emits is a copy: changing the object afterwards changes nothing", async () => {
  const { flow } = createTestFlow();
  const seen: unknown[] = [];
  addFunction(flow, "source", (_data, ctx) => {
    const data = { list: [1] };
    ctx.emit("output", data);
    data.list.push(2);
    ctx.shared.set("data", data);
    data.list.push(3);
    assertEquals([Object.isFrozen(data), ctx.shared.get("data")], [false, { list: [1, 2] }]);
  });
  addFunction(flow, "sink", (data) => void seen.push(data));
  link(flow, "source", "sink");
  const job = await flow.run("source");
  assertEquals([job.status, seen, job.sharedData], ["completed", [{ list: [1] }], { data: { list: [1, 2] } }]);
});
