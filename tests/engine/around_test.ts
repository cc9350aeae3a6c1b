import { test } from "node:test";
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  type Around,
  type Context,
  Engine,
  ErrorHandler,
  type HandlerReturn,
  type JobState,
  StateError,
} from "../../mod.ts";
import { createLatch } from "../support/latch.ts";
import { addFunction, link } from "../support/function_routine.ts";
import { createTestFlow } from "../support/test_flow.ts";

// Workers have no such module without flags: there one test does nothing.
const hooks = await import("node:async_hooks").catch(() => undefined);

/** Runs one handler inside `around`. */
async function runInside(
  around: Around,
  handler: (data: unknown, ctx: Context) => HandlerReturn<unknown>,
): Promise<JobState> {
  const { flow } = createTestFlow({}, { around });
  const only = addFunction(flow, "only", handler);
  return await flow.run(only);
}

test("around is called around each handler, and learns where it is", async () => {
  const calls: string[] = [];
  const { flow } = createTestFlow({}, {
    around: ({ jobId, flowId, routineId, slotName, attempt, idempotencyKey }, run) => {
      calls.push(`${flowId}/${routineId}.${slotName}#${attempt} ${idempotencyKey.startsWith(jobId)}`);
      try {
        return run();
      } finally {
        calls.push("after");
      }
    },
  });
  const first = addFunction(flow, "first", (_, ctx) => ctx.emit("output", 1));
  addFunction(flow, "second", () => void calls.push("second runs"));
  link(flow, "first", "second");
  await flow.run(first);
  assertEquals(calls, [
    "flow/first.trigger#0 true",
    "after",
    "flow/second.trigger#0 true",
    "second runs",
    "after",
  ]);
});

test("an asynchronous context that around opens reaches the whole handler", async () => {
  if (hooks === undefined) return;
  const tenant = new hooks.AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  await runInside(({ routineId }, run) => tenant.run(routineId, run), async () => {
    seen.push(tenant.getStore());
    await Promise.resolve();
    seen.push(tenant.getStore());
  });
  assertEquals(seen, ["only", "only"]);
});

test("each segment of a generator runs inside around, the first one, too", async () => {
  const log: string[] = [];
  const around: Around = (_, run) => {
    log.push("(");
    const result = run();
    log.push(")");
    return result;
  };
  const job = await runInside(around, function* () {
    log.push("a");
    yield 1;
    log.push("b");
  });
  assertEquals([job.status, log.join("")], ["completed", "(a)(b)"]);
});

test("each segment of an asynchronous generator runs inside around, the first one, too", async () => {
  const log: string[] = [];
  const around: Around = async (_, run) => {
    log.push("(");
    const result = await run();
    log.push(")");
    return result;
  };
  const job = await runInside(around, async function* () {
    log.push("a");
    await Promise.resolve();
    yield 1;
    log.push("b");
  });
  assertEquals([job.status, log.join("")], ["completed", "(a)(b)"]);
});

test("around may be asynchronous where the handler is not", async () => {
  const job = await runInside(async (_, run) => {
    await Promise.resolve();
    return run();
  }, (_, ctx) => ctx.output("done"));
  assertEquals([job.status, job.outputLog.length], ["completed", 1]);
});

test("what around throws fails the handler, and so does what the handler throws and around catches", async () => {
  const thrown = await runInside(() => {
    throw new RangeError("no lock");
  }, () => {});
  assertEquals([thrown.status, thrown.error?.message], ["failed", "no lock"]);

  const caught: Around = (_, run) => {
    try {
      return run();
    } catch {
      return undefined;
    }
  };
  const hidden = await runInside(caught, (_, ctx) => {
    ctx.output("never");
    throw new RangeError("handler");
  });
  assertEquals([hidden.status, hidden.error?.message, hidden.outputLog.length], ["failed", "handler", 0]);

  const caughtLater: Around = async (_, run) => {
    try {
      return await run();
    } catch {
      return undefined;
    }
  };
  const later = await runInside(caughtLater, () => Promise.reject(new RangeError("later")));
  assertEquals([later.status, later.error?.message], ["failed", "later"]);
});

const BROKEN: { readonly [why: string]: Around } = {
  "must call run\\(\\)$": () => {},
  "must call run\\(\\) only once": (_, run) => {
    run();
    return run();
  },
  "over before the handler: return what run\\(\\) returns": (_, run) => void run(),
};

for (const [why, around] of Object.entries(BROKEN)) {
  test(`an around that breaks its contract fails the handler: ${why.replaceAll("\\", "")}`, async () => {
    const job = await runInside(around, () => Promise.resolve());
    assertEquals(job.status, "failed");
    assertMatch(job.error?.message ?? "", new RegExp(`slot "trigger" of routine "only".*${why}`));
  });
}

test("an asynchronous around that does not wait for the handler fails it", async () => {
  const job = await runInside(async (_, run) => {
    void run();
    await Promise.resolve();
  }, (_, { signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve())));
  assertMatch(job.error?.message ?? "", /over before the handler/);
});

const FAILING: { readonly [how: string]: Around } = {
  "throws": (_, run) => {
    void run();
    throw new RangeError("no lock");
  },
  "rejects": async (_, run) => {
    await Promise.race([run(), Promise.reject(new RangeError("no lock"))]);
  },
  "throws what is no error": (_, run) => {
    void run();
    throw "no lock";
  },
};

