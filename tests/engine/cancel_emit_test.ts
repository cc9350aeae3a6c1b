import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type Context, ErrorHandler, type JobState, Registry, Routine, StateError } from "../../mod.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { addFunction } from "../support/function_routine.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";

/** What a clock is told to do. */
interface Order {
  readonly set?: readonly string[];
  readonly cancel?: readonly string[];
  readonly delayMs?: number;
  /** What is more urgent than the rings. */
  readonly next?: Order;
}

/** A routine with a timer that is set and cancelled by key. */
class Clock extends Routine {
  readonly trigger = this.addSlot("trigger", this.obey);
  readonly ring = this.addTimer("ring", this.sound);
  readonly order = this.addTimer("order", this.obey);
  obey({ set = [], cancel = [], delayMs = 100, next }: Order, ctx: Context): void {
    for (const [index, key] of set.entries()) ctx.emit(this.ring, { key, index }, { delayMs, key });
    for (const key of cancel) ctx.cancelEmit(this.ring, key);
    if (next !== undefined) ctx.emit(this.order, next, { priority: "high" });
  }
  sound({ key, index }: { key: string; index: number }, ctx: Context): void {
    ctx.output(key, [index, ctx.now()]);
  }
}

function createClock() {
  const setup = createTestFlow({ registry: new Registry({ Clock }) });
  const clock = setup.flow.addRoutine(new Clock(), "clock");
  return { ...setup, clock };
}

const rung = (job: JobState) => job.outputLog.map(({ type, data }) => [type, data]);

test("C407 what is emitted with a key replaces what waits of that key, and of no other", async () => {
  const { flow, timers, clock } = createClock();
  const job = flow.execute(clock.trigger, { set: ["a", "b"] });
  await timers.advance(60);
  flow.deliver(job, clock.trigger, { set: ["a"] });
  await timers.advance(60);
  assertEquals(rung(job), [["b", [1, 100]]]);
  await timers.advance(40);
  assertEquals([job.status, rung(job)], ["completed", [["b", [1, 100]], ["a", [0, 160]]]]);
});

test("C407 within one step the last emission of a key counts, and one that is taken back leaves no trace", async () => {
  const { flow, timers, clock } = createClock();
  const job = flow.execute(clock.trigger, { set: ["a", "b", "a"], cancel: ["b", "c"] });
  await timers.advance(0);
  assertEquals(job.pendingTasks.map(({ id, emitKey, data }) => [id, emitKey, data]), [
    [2, "a", { key: "a", index: 2 }],
  ]);
  assertEquals(job.executionHistory.filter(({ type }) => type === "emit").length, 1);
  await timers.advance(100);
  assertEquals([job.status, rung(job)], ["completed", [["a", [2, 100]]]]);
});

test("C407 a job whose last waiting emission is taken back completes at once", async () => {
  const { flow, timers, clock } = createClock();
  const job = flow.execute(clock.trigger, { set: ["a", "b"] });
  await timers.advance(60);
  flow.deliver(job, clock.trigger, { cancel: ["a", "b"] });
  await timers.flush();
  assertEquals([job.status, rung(job), timers.size, timers.now()], ["completed", [], 0, 60]);
});

test("C407 what is due and has not begun is taken back as well, wherever it stands in the queue", async () => {
  for (const cancel of [["a"], ["b"], ["c"], ["a", "c"], ["b", "c"], ["c", "b", "a"]]) {
    const { flow, timers, clock } = createClock();
    const job = flow.execute(clock.trigger, { set: ["a", "b", "c"], delayMs: 0, next: { cancel } });
    await timers.flush();
    const left = ["a", "b", "c"].filter((name) => !cancel.includes(name));
    assertEquals([job.status, job.outputLog.map(({ type }) => type)], ["completed", left]);
  }
});

test("C407 a delivery that has failed and waits for a retry is taken back; one that has stored a step goes on", async () => {
  const { flow, timers } = createTestFlow();
  class Worker extends Routine {
    readonly trigger = this.addSlot("trigger", this.begin);
    readonly stop = this.addSlot("stop", this.cancel);
    readonly fails = this.addTimer("fails", this.fail);
    readonly steps = this.addTimer("steps", this.walk);
    begin(_data: unknown, ctx: Context): void {
      ctx.emit(this.fails, {}, { key: "x" });
      ctx.emit(this.steps, {}, { key: "x" });
    }
    fail(): void {
      throw new Error("once more");
    }
    *walk(_data: object, ctx: Context<number>): Generator<number, void, void> {
      const { progress = 0 } = ctx;
      if (progress === 0) yield 1;
      ctx.output("walked");
    }
    cancel(_data: unknown, ctx: Context): void {
      ctx.cancelEmit(this.fails, "x");
      ctx.cancelEmit("steps", "x");
    }
  }
  const worker = flow.addRoutine(new Worker(), "worker");
  worker.setErrorHandler(new ErrorHandler({ strategy: "retry", retryDelayMs: 100 }));
  const job = flow.execute(worker.trigger);
  let isStopped = false;
  await flow.waitUntil(job, () => {
    const walking = job.pendingTasks.find(({ slot }) => slot === "steps");
    if (walking?.step === 1 && !isStopped) {
      isStopped = true;
      flow.deliver(job, worker.stop, {});
    }
    return false;
  });
  await timers.flush();
  assertEquals([job.status, job.outputLog.map(({ type }) => type), job.failures, timers.size], [
    "completed",
    ["walked"],
    [],
    0,
  ]);
});

