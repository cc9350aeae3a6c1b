import { test } from "node:test";
import { assertEquals, assertGreaterOrEqual, assertLess, assertRejects } from "@std/assert";
import { type EngineEvent, ErrorHandler, StoreError } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { readText } from "../house/source.ts";
import { addFunction, link } from "../support/function_routine.ts";
import { lateStore } from "../support/late_store.ts";
import { RecordedTelemetry } from "../support/recorded_telemetry.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";
import { createTestFlow } from "../support/test_flow.ts";

test("C448 tasks are counted by outcome, handlers measured, and jobs counted by what becomes of them", async () => {
  const recorded = new RecordedTelemetry();
  const { flow, timers } = createTestFlow({ id: "shop" }, recorded.ofHost());
  addFunction(flow, "first", async (_, ctx) => {
    ctx.emit("output", 1);
    await ctx.checkpoint();
    ctx.emit("output", 2);
  });
  const second = addFunction(flow, "second", (_, { attempt }) => {
    if (attempt === 0) throw new RangeError("no");
  });
  second.setErrorHandler(new ErrorHandler({ strategy: "retry", maxRetries: 1, retryDelayMs: 5 }));
  link(flow, "first", "second");
  const job = flow.execute("first");
  await timers.advance(5);
  assertEquals(job.status, "completed");

  const tasks = await recorded.points("routilux.tasks");
  const told = tasks.map(({ attributes: a, value }) => [
    a["messaging.destination.name"],
    a["routilux.task.outcome"],
    a["error.type"],
    value,
  ]);
  assertEquals(told, [
    ["first.trigger", "step", undefined, 1],
    ["first.trigger", "done", undefined, 1],
    ["second.trigger", "retry", "RangeError", 2],
    ["second.trigger", "done", undefined, 2],
  ]);
  const handlers = await recorded.points("messaging.process.duration");
  assertEquals(
    handlers.map(({ attributes: a, value }) => [a["messaging.destination.name"], a["error.type"], count(value)]),
    [
      ["first.trigger", undefined, 1],
      ["second.trigger", "RangeError", 2],
      ["second.trigger", undefined, 2],
    ],
  );
  const jobs = await recorded.points("routilux.job.transitions");
  assertEquals(jobs.map(({ attributes: a, value }) => [a["routilux.flow.id"], a["routilux.job.status"], value]), [
    ["shop", "running", 1],
    ["shop", "completed", 1],
  ]);
});

/** How many durations a histogram has. */
function count(value: unknown): number {
  return Number(Reflect.get(Object(value), "count"));
}

for (const [name, createStore] of Object.entries({ "at once": memoryStore, "later": lateStore })) {
  test(`C448 the calls of a store that answers ${name} are measured, and its jobs counted when metrics are collected`, async () => {
    const recorded = new RecordedTelemetry();
    const telemetry = recorded.ofHost({ store: createStore(), queues: ["default", "other"] });
    const owner = new StoredFlowProcess({ store: telemetry.store ?? createStore() });
    await owner.flow.start("source", { items: [] }, { jobId: "waits" });
    await owner.flow.start("source", { items: [] }, { jobId: "elsewhere", queue: "other" });
    owner.start([]);
    await owner.settle();

    const calls = await recorded.points("routilux.store.duration");
    const create = calls.find(({ attributes }) => attributes["routilux.store.operation"] === "create");
    assertEquals(count(create?.value), 3);
    const jobs = await recorded.points("routilux.store.jobs");
    const waiting = jobs.filter(({ attributes: a, value }) =>
      Number(value) > 0 && a["routilux.job.status"] === "pending"
    );
    assertEquals(waiting.map(({ attributes: a, value }) => [a["routilux.queue.name"], value]), [
      ["default", 1],
      ["other", 1],
    ]);
    const late = await recorded.points("routilux.queue.oldest_due");
    assertEquals(late.length, 2);
    // The clock of the store's jobs stands at 0: they have been due for as long as computers count.
    for (const { value } of late) assertGreaterOrEqual(Number(value), 1_000_000_000);
    await owner.engine.close();
  });
}