for (const [how, fail] of Object.entries(FAILING)) {
  test(`C478 when around ${how} while its handler runs, that is told to stop, and the next attempt waits for it`, async () => {
    const log: string[] = [];
    const cleanedUp = createLatch();
    let isFirst = true;
    const around: Around = (info, run) => {
      if (!isFirst) return run();
      isFirst = false;
      return fail(info, run);
    };
    const errorHandler = new ErrorHandler({ strategy: "retry", retryDelayMs: 0 });
    const { flow, timers } = createTestFlow({ errorHandler, executionStrategy: "concurrent", maxWorkers: 2 }, {
      around,
    });
    const only = addFunction(flow, "only", async (_, ctx) => {
      log.push(`begins ${ctx.attempt}`);
      if (ctx.attempt > 0) return;
      await Promise.resolve();
      await new Promise<void>((resolve) => {
        if (ctx.signal.aborted) resolve();
        else ctx.signal.addEventListener("abort", () => resolve());
      });
      log.push(`told: ${ctx.signal.reason.message}`);
      await cleanedUp.passed;
      assertThrows(() => ctx.output("late"), StateError, "its handler was aborted (around was over before the handler");
      log.push("ends 0");
    });
    const job = flow.execute(only);
    await timers.advance(100);
    const told = "told: around was over before the handler: no lock";
    assertEquals([log, job.outputLog.length], [["begins 0", told], 0]);

    cleanedUp.open();
    await timers.advance(100);
    await flow.waitForCompletion(job);
    assertEquals([job.status, log], ["completed", ["begins 0", told, "ends 0", "begins 1"]]);
  });
}

test("C478 a handler that does not stop when around is over fails by its slot's timeout, and a pause takes it back", async () => {
  const around: Around = async (_, run) => {
    void run();
    await Promise.resolve();
  };
  const { flow, timers } = createTestFlow({}, { around });
  const deaf = addFunction(flow, "deaf", () => new Promise(() => {}), { timeoutMs: 50 });
  const job = flow.execute(deaf);
  const paused = flow.execute(deaf);
  await timers.advance(10);
  await flow.pause(paused, { graceMs: 0 });
  await timers.advance(50);
  assertEquals([job.status, job.error?.name], ["failed", "TimeoutError"]);
  assertEquals([paused.status, paused.pendingTasks.length], ["paused", 1]);
});

test("what around throws when a pause has taken its handler back changes nothing", async () => {
  const lock = createLatch();
  const around: Around = async (_, run) => {
    void run();
    await lock.passed;
    throw new RangeError("no lock");
  };
  const { flow, timers } = createTestFlow({}, { around });
  const job = flow.execute(addFunction(flow, "deaf", () => new Promise(() => {})));
  await timers.advance(10);
  await flow.pause(job, { graceMs: 0 });
  const text = job.toText();
  lock.open();
  await timers.advance(10);
  assertEquals([job.status, job.toText()], ["paused", text]);
});

test("a handler inside around is stopped by its slot's timeout and by a pause", async () => {
  const { flow, timers } = createTestFlow({}, { around: (_, run) => run() });
  const slow = addFunction(flow, "slow", () => new Promise(() => {}), { timeoutMs: 50 });
  const held = addFunction(flow, "held", () => new Promise(() => {}));
  const job = flow.execute(slow);
  await timers.advance(50);
  await flow.waitForCompletion(job);
  assertEquals([job.status, job.error?.name], ["failed", "TimeoutError"]);

  const other = flow.execute(held);
  const paused = flow.pause(other, { graceMs: 10 });
  await timers.advance(10);
  await paused;
  assertEquals(other.status, "paused");
});

test("a handler that waits in around is not begun any more when its job has stopped meanwhile", async () => {
  const lock = createLatch();
  const begun: string[] = [];
  const around: Around = async ({ attempt }, run) => {
    if (begun.length === 0 && attempt === 0) await lock.passed;
    return await run();
  };
  const { flow, timers } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "retry", retryDelayMs: 0 }) }, {
    around,
  });
  const only = addFunction(flow, "only", (_, ctx) => void begun.push(`attempt ${ctx.attempt}`), { timeoutMs: 50 });

  const cancelled = flow.execute(only);
  const late = flow.execute(only);
  const paused = flow.execute(only);
  await timers.advance(10);
  flow.cancel(cancelled);
  await flow.pause(paused, { graceMs: 0 });
  await timers.advance(50); // the slot's time is up: the next attempt need not wait
  await flow.waitForCompletion(late);
  flow.resume(paused);
  await flow.waitForCompletion(paused);
  assertEquals(begun, ["attempt 1", "attempt 0"]);

  lock.open();
  await timers.advance(100);
  assertEquals(begun, ["attempt 1", "attempt 0"]);
  assertEquals([cancelled.status, late.status, paused.status], ["cancelled", "completed", "completed"]);
});

test("a handler does not begin after around is over", async () => {
  let begin = (): unknown => undefined;
  let isBegun = false;
  const job = await runInside((_, run) => void (begin = run), () => void (isBegun = true));
  assertMatch(job.error?.message ?? "", /must call run/);
  assertThrows(() => begin(), StateError, 'Cannot run the handler in routine "only": its handler has returned');
  assertEquals(isBegun, false);
});

test("around must be a function", () => {
  assertThrows(() => new Engine({ around: 1 as unknown as Around }), TypeError, "around must be a function, got 1");
});
