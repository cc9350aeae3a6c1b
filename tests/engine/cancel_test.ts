import { test } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { CancelledError, FencedError, Flow, JobState, Registry, Routine, StateError, StoreError } from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { createCountedSignal } from "../support/counted_signal.ts";
import { heldStore } from "../support/held_store.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createTestFlow } from "../support/test_flow.ts";

const cancelled = (reason?: string) => ({
  code: "CANCELLED",
  message: reason === undefined ? "The job was cancelled" : `The job was cancelled: ${reason}`,
  name: "CancelledError",
});

test("C240 cancel with a job of another flow fails: does not match", async () => {
  const { flow, engine } = createTestFlow();
  const other = new Flow({ id: "other", engine });
  addFunction(other, "act", () => {});
  const job = other.execute("act");
  assertThrows(() => flow.cancel(job), TypeError, 'its flow_id "other" does not match flow "flow"');
  await other.waitForCompletion(job);
  assertEquals(job.status, "completed");
});

test("C241 C401 cancel ends at once: handlers are aborted, queued tasks don't run, the reason is kept", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  const reasons: unknown[] = [];
  addSource(flow, "source", [1, 2, 3]);
  addFunction(flow, "sink", async (n: number, ctx) => {
    ctx.signal.addEventListener("abort", () => reasons.push(ctx.signal.reason));
    await handlers.wait(n);
    ctx.shared.set("late", n);
  });
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  assertEquals(flow.cancel(job, { reason: "too expensive" }), undefined);
  assertEquals([job.status, job.error], ["cancelled", cancelled("too expensive")]);
  assertInstanceOf(reasons[0], CancelledError);
  assertEquals(reasons[0].reason, "too expensive");
  assertEquals(job.pendingTasks.map(({ data, active }) => [data, active]), [[1, true], [2, undefined], [3, undefined]]);
  const before = JSON.stringify(job);
  handlers.release(1);
  await timers.advance(1_000_000);
  assertEquals([JSON.stringify(job), handlers.started, timers.size], [before, [1], 0]);
});

test("cancel in the same turn as execute: no handler runs", async () => {
  const { flow, timers } = createTestFlow();
  const seen: string[] = [];
  addFunction(flow, "act", () => void seen.push("ran"));
  const job = flow.execute("act");
  flow.cancel(job);
  await timers.flush();
  assertEquals([job.status, job.error, seen, timers.size], ["cancelled", cancelled(), [], 0]);
});

test("cancel of a pending, a paused and a restored job", async () => {
  const { flow, timers } = createTestFlow();
  const seen: string[] = [];
  addFunction(flow, "act", () => void seen.push("ran"));
  const pending = flow.create("act");
  const paused = flow.execute("act");
  await flow.pause(paused);
  const restored = JobState.fromJSON(
    JSON.parse(JSON.stringify({ ...paused.toJSON(), status: "running" })),
    new Registry(),
  );
  for (const job of [pending, paused, restored]) {
    flow.cancel(job, { reason: "no longer needed" });
    assertEquals([job.status, job.error, job.pendingTasks.length], ["cancelled", cancelled("no longer needed"), 1]);
  }
  await timers.flush();
  assertEquals([seen, timers.size], [[], 0]);
});

test("a handler may cancel its own job, synchronous or not: it commits nothing", async () => {
  for (const isAsync of [false, true]) {
    const { flow, timers } = createTestFlow();
    const seen: string[] = [];
    addFunction(flow, "act", (_data, ctx) => {
      ctx.emit("output", {});
      ctx.shared.set("a", 1);
      flow.cancel(job, { reason: "myself" });
      seen.push(String(ctx.signal.reason));
      if (isAsync) return Promise.resolve();
    });
    addFunction(flow, "next", () => void seen.push("next"));
    link(flow, "act", "next");
    const job = flow.execute("act");
    await timers.flush();
    assertEquals([job.status, job.error, job.sharedData], ["cancelled", cancelled("myself"), {}]);
    assertEquals(seen, ["CancelledError: The job was cancelled: myself"]);
  }
});

test("a handler that cancels its own job and throws has not failed", async () => {
  for (const isAsync of [false, true]) {
    const { flow, timers } = createTestFlow();
    addFunction(flow, "act", () => {
      flow.cancel(job);
      const error = new Error("too late");
      if (isAsync) return Promise.reject(error);
      throw error;
    });
    const job = flow.execute("act");
    await timers.flush();
    assertEquals([job.status, job.error, job.failures], ["cancelled", cancelled(), []]);
  }
});

test("C242 cancelling one job leaves the others of the flow alone, and the flow can be executed again", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  const act = addFunction(flow, "act", ({ name }: { name: string }) => handlers.wait(name));
  const [a, b] = [flow.execute(act.trigger, { name: "a" }), flow.execute(act.trigger, { name: "b" })];
  await timers.flush();
  flow.cancel(a);
  const c = flow.execute(act.trigger, { name: "c" });
  await timers.flush();
  handlers.release("b");
  handlers.release("c");
  await timers.flush();
  assertEquals([a, b, c].map(({ status }) => status), ["cancelled", "completed", "completed"]);
});

test("the signal of execute cancels the job with its reason, and is let go of at the end", async () => {
  const { flow, timers } = createTestFlow();
  addFunction(flow, "act", () => new Promise<void>(() => {}));
  addFunction(flow, "quick", () => {});
  const controller = new AbortController();
  const job = flow.execute("act", {}, { signal: controller.signal });
  const done = await flow.run("quick", {}, { signal: controller.signal });
  await timers.flush();
  controller.abort("user left");
  assertEquals([job.status, job.error?.message], ["cancelled", "The job was cancelled: user left"]);
  assertEquals([done.status, timers.size], ["completed", 0]);
});

