import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { type EngineEvent, ErrorHandler, type JobOutput, SerializationError } from "../../mod.ts";
import { addFunction, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createTestFlow } from "../support/test_flow.ts";

test("C390 C391 outputs go to onOutput and to the log, those of the entry too, once they are committed", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  const seen: JobOutput[] = [];
  addFunction(flow, "entry", async (_data, ctx) => {
    ctx.output("progress", { percent: 50 });
    await handlers.wait("entry");
    ctx.output("done");
    ctx.emit("output", {});
  });
  addFunction(flow, "next", (_data, ctx) => ctx.output("progress", { percent: 100 }));
  link(flow, "entry", "next");
  const job = flow.execute("entry", {}, { onOutput: (output) => void seen.push(output) });
  await timers.advance(5);
  assertEquals([seen, job.outputLog], [[], []]);
  handlers.release("entry");
  await timers.flush();
  const expected = [
    { at: "1970-01-01T00:00:00.000Z", data: { percent: 50 }, routine: "entry", type: "progress" },
    { at: "1970-01-01T00:00:00.005Z", routine: "entry", type: "done" },
    { at: "1970-01-01T00:00:00.005Z", data: { percent: 100 }, routine: "next", type: "progress" },
  ];
  assertEquals([seen, job.outputLog], [expected, expected]);
});

test("resume takes listeners of its own: what was put out before is in the log only", async () => {
  const { flow, timers } = createTestFlow();
  addFunction(flow, "act", function* (_data, ctx) {
    for (let n = Number(ctx.progress ?? 0); n < 3; n++) {
      ctx.output("n", n);
      ctx.report(`report ${n}`);
      if (n === 1) ctx.pause();
      yield n + 1;
    }
  });
  const seen: unknown[] = [];
  const listen = (name: string) => ({
    onOutput: ({ data }: JobOutput) => void seen.push(`${name} ${data}`),
    onReport: (data: unknown) => void seen.push(`${name} ${data}`),
  });
  const job = flow.execute("act", {}, listen("first"));
  await timers.flush();
  assertEquals(seen.splice(0), ["first report 0", "first 0", "first report 1", "first 1"]);
  flow.resume(job, listen("second"));
  await timers.flush();
  assertEquals([seen, job.outputLog.map(({ data }) => data)], [["second report 2", "second 2"], [0, 1, 2]]);
});

test("outputs of a checkpoint and of each yield come at once; those of a failed attempt never", async () => {
  const { flow, timers } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "continue" }) });
  const handlers = new WaitingHandlers();
  const seen: unknown[] = [];
  addFunction(flow, "steps", async (_data, ctx) => {
    ctx.output("step", 1);
    await ctx.checkpoint();
    ctx.output("step", 2);
    await handlers.wait("steps");
    throw new Error("lost");
  });
  addFunction(flow, "yields", function* (_data, ctx) {
    for (const n of [1, 2]) {
      ctx.output("yield", n);
      yield n;
      assertEquals(seen.at(-1), `yield ${n}`);
    }
  });
  const onOutput = ({ type, data }: JobOutput) => void seen.push(`${type} ${data}`);
  const job = flow.execute("steps", {}, { onOutput });
  await timers.flush();
  assertEquals(seen.splice(0), ["step 1"]);
  handlers.release("steps");
  await timers.flush();
  assertEquals([job.status, seen.splice(0), job.outputLog.length], ["completed", [], 1]);
  const other = flow.execute("yields", {}, { onOutput });
  await timers.flush();
  assertEquals([other.status, other.error, seen], ["completed", undefined, ["yield 1", "yield 2"]]);
});

test("C390 an onOutput that throws does not fail the job and is told to the observer", async () => {
  const { flow, events } = createTestFlow();
  const thrown = new Error("no console");
  addFunction(flow, "act", (_data, ctx) => {
    ctx.output("a", 1);
    ctx.output("a", 2);
  });
  const job = await flow.run("act", {}, {
    onOutput: () => {
      throw thrown;
    },
  });
  assertEquals([job.status, job.outputLog.map(({ data }) => data)], ["completed", [1, 2]]);
  const told: EngineEvent = {
    type: "callback_error",
    callback: "onOutput",
    error: thrown,
    jobId: "id-1",
    flowId: "flow",
    at: 0,
  };
  assertEquals(events.filter(({ type }) => type === "callback_error"), [told, told]);
});

test("onOutput may cancel the job: the outputs of that commit stay, and nothing more runs", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "act", (_data, ctx) => {
    ctx.output("a");
    ctx.output("b");
    ctx.emit("output", {});
  });
  addFunction(flow, "next", (_data, ctx) => ctx.output("c"));
  link(flow, "act", "next");
  const seen: string[] = [];
  const job = flow.execute("act", {}, {
    onOutput: ({ type }) => {
      seen.push(type);
      if (type === "a") flow.cancel(job);
    },
  });
  await flow.waitForCompletion(job);
  assertEquals([job.status, job.outputLog.map(({ type }) => type), job.pendingTasks.length], [
    "cancelled",
    ["a", "b"],
    1,
  ]);
  assertEquals(seen.includes("c"), false);
});

test("output() refuses types that are no names and data that cannot travel", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "act", (_data, ctx) => {
    assertThrows(() => ctx.output(""), TypeError, "type");
    const error = assertThrows(() => ctx.output("kind", { list: [Symbol("s")] }), SerializationError);
    assertEquals(error.path, "data.list[0]");
  });
  const job = await flow.run("act");
  assertEquals([job.error, job.outputLog], [undefined, []]);
});
