import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import type { Context, EngineEvent, Flow, JobState } from "../../mod.ts";
import { addFunction } from "../support/function_routine.ts";
import { createLatch } from "../support/latch.ts";
import { createTestFlow } from "../support/test_flow.ts";

// A rejection that nobody handles fails the run in every runtime that these tests run in.

/** Ways of ending a handler's activation while it waits. */
const ENDS: { readonly [name: string]: (flow: Flow, job: JobState) => unknown } = {
  pause: (flow, job) => flow.pause(job, { graceMs: 0 }),
  cancel: (flow, job) => flow.cancel(job),
  "job timeout": () => {},
  "slot timeout": () => {},
};

/** Handlers that reject after they were aborted: at once by the signal, or later by themselves. */
const HANDLERS: { readonly [name: string]: (ctx: Context, passed: Promise<void>) => Promise<void> } = {
  "by the signal": (ctx) =>
    new Promise((_resolve, reject) => ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason))),
  later: async (_ctx, passed) => {
    await passed;
    throw new Error("too late to matter");
  },
  "by a closed context": async (ctx, passed) => {
    await passed;
    ctx.emit("output", {});
  },
  "by a late checkpoint": async (ctx, passed) => {
    await passed;
    await ctx.checkpoint(1);
  },
};

test("a handler that rejects after its abort leaves no unhandled rejection and no trace", async () => {
  for (const [end, doEnd] of Object.entries(ENDS)) {
    for (const [name, run] of Object.entries(HANDLERS)) {
      for (const isGenerator of [false, true]) {
        const { flow, timers } = createTestFlow();
        const gate = createLatch();
        const options = end === "slot timeout" ? { timeoutMs: 50 } : {};
        if (isGenerator) {
          addFunction(flow, "act", async function* (_data, ctx) {
            yield 1;
            await run(ctx, gate.passed);
          }, options);
        } else addFunction(flow, "act", (_data, ctx) => run(ctx, gate.passed), options);
        const job = flow.execute("act", {}, { timeoutMs: 100 });
        await timers.flush();
        await doEnd(flow, job);
        await timers.advance(100);
        const before = JSON.stringify(job);
        gate.open();
        await timers.flush();
        const status = { pause: "paused", cancel: "cancelled" }[end] ?? "failed";
        const label = `${end}, rejects ${name}, ${isGenerator ? "generator" : "promise"}`;
        assertEquals([job.status, JSON.stringify(job), timers.size], [status as JobState["status"], before, 0], label);
      }
    }
  }
});

test("a generator whose finally block throws or rejects at the pause leaves no unhandled rejection", async () => {
  for (const isAsync of [false, true]) {
    const { flow, timers } = createTestFlow();
    const seen: string[] = [];
    if (isAsync) {
      addFunction(flow, "act", async function* (_data, ctx) {
        try {
          ctx.pause();
          yield 1;
        } finally {
          await Promise.resolve();
          seen.push("finally");
          ctx.emit("output", {});
        }
      });
    } else {
      addFunction(flow, "act", function* (_data, ctx) {
        try {
          ctx.pause();
          yield 1;
        } finally {
          seen.push("finally");
          ctx.emit("output", {});
        }
      });
    }
    const job = flow.execute("act");
    await timers.flush();
    assertEquals([job.status, seen, job.pendingTasks[0]?.progress], ["paused", ["finally"], 1]);
  }
});

test("waits that nobody awaits reject nobody: execute alone is enough", async () => {
  const { flow, timers } = createTestFlow();
  addFunction(flow, "act", () => Promise.reject(new Error("boom")));
  const job = flow.execute("act");
  void flow.waitForCompletion(job);
  void flow.settle(job);
  await timers.flush();
  assertEquals([job.status, job.error?.message], ["failed", "boom"]);
});

test("C502 callbacks that reject change nothing, and are told to the observer like those that throw", async () => {
  const { flow, timers, events } = createTestFlow();
  addFunction(flow, "act", (_data, ctx) => {
    ctx.report(1);
    ctx.output("kind", 1);
  });
  const errors = { onOutput: new Error("no socket"), onReport: new Error("no display") };
  const job = await flow.run("act", {}, {
    onOutput: () => Promise.reject(errors.onOutput),
    onReport: async () => {
      await Promise.resolve();
      throw errors.onReport;
    },
  });
  await timers.flush();
  const told = events.flatMap((event) => event.type === "callback_error" ? [[event.callback, event.error]] : []);
  assertEquals([job.status, told.toSorted()], ["completed", Object.entries(errors)]);
});

test("an observer that rejects, at whatever event, breaks nothing", async () => {
  const seen: string[] = [];
  const observer = async ({ type }: EngineEvent): Promise<void> => {
    seen.push(type);
    await Promise.resolve();
    throw new Error("no log");
  };
  const { flow, timers } = createTestFlow({}, { observer });
  addFunction(flow, "act", (_data, ctx) => ctx.report(1));
  const job = await flow.run("act", {}, { onReport: () => Promise.reject(new Error("no display")) });
  await timers.flush();
  assertEquals([job.status, seen.toSorted()], ["completed", [
    "callback_error",
    "report",
    "start",
    "status",
    "status",
    "task",
  ]]);
});

test("an onProgress that rejects ends the wait with its error, and the job goes on", async () => {
  const { flow, timers } = createTestFlow();
  addFunction(flow, "act", (_data, ctx) => void ctx.expect("trigger"));
  const job = flow.execute("act");
  const onProgress = () => Promise.reject(new RangeError("display gone"));
  await assertRejects(() => flow.waitForCompletion(job, { onProgress }), RangeError, "display gone");
  await timers.flush();
  assertEquals(job.status, "running");
});

test("C569 a checkpoint that nobody waits for, and that cannot be committed, is the error of its task, and no unhandled rejection", async () => {
  for (const isAsync of [true, false]) {
    const { flow, timers } = createTestFlow();
    addFunction(flow, "act", (_data, ctx) => {
      ctx.output("lost");
      ctx.shared.update("n", () => {
        throw new RangeError("no n");
      });
      void ctx.checkpoint(1);
      return isAsync ? Promise.resolve() : undefined;
    });
    const job = flow.execute("act");
    await timers.flush();
    assertEquals([job.status, job.error?.message, job.outputLog.length], ["failed", "no n", 0]);
  }
});