test("C407 a handler that runs is not taken back, and cannot take back itself", async () => {
  const handlers = new WaitingHandlers();
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 2 });
  class Worker extends Routine {
    readonly trigger = this.addSlot("trigger", this.begin);
    readonly stop = this.addSlot("stop", this.cancel);
    readonly slow = this.addTimer("slow", this.work);
    begin(_data: unknown, ctx: Context): void {
      ctx.emit(this.slow, { n: 1 }, { key: "x" });
    }
    async work({ n }: { n: number }, ctx: Context): Promise<void> {
      await handlers.wait(`work ${n}`);
      ctx.cancelEmit(this.slow, "x");
      if (n === 1) ctx.emit(this.slow, { n: 2 }, { key: "x" });
      ctx.output("worked", n);
    }
    cancel(_data: unknown, ctx: Context): void {
      ctx.cancelEmit(this.slow, "x");
    }
  }
  const worker = flow.addRoutine(new Worker(), "worker");
  const job = flow.execute(worker.trigger);
  await timers.flush();
  flow.deliver(job, worker.stop, {});
  await timers.flush();
  handlers.release("work 1");
  await timers.flush();
  handlers.release("work 2");
  await timers.flush();
  assertEquals([job.status, job.outputLog.map(({ data }) => data)], ["completed", [1, 2]]);
});

test("C407 keys and events are checked, and the context is closed afterwards", async () => {
  const { flow } = createTestFlow();
  let kept: Context | undefined;
  const act = addFunction(flow, "act", (_data, ctx) => {
    kept = ctx;
    assertThrows(
      () => ctx.cancelEmit("output", ""),
      TypeError,
      'Cannot take back "output" of routine "act": the key must',
    );
    assertThrows(
      () => ctx.emit("output", 1, { key: "" }),
      TypeError,
      'Cannot emit "output" of routine "act": the key must',
    );
    assertThrows(() => ctx.cancelEmit("nothing", "x"), TypeError, 'has no such event; it has "output"');
    ctx.cancelEmit("output", "never emitted");
  });
  const job = await flow.run(act.trigger);
  assertEquals([job.status, job.toJSON().executionHistory?.length], ["completed", 1]);
  assertThrows(() => kept?.cancelEmit("output", "x"), StateError, "its handler has returned");
});

test("an emission that is replaced again and again leaves nothing behind that waits for its time", async () => {
  const { flow, timers } = createTestFlow();
  class Watch extends Routine {
    readonly trigger = this.addSlot("trigger", this.reset);
    readonly again = this.addTimer("again", this.reset);
    readonly ring = this.addTimer("ring", this.sound);
    reset({ n }: { n: number }, ctx: Context): void {
      ctx.emit(this.ring, { n }, { delayMs: 1_000, key: "ring" });
      if (n > 0) ctx.emit(this.again, { n: n - 1 });
    }
    sound({ n }: { n: number }, ctx: Context): void {
      ctx.output("rang", [n, ctx.now()]);
    }
  }
  const watch = flow.addRoutine(new Watch(), "watch");
  const job = flow.execute(watch.trigger, { n: 500 });
  await timers.advance(999);
  assertEquals(job.pendingTasks.length, 1);
  await timers.advance(1);
  assertEquals([job.status, job.outputLog.map(({ data }) => data)], ["completed", [[0, 1_000]]]);
});

test("a delivery that starts over with other data keeps its key", async () => {
  class Siren extends Clock {
    override sound(): void {
      throw new Error("silent");
    }
  }
  const { flow, timers } = createTestFlow({ registry: new Registry({ Siren }) });
  const siren = flow.addRoutine(new Siren(), "siren");
  const job = flow.execute(siren.trigger, { set: ["a"] });
  await timers.advance(100);
  for (const redrive of [true, [{ taskId: 2, data: { key: "a", index: 1 } }]] as const) {
    assertEquals([job.status, job.failures.length], ["failed", 1]);
    flow.resume(job, { redrive });
    await flow.pause(job);
    assertEquals(job.pendingTasks.map(({ emitKey }) => emitKey), ["a"]);
    flow.resume(job);
    await flow.waitForCompletion(job);
  }
});

test("C477 a delivery from outside that is ready goes before a reminder that is due, and may take it back", async () => {
  const { flow, timers, clock } = createClock();
  const job = flow.execute(clock.trigger, { set: ["a", "b"] });
  await timers.advance(50);
  await flow.pause(job);
  flow.deliver(job, clock.trigger, { cancel: ["a"] });
  await timers.advance(100);
  flow.resume(job);
  await timers.advance(0);
  assertEquals([job.status, rung(job)], ["completed", [["b", [1, 150]]]]);
});

test("a reminder goes before a generator from outside that is parked, and by its priority", async () => {
  const timers = manualTimers();
  class Office extends Routine {
    readonly trigger = this.addSlot("trigger", this.work);
    readonly urgent = this.addTimer("urgent", this.note);
    readonly usual = this.addTimer("usual", this.note);
    async *work(_data: unknown, ctx: Context): AsyncGenerator<unknown, void> {
      ctx.emit(this.usual, "usual", { delayMs: 10, key: "usual" });
      ctx.emit(this.usual, "last", { delayMs: 10, key: "last", priority: "last" });
      ctx.emit(this.usual, "low", { delayMs: 10, key: "low", priority: "low" });
      ctx.emit(this.urgent, "urgent", { delayMs: 10, key: "urgent", priority: "high" });
      while (ctx.shared.get("urgent") !== true) {
        await new Promise<void>((resolve) => timers.after(1, resolve));
        yield;
      }
    }
    note(name: string, ctx: Context): void {
      ctx.output(name);
      ctx.shared.set(name, true);
    }
  }
  const { flow } = createTestFlow({ registry: new Registry({ Office }) }, { timers });
  const job = flow.execute(flow.addRoutine(new Office(), "office"));
  await timers.advance(20);
  assertEquals([job.status, job.outputLog.map(({ type }) => type)], ["completed", ["urgent", "usual", "low", "last"]]);
});
