import { test } from "node:test";
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { type Context, ErrorHandler, Flow, Routine, SerializationError, StateError } from "../../mod.ts";
import { addFunction, FunctionRoutine, link } from "../support/function_routine.ts";
import { createTestFlow } from "../support/test_flow.ts";

class Silent extends Routine {
  readonly input = this.addSlot("input", this.take);
  readonly output = this.addEvent("output");
  take(): void {}
}

test("execute() runs no handler before it has returned, nor in the same turn", async () => {
  const { flow } = createTestFlow();
  const seen: string[] = [];
  const act = flow.addRoutine(new FunctionRoutine(() => void seen.push("handler")), "act");
  const job = flow.execute(act.trigger);
  seen.push(`returned ${job.status}`);
  await flow.waitForCompletion(job);
  assertEquals(seen, ["returned running", "handler"]);
});

test("C072 refuses an unknown entry with what is known, and makes no job", () => {
  const { flow, events } = createTestFlow();
  flow.addRoutine(new FunctionRoutine(() => {}), "act");
  const error = assertThrows(() => flow.execute("nobody"), TypeError, 'routine "nobody" not found in flow "flow"');
  assertStringIncludes(error.message, '"act"');
  assertEquals(events, []);
});

test("C161 C162 C163 C164 refuses an entry without a trigger slot, whatever the error handlers say", () => {
  for (const strategy of ["continue", "skip"] as const) {
    for (const isOwn of [true, false]) {
      const { flow, events } = createTestFlow(isOwn ? {} : { errorHandler: new ErrorHandler({ strategy }) });
      const silent = flow.addRoutine(new Silent(), "silent");
      if (isOwn) silent.setAsOptional(strategy);
      flow.connect(silent.output, addFunction(flow, "critical", () => {}).setAsCritical().trigger);
      assertThrows(() => flow.execute("silent"), TypeError, 'routine "silent" has no slot "trigger"; it has "input"');
      assertEquals(events, []);
    }
  }
});

test("C141 C145 refuses an entry slot or routine that is not in the flow", () => {
  const { flow, engine } = createTestFlow();
  flow.addRoutine(new FunctionRoutine(() => {}), "act");
  const other = new Flow({ id: "other", engine });
  const stranger = other.addRoutine(new FunctionRoutine(() => {}), "act");
  const loose = new FunctionRoutine(() => {});
  assertThrows(() => flow.execute(stranger.trigger), TypeError, "which is not in flow");
  assertThrows(() => flow.execute(loose.trigger), TypeError, "which is not in flow");
  assertThrows(() => flow.execute(stranger), TypeError, 'is not in flow "flow"');
  const job = flow.create("act");
  flow.resume(job);
  assertThrows(() => flow.deliver(job, stranger.trigger, {}), TypeError, "which is not in flow");
  assertEquals([job.pendingTasks.map(({ routine }) => routine), job.routineStates], [["act"], {}]);
});

test("refuses params that cannot travel, with the path, and nothing has started", async () => {
  const { flow, timers, events } = createTestFlow();
  const act = flow.addRoutine(new FunctionRoutine(() => {}), "act");
  const error = assertThrows(() => flow.execute(act.trigger, { a: [1, () => {}] }), SerializationError, "a function");
  assertEquals(error.path, "params.a[1]");
  await timers.flush();
  assertEquals([events, timers.size], [[], 0]);
});

test("refuses options out of range", () => {
  const { flow } = createTestFlow();
  const act = flow.addRoutine(new FunctionRoutine(() => {}), "act");
  assertThrows(() => flow.execute(act.trigger, {}, { timeoutMs: 0 }), RangeError, "timeoutMs must");
  assertThrows(() => flow.execute(act.trigger, {}, { timeoutMs: NaN }), RangeError, "timeoutMs must");
  assertThrows(
    () => flow.execute(act.trigger, {}, { strategy: "concurrent", maxWorkers: 0 }),
    RangeError,
    "maxWorkers",
  );
  assertThrows(() => flow.execute(act.trigger, {}, { maxWorkers: 2 }), RangeError, "a sequential flow has 1 worker");
  assertThrows(() => flow.execute(act.trigger, {}, { jobId: "" }), TypeError, "jobId");
});

test("create() refuses the same options, so that no job is made that cannot be resumed", () => {
  const { flow } = createTestFlow();
  const act = flow.addRoutine(new FunctionRoutine(() => {}), "act");
  assertThrows(() => flow.create(act.trigger, {}, { maxWorkers: 2 }), RangeError, "a sequential flow has 1 worker");
  assertThrows(() => flow.create(act.trigger, {}, { timeoutMs: -1 }), RangeError, "timeoutMs must");
  assertThrows(
    () => flow.create(act.trigger, {}, { strategy: "parallel" as "concurrent" }),
    TypeError,
    "Invalid execution strategy",
  );
});

