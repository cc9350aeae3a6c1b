import { test } from "node:test";
import { assertEquals, assertInstanceOf } from "@std/assert";
import {
  type Collected,
  type Context,
  ErrorHandler,
  type Flow,
  type JobState,
  Routine,
  StateError,
} from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { createTestFlow, type TestFlow } from "../support/test_flow.ts";

class Gather extends Routine {
  readonly input = this.addSlot("input", this.take, { merge: "append" });
  readonly output = this.addEvent<{ items: number[] }>("output");
  async take({ item }: { readonly item: Collected<number> }, ctx: Context): Promise<void> {
    await Promise.resolve();
    if (item.length === 3) ctx.emit(this.output, { items: item.toArray().toSorted() });
  }
}

/** Generator, async handlers, a retry, a merge, a checkpoint, outputs, a deferred event: every kind of commit. */
function createBusyFlow(): TestFlow {
  const setup = createTestFlow({
    executionStrategy: "concurrent",
    maxWorkers: 2,
    errorHandler: new ErrorHandler({ strategy: "retry", retryDelayMs: 0 }),
  });
  const { flow } = setup;
  addFunction(flow, "source", function* (_data, ctx) {
    for (let item = Number(ctx.progress ?? 0); item < 3; item++) {
      ctx.emit("output", { item });
      yield item + 1;
    }
    ctx.defer("output", { item: 9 });
  });
  addFunction(flow, "work", async (data: { item: number }, ctx) => {
    await Promise.resolve();
    if (data.item === 1 && ctx.attempt === 0) throw new Error("once");
    if (ctx.progress === undefined) {
      ctx.shared.update<number>("sum", (old = 0) => old + data.item);
      await ctx.checkpoint("added");
    }
    if (data.item < 3) ctx.emit("output", data);
  });
  flow.addRoutine(new Gather(), "gather");
  addFunction(flow, "sink", ({ items }: { items: number[] }, ctx) => ctx.output("items", items));
  link(flow, "source", "work");
  flow.connect("work", "output", "gather", "input");
  link(flow, "gather", "sink");
  return setup;
}

const result = (job: JobState): { readonly [name: string]: unknown } => ({
  status: job.status,
  shared: job.sharedData,
  outputs: job.outputLog.map(({ data }) => data),
  pending: job.pendingTasks,
  failures: job.failures,
  deferred: job.deferredEvents,
  retries: job.retryCount("work"),
});

const END = {
  status: "completed",
  shared: { sum: 12 },
  outputs: [[0, 1, 2]],
  pending: [],
  failures: [],
  deferred: [],
  retries: 1,
};

/** Runs the busy flow and calls `call` from a listener at its commit number `at`; says whether there was such a commit. */
async function runCalling(at: number, call: (flow: Flow, job: JobState) => unknown) {
  const { flow, timers } = createBusyFlow();
  const job = flow.execute("source");
  let commits = 0;
  let outcome: unknown = "not called";
  void flow.waitForCompletion(job, {
    onProgress: () => {
      if (commits++ !== at) return;
      try {
        outcome = call(flow, job);
      } catch (error) {
        outcome = error;
      }
    },
  });
  await timers.advance(5_000);
  return { flow, timers, job, outcome };
}

test("a pause from a listener, at each commit in turn: the job rests, and resumed it ends as ever", async () => {
  for (const graceMs of [0, 1_000]) {
    let paused = 0;
    for (let at = 0;; at++) {
      const name = `grace ${graceMs}, commit ${at}`;
      const answers: unknown[] = [];
      const { flow, timers, job, outcome } = await runCalling(at, (flow, job) => {
        void flow.pause(job, { graceMs }).then(() => answers.push("resolved"), (error) => answers.push(error));
        return "called";
      });
      assertEquals(timers.size, 0, name);
      if (outcome === "not called") break;
      if (job.status === "paused") {
        paused++;
        assertEquals([answers, job.pausePoints.length], [["resolved"], 1], name);
        flow.resume(job);
        await timers.advance(5_000);
      } else assertInstanceOf(answers[0], StateError, name);
      assertEquals(result(job), END, name);
    }
    assertEquals(paused > 15, true, `${paused} commits were paused at`);
  }
});

test("a cancel from a listener, at each commit in turn: nothing more happens, and the end stays the end", async () => {
  for (let at = 0;; at++) {
    const name = `commit ${at}`;
    let text = "";
    const { timers, job, outcome } = await runCalling(at, (flow, job) => {
      flow.cancel(job, { reason: name });
      text = JSON.stringify(result(job));
    });
    assertEquals(timers.size, 0, name);
    if (outcome === "not called") break;
    if (outcome instanceof StateError) assertEquals(result(job), END, name);
    else {
      assertEquals([outcome, job.status, job.error?.message], [
        undefined,
        "cancelled",
        `The job was cancelled: ${name}`,
      ]);
      assertEquals(JSON.stringify(result(job)), text, name);
    }
  }
});

