import { test } from "node:test";
import { assertEquals, assertExists, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { type Context, PausedError, Routine, StateError } from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createTestFlow } from "../support/test_flow.ts";

/** Every call that changes something, by name. */
const CALLS: readonly [name: string, call: (ctx: Context) => unknown][] = [
  ['emit "output"', (ctx) => ctx.emit("output", {})],
  ['defer "output"', (ctx) => ctx.defer("output", {})],
  ['shared.set("k")', (ctx) => ctx.shared.set("k", 1)],
  ['shared.update("k")', (ctx) => ctx.shared.update("k", () => 1)],
  ['state.set("k")', (ctx) => ctx.state.set("k", 1)],
  ['state.update("k")', (ctx) => ctx.state.update("k", () => 1)],
  ["log", (ctx) => ctx.log({ a: 1 })],
  ["output", (ctx) => ctx.output("kind", 1)],
  ["set the result", (ctx) => ctx.result(1)],
  ["report", (ctx) => ctx.report(1)],
  ["pause", (ctx) => ctx.pause()],
  ["expect a delivery", (ctx) => ctx.expect("trigger")],
  ['clear slot "trigger"', (ctx) => ctx.clear("trigger")],
];

test("C393 after the handler has returned every call is a StateError that says so, and changes nothing", async () => {
  const { flow, timers } = createTestFlow();
  const stolen: Context[] = [];
  addSource(flow, "first", [{}]);
  addFunction(flow, "act", (_data, ctx) => void stolen.push(ctx));
  addFunction(flow, "sink", () => {});
  link(flow, "first", "act");
  link(flow, "act", "sink");
  const job = await flow.run("first");
  const before = JSON.stringify(job);
  const [ctx] = stolen;
  assertExists(ctx);
  for (const [name, call] of CALLS) {
    const error = assertThrows(() => call(ctx), StateError);
    const why = "its handler has returned; await what it starts before it returns";
    assertEquals(error.message, `Cannot ${name} in routine "act": ${why}`);
  }
  const error = await assertRejects(() => ctx.checkpoint(1), StateError, "Cannot checkpoint");
  assertEquals([error.code, error.status], ["STATE", "closed"]);
  await timers.flush();
  assertEquals([JSON.stringify(job), ctx.jobId, ctx.routineId, ctx.slotName], [before, job.jobId, "act", "trigger"]);
});

test("an async handler that does not await what it starts is told at the late call", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  const errors: unknown[] = [];
  addFunction(flow, "act", (_data, ctx) => {
    void handlers.wait("forgotten").then(() => ctx.emit("output", {})).catch((error) => errors.push(error));
  });
  const job = await flow.run("act");
  handlers.release("forgotten");
  await timers.flush();
  assertInstanceOf(errors[0], StateError);
  assertEquals([job.status, job.history().map(({ type }) => type)], ["completed", ["start"]]);
});

test("after the handler has thrown its context is closed as well", async () => {
  const { flow } = createTestFlow();
  const stolen: Context[] = [];
  addFunction(flow, "sync", (_data, ctx) => {
    stolen.push(ctx);
    throw new Error("boom");
  }).setAsOptional();
  addFunction(flow, "async", async (_data, ctx) => {
    stolen.push(ctx);
    await Promise.reject(new Error("boom"));
  }).setAsOptional();
  for (const id of ["sync", "async"]) {
    const job = await flow.run(id);
    const before = JSON.stringify(job);
    assertThrows(() => stolen.at(-1)?.emit("output", {}), StateError, "its handler has returned");
    assertEquals([job.status, JSON.stringify(job)], ["completed", before]);
  }
});

test("after an abort every call is a StateError that names the abort; checkpoint rejects with the reason", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  const seen: unknown[] = [];
  addFunction(flow, "act", async (_data, ctx) => {
    ctx.shared.set("before", 1);
    await handlers.wait("act");
    for (const [name, call] of CALLS) {
      const error = assertThrows(
        () => call(ctx),
        StateError,
        `Cannot ${name} in routine "act": its handler was aborted`,
      );
      seen.push(error.code);
    }
    await ctx.checkpoint(1).catch((error) => seen.push(error));
    seen.push(ctx.signal.aborted);
  });
  const job = flow.execute("act");
  await timers.flush();
  await flow.pause(job, { graceMs: 0 });
  handlers.release("act");
  await timers.flush();
  assertEquals(seen.length, CALLS.length + 2);
  assertInstanceOf(seen.at(-2), PausedError);
  assertEquals([seen.at(-1), job.status, job.sharedData, job.pendingTasks[0]?.active], [true, "paused", {}, true]);
});

