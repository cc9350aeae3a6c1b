import { test } from "node:test";
import { assertEquals, assertInstanceOf } from "@std/assert";
import { type Collected, type Context, ErrorHandler, Routine, TimeoutError } from "../../mod.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { plainError } from "../support/plain_error.ts";

const DAY = 24 * 3_600_000;

test("C399 a job that works for longer than its timeout fails with a TimeoutError; its handlers are aborted", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  const reasons: unknown[] = [];
  addSource(flow, "source", ["slow", "queued"]);
  addFunction(flow, "sink", async (name: string, ctx) => {
    ctx.signal.addEventListener("abort", () => reasons.push(ctx.signal.reason));
    await handlers.wait(name);
    ctx.shared.set("late", true);
  });
  link(flow, "source", "sink");
  const job = flow.execute("source", {}, { timeoutMs: 500 });
  await timers.advance(499);
  assertEquals([job.status, handlers.waiting], ["running", ["slow"]]);
  await timers.advance(1);
  assertEquals([job.status, plainError(job)], ["failed", {
    code: "TIMEOUT",
    message: 'Job "id-1" took longer than 500 ms: it has made 3 tasks; look for a cycle without an end, or raise ' +
      "executionTimeoutMs",
    name: "TimeoutError",
  }]);
  assertInstanceOf(reasons[0], TimeoutError);
  assertEquals(reasons[0].timeoutMs, 500);
  assertEquals(job.pendingTasks.map(({ data, active }) => [data, active]), [["slow", true], ["queued", undefined]]);
  const before = JSON.stringify(job);
  handlers.release("slow");
  await timers.advance(DAY);
  assertEquals([JSON.stringify(job), handlers.started, timers.size], [before, ["slow"], 0]);
});

test("C069 a flow has no timeout unless it says so; execute's goes before it", async () => {
  const cases: readonly [number | undefined, number | undefined, number][] = [
    [undefined, 3_000, 3_000],
    [1_000, undefined, 1_000],
    [1_000, 2_000, 2_000],
    [Infinity, 2_000, 2_000],
  ];
  for (const [flows, own, expected] of cases) {
    const { flow, timers } = createTestFlow(flows === undefined ? {} : { executionTimeoutMs: flows });
    addFunction(flow, "act", () => new Promise<void>(() => {}));
    const job = flow.execute("act", {}, own === undefined ? {} : { timeoutMs: own });
    await timers.advance(expected - 1);
    assertEquals(job.status, "running", `${expected}`);
    await timers.advance(1);
    assertEquals(job.status, "failed", `${expected}`);
  }
});

test("a timeout of Infinity sets no timer", async () => {
  const { flow, timers } = createTestFlow({ executionTimeoutMs: Infinity });
  addFunction(flow, "act", () => new Promise<void>(() => {}));
  const job = flow.execute("act");
  await timers.flush();
  assertEquals([job.status, timers.size], ["running", 0]);
});

test("the job's timeout counts only while a handler works or a task is ready, not while all wait", async () => {
  const { flow, timers } = createTestFlow({ executionTimeoutMs: 100 });
  const handlers = new WaitingHandlers();
  addFunction(flow, "act", async (n: unknown, ctx) => {
    await handlers.wait(ctx.now());
    if (ctx.now() < 20_000) ctx.emit("output", n, { delayMs: 10_000 });
  });
  link(flow, "act", "act");
  const job = flow.execute("act");
  const workUntil = async (start: number, ms: number) => {
    await timers.advance(ms);
    handlers.release(start);
    await timers.flush();
  };
  await workUntil(0, 40);
  assertEquals([job.status, job.toJSON().ranMs], ["running", 40]);
  await timers.advance(10_000);
  assertEquals([timers.now(), job.toJSON().ranMs, handlers.waiting], [10_040, 40, [10_040]]);
  await workUntil(10_040, 59);
  assertEquals([job.status, job.toJSON().ranMs], ["running", 99]);
  await timers.advance(10_000);
  assertEquals([job.status, handlers.waiting], ["running", [20_099]]);
  await timers.advance(1);
  assertEquals([job.status, job.error?.name, job.toJSON().ranMs], ["failed", "TimeoutError", 100]);
});