/** A job whose handler has started another with its signal. */
async function createParent() {
  const { flow, timers, engine } = createTestFlow();
  const childFlow = new Flow({ id: "child", engine });
  addFunction(childFlow, "act", () => new Promise<void>(() => {}));
  const children: JobState[] = [];
  addFunction(flow, "act", (_data, ctx) => {
    children.push(childFlow.execute("act", {}, { signal: ctx.signal }));
    return new Promise<void>(() => {});
  });
  const job = flow.execute("act");
  await timers.flush();
  return { flow, job, children };
}

test("C513 a job that was started with a handler's signal is cancelled with the handler's job, and goes on when that is paused", async () => {
  const cancelled = await createParent();
  cancelled.flow.cancel(cancelled.job);
  assertEquals(cancelled.children.map(({ status }) => status), ["cancelled"]);
  const paused = await createParent();
  await paused.flow.pause(paused.job, { graceMs: 0 });
  assertEquals([paused.job.status, paused.children.map(({ status }) => status)], ["paused", ["running"]]);
});

test("the signal of a handler whose job is lost to another engine, or to a store that fails, cancels nothing", async () => {
  for (const reason of [new FencedError("job", 1, 2), new StoreError("job", 3, {})]) {
    const { flow, timers } = createTestFlow();
    addFunction(flow, "act", () => new Promise<void>(() => {}));
    const controller = new AbortController();
    const job = flow.execute("act", {}, { signal: controller.signal });
    await timers.flush();
    controller.abort(reason);
    assertEquals(job.status, "running");
  }
});

test("the signal of resume cancels the job too; an aborted one does not start it", async () => {
  const { flow, timers } = createTestFlow();
  addFunction(flow, "act", () => new Promise<void>(() => {}));
  const controller = new AbortController();
  const job = flow.create("act");
  assertThrows(() => flow.resume(job, { signal: AbortSignal.abort(new Error("gone")) }), Error, "gone");
  assertEquals(job.status, "pending");
  flow.resume(job, { signal: controller.signal });
  await timers.flush();
  controller.abort(new Error("left"));
  assertEquals([job.status, job.error?.message], ["cancelled", "The job was cancelled: Error: left"]);
});

test("run() with a signal rejects with its reason, and the job is cancelled", async () => {
  const { flow, timers } = createTestFlow();
  addFunction(flow, "act", () => new Promise<void>(() => {}));
  const controller = new AbortController();
  const running = flow.run("act", {}, { signal: controller.signal, jobId: "mine" });
  const reason = new RangeError("enough");
  await timers.flush();
  controller.abort(reason);
  await assertRejects(() => running, RangeError, "enough");
  assertEquals(timers.size, 0);
});

test("a resume that is refused has let go of its signal", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "act", () => {});
  const job = await flow.run("act");
  const counted = createCountedSignal();
  assertThrows(() => flow.resume(job, { signal: counted.signal }), StateError, "it has ended");
  assertEquals(counted.listeners.size, 0);
  counted.controller.abort();
  assertEquals(job.status, "completed");
});

test("a job that ends while it is being resumed has let go of its signal", async () => {
  const setup = createTestFlow({}, {
    observer: (event) => {
      if (event.type === "status" && event.to === "running") setup.flow.cancel(job);
    },
  });
  const { flow, timers } = setup;
  addFunction(flow, "act", () => {});
  const job = flow.create("act");
  const counted = createCountedSignal();
  flow.resume(job, { signal: counted.signal });
  await timers.flush();
  assertEquals([job.status, counted.listeners.size], ["cancelled", 0]);
});

/** Reasons of a signal that have no text. */
const NO_TEXT: { readonly [name: string]: () => unknown } = {
  "an object without prototype": () => Object.create(null),
  "an object whose toString throws": () => ({
    toString() {
      throw new Error("no text");
    },
  }),
};

// What a listener of a signal throws ends the process, or fails the run, in every runtime that these tests run in.
test("C497 a signal whose reason has no text cancels the job all the same", async () => {
  for (const [name, createReason] of Object.entries(NO_TEXT)) {
    const { flow, timers } = createTestFlow();
    addFunction(flow, "act", () => new Promise<void>(() => {}));
    const controller = new AbortController();
    const job = flow.execute("act", {}, { signal: controller.signal });
    await timers.flush();
    controller.abort(createReason());
    await timers.flush();
    assertEquals(job.error?.message, "The job was cancelled: the signal was aborted for a reason without text", name);
  }
});

test("C497 a signal that is aborted while the last commit is being stored changes nothing", async () => {
  class Act extends Routine {
    readonly trigger = this.addSlot("trigger", this.act);
    act({ fails }: { readonly fails: boolean }): void {
      store.hold();
      if (fails) throw new Error("boom");
    }
  }
  const store = heldStore();
  const registry = new Registry({ Act });
  const { flow, timers } = createTestFlow({ registry }, { registry, store });
  const { trigger } = flow.addRoutine(new Act(), "act");
  for (const fails of [false, true]) {
    const counted = createCountedSignal();
    const job = flow.execute(trigger, { fails }, { signal: counted.signal });
    await timers.flush();
    const status = fails ? "failed" : "completed";
    assertEquals([job.status, counted.listeners.size], [status, 1]);
    const [listener] = counted.listeners;
    assert(typeof listener === "function");
    counted.controller.abort(new Error("too late"));
    // Not every runtime tells a test of what a listener throws.
    Reflect.apply(listener, counted.signal, []);
    store.release();
    await timers.flush();
    assertEquals([job.status, counted.listeners.size, (await store.find(job.jobId))?.status], [status, 0, status]);
  }
});
