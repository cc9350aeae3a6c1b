import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Context, ErrorHandler, TimeoutError } from "../../mod.ts";
import { addFunction, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { plainError } from "../support/plain_error.ts";

const retries = new ErrorHandler({ strategy: "retry", jitter: 0, retryDelayMs: 10, maxRetries: 1 });

test("an async generator waits at its awaits, commits at its yields, and starts anew from its progress", async () => {
  const { flow, timers } = createTestFlow({ errorHandler: retries });
  const handlers = new WaitingHandlers();
  const seen: unknown[] = [];
  addFunction(flow, "source", async function* (_data, ctx) {
    for (let n = Number(ctx.progress ?? 0); n < 3; n++) {
      await handlers.wait(`${n}/${ctx.attempt}`);
      ctx.emit("output", n);
      if (n === 1 && ctx.attempt === 0) throw new Error("at 1");
      yield n + 1;
    }
  });
  addFunction(flow, "sink", (n) => void seen.push(n));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  for (const name of ["0/0", "1/0", "1/1", "2/1"]) {
    await timers.flush();
    if (name === "1/1") await timers.advance(10);
    assertEquals(handlers.waiting, [name]);
    handlers.release(name);
  }
  await timers.flush();
  assertEquals([job.status, seen, job.retryCount("source")], ["completed", [0, 1, 2], 1]);
});

test("a parked async generator frees its worker", async () => {
  const { flow, timers } = createTestFlow({ limits: { highWater: 1 } });
  const handlers = new WaitingHandlers();
  addFunction(flow, "source", async function* (_data, ctx) {
    for (let n = 0; n < 3; n++) {
      ctx.emit("output", n);
      await Promise.resolve();
      yield n;
    }
  });
  addFunction(flow, "sink", (n) => handlers.wait(n));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  for (let n = 0; n < 3; n++) {
    await timers.flush();
    assertEquals([handlers.waiting, job.pendingTasks[0]?.parked], [[n], true]);
    handlers.release(n);
  }
  await timers.flush();
  assertEquals([job.status, handlers.most], ["completed", 1]);
});

test("slot timeouts count per segment of an async generator", async () => {
  const { flow, timers } = createTestFlow();
  const sleep = (ctx: Context, ms: number) =>
    new Promise<void>((resolve) => void timers.setTimer(ctx.now() + ms, resolve));
  const seen: string[] = [];
  addFunction(flow, "source", async function* (_data, ctx) {
    try {
      for (let n = 0; n < 5; n++) {
        await sleep(ctx, 90);
        yield n;
      }
      await sleep(ctx, 110);
      yield 5;
      seen.push("went on");
    } finally {
      seen.push(`finally at ${timers.now()}`);
    }
  }, { timeoutMs: 100 });
  const job = flow.execute("source");
  await timers.advance(450);
  assertEquals([job.status, job.pendingTasks[0]?.step], ["running", 5]);
  await timers.advance(99);
  assertEquals(job.status, "running");
  await timers.advance(1);
  assertEquals([job.status, plainError(job)], ["failed", {
    code: "TIMEOUT",
    message: 'Slot "trigger" of routine "source" took longer than 100 ms',
    name: TimeoutError.name,
  }]);
  await timers.advance(1_000);
  assertEquals([job.status, timers.size, seen], ["failed", 0, ["finally at 560"]]);
});

test("a slot timeout ends an async generator: its finally blocks run, and the retry starts a new one", async () => {
  const { flow, timers } = createTestFlow({ errorHandler: retries });
  const seen: string[] = [];
  addFunction(flow, "source", async function* (_data, ctx) {
    try {
      seen.push(`attempt ${ctx.attempt} from ${ctx.progress}`);
      if (ctx.progress === undefined) yield 1;
      if (ctx.attempt > 0) return;
      await new Promise<void>((_resolve, reject) =>
        ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason))
      );
    } finally {
      seen.push(`finally of ${timers.now()}`);
    }
  }, { timeoutMs: 100 });
  const job = flow.execute("source");
  await timers.advance(200);
  assertEquals([job.status, seen], ["completed", [
    "attempt 0 from undefined",
    "finally of 100",
    "attempt 1 from 1",
    "finally of 110",
  ]]);
});