test("C448 durations are in seconds: of handlers, and since when the oldest job is due", async () => {
  const recorded = new RecordedTelemetry();
  const telemetry = recorded.ofHost({ store: memoryStore() });
  const { around } = telemetry;
  const owner = new StoredFlowProcess({ store: telemetry.store ?? memoryStore() });
  await owner.flow.start("source", { items: [] }, { at: Date.now() - 90_000 });
  const [{ value: late } = { value: 0 }] = await recorded.points("routilux.queue.oldest_due");
  assertGreaterOrEqual(Number(late), 90);
  assertLess(Number(late), 9_000);
  const { now } = performance;
  let at = 0;
  performance.now = () => at += 250;
  try {
    const { flow } = createTestFlow({}, { around });
    addFunction(flow, "only", () => {});
    await flow.run("only");
  } finally {
    performance.now = now;
  }
  const [handler] = await recorded.points("messaging.process.duration");
  assertEquals(Reflect.get(Object(handler?.value), "sum"), 0.25);
  await owner.engine.close();
});

test("C448 a store that is measured tells those who watch it", async () => {
  const { store } = new RecordedTelemetry().ofHost({ store: memoryStore() });
  if (store === undefined) throw new Error("The store is missing");
  const told: string[] = [];
  store.watch?.(({ type }) => told.push(type));
  await new StoredFlowProcess({ store }).flow.start("source", { items: [] });
  assertEquals(told, ["due"]);
});

test("C448 engines that measure one store share it: the last one closes it", async () => {
  const recorded = new RecordedTelemetry();
  const inner = memoryStore();
  let closes = 0;
  const store = { ...inner, close: () => (closes++, inner.close()) };
  const [first, second] = [1, 2].map(() => new StoredFlowProcess({ store: recorded.ofHost({ store }).store ?? inner }));
  await first?.engine.close();
  assertEquals(closes, 0);
  assertEquals((await recorded.points("routilux.store.jobs")).length, 4);
  await second?.engine.close();
  assertEquals(closes, 1);
  await recorded.points("routilux.tasks");
});

test("C448 a store that is closed is not asked for its jobs any more", async () => {
  const recorded = new RecordedTelemetry();
  const telemetry = recorded.ofHost({ store: memoryStore() });
  const { engine } = new StoredFlowProcess({ store: telemetry.store ?? memoryStore() });
  assertEquals((await recorded.points("routilux.store.jobs")).length, 4);
  await engine.close();
  // A collection fails as a whole when what it asks fails.
  await recorded.points("routilux.tasks");
});

/** Each method that a store can have. */
const METHODS: Readonly<Record<keyof Store, true>> = {
  append: true,
  begin: true,
  claim: true,
  close: true,
  commands: true,
  compact: true,
  count: true,
  create: true,
  delete: true,
  enter: true,
  find: true,
  held: true,
  inbox: true,
  leave: true,
  list: true,
  load: true,
  nextDueAt: true,
  outcome: true,
  permit: true,
  purge: true,
  renew: true,
  replaceFlow: true,
  send: true,
  take: true,
  time: true,
  watch: true,
};

test("C448 a store that is measured can do what it could before, and no more", () => {
  const refuse = () => Promise.reject(new Error("unused"));
  const { permit: _permit, replaceFlow: _replaceFlow, watch: _watch, ...least } = memoryStore();
  const most: Store = {
    permit: refuse,
    replaceFlow: refuse,
    watch: () => () => {},
    begin: refuse,
    time: () => 0,
    ...least,
  };
  const optional = ["begin", "permit", "replaceFlow", "time", "watch"];
  const all = Object.keys(METHODS).toSorted();
  const methodsOf = (store: Store) => Object.keys(new RecordedTelemetry().ofHost({ store }).store ?? {}).toSorted();
  assertEquals(methodsOf(most), all);
  assertEquals(methodsOf(least), all.filter((it) => !optional.includes(it)));
});

