import { test } from "node:test";
import { assertEquals, assertInstanceOf } from "@std/assert";
import { CancelledError, ErrorHandler } from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createTestFlow } from "../support/test_flow.ts";

test("C131 STOP aborts the other active handlers; their tasks stay pending and can commit no more", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 3 });
  const handlers = new WaitingHandlers();
  const aborted: unknown[] = [];
  addSource(flow, "source", [0, 1, 2, 3, 4]);
  addFunction(flow, "sink", async (n: number, ctx) => {
    ctx.signal.addEventListener("abort", () => aborted.push([n, ctx.signal.reason]));
    await handlers.wait(n);
    if (n === 1) throw new Error("stop here");
    ctx.shared.set(`late ${n}`, true);
    ctx.emit("output", n);
  });
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  handlers.release(1);
  await timers.flush();
  const [[first, reason] = [], [second] = []] = aborted as [unknown, unknown][];
  assertEquals([first, second, aborted.length], [0, 2, 2]);
  assertInstanceOf(reason, CancelledError);
  assertEquals(reason.message, 'The job was cancelled: routine "sink" has failed');
  const pending = () => job.pendingTasks.map(({ data, active, attempt }) => ({ data, active, attempt }));
  const left = [
    { data: 0, active: true, attempt: undefined },
    { data: 2, active: true, attempt: undefined },
    { data: 3, active: undefined, attempt: undefined },
    { data: 4, active: undefined, attempt: undefined },
  ];
  assertEquals([job.status, job.error?.message, pending()], ["failed", "stop here", left]);
  const before = JSON.stringify(job);
  handlers.release(0);
  handlers.release(2);
  await timers.advance(1_000_000);
  assertEquals([JSON.stringify(job), handlers.started, timers.size], [before, [0, 1, 2], 0]);
});

test("the first committed error is the job's, also when others fail in the same turn", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 3 });
  const handlers = new WaitingHandlers();
  addSource(flow, "source", [1, 2, 3]);
  addFunction(flow, "sink", async (n: number) => {
    await handlers.wait(n);
    throw new Error(`error of ${n}`);
  });
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  for (const n of [2, 3, 1]) handlers.release(n);
  await timers.flush();
  assertEquals([job.status, job.error?.message, job.failures.length], ["failed", "error of 2", 1]);
  assertEquals(job.pendingTasks.map(({ data }) => data), [1, 3]);
});

test("a handler that rejects because it was aborted adds no error and no rejection", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 2 });
  addSource(flow, "source", ["waits", "fails"]);
  addFunction(flow, "sink", (name: string, ctx) => {
    if (name === "fails") return Promise.reject(new Error("first"));
    return new Promise<void>((_resolve, reject) => {
      ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason));
    });
  });
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  assertEquals([job.status, job.error?.message, job.failures.length], ["failed", "first", 1]);
  assertEquals(job.history("sink").map(({ type }) => type), ["start", "error"]);
});

test("redrive puts the failures of a failed job back, and what had stayed pending runs too", async () => {
  const { flow, timers } = createTestFlow();
  const seen: string[] = [];
  let isFixed = false;
  addSource(flow, "source", ["a", "b", "c"]);
  addFunction(flow, "sink", (name: string, ctx) => {
    seen.push(`${name}${ctx.attempt}`);
    if (name === "b" && !isFixed) throw new Error("broken");
  }).setErrorHandler(new ErrorHandler({ strategy: "retry", maxRetries: 1, retryDelayMs: 10 }));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.advance(10);
  assertEquals([job.status, job.retryCount("sink")], ["failed", 1]);
  assertEquals(seen.splice(0), ["a0", "b0", "c0", "b1"]);
  isFixed = true;
  flow.resume(job, { redrive: true });
  assertEquals([job.status, job.error, job.failures, job.routineStates.sink?.status], [
    "running",
    undefined,
    [],
    undefined,
  ]);
  const { id, attempt, maxRetries } = job.pendingTasks[0] ?? {};
  assertEquals({ id, attempt, maxRetries }, { id: 3, attempt: undefined, maxRetries: undefined });
  await timers.flush();
  assertEquals([job.status, seen, job.routineStates.sink?.status], ["completed", ["b0"], "completed"]);
});

