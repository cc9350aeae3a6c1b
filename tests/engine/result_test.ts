import { test } from "node:test";
import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import * as v from "valibot";
import {
  CancelledError,
  type Context,
  Engine,
  ErrorHandler,
  Flow,
  JobFailedError,
  JobState,
  PreflightError,
  Registry,
  type ResultContext,
  Routine,
  type Slot,
  StateError,
  TimeoutError,
} from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { assertType } from "../support/assert_type.ts";
import { addFunction } from "../support/function_routine.ts";
import { lateStore } from "../support/late_store.ts";
import { createTestFlow } from "../support/test_flow.ts";

const Invoice = v.object({ total: v.number() });
type Invoice = v.InferOutput<typeof Invoice>;

class Bill extends Routine {
  readonly trigger: Slot<{ total?: unknown }> = this.addSlot("trigger", this.add);
  readonly paid: Slot<{ total: number }> = this.addSlot("paid", this.settle);
  add({ total }: { total?: unknown }, ctx: Context): void {
    if (total === "wait") ctx.expect(this.paid);
    else if (total !== undefined) ctx.result({ total });
  }
  settle({ total }: { total: number }, ctx: ResultContext<Invoice>): void {
    ctx.result({ total });
  }
}

test("C416 a handler sets the job's result: it is in the job, its document, and the job that is read from it", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "source", (_params, ctx) => {
    ctx.result("early");
    ctx.result({ at: new Date(0), sum: 1n });
  });
  const job = await flow.run("source");
  const expected = { at: new Date(0), sum: 1n };
  assertEquals([job.status, job.result, await flow.result(job)], ["completed", expected, expected]);
  const copy = JobState.fromJSON(JSON.parse(JSON.stringify(job)), new Registry());
  assertEquals([copy.result, copy.toText()], [expected, job.toText()]);
});

test("C416 the result of a handler that fails is dropped with its other effects; the last commit wins", async () => {
  const { flow, timers } = createTestFlow({
    errorHandler: new ErrorHandler({ strategy: "retry", retryDelayMs: 5 }),
  });
  addFunction(flow, "source", async (_params, ctx) => {
    ctx.result(ctx.attempt);
    if (ctx.attempt === 0) throw new Error("once");
    await ctx.checkpoint();
    ctx.result(null);
  });
  const job = flow.execute("source");
  await timers.flush();
  assertEquals(job.result, undefined);
  await timers.advance(5);
  assertEquals([job.status, job.result], ["completed", null]);
});

test("C417 a flow's schema types the result and checks it where a handler sets it", async () => {
  const flow = new Flow({ id: "bill", result: Invoice, engine: createTestFlow().engine });
  const bill = flow.addRoutine(new Bill(), "bill");
  const job = await flow.run(bill.trigger, { total: 12 });
  assertType<Invoice | undefined>()(job.result);
  assertType<Invoice>()(await flow.result(job));
  assertEquals(await flow.result(job), { total: 12 });
  const wrong = await flow.run(bill.trigger, { total: "a lot" });
  assertEquals([wrong.status, wrong.error?.name, wrong.error?.message], [
    "failed",
    "SchemaError",
    'Cannot set the result from routine "bill": the result does not fit its schema: total: Invalid type: Expected number but received "a lot"',
  ]);
});

test("C417 the compiler checks what a ResultContext is given", () => {
  const set = (ctx: ResultContext<Invoice>): void => {
    ctx.result({ total: 1 });
    // @ts-expect-error: Type 'string' is not assignable to type 'number'.
    ctx.result({ total: "1" });
  };
  assertType<(ctx: ResultContext<Invoice>) => void>()(set);
  assertThrows(() => new Flow({ result: {} as never }), TypeError, "result must follow Standard Schema");
});

test("C417 a job that would complete without the result that its flow promises fails", async () => {
  const { engine } = createTestFlow();
  const flow = new Flow({ id: "bill", result: Invoice, engine });
  const bill = flow.addRoutine(new Bill(), "bill");
  const job = await flow.run(bill.trigger, {});
  assertEquals([job.status, job.error?.message, job.error?.taskId], [
    "failed",
    'The result of job "id-1" does not fit its schema: no handler has called ctx.result(value)',
    undefined,
  ]);
  const error = await assertRejects(() => flow.result(job), JobFailedError);
  assertEquals([error.jobId, error.routineId, error.taskId, error.attempts], ["id-1", undefined, undefined, undefined]);
});