test("retry delays, awaited deliveries and pauses don't count; the time before them does", async () => {
  const { flow, timers } = createTestFlow({
    executionTimeoutMs: 100,
    errorHandler: new ErrorHandler({ strategy: "retry", jitter: 0, retryDelayMs: DAY, maxRetryDelayMs: DAY }),
  });
  const handlers = new WaitingHandlers();
  addFunction(flow, "act", async (_data, ctx) => {
    await handlers.wait(ctx.attempt);
    if (ctx.attempt === 0) throw new Error("again");
    ctx.expect("trigger");
  });
  const job = flow.execute("act");
  const ranMs = () => job.toJSON().ranMs;
  await timers.advance(30);
  handlers.release(0);
  await timers.advance(DAY);
  assertEquals([ranMs(), handlers.waiting], [30, [1]]);
  await timers.advance(30);
  handlers.release(1);
  await timers.advance(DAY);
  assertEquals([ranMs(), job.status, job.pendingTasks[0]?.awaiting], [60, "running", {}]);
  await flow.pause(job);
  await timers.advance(DAY);
  flow.resume(job);
  await timers.flush();
  assertEquals([ranMs(), job.status], [60, "running"]);
  flow.deliver(job, "act", "trigger", {});
  await timers.advance(39);
  assertEquals(job.status, "running");
  await timers.advance(1);
  assertEquals([job.status, ranMs()], ["failed", 100]);
});

test("a slot's timeout aborts ctx.signal and is handled by the error handler", async () => {
  const { flow, timers } = createTestFlow({
    errorHandler: new ErrorHandler({ strategy: "retry", jitter: 0, maxRetries: 1, retryDelayMs: 10 }),
  });
  const reasons: unknown[] = [];
  const attempts: number[] = [];
  addFunction(flow, "act", (_data, ctx) => {
    attempts.push(ctx.now());
    ctx.shared.set("late", true);
    return new Promise<void>((_resolve, reject) => {
      ctx.signal.addEventListener("abort", () => {
        reasons.push(ctx.signal.reason);
        reject(new Error("the handler's own words for it"));
      });
    });
  }, { timeoutMs: 50 });
  const job = flow.execute("act");
  await timers.advance(49);
  assertEquals(reasons, []);
  await timers.advance(1);
  assertInstanceOf(reasons[0], TimeoutError);
  const data = {
    code: "TIMEOUT",
    message: 'Slot "trigger" of routine "act" took longer than 50 ms',
    name: "TimeoutError",
  };
  assertEquals([job.status, job.history().map(({ type }) => type)], ["running", ["start", "error", "retry"]]);
  await timers.advance(60);
  assertEquals([attempts, job.status, plainError(job), job.sharedData], [[0, 60], "failed", data, {}]);
  assertEquals(job.history().filter(({ type }) => type === "error").map((record) => record.data), [data, data]);
  assertEquals(timers.size, 0);
});

test("a handler that goes on after its slot's timeout commits nothing, and holds nobody up", async () => {
  const { flow, timers } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "skip" }) });
  const handlers = new WaitingHandlers();
  const contexts: Context[] = [];
  addSource(flow, "source", [1, 2]);
  addFunction(flow, "sink", async (n: number, ctx) => {
    contexts.push(ctx);
    ctx.shared.set(`n${n}`, true);
    if (n === 1) await handlers.wait(n);
  }, { timeoutMs: 10 });
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.advance(10);
  assertEquals([job.status, job.sharedData, job.routineStates.sink?.status], ["completed", { n2: true }, "skipped"]);
  const before = JSON.stringify(job);
  handlers.release(1);
  await timers.flush();
  assertEquals([JSON.stringify(job), contexts.length], [before, 2]);
});

test("handlers that return in time, and synchronous ones, leave no timer behind", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", executionTimeoutMs: 300_000 });
  const handlers = new WaitingHandlers();
  addSource(flow, "source", [1, 2, 3]);
  addFunction(flow, "sink", (n: number) => n === 2 ? undefined : handlers.wait(n), { timeoutMs: 100 });
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.advance(99);
  assertEquals(timers.size, 3, "the job's and two slots'");
  handlers.release(1);
  await timers.flush();
  assertEquals(timers.size, 2);
  handlers.release(3);
  await timers.flush();
  assertEquals([job.status, timers.size], ["completed", 0]);
});

