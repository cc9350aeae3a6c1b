import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { createTestFlow } from "../support/test_flow.ts";

test("a cycle without an end meets the step limit: the job fails, whatever the error handler says", async () => {
  for (const strategy of ["continue", "skip", "retry"] as const) {
    const { flow } = createTestFlow({ limits: { steps: 10 } });
    let runs = 0;
    addFunction(flow, "act", (_data, ctx) => {
      runs++;
      ctx.emit("output", {});
    }).setAsOptional(strategy);
    link(flow, "act", "act");
    const job = await flow.run("act");
    assertEquals([job.status, runs, job.error], ["failed", 10, {
      code: "STEP_LIMIT",
      details: { limit: 10 },
      message: "The job would make more than 10 tasks; look for a cycle without an end, or raise limits.steps",
      name: "StepLimitError",
    }]);
  }
});

test("exactly as many tasks as the limit allows are made; one commit is made whole or not at all", async () => {
  for (const [items, status] of [[4, "completed"], [5, "failed"]] as const) {
    const { flow } = createTestFlow({ limits: { steps: 5 } });
    const seen: unknown[] = [];
    addSource(flow, "source", Array.from({ length: items }, (_, n) => n));
    addFunction(flow, "sink", (n) => void seen.push(n));
    link(flow, "source", "sink");
    const job = await flow.run("source");
    assertEquals([job.status, seen.length], [status, status === "completed" ? items : 0]);
  }
});

test("history, outputs and log keep the newest up to their limits, and count what was dropped", async () => {
  const { flow } = createTestFlow({ limits: { history: 5, outputs: 2, log: 3 } });
  addFunction(flow, "act", (n: unknown, ctx) => {
    const count = Number(n);
    ctx.output("n", count);
    ctx.log({ count });
    if (count < 10) ctx.emit("output", count + 1);
  });
  link(flow, "act", "act");
  const job = await flow.run("act", 1);
  assertEquals(job.history().map(({ type, data = "" }) => `${type} ${data}`), [
    "start ",
    "emit 9",
    "start ",
    "emit 10",
    "start ",
  ]);
  assertEquals(job.outputLog.map(({ data }) => data), [9, 10]);
  assertEquals(job.sharedLog.map(({ entry }) => entry), [{ count: 8 }, { count: 9 }, { count: 10 }]);
  assertEquals(job.dropped, { executionHistory: 14, outputLog: 8, sharedLog: 7 });
  assertEquals(job.toJSON().dropped, { executionHistory: 14, outputLog: 8, sharedLog: 7 });
});

test("C190 C192 C194 C195 C196 C210 C216 history: who, what, when, with what, in order, of one routine or of all", async () => {
  const { flow, timers } = createTestFlow();
  addFunction(flow, "source", (_data, ctx) => {
    ctx.emit("output", { n: 1 });
    ctx.emit("output", { n: 2 }, { delayMs: 10 });
  });
  addFunction(flow, "sink", ({ n }: { n: number }, ctx) => ctx.emit("output", n * 10));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.advance(10);
  const [zero, ten] = ["1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.010Z"];
  const sink = [
    { at: zero, routine: "sink", type: "start" },
    { at: zero, data: 10, event: "output", routine: "sink", type: "emit" },
    { at: ten, routine: "sink", type: "start" },
    { at: ten, data: 20, event: "output", routine: "sink", type: "emit" },
  ] as const;
  assertEquals(job.history("sink"), [...sink]);
  assertEquals(job.executionHistory, [
    { at: zero, routine: "source", type: "start" },
    { at: zero, data: { n: 1 }, event: "output", routine: "source", type: "emit" },
    { at: zero, data: { n: 2 }, event: "output", routine: "source", type: "emit" },
    ...sink,
  ]);
  assertEquals([job.history("nobody"), job.createdAt, job.updatedAt], [[], zero, ten]);
  assertEquals([job.status, Object.keys(job.routineStates)], ["completed", ["source", "sink"]]);
});
