import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Context, ErrorHandler, SerializationError } from "../../mod.ts";
import { plainError } from "../support/plain_error.ts";
import { addFunction, link } from "../support/function_routine.ts";
import { createTestFlow } from "../support/test_flow.ts";

const retries = new ErrorHandler({ strategy: "retry", jitter: 0, retryDelayMs: 10, maxRetries: 2 });

test("each yield commits, stores its progress and parks the task", async () => {
  const { flow } = createTestFlow();
  const seen: unknown[] = [];
  addFunction(flow, "source", function* (_data, ctx) {
    for (let n = 0; n < 3; n++) {
      seen.push(`${ctx.progress} ${ctx.idempotencyKey}`);
      ctx.emit("output", n);
      ctx.shared.set("n", n);
      yield { next: n + 1 };
    }
  });
  const job = flow.execute("source");
  const steps: unknown[] = [];
  await flow.waitUntil(job, () => {
    const [{ step, progress, parked, active } = {}] = job.pendingTasks;
    steps.push({ step, progress, parked, active, n: job.sharedData.n });
    return false;
  });
  assertEquals(seen, ["undefined id-1/1/0", "[object Object] id-1/1/1", "[object Object] id-1/1/2"]);
  const parked = (n: number) => ({ step: n, progress: { next: n }, parked: true, active: undefined, n: n - 1 });
  const ended = { step: undefined, progress: undefined, parked: undefined, active: undefined, n: 2 };
  assertEquals(steps.slice(1), [parked(1), parked(2), parked(3), ended, ended, ended]);
  assertEquals(job.history().map(({ type, data }) => `${type} ${data}`), [
    "start undefined",
    "emit 0",
    "emit 1",
    "emit 2",
  ]);
});

test("yield without a value keeps the progress that is stored", async () => {
  const { flow } = createTestFlow();
  const seen: unknown[] = [];
  addFunction(flow, "source", function* (_data, ctx) {
    yield 1;
    seen.push(ctx.progress);
    yield;
    seen.push(ctx.progress);
    yield null;
    seen.push(ctx.progress);
  });
  const job = await flow.run("source");
  assertEquals([job.status, seen], ["completed", [1, 1, null]]);
});

test("back-pressure: a source goes on only while fewer than highWater other tasks are ready", async () => {
  const { flow } = createTestFlow({ limits: { highWater: 3, history: 0 } });
  let most = 0;
  const trail: string[] = [];
  addFunction(flow, "source", function* (_data, ctx) {
    for (let n = 0; n < 8; n++) {
      ctx.emit("output", n);
      trail.push(`+${n}`);
      yield n;
    }
  });
  addFunction(flow, "sink", (n: number) => void trail.push(`-${n}`));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await flow.waitUntil(job, () => {
    most = Math.max(most, job.pendingTasks.filter(({ parked }) => !parked).length);
    return false;
  });
  assertEquals(most, 3);
  const text = "+0 +1 +2 -0 +3 -1 +4 -2 +5 -3 +6 -4 +7 -5 -6 -7";
  assertEquals(trail, text.split(" "));
});

test("a source of many items with a slow consumer keeps at most highWater tasks waiting, by default 64", async () => {
  const { flow, timers } = createTestFlow({ limits: { history: 0 }, executionTimeoutMs: Infinity });
  const items = 2_000;
  let [most, emitted, received] = [0, 0, 0];
  addFunction(flow, "source", function* (_data, ctx) {
    while (emitted < items) {
      ctx.emit("output", emitted++);
      most = Math.max(most, emitted - received);
      yield emitted;
    }
  });
  addFunction(flow, "sink", async (n: number, ctx) => {
    assertEquals(n, received);
    await new Promise<void>((resolve) => void timers.setTimer(ctx.now() + 1, resolve));
    received++;
  });
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.advance(items / 2);
  assertEquals([job.status, received, emitted], ["running", items / 2, items / 2 + 64]);
  await timers.advance(items / 2);
  assertEquals([job.status, received, emitted, most], ["completed", items, items, 64]);
});

test("two sources share the queue: both go on, and the mark holds for both together", async () => {
  const { flow } = createTestFlow({ limits: { highWater: 2, history: 0 } });
  let [most, waiting] = [0, 0];
  const seen: string[] = [];
  for (const id of ["a", "b"]) {
    addFunction(flow, id, function* (_data, ctx) {
      for (let n = 0; n < 4; n++) {
        ctx.emit("output", `${id}${n}`);
        most = Math.max(most, ++waiting);
        yield n;
      }
    });
  }
  addFunction(flow, "start", (_data, ctx) => ctx.emit("output", {}));
  addFunction(flow, "sink", (text: string) => {
    waiting--;
    seen.push(text);
  });
  link(flow, "start", "a", "b");
  link(flow, "a", "sink");
  link(flow, "b", "sink");
  const job = await flow.run("start");
  assertEquals([job.status, seen.toSorted()], ["completed", ["a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3"]]);
  assertEquals(seen.filter((text) => text.startsWith("b")), ["b0", "b1", "b2", "b3"]);
  assert(most <= 3, `${most} were waiting`);
});

