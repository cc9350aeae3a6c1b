import { test } from "node:test";
import { assertEquals } from "@std/assert";
import type { EngineEvent } from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { runsOf, summarize } from "../support/handler_metrics.ts";
import { createTestFlow, type TestFlow } from "../support/test_flow.ts";

/** A flow whose `work` takes as many milliseconds as its data says, and fails where they are negative. */
function createWork(times: readonly number[]): TestFlow {
  const setup = createTestFlow();
  const { flow, timers } = setup;
  addSource(flow, "source", times);
  addFunction(flow, "work", async (ms: number) => {
    await new Promise<void>((resolve) => timers.setTimer(timers.now() + Math.abs(ms), resolve));
    if (ms < 0) throw new RangeError(`${ms} is negative`);
  }).setAsOptional();
  link(flow, "source", "work");
  return setup;
}

const starts = (events: readonly EngineEvent[]) =>
  events.flatMap((event) => event.type === "start" ? [[event.routine, event.task, event.at]] : []);

test("C206 a task that has been started is told with its routine and instant; its params are in the job", async () => {
  const { flow, timers, events } = createWork([]);
  await timers.advance(3);
  const job = flow.execute("work", 50);
  await timers.flush();
  assertEquals(starts(events), [["work", 1, 3]]);
  assertEquals(job.pendingTasks, [
    { active: true, createdAt: "1970-01-01T00:00:00.003Z", data: 50, id: 1, routine: "work", slot: "trigger" },
  ]);
});

test("C207 C208 the end of a task is told: outcome, instant, and the error where there is one", async () => {
  const { flow, timers, events } = createWork([20, -5]);
  flow.execute("source");
  await timers.advance(25);
  assertEquals(runsOf(events), [
    { routine: "source", startedAt: 0, endedAt: 0, outcome: "done" },
    { routine: "work", startedAt: 0, endedAt: 20, outcome: "done" },
    {
      routine: "work",
      startedAt: 20,
      endedAt: 25,
      outcome: "continue",
      error: { name: "RangeError", message: "-5 is negative" },
    },
  ]);
});

test("C209 what ends without having been started is no run: a delivery that was awaited for too long", async () => {
  const { flow, timers, events } = createTestFlow();
  addFunction(flow, "asker", (_data, ctx) => ctx.expect("trigger", { timeoutMs: 10 })).setAsOptional();
  const job = flow.execute("asker");
  await timers.advance(10);
  const tasks = events.flatMap((event) => event.type === "task" ? [[event.task, event.outcome]] : []);
  assertEquals([job.status, tasks], ["completed", [[1, "done"], [2, "continue"]]]);
  assertEquals(runsOf(events).map(({ outcome }) => outcome), ["done"]);
});

test("C212 three completed and one failed: a rate of 0.75, and the shortest, longest and all of the time", async () => {
  const { flow, timers, events } = createWork([10, 40, -20, 30]);
  flow.execute("source");
  await timers.advance(100);
  const runs = runsOf(events).filter(({ routine }) => routine === "work");
  assertEquals(summarize(runs), {
    total: 4,
    completed: 3,
    failed: 1,
    successRate: 0.75,
    sumMs: 100,
    minMs: 10,
    maxMs: 40,
  });
});

test("C214 a flow's time is the sum of its routines' runs, not of their averages", async () => {
  const { flow, timers, events } = createWork([10, 40]);
  const job = flow.execute("source");
  await timers.advance(50);
  const runs = runsOf(events);
  assertEquals(new Set(runs.map(({ routine }) => routine)), new Set(["source", "work"]));
  assertEquals([summarize(runs).total, summarize(runs).sumMs, job.toJSON().ranMs], [3, 50, 50]);
});

test("C215 without a job there is nothing to add up", () => {
  const { events } = createWork([10]);
  assertEquals(events, []);
  assertEquals(summarize(runsOf(events)), {
    total: 0,
    completed: 0,
    failed: 0,
    successRate: 0,
    sumMs: 0,
    minMs: 0,
    maxMs: 0,
  });
});