test("a signal that is first asked for after the abort is aborted already", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  const seen: unknown[] = [];
  addFunction(flow, "act", async (_data, ctx) => {
    await handlers.wait("act");
    seen.push(ctx.signal.aborted, ctx.signal.reason);
  });
  const job = flow.execute("act");
  await timers.flush();
  flow.cancel(job, { reason: "over" });
  handlers.release("act");
  await timers.flush();
  assertEquals([seen[0], String(seen[1])], [true, "CancelledError: The job was cancelled: over"]);
});

test("the signal of a handler that has returned is not aborted by what comes later", async () => {
  for (const status of ["paused", "cancelled"] as const) {
    const { flow, timers } = createTestFlow();
    const handlers = new WaitingHandlers();
    const signals: AbortSignal[] = [];
    addSource(flow, "source", [{}]);
    addFunction(flow, "sync", (_data, ctx) => void signals.push(ctx.signal));
    addFunction(flow, "async", async (_data, ctx) => {
      signals.push(ctx.signal);
      await Promise.resolve();
    });
    addFunction(flow, "generator", function* (_data, ctx) {
      signals.push(ctx.signal);
      yield 1;
    });
    addFunction(flow, "throws", (_data, ctx) => {
      signals.push(ctx.signal);
      throw new Error("boom");
    }).setAsOptional();
    addFunction(flow, "generator throws", function* (_data, ctx) {
      signals.push(ctx.signal);
      yield 1;
      throw new Error("boom");
    }).setAsOptional();
    addFunction(flow, "last", async (_data, ctx) => {
      signals.push(ctx.signal);
      await handlers.wait("last");
    });
    link(flow, "source", "sync", "async", "throws", "generator", "generator throws", "last");
    const job = flow.execute("source");
    await timers.flush();
    if (status === "paused") await flow.pause(job, { graceMs: 0 });
    else flow.cancel(job);
    assertEquals([job.status, signals.map(({ aborted }) => aborted)], [status, [...Array(5).fill(false), true]]);
  }
});

test("a handler may emit only events of its own routine, by object or by name", async () => {
  class Other extends Routine {
    readonly trigger = this.addSlot("trigger", this.run);
    readonly output = this.addEvent<{ n: number }>("output");
    readonly special = this.addEvent<{ n: number }>("special");
    run(): void {}
  }
  const { flow } = createTestFlow();
  const other = flow.addRoutine(new Other(), "other");
  const seen: unknown[] = [];
  addFunction(flow, "act", (_data, ctx) => {
    for (const call of ["emit", "defer"] as const) {
      assertThrows(
        () => ctx[call](other.special, { n: 1 }),
        TypeError,
        `Cannot ${call} "special" in routine "act": the event belongs to another routine; ${call} one of its own: "output"`,
      );
      assertThrows(() => ctx[call](other.output, { n: 1 }), TypeError, "belongs to another routine");
      assertThrows(
        () => ctx[call]("special", { n: 1 }),
        TypeError,
        `Cannot ${call} "special": routine "act" has no such event; it has "output"`,
      );
      assertThrows(() => ctx[call](undefined as unknown as string, {}), TypeError, "expected an event of routine");
    }
    assertThrows(() => ctx.expect(other.trigger), TypeError, 'slot "trigger" belongs to another routine');
  });
  const sink = addFunction(flow, "sink", (data) => void seen.push(data));
  flow.connect(other.special, sink.trigger);
  const job = await flow.run("act");
  assertEquals([job.error, seen, job.history().map(({ type }) => type)], [undefined, [], ["start"]]);
});

test("a closed context still tells the key of its last step", async () => {
  const { flow } = createTestFlow();
  const stolen: Context[] = [];
  const keys: string[] = [];
  addFunction(flow, "act", async (_data, ctx) => {
    stolen.push(ctx);
    for (let step = 0; step < 3; step++) {
      keys.push(ctx.idempotencyKey);
      if (step < 2) await ctx.checkpoint(step);
    }
  });
  await flow.run("act", {}, { jobId: "job" });
  assertEquals(keys, ["job/1/0", "job/1/1", "job/1/2"]);
  assertEquals(stolen[0]?.idempotencyKey, "job/1/2");
});