test("C448 a call of a store that fails is measured with its error, and reaches the caller", async () => {
  const recorded = new RecordedTelemetry();
  const inner = memoryStore();
  const store = { ...inner, find: () => Promise.reject(new StoreError("job", 1, {})) };
  const telemetry = recorded.ofHost({ store });
  await assertRejects(async () => await telemetry.store?.find("job"), StoreError);
  const calls = await recorded.points("routilux.store.duration");
  assertEquals(
    calls.map(({ attributes: a, value }) => [a["routilux.store.operation"], a["error.type"], count(value)]),
    [
      ["find", "StoreError", 1],
    ],
  );
});

test("C448 failures of callbacks and stores are counted by type", async () => {
  const recorded = new RecordedTelemetry();
  const { flow } = createTestFlow({}, recorded.ofHost());
  addFunction(flow, "only", (_, ctx) => ctx.output("text", 1));
  const onOutput = () => {
    throw new Error("broken");
  };
  await flow.waitForCompletion(flow.execute("only", {}, { onOutput }));
  const problems = await recorded.points("routilux.problems");
  assertEquals(problems.map(({ attributes: a, value }) => [a["routilux.problem.type"], value]), [[
    "callback_error",
    1,
  ]]);
});

/** What the observer is told of that is a problem, by the type. */
const PROBLEMS: readonly EngineEvent[] = [
  { type: "callback_error", jobId: "j", flowId: "f", callback: "onOutput", error: "no", at: 1 },
  { type: "store_error", jobId: "j", flowId: "f", error: "no", at: 1 },
  { type: "engine_error", error: "no", at: 1 },
  { type: "command_error", jobId: "j", flowId: "f", key: "k", error: "no", at: 1 },
  { type: "lost", jobId: "j", flowId: "f", error: "no", at: 1 },
  { type: "stalled", jobId: "j", flowId: "f", task: 1, losses: 2, at: 1 },
  { type: "refused", jobId: "j", flowId: "f", error: "no", at: 1 },
  { type: "replaced", owner: "w", at: 1 },
];

test("C448 each kind of problem is counted by its type, and what is none is not", async () => {
  const recorded = new RecordedTelemetry();
  const { observer } = recorded.ofHost();
  for (const [index, event] of PROBLEMS.entries()) for (let n = 0; n <= index; n++) observer(event);
  observer({ type: "taken", jobId: "j", flowId: "f", fromDead: true, at: 1 });
  observer({ type: "released", jobId: "j", flowId: "f", at: 1 });
  const problems = await recorded.points("routilux.problems");
  assertEquals(
    problems.map(({ attributes: a, value }) => [a["routilux.problem.type"], value]),
    PROBLEMS.map(({ type }, index) => [type, index + 1]),
  );
});

test("C448 each instrument is of the kind and the unit that the guide says", () => {
  const made: string[] = [];
  const recorded = new RecordedTelemetry();
  const meter = new Proxy(recorded.meter, {
    get(target, key) {
      const method: unknown = Reflect.get(target, key);
      if (typeof method !== "function") return method;
      return (...args: [string, { unit?: string }]) => {
        const [, kind] = /^create(?:Observable)?(\w+)$/.exec(String(key)) ?? [];
        if (kind !== undefined) made.push(`${args[0]} is a ${kind.toLowerCase()} of ${args[1].unit}`);
        return Reflect.apply(method, target, args);
      };
    },
  });
  recorded.ofHost({ meter, store: memoryStore() });
  const rows = readText("docs/opentelemetry.md").matchAll(/^\| `([\w.]+)` +\| (\w+) +\| `?([^ `]+)`? +\|/gm);
  const said = Array.from(rows, ([, name, kind, unit]) => `${name} is a ${kind} of ${unit}`);
  assertEquals(made.toSorted(), said.toSorted());
});