test("C417 a job that failed for want of a result is not redriven, but forked at a revision before its end", async () => {
  let isMended = false;
  class Sum extends Routine {
    readonly trigger = this.addSlot("trigger", this.add);
    add(_params: unknown, ctx: Context): void {
      if (isMended) ctx.result({ total: 1 });
    }
  }
  const registry = new Registry({ Sum, Invoice });
  const engine = new Engine({ timers: manualTimers(), ids: manualIds(), registry, store: memoryStore() });
  const flow = new Flow({ id: "sum", result: Invoice, engine, registry });
  const job = await flow.run(flow.addRoutine(new Sum(), "sum"), {}, { jobId: "sum" });
  assertThrows(() => flow.resume(job, { redrive: true }), StateError, "a redrive repeats none of them; engine.fork()");
  const refusal = await assertRejects(() => engine.handle("sum").redrive(), StateError);
  assertEquals([refusal.status, (await engine.handle("sum").read()).status], ["failed", "failed"]);

  isMended = true;
  const begun = (await Array.fromAsync(engine.history("sum"))).find(({ job }) => job.pendingTasks.length > 0);
  const fork = await engine.fork("sum", begun?.revision ?? 0);
  assertEquals(await fork.flow.result(fork.job), { total: 1 });
  await engine.close();
});

test("C417 undefined is no result", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "source", (_params, ctx) => ctx.result(undefined));
  const job = await flow.run("source");
  assertEquals(
    job.error?.message,
    'Cannot set the result from routine "source": it is undefined; null stands for nothing',
  );
});

test("C418 the schema travels by its name in the registry", async () => {
  const { engine } = createTestFlow();
  const registry = new Registry({ Bill, Invoice });
  const flow = new Flow({ id: "bill", result: Invoice, registry, engine });
  flow.addRoutine(new Bill(), "bill");
  assertEquals(flow.toJSON().result, "Invoice");
  const copy = Flow.fromJSON(JSON.parse(JSON.stringify(flow)), registry, { engine });
  const job = await copy.run("bill", { total: "a lot" });
  assertEquals([job.status, copy.toJSON()], ["failed", flow.toJSON()]);
  const error = assertThrows(() => Flow.fromJSON(flow.toJSON(), new Registry({ Bill })), PreflightError);
  assertEquals(error.findings, [
    { code: "unknown_schema", path: "result", message: "schema 'Invoice' not found in registry" },
  ]);
  const unnamed = new Flow({ id: "bill", result: Invoice, registry: new Registry({ Bill }), engine });
  assertThrows(
    () => unnamed.toJSON(),
    TypeError,
    'Cannot serialize flow "bill": the schema of its result is not registered; write new Registry({ MyResult: schema })',
  );
});

test("C419 the result of a failed job throws, and says where it failed", async () => {
  const { flow, timers } = createTestFlow({
    errorHandler: new ErrorHandler({ strategy: "retry", maxRetries: 2, retryDelayMs: 0 }),
  });
  addFunction(flow, "charge", () => {
    throw Object.assign(new RangeError("declined", { cause: { sku: "a" } }), { code: "CARD", amount: 3 });
  });
  const job = flow.execute("charge");
  const result = assertRejects(() => flow.result(job), JobFailedError);
  await timers.flush();
  const error = await result;
  const { name, code, jobId, routineId, slotName, taskId, attempts, message, cause } = error;
  assertEquals({ name, code, jobId, routineId, slotName, taskId, attempts, message }, {
    name: "JobFailedError",
    code: "JOB_FAILED",
    jobId: "id-1",
    routineId: "charge",
    slotName: "trigger",
    taskId: 1,
    attempts: 3,
    message: 'Job "id-1" failed in slot "trigger" of routine "charge" (task 1, attempt 3): declined',
  });
  assertInstanceOf(cause, RangeError);
  assertEquals([cause.message, Reflect.get(cause, "code"), Reflect.get(cause, "amount")], ["declined", "CARD", 3]);
  const { routineId: routine, attempts: tried } = job.error ?? {};
  assertEquals([routine, tried, JobState.fromText(job.toText(), flow.registry).error], ["charge", 3, job.error]);
});

