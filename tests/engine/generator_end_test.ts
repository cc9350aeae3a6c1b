import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { JobState, Registry } from "../../mod.ts";
import { addFunction, link } from "../support/function_routine.ts";
import { createTestFlow } from "../support/test_flow.ts";

test("a pause ends a parked generator: its finally blocks run, and resume starts it from its progress", async () => {
  const { flow, timers } = createTestFlow();
  const seen: unknown[] = [];
  addFunction(flow, "source", function* (_data, ctx) {
    seen.push(`from ${ctx.progress}`);
    try {
      for (let n = Number(ctx.progress ?? 0); n < 4; n++) {
        seen.push(n);
        if (n === 1) ctx.pause("in the middle");
        yield n + 1;
      }
    } finally {
      seen.push("finally");
    }
  });
  const job = flow.execute("source");
  await timers.flush();
  const { step, progress, parked, active } = job.pendingTasks[0] ?? {};
  assertEquals([job.status, { step, progress, parked, active }], [
    "paused",
    { step: 2, progress: 2, parked: true, active: undefined },
  ]);
  assertEquals(seen.splice(0), ["from undefined", 0, 1, "finally"]);
  flow.resume(job);
  await timers.flush();
  assertEquals([job.status, seen], ["completed", ["from 2", 2, 3, "finally"]]);
});

test("a long source is paused in the middle and moved: each item arrives once, and the mark holds", async () => {
  const items = 5_000;
  let [next, most] = [0, 0];
  const createHost = () => {
    const setup = createTestFlow({ limits: { highWater: 16, history: 0 } });
    addFunction(setup.flow, "source", function* (_data, ctx) {
      for (let n = Number(ctx.progress ?? 0); n < items; n++) {
        ctx.emit("output", n);
        most = Math.max(most, n + 1 - next);
        yield n + 1;
      }
    });
    addFunction(setup.flow, "sink", (n: number, ctx) => {
      assertEquals(n, next++);
      if (n === 2_000) ctx.pause();
    });
    link(setup.flow, "source", "sink");
    return setup;
  };
  const [a, b] = [createHost(), createHost()];
  const job = await a.flow.run("source");
  assertEquals([job.status, next, job.pendingTasks[0]?.progress], ["paused", 2_001, 2_016]);
  const moved = JobState.fromJSON(JSON.parse(JSON.stringify(job)), new Registry());
  b.flow.resume(moved);
  await b.flow.waitForCompletion(moved);
  assertEquals([moved.status, moved.error, next, most], ["completed", undefined, items, 16]);
});

test("what finally blocks do on a pause has no effect on the job: the context is closed", async () => {
  const { flow, timers } = createTestFlow();
  const errors: string[] = [];
  addFunction(flow, "source", function* (_data, ctx) {
    try {
      ctx.pause();
      yield 1;
    } finally {
      try {
        ctx.shared.set("late", 1);
      } catch (error) {
        errors.push(String(error));
      }
      yield "refused to end";
    }
  });
  const job = flow.execute("source");
  await timers.flush();
  assertEquals([job.status, job.sharedData, job.pendingTasks[0]?.progress], ["paused", {}, 1]);
  assertEquals(errors.length, 1);
});

test("a pause that does not wait aborts an async generator in its await; its finally blocks run", async () => {
  const { flow, timers } = createTestFlow();
  const seen: unknown[] = [];
  addFunction(flow, "source", async function* (_data, ctx) {
    try {
      yield 1;
      await new Promise<void>((_resolve, reject) => {
        ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason));
      });
      yield 2;
    } finally {
      seen.push(`finally, ${ctx.signal.reason.name}`);
    }
  });
  const job = flow.execute("source");
  await timers.flush();
  await flow.pause(job, { graceMs: 0 });
  await timers.flush();
  const { step, progress, active, attempt } = job.pendingTasks[0] ?? {};
  assertEquals([job.status, { step, progress, active, attempt }], [
    "paused",
    { step: 1, progress: 1, active: true, attempt: undefined },
  ]);
  assertEquals(seen, ["finally, PausedError"]);
});

test("cancel and STOP end all generators of the job", async () => {
  for (const end of ["cancel", "stop"]) {
    const { flow, timers } = createTestFlow({ limits: { highWater: 1 } });
    const seen: string[] = [];
    addFunction(flow, "start", (_data, ctx) => ["a", "b"].forEach((name) => ctx.emit("output", name)));
    addFunction(flow, "source", function* (name: string, ctx) {
      try {
        yield 1;
        if (name === "b") ctx.emit("output", {});
        for (let n = 2; n < 100; n++) yield n;
      } finally {
        seen.push(name);
      }
    });
    addFunction(flow, "end", (_data, ctx) => {
      if (end === "stop") throw new Error("stop");
      flow.cancel(job, { reason: ctx.routineId });
    });
    link(flow, "start", "source");
    link(flow, "source", "end");
    const job = flow.execute("start");
    await timers.flush();
    assertEquals([job.status, seen], [end === "stop" ? "failed" : "cancelled", ["a", "b"]], end);
  }
});

test("a generator that cancels its own job gets its finally blocks run, and commits nothing more", async () => {
  const { flow, timers } = createTestFlow();
  const seen: string[] = [];
  addFunction(flow, "source", function* (_data, ctx) {
    try {
      yield 1;
      ctx.shared.set("late", 1);
      flow.cancel(job, { reason: "myself" });
      yield 2;
      seen.push("went on");
    } finally {
      seen.push("finally");
    }
  });
  const job = flow.execute("source");
  await timers.flush();
  assertEquals([job.status, job.sharedData, job.pendingTasks[0]?.progress], ["cancelled", {}, 1]);
  assertEquals(seen, ["finally"]);
});