test("handlers that a pause or a cancel aborts leave no timer of their slot behind", async () => {
  for (const end of ["pause", "cancel"]) {
    const { flow, timers } = createTestFlow({ executionTimeoutMs: 300_000 });
    addFunction(flow, "act", () => new Promise<void>(() => {}), { timeoutMs: 100 });
    const job = flow.execute("act");
    await timers.flush();
    assertEquals(timers.size, 2);
    if (end === "pause") await flow.pause(job, { graceMs: 0 });
    else flow.cancel(job);
    assertEquals(timers.size, 0, end);
  }
});

test("a job that sleeps 30 days neither fires early nor times out, and history tells the instants", async () => {
  const { flow, timers } = createTestFlow();
  const seen: number[] = [];
  addSource(flow, "source", [{}], { delayMs: 30 * DAY });
  addFunction(flow, "sink", (_data, ctx) => void seen.push(ctx.now()));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.advance(1);
  assertEquals([job.status, seen, timers.nextAt], ["running", [], 30 * DAY]);
  await timers.advance(30 * DAY - 2);
  assertEquals([job.status, seen], ["running", []]);
  await timers.advance(1);
  assertEquals([job.status, seen, job.toJSON().ranMs, timers.size], ["completed", [30 * DAY], 0, 0]);
  assertEquals(job.history("sink"), [{ at: "1970-01-31T00:00:00.000Z", routine: "sink", type: "start" }]);
});

test("a timer of the host's that rings though it was stopped decides nothing a second time", async () => {
  const inner = manualTimers();
  const setTimer = (at: number, callback: () => void) => {
    inner.setTimer(at, callback);
    return () => {};
  };
  const { flow } = createTestFlow({}, { timers: { ...inner, setTimer } });
  class Quick extends Routine {
    readonly input = this.addSlot("input", this.work, { timeoutMs: 100 });
    readonly again = this.addEvent<{ isLast: boolean }>("again");
    async work({ isLast = false }: { isLast?: boolean }, ctx: Context): Promise<void> {
      await Promise.resolve();
      if (!isLast) ctx.emit(this.again, { isLast: true }, { delayMs: 150 });
    }
  }
  const quick = flow.addRoutine(new Quick(), "quick");
  flow.connect(quick.again, quick.input);
  const job = flow.execute(quick.input, {}, { timeoutMs: 200 });
  await inner.advance(160);
  const before = JSON.stringify(job);
  await inner.advance(1_000);
  assertEquals([job.status, job.failures, JSON.stringify(job)], ["completed", [], before]);
});

test("a handler with a timeout that waits on what its slot collects keeps its view, and leaves no timer behind", async () => {
  const handlers = new WaitingHandlers();
  const seen: unknown[] = [];
  class Collector extends Routine {
    readonly input = this.addSlot("input", this.take, { merge: "append", timeoutMs: 100 });
    async take({ n }: { readonly n: Collected<number> }, ctx: Context): Promise<void> {
      const last = n.at(-1) ?? 0;
      await handlers.wait(last);
      seen.push([n.toArray(), ctx.slotData("input")]);
    }
  }
  const { flow, timers } = createTestFlow({
    executionTimeoutMs: Infinity,
    executionStrategy: "concurrent",
    maxWorkers: 2,
  });
  addSource(flow, "source", [{ n: 1 }, { n: 2 }]);
  flow.addRoutine(new Collector(), "collector");
  flow.connect("source", "output", "collector", "input");
  const job = flow.execute("source", {});
  await timers.flush();
  assertEquals([handlers.waiting, timers.size], [[1, 2], 2]);
  handlers.release(1);
  await timers.flush();
  assertEquals(timers.size, 1);
  handlers.release(2);
  await timers.flush();
  assertEquals(JSON.stringify(seen), JSON.stringify([[[1], { n: [1] }], [[1, 2], { n: [1, 2] }]]));
  assertEquals([job.status, timers.size], ["completed", 0]);
});