test("C419 a failure that the job went on after is not the place of what failed it", async () => {
  const { flow, timers } = createTestFlow({ executionTimeoutMs: 10 });
  flow.setErrorHandler(new ErrorHandler({ strategy: "continue" }));
  addFunction(flow, "first", (_params, ctx) => {
    ctx.emit("output", 1);
    throw new Error("no matter");
  });
  addFunction(flow, "second", () => new Promise<void>(() => {}));
  const job = flow.execute("second");
  flow.deliver(job, "first", "trigger", 1);
  await timers.advance(10);
  assertEquals([job.status, job.error?.name, job.error?.routineId], ["failed", "TimeoutError", undefined]);
});

test("C420 the result of a cancelled job, of one at rest, and a wait that takes too long", async () => {
  const { flow, timers } = createTestFlow();
  addFunction(flow, "source", () => new Promise<void>(() => {}));
  const job = flow.execute("source");
  const late = flow.result(job, { timeoutMs: 5 });
  const caught = assertRejects(() => late, TimeoutError, 'Job "id-1" took longer than 5 ms');
  await timers.advance(5);
  await caught;
  await assertRejects(() => flow.result(job, { signal: AbortSignal.abort(new Error("enough")) }), Error, "enough");
  await Promise.all([flow.pause(job), timers.advance(1_000)]);
  await assertRejects(
    () => flow.result(job),
    StateError,
    'Cannot get the result of job "id-1" in status "paused": resume it',
  );
  flow.resume(job);
  for (const reason of ["not needed", undefined]) {
    const other = flow.execute("source");
    flow.cancel(other, reason === undefined ? {} : { reason });
    const error = await assertRejects(() => flow.result(other), CancelledError);
    assertEquals([error.reason, error.message], [reason, other.error?.message]);
  }
});

for (const [name, createStore] of Object.entries({ "at once": memoryStore, later: lateStore })) {
  test("C421 a handle gives the result wherever the job works, with a store that answers " + name, async () => {
    const store = createStore();
    const timers = manualTimers();
    const registry = new Registry({ Bill, Invoice });
    const engineOf = (id: string) => new Engine({ timers, ids: manualIds(id), registry, store });
    const [web, worker] = [engineOf("web"), engineOf("worker")];
    const flow = new Flow({ id: "bill", result: Invoice, registry, engine: web });
    const bill = flow.addRoutine(new Bill(), "bill");
    const waiting = await flow.start(bill.trigger, { total: "wait" });
    const failing = await flow.start(bill.trigger, {});
    const results = Promise.allSettled([waiting.result(), failing.result(), waiting.result({ timeoutMs: 1 })]);
    worker.work();
    await timers.advance(2_000);
    await web.handle(waiting.jobId).deliver({ routine: "bill", slot: "paid" }, { total: 7 });
    await timers.advance(5_000);
    const [paid, unpaid, late] = await results;
    assertEquals(paid, { status: "fulfilled", value: { total: 7 } });
    assertType<Promise<Invoice>>()(waiting.result());
    assertInstanceOf(unpaid.status === "rejected" && unpaid.reason, JobFailedError);
    assertInstanceOf(late.status === "rejected" && late.reason, TimeoutError);
    assertEquals((await web.handle<Invoice>(waiting.jobId).read()).result?.total, 7);
    await Promise.all([worker.close(), timers.advance(10_000)]);
  });
}

test("C420 who waits for the result of a job waits on when it was resumed as soon as it had come to rest", async () => {
  const rest = (data: unknown, ctx: Context) => {
    if (data !== "again") {
      ctx.pause();
      ctx.emit("output", "again");
    } else ctx.emit("output", "more", { delayMs: 1_000 });
  };
  const build = () => {
    const made = createTestFlow();
    addFunction(made.flow, "rests", rest);
    addFunction(made.flow, "ends", (data, ctx) => data === "more" ? ctx.result(5) : rest(data, ctx));
    made.flow.connect("rests", "output", "ends", "trigger");
    made.flow.connect("ends", "output", "ends", "trigger");
    const job = made.flow.execute("rests");
    void made.flow.waitForCompletion(job).then(() => made.flow.resume(job));
    return { ...made, job };
  };
  const patient = build();
  const result = patient.flow.result(patient.job);
  await patient.timers.advance(1_000);
  assertEquals(await result, 5);
  const hasty = build();
  const late = assertRejects(() => hasty.flow.result(hasty.job, { timeoutMs: 500 }), TimeoutError, "500 ms");
  await hasty.timers.advance(500);
  await late;
});