test("a pause that comes with the end of a job is a StateError: what has ended stays ended", async () => {
  for (const [id, end] of [["works", "completed"], ["fails", "failed"], ["fails later", "failed"]] as const) {
    const errors: unknown[] = [];
    const setup = createTestFlow({}, {
      observer: (event) => {
        const isEnd = event.type === "status" ? event.to === end : event.type === "task" && event.outcome === "stop";
        if (isEnd) void setup.flow.pause(job).catch((error) => errors.push(error));
      },
    });
    const { flow, timers } = setup;
    addFunction(flow, "works", () => {});
    addFunction(flow, "fails", () => {
      throw new Error("boom");
    });
    addFunction(flow, "fails later", () => Promise.reject(new Error("boom")));
    const job = flow.create(id);
    flow.resume(job);
    await timers.advance(5_000);
    assertEquals([job.status, job.pausePoints, timers.size], [end, [], 0], id);
    assertEquals(errors.every((error) => error instanceof StateError), true, `${id}: ${errors}`);
  }
});

test("a pause without grace that comes with a merge does not wait for the handler that was to run", async () => {
  class Waits extends Routine {
    readonly trigger = this.addSlot("trigger", this.take, { merge: "append" });
    take(_lists: { readonly n: Collected<number> }, ctx: Context): Promise<void> {
      return new Promise((_resolve, reject) => ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason)));
    }
  }
  const { flow, timers } = createTestFlow({ executionTimeoutMs: Infinity });
  const waits = flow.addRoutine(new Waits(), "waits");
  const job = flow.execute(waits.trigger, { n: 1 });
  const answers: unknown[] = [];
  void flow.waitUntil(job, () => {
    if (job.history().length === 1 && job.status === "running" && answers.length === 0) {
      answers.push("asked");
      void flow.pause(job, { graceMs: 0 }).then(() => answers.push("paused"));
    }
    return false;
  });
  await timers.advance(5_000);
  assertEquals([answers, job.status, job.pendingTasks.length], [["asked", "paused"], "paused", 1]);
});

test("a delivery from inside a handler or a listener is a task like any other", async () => {
  const { flow, timers } = createTestFlow();
  const seen: unknown[] = [];
  addSource(flow, "source", ["emitted"]);
  addFunction(flow, "sink", (data: unknown, ctx) => {
    seen.push([data, ctx.idempotencyKey]);
    if (data === "emitted") flow.deliver(job, "sink", "trigger", "from a handler");
    if (data === "from a handler") ctx.output("a");
  });
  link(flow, "source", "sink");
  const job = flow.execute("source", {}, {
    onOutput: () => flow.deliver(job, "sink", "trigger", "from a listener"),
  });
  await timers.flush();
  assertEquals([job.status, seen], ["completed", [
    ["emitted", "id-1/2/0"],
    ["from a handler", "id-1/3/0"],
    ["from a listener", "id-1/4/0"],
  ]]);
});

test("a delivery from a listener of the very commit that awaits it runs once", async () => {
  const { flow, timers } = createTestFlow();
  const seen: unknown[] = [];
  class Asker extends Routine {
    readonly trigger = this.addSlot("trigger", this.ask);
    readonly answer = this.addSlot("answer", this.take);
    ask(_data: unknown, ctx: Context): void {
      ctx.expect(this.answer);
    }
    take(data: unknown, ctx: Context): void {
      seen.push([data, ctx.idempotencyKey]);
    }
  }
  const asker = flow.addRoutine(new Asker(), "asker");
  const job = flow.execute(asker.trigger);
  void flow.waitUntil(job, () => {
    if (job.pendingTasks.some(({ awaiting }) => awaiting !== undefined)) flow.deliver(job, asker.answer, 42);
    return false;
  });
  await timers.flush();
  assertEquals([job.status, seen], ["completed", [[42, "id-1/2/0"]]]);
});

test("of two deadlines that pass at once, the one that a listener of the other fills in time is kept", async () => {
  const { flow, timers } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "continue" }) });
  const seen: unknown[] = [];
  class Asker extends Routine {
    readonly trigger = this.addSlot("trigger", this.ask);
    readonly answer = this.addSlot("answer", this.take);
    ask(_data: unknown, ctx: Context): void {
      ctx.expect(this.answer, { timeoutMs: 10 });
      ctx.expect(this.answer, { timeoutMs: 10 });
    }
    take(data: unknown, ctx: Context): void {
      seen.push([data, ctx.idempotencyKey]);
    }
  }
  const asker = flow.addRoutine(new Asker(), "asker");
  const job = flow.execute(asker.trigger);
  void flow.waitUntil(job, () => {
    if (job.failures.length === 1 && job.pendingTasks.some(({ awaiting }) => awaiting !== undefined)) {
      flow.deliver(job, asker.answer, 42);
    }
    return false;
  });
  await timers.advance(10);
  assertEquals([job.status, seen], ["completed", [[42, "id-1/3/0"]]]);
  assertEquals(job.failures.map(({ task, error }) => [task.id, error.name]), [[2, "TimeoutError"]]);
});
