import { test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Context, type FlowLimits, JobState, Routine, StateError, StepLimitError } from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { plainError } from "../support/plain_error.ts";

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
    assertEquals([job.status, runs, plainError(job)], ["failed", 10, {
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

test("C476 history, outputs and log keep the newest up to their limits, and count what was dropped", async () => {
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
  assertEquals(job.dropped, { executionHistory: 14, failures: 0, outputLog: 8, pausePoints: 0, sharedLog: 7 });
  assertEquals(job.toJSON().dropped, { executionHistory: 14, outputLog: 8, sharedLog: 7 });
});

test("C506 failures keep the newest up to their limit, and the document of a job that skips what is bad stays bounded", async () => {
  for (const strategy of ["skip", "continue"] as const) {
    const { flow } = createTestFlow({ limits: { failures: 20, history: 5 } });
    addSource(flow, "source", Array.from({ length: 100 }, (_, n) => n));
    addFunction(flow, "sink", (n) => {
      throw new Error(`bad row ${n}`);
    }).setAsOptional(strategy);
    link(flow, "source", "sink");
    const job = await flow.run("source");
    const { failures, dropped } = job;
    assertEquals([job.status, failures.length + dropped.failures], ["completed", 100]);
    assertEquals(failures.map(({ task }) => task.data), Array.from(failures, (_, n) => 100 - failures.length + n));
    assert(failures.length <= 20 && failures.length > 16, String(failures.length));
    assertEquals(JobState.fromText(job.toText(), flow.registry).toText(), job.toText());
  }
});

test("a redrive puts back the failures that were kept, and one of a job that has none left says where they have gone", async () => {
  const { flow, timers } = createTestFlow({ limits: { failures: 1 } });
  const seen: unknown[] = [];
  let isBroken = true;
  addSource(flow, "source", ["a", "b", "c"]);
  addFunction(flow, "sink", (item) => {
    if (isBroken) throw new Error("no");
    seen.push(item);
  }).setAsOptional("skip");
  link(flow, "source", "sink");
  const job = await flow.run("source");
  assertEquals([job.failures.length, job.dropped.failures], [1, 2]);
  isBroken = false;
  flow.resume(job, { redrive: true });
  await timers.flush();
  assertEquals([job.status, seen, job.dropped.failures], ["completed", ["c"], 2]);
  const error = assertThrows(() => flow.resume(job, { redrive: true }), StateError);
  assert(
    error.message.endsWith("it has none of its failures any more (limits.failures dropped 2), and nothing is pending"),
  );
});

test("the error that fails a job is kept, whatever was skipped before it", async () => {
  const { flow, timers } = createTestFlow({ limits: { failures: 1 } });
  let isBroken = true;
  addSource(flow, "source", ["a", "b"]);
  addFunction(flow, "sink", (item, ctx) => {
    if (item === "a") throw new Error("skipped");
    ctx.emit("output", item);
  }).setAsOptional("skip");
  addFunction(flow, "end", (item, ctx) => {
    if (isBroken) throw new Error("stopped");
    ctx.shared.set("end", item);
  });
  link(flow, "source", "sink");
  link(flow, "sink", "end");
  const job = await flow.run("source");
  assertEquals([job.status, job.failures.map(({ error }) => error.message)], ["failed", ["stopped"]]);
  isBroken = false;
  flow.resume(job, { redrive: true });
  await timers.flush();
  assertEquals([job.status, job.sharedData], ["completed", { end: "b" }]);
});

test("a failure that is dropped lets go of the items that its slot has kept for it", async () => {
  class Shelf extends Routine {
    readonly items = this.addSlot("items", this.take, { merge: "append" });
    readonly sweep = this.addSlot("sweep", this.clean);
    take(): void {
      throw new Error("no");
    }
    clean(_data: unknown, ctx: Context): void {
      ctx.clear("items");
    }
  }
  const { flow } = createTestFlow({ limits: { failures: 2 } });
  addSource(flow, "source", Array.from({ length: 10 }, (_, n) => ({ n })));
  flow.addRoutine(new Shelf(), "shelf").setAsOptional("skip");
  flow.connect("source", "output", "shelf", "items");
  flow.connect("source", "output", "shelf", "sweep");
  const job = await flow.run("source");
  assertEquals([job.failures.length, job.dropped.failures], [2, 8]);
  assertEquals(job.toJSON().slots, {
    shelf: { items: { lists: [{ cleared: 10, items: [8, 9], key: "n", start: 8 }] } },
  });
});

test("C506 marks of pauses keep the last thousand", async () => {
  const { flow, timers } = createTestFlow();
  addFunction(flow, "act", () => {});
  const made = flow.create("act");
  const pausePoints = Array.from({ length: 1_500 }, () => ({ at: made.createdAt, reason: "early" }));
  const job = JobState.fromJSON({ ...made.toJSON(), status: "paused", pausePoints }, flow.registry);
  flow.resume(job);
  await flow.pause(job, { reason: "last" });
  assertEquals([job.pausePoints.length, job.pausePoints.at(-1)?.reason, job.dropped.pausePoints], [1_000, "last", 501]);
  const copy = JobState.fromText(job.toText(), flow.registry);
  assertEquals([copy.toText(), copy.dropped.pausePoints], [job.toText(), 501]);
  flow.resume(copy);
  await timers.flush();
  assertEquals(copy.status, "completed");
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

/** A flow whose routine emits, logs and puts out texts of some lengths, and pauses with the twentieth. */
function createWriter(limits: Partial<FlowLimits>, lengths: readonly number[]) {
  const setup = createTestFlow({ limits });
  addSource(setup.flow, "source", lengths.map((length, n) => `${n}`.padStart(length)));
  addFunction(setup.flow, "writer", (text, ctx) => {
    ctx.emit("output", text);
    ctx.log({ text });
    ctx.output("text", text);
    if (Number(text) === 20) ctx.pause();
  });
  link(setup.flow, "source", "writer");
  return setup;
}

test("C476 history, outputs and log keep their newest entries up to a length, in memory and in the document", async () => {
  const { flow, timers } = createWriter({ keptLength: 10_000 }, Array.from({ length: 51 }, () => 900));
  const job = flow.execute("source");
  await timers.flush();
  assertEquals(job.status, "paused");
  const copy = JobState.fromText(job.toText(), flow.registry);
  assertEquals(copy.toText(), job.toText());
  flow.resume(job);
  await flow.waitForCompletion(job);
  const { executionHistory, outputLog, sharedLog, dropped } = job;
  assertEquals([outputLog.length, sharedLog.length, executionHistory.length], [10, 10, 18]);
  assertEquals([dropped.outputLog, dropped.sharedLog], [41, 41]);
  assertEquals(outputLog.map(({ data }) => Number(data)), [41, 42, 43, 44, 45, 46, 47, 48, 49, 50]);
  const text = job.toText();
  assert(text.length > 25_000 && text.length < 32_000, `${text.length}`);
  flow.resume(copy);
  await flow.waitForCompletion(copy);
  assertEquals(copy.toText(), text);
});

test("C476 the newest entry is kept however long it is, and makes room for the next", async () => {
  for (const [lengths, kept] of [[[5, 100_000], [100_000]], [[5, 100_000, 5, 5], [5, 5]]] as const) {
    const { flow } = createWriter({ keptLength: 1_000 }, lengths);
    const job = await flow.run("source");
    assertEquals(job.outputLog.map(({ data }) => String(data).length), [...kept]);
    assertEquals(job.dropped.outputLog, lengths.length - kept.length);
  }
});

test("a job of a large history that is resumed with a smaller limit drops the oldest, and says so", async () => {
  const lengths = Array.from({ length: 21 }, () => 900);
  const { flow, timers } = createWriter({}, lengths);
  const job = flow.execute("source");
  await timers.flush();
  const { flow: smaller } = createWriter({ keptLength: 3_000 }, lengths);
  const copy = JobState.fromText(job.toText(), smaller.registry);
  assertEquals(copy.outputLog.length, 21);
  smaller.resume(copy);
  await smaller.waitForCompletion(copy);
  assertEquals([copy.outputLog.length, copy.dropped.outputLog], [3, 18]);
});

test("the last id that a job can give is one below the greatest count, so that its document can still be read", async () => {
  const most = 2 ** 52;
  const { flow } = createTestFlow();
  const seen: unknown[] = [];
  addFunction(flow, "note", (n) => void seen.push(n));
  const document = { ...flow.create("note", {}).toJSON(), nextTaskId: most - 1, pendingTasks: [], status: "paused" };
  const job = JobState.fromJSON(document, flow.registry);
  flow.deliver(job, "note", "trigger", 1);
  const text = JSON.stringify(job);
  assertEquals([job.toJSON().nextTaskId, JSON.stringify(JobState.fromJSON(JSON.parse(text), flow.registry))], [
    most,
    text,
  ]);
  assertThrows(() => flow.deliver(job, "note", "trigger", 2), StepLimitError, `more than ${most - 1} tasks`);
  assertEquals(JSON.stringify(job), text);
  flow.resume(job);
  await flow.waitForCompletion(job);
  assertEquals([job.status, seen], ["completed", [1]]);
});