test("an aborted signal makes no job", () => {
  const { flow, events } = createTestFlow();
  const act = flow.addRoutine(new FunctionRoutine(() => {}), "act");
  const signal = AbortSignal.abort(new Error("too late"));
  assertThrows(() => flow.execute(act.trigger, {}, { signal }), Error, "too late");
  assertEquals(events, []);
});

test("C076 hands the params over as a copy, and {} where there are none", async () => {
  const { flow } = createTestFlow();
  const seen: unknown[] = [];
  const act = flow.addRoutine(new FunctionRoutine((data) => void seen.push(data)), "act");
  const params = { n: 1, list: [1, 2] };
  const first = flow.execute(act, params);
  params.list.push(3);
  await flow.waitForCompletion(first);
  const second = await flow.run("act");
  assertEquals([first.status, second.status], ["completed", "completed"]);
  assertEquals(seen, [{ n: 1, list: [1, 2] }, {}]);
  assertEquals([params.list, Object.isFrozen(seen[0])], [[1, 2, 3], true]);
});

test("C073 C085 C088 C120 C400 a chain passes results on and completes without anybody waiting", async () => {
  const { flow, timers } = createTestFlow();
  const add = ({ n }: { n: number }, ctx: Context) => ctx.emit("output", { n: n + 1 });
  const first = addFunction(flow, "a", add);
  addFunction(flow, "b", add);
  addFunction(flow, "c", add);
  addFunction(flow, "last", ({ n }: { n: number }, ctx) => ctx.shared.set("n", n));
  link(flow, "a", "b");
  link(flow, "b", "c");
  link(flow, "c", "last");
  const job = flow.execute(first.trigger, { n: 1 });
  await timers.flush();
  assertEquals([job.status, job.sharedData.n, job.error], ["completed", 4, undefined]);
  assertEquals(Object.values(job.routineStates).map(({ status }) => status), Array(4).fill("completed"));
});

test("C091 C092 executions of one flow are jobs of their own", async () => {
  const { flow } = createTestFlow();
  const act = flow.addRoutine(new FunctionRoutine<{ n: number }>(({ n }, ctx) => ctx.shared.set("n", n)), "act");
  const jobs = [];
  for (const n of [1, 2, 3]) jobs.push(await flow.run(act.trigger, { n }));
  assertEquals(jobs.map(({ jobId }) => jobId), ["id-1", "id-2", "id-3"]);
  assertEquals(jobs.map(({ sharedData }) => sharedData.n), [1, 2, 3]);
  assertEquals(jobs.map(({ executionHistory }) => executionHistory.length), [1, 1, 1]);
  assertEquals("jobState" in flow, false);
});

test("C093 a timeout larger than needed changes nothing", async () => {
  const { flow } = createTestFlow();
  const act = flow.addRoutine(new FunctionRoutine(() => {}), "act");
  const job = await flow.run(act.trigger, {}, { timeoutMs: 10 });
  assertEquals(job.status, "completed");
});

test("C099 nothing runs before execute; an entry that emits nothing ends as completed", async () => {
  const { flow, timers } = createTestFlow();
  let runs = 0;
  const act = flow.addRoutine(new FunctionRoutine(() => void runs++), "act");
  await timers.flush();
  assertEquals(runs, 0);
  assertEquals([(await flow.run(act.trigger)).status, runs], ["completed", 1]);
});

test("create() makes a pending job that resume() starts", async () => {
  const { flow, timers } = createTestFlow();
  let runs = 0;
  const act = flow.addRoutine(new FunctionRoutine(() => void runs++), "act");
  const job = flow.create(act.trigger, {}, { jobId: "mine" });
  await timers.flush();
  assertEquals([job.jobId, job.status, runs, timers.size], ["mine", "pending", 0, 0]);
  assertEquals(flow.resume(job), job);
  assertEquals(job.status, "running");
  await timers.flush();
  assertEquals([job.status, runs], ["completed", 1]);
});

test("run() passes errors of execute on as rejections", async () => {
  const { flow } = createTestFlow();
  await assertRejects(() => flow.run("nobody"), TypeError, "not found");
});

test("rule 13: routines and structure are frozen from the first job on", async () => {
  const { flow } = createTestFlow();
  class Counter extends Routine {
    readonly trigger = this.addSlot("trigger", this.count);
    n = 0;
    count(): void {
      this.n++;
    }
  }
  const counter = flow.addRoutine(new Counter(), "counter");
  const job = await flow.run("counter");
  assertEquals([job.status, job.error?.name, counter.n], ["failed", "TypeError", 0]);
  assertThrows(() => flow.addRoutine(new Silent()), StateError, "has been executed and its structure is frozen");
  assertThrows(() => counter.addSlot("late", () => {}), StateError, "has been executed");
  assertThrows(() => counter.setConfig({ a: 1 }), StateError, "has been executed");
});