test("what redrive puts back stands where its id belongs, before what was queued after it", async () => {
  const { flow, timers } = createTestFlow();
  const seen: string[] = [];
  addSource(flow, "source", ["a", "b", "c"]);
  addFunction(flow, "sink", (name: string) => {
    seen.push(name);
    if (name === "a" && seen.length === 1) throw new Error("broken");
  });
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  flow.resume(job, { redrive: true });
  assertEquals(job.pendingTasks.map(({ id, data }) => [id, data]), [[2, "a"], [3, "b"], [4, "c"]]);
  await timers.flush();
  assertEquals([job.status, seen], ["completed", ["a", "a", "b", "c"]]);
});

test("redrive of a completed job runs its continued and skipped failures again, with all their retries", async () => {
  const { flow, timers } = createTestFlow();
  const runs: string[] = [];
  let isFixed = false;
  addSource(flow, "source", [{}]);
  for (const [id, strategy] of [["continues", "continue"], ["skips", "skip"], ["retries", "retry"]] as const) {
    const options = { strategy, maxRetries: 2, retryDelayMs: 5, retryBackoff: 1, isCritical: false };
    addFunction(flow, id, (_data, ctx) => {
      runs.push(`${id} ${ctx.attempt}`);
      if (!isFixed) throw new Error("broken");
    }).setErrorHandler(new ErrorHandler(options));
  }
  link(flow, "source", "continues", "skips", "retries");
  const job = flow.execute("source");
  await timers.advance(10);
  const marks = () => Object.values(job.routineStates).map(({ status }) => status);
  const first = ["continues 0", "skips 0", "retries 0", "retries 1", "retries 2"];
  assertEquals([job.status, runs.splice(0), job.failures.length], ["completed", first, 3]);
  flow.resume(job, { redrive: true });
  await timers.advance(10);
  assertEquals([job.status, runs.splice(0), job.failures.length], ["completed", first, 3]);
  assertEquals(marks(), ["completed", "error_continued", "skipped", "error_continued"]);
  isFixed = true;
  flow.resume(job, { redrive: true });
  await timers.advance(0);
  assertEquals([job.status, runs, job.failures], ["completed", ["continues 0", "skips 0", "retries 0"], []]);
  assertEquals(marks(), Array(4).fill("completed"));
});

test("redrive takes a cancelled job back too, if it has failures: what was queued runs as well", async () => {
  const { flow, timers } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "continue" }) });
  const handlers = new WaitingHandlers();
  addSource(flow, "source", ["fails", "waits", "queued"]);
  addFunction(flow, "sink", (name: string) => {
    if (name === "fails" && handlers.started.length === 0) throw new Error("boom");
    return handlers.wait(name);
  });
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  flow.cancel(job);
  flow.resume(job, { redrive: true });
  assertEquals([job.status, job.error, job.failures], ["running", undefined, []]);
  handlers.started.length = 1;
  for (const name of ["waits", "fails", "queued"]) {
    await timers.flush();
    handlers.release(name);
  }
  await timers.flush();
  assertEquals([job.status, handlers.started.slice(1)], ["completed", ["waits", "fails", "queued"]]);
});

test("redrive keeps what the failed task had merged and stored: it goes on from its last step", async () => {
  const { flow } = createTestFlow();
  const seen: unknown[] = [];
  let isFixed = false;
  addFunction(flow, "act", async (_data, ctx) => {
    seen.push(ctx.progress, ctx.idempotencyKey);
    if (ctx.progress === undefined) await ctx.checkpoint("half");
    if (!isFixed) throw new Error("broken");
  });
  const job = await flow.run("act");
  isFixed = true;
  flow.resume(job, { redrive: true });
  await flow.waitForCompletion(job);
  assertEquals([job.status, seen], ["completed", [undefined, "id-1/1/0", "half", "id-1/1/1"]]);
});

test("what was active when a job stopped is marked so: on redrive it comes first", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 2 });
  const handlers = new WaitingHandlers();
  addSource(flow, "source", ["quick", "slow"]);
  addFunction(flow, "sink", async (name: string) => {
    await handlers.wait(name);
    if (name === "quick") throw new Error("stop here");
  });
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  handlers.release("quick");
  await timers.flush();
  assertEquals([job.status, job.toJSON().pendingTasks.map(({ id, active }) => [id, active])], ["failed", [[3, true]]]);
});