test("a generator that fails keeps what it has yielded, and its retry starts from the progress", async () => {
  const { flow, timers } = createTestFlow({ errorHandler: retries });
  const seen: unknown[] = [];
  addFunction(flow, "source", function* (_data, ctx) {
    for (let n = Number(ctx.progress ?? 0); n < 4; n++) {
      ctx.emit("output", `${n}/${ctx.attempt}`);
      if (n === 2 && ctx.attempt === 0) throw new RangeError("at 2");
      yield n + 1;
    }
  });
  addFunction(flow, "sink", (text) => void seen.push(text));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.advance(9);
  assertEquals([seen, job.pendingTasks[0]?.parked], [["0/0", "1/0"], undefined]);
  await timers.advance(1);
  assertEquals([job.status, seen], ["completed", ["0/0", "1/0", "2/1", "3/1"]]);
  assertEquals(job.history("source").map(({ type }) => type), [
    "start",
    "emit",
    "emit",
    "error",
    "retry",
    "emit",
    "emit",
  ]);
});

test("a generator that fails for good runs its finally blocks, and STOP ends the job", async () => {
  const { flow } = createTestFlow();
  const seen: string[] = [];
  addFunction(flow, "source", function* () {
    try {
      yield 1;
      throw new Error("boom");
    } finally {
      seen.push("finally");
    }
  });
  const job = await flow.run("source");
  assertEquals([job.status, job.error?.message, seen], ["failed", "boom", ["finally"]]);
  assertEquals(job.failures[0]?.task.progress, 1);
});

test("progress that cannot travel is the generator's error, and its finally blocks run", async () => {
  const { flow } = createTestFlow();
  const seen: string[] = [];
  addFunction(flow, "source", function* (_data, ctx) {
    try {
      ctx.shared.set("a", 1);
      yield { f: () => {} };
      seen.push("went on");
    } finally {
      seen.push("finally");
    }
  });
  const job = await flow.run("source");
  assertEquals([job.error?.name, job.sharedData, seen], [SerializationError.name, {}, ["finally"]]);
  assertEquals(
    job.error?.message,
    'Cannot yield from routine "source": progress.f is a function; send what it stands for instead',
  );
});

test("the context is closed between yields and open again after them", async () => {
  const { flow } = createTestFlow();
  const seen: string[] = [];
  let stolen: Context | undefined;
  addFunction(flow, "source", function* (_data, ctx) {
    stolen = ctx;
    ctx.emit("output", {});
    yield 1;
    ctx.shared.set("after", 1);
  });
  addFunction(flow, "sink", () => {
    try {
      stolen?.emit("output", {});
    } catch (error) {
      seen.push(String(error));
    }
  });
  link(flow, "source", "sink");
  const job = await flow.run("source");
  assertEquals([job.status, job.sharedData], ["completed", { after: 1 }]);
  assertEquals(seen, [
    'StateError: Cannot emit "output" in routine "source": its handler has returned; await what it starts before it returns',
  ]);
});

test("other tasks run between the yields of one generator: priorities and retries are not held up", async () => {
  const { flow, timers } = createTestFlow({ limits: { highWater: 1 } });
  const seen: string[] = [];
  addFunction(flow, "source", function* (_data, ctx) {
    ctx.emit("output", "delayed", { delayMs: 5 });
    for (let n = 0; n < 3; n++) {
      ctx.emit("output", `item ${n}`);
      seen.push(`yield ${n}`);
      yield n;
    }
  });
  addFunction(flow, "sink", (text: string) => void seen.push(text));
  link(flow, "source", "sink");
  flow.execute("source");
  await timers.advance(5);
  assertEquals(seen, ["yield 0", "item 0", "yield 1", "item 1", "yield 2", "item 2", "delayed"]);
});

test("what a generator returns is refused, and so is an iterable that is no generator", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "returns", function* () {
    yield 1;
    return { lost: true } as unknown as void;
  });
  addFunction(flow, "list", () => [1, 2, 3] as unknown as void);
  const place = (id: string) => `The handler of slot "trigger" of routine "${id}" has returned`;
  const remedy = "which goes nowhere: ctx.emit and ctx.output pass data on;";
  const messages = {
    returns: `${place("returns")} an object, ${remedy} return nothing`,
    list: `${place("list")} an array, ${remedy} function* makes a generator that yields its steps`,
  };
  for (const [id, message] of Object.entries(messages)) {
    const job = await flow.run(id);
    assertEquals([job.status, plainError(job)], ["failed", { name: "TypeError", message }]);
  }
});
