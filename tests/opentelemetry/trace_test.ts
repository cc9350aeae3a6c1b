import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { type Context, Engine, ErrorHandler, FencedError, Flow, JobState, Registry, Routine } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { openTelemetry } from "../../src/host/opentelemetry.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { addFunction, link } from "../support/function_routine.ts";
import { lateStore } from "../support/late_store.ts";
import { RecordedTelemetry } from "../support/recorded_telemetry.ts";
import { createTestFlow } from "../support/test_flow.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Passes on what it gets, a day later. */
class Relay extends Routine {
  readonly trigger = this.addSlot("trigger", this.pass);
  readonly output = this.addEvent("output");
  pass(_: unknown, ctx: Context): void {
    ctx.emit("output", {}, { delayMs: DAY_MS });
  }
}

class Leaf extends Routine {
  readonly trigger = this.addSlot("trigger", this.grow);
  grow(): void {}
}
const childFlow = new Flow({ id: "child", registry: new Registry({ Leaf }) });
const leaf = childFlow.addRoutine(new Leaf(), "leaf");

/** Asks for a child, and hears of its end. */
class Asker extends Routine {
  readonly trigger = this.addSlot("trigger", this.ask);
  readonly ended = this.addSlot("ended", this.hear);
  hear(): void {}
  ask(_: unknown, ctx: Context): void {
    ctx.child(childFlow, leaf.trigger, {}, { to: this.ended });
  }
}

const RELAY_TREE = [
  "create relay (PRODUCER) in nothing",
  "process a.trigger (CONSUMER) in job relay",
  "job relay (CONSUMER) in create relay",
  "process b.trigger (CONSUMER) in job relay after process a.trigger",
  "job relay (CONSUMER) in create relay",
  "process c.trigger (CONSUMER) in job relay after process b.trigger",
  "job relay (CONSUMER) in create relay",
];

function relayFlow(engine: Engine, registry: Registry): Flow {
  const flow = new Flow({ id: "relay", engine, registry });
  for (const id of ["a", "b", "c"]) flow.addRoutine(new Relay(), id);
  link(flow, "a", "b");
  link(flow, "b", "c");
  return flow;
}

for (const [name, createStore] of Object.entries({ "at once": memoryStore, "later": lateStore })) {
  test(`C446 a job that three engines work on, a day apart, is one trace with a store that answers ${name}`, async () => {
    const recorded = new RecordedTelemetry();
    const store = createStore();
    const timers = manualTimers();
    const registry = new Registry({ Relay });
    const createEngine = () => new Engine({ timers, registry, store, ...recorded.ofHost() });

    const first = createEngine();
    const { jobId } = relayFlow(first, registry).execute("a", {}, { jobId: "job" });
    await timers.flush();
    await first.shutdown();
    for (const engine of [createEngine(), createEngine()]) {
      await timers.advance(DAY_MS);
      const { jobs: [found] } = await engine.recover();
      await timers.flush();
      if (found?.job.status === "running") await engine.shutdown();
    }
    assertEquals((await store.find(jobId))?.status, "completed");
    assertEquals(recorded.tree(), RELAY_TREE);
    assertEquals(recorded.traces, 1);
    const jobs = recorded.named("job relay");
    assertEquals(jobs.map(({ attributes }) => attributes["routilux.job.status"]), [
      "released",
      "released",
      "completed",
    ]);
  });
}

test("C446 a job over three hosts, a day apart, and its child are one trace by what all three have exported", async () => {
  const recorded = new RecordedTelemetry();
  const store = lateStore();
  const timers = manualTimers();
  const registry = new Registry({ Relay, Asker, Leaf });
  const createEngine = () => new Engine({ timers, registry, store, ...recorded.ofHost() });
  const recover = async (engine: Engine) => {
    const recovered = engine.recover();
    await timers.advance(1_000);
    return (await recovered).jobs.map(({ job }) => job.jobId);
  };
  const first = createEngine();
  const flow = new Flow({ id: "parent", engine: first, registry });
  flow.addRoutine(new Relay(), "a");
  flow.addRoutine(new Asker(), "b");
  link(flow, "a", "b");
  flow.execute("a", {}, { jobId: "job" });
  await timers.flush();
  await first.shutdown();
  await timers.advance(DAY_MS);
  const second = createEngine();
  assertEquals(await recover(second), ["job"]);
  await second.shutdown();
  const third = createEngine();
  const children = await recover(third);
  assertEquals(children.length, 1);
  assertEquals(await recover(third), ["job"]);
  assertEquals((await store.find("job"))?.status, "completed");
  await third.close();
  assertEquals(recorded.traces, 1);
  assertEquals(recorded.tree(), [
    "create parent (PRODUCER) in nothing",
    "process a.trigger (CONSUMER) in job parent",
    "job parent (CONSUMER) in create parent",
    "process b.trigger (CONSUMER) in job parent after process a.trigger",
    "job parent (CONSUMER) in create parent",
    "process leaf.trigger (CONSUMER) in job child",
    "job child (CONSUMER) in create parent",
    "process b.ended (CONSUMER) in job parent",
    "job parent (CONSUMER) in create parent",
  ]);
});

test("C446 a job that travels as a document over three hosts is one trace", async () => {
  const recorded = new RecordedTelemetry();
  const registry = new Registry({ Relay });
  const timers = manualTimers();
  let document = "";
  for (const host of [1, 2, 3]) {
    const engine = new Engine({ timers, registry, ...recorded.ofHost() });
    const flow = relayFlow(engine, registry);
    const job = host === 1 ? flow.execute("a") : flow.resume(JobState.fromText(document, registry));
    await flow.settle(job);
    if (host < 3) await flow.pause(job);
    document = JSON.stringify(job);
    await timers.advance(DAY_MS);
  }
  assertEquals(recorded.tree(), RELAY_TREE);
  assertEquals(recorded.traces, 1);
});

test("C446 a job that is made in a span belongs to its trace, and so does a child that a handler makes", async () => {
  const manager = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(manager);
  try {
    const recorded = new RecordedTelemetry();
    const { flow, engine } = createTestFlow({ id: "parent" }, recorded.ofHost());
    const child = new Flow({ id: "child", engine });
    addFunction(child, "only", () => void trace.getActiveSpan()?.setAttribute("seen", true));
    addFunction(flow, "only", async () => {
      await Promise.resolve();
      await child.run("only");
    });
    await recorded.createTracer().startActiveSpan("request", async (span) => {
      await flow.run("only");
      span.end();
    });
    assertEquals(recorded.traces, 1);
    assertEquals(recorded.tree().toSorted(), [
      "create child (PRODUCER) in process only.trigger",
      "create parent (PRODUCER) in request",
      "job child (CONSUMER) in create child",
      "job parent (CONSUMER) in create parent",
      "process only.trigger (CONSUMER) in job child",
      "process only.trigger (CONSUMER) in job parent",
      "request (INTERNAL) in nothing",
    ]);
    assertEquals(recorded.named("process only.trigger").map(({ attributes }) => attributes.seen), [true, undefined]);
  } finally {
    context.disable();
    manager.disable();
  }
});

test("C446 a child that a step asks for belongs to the trace of its parent, on whatever host it runs", async () => {
  const recorded = new RecordedTelemetry();
  const store = lateStore();
  const timers = manualTimers();
  const registry = new Registry({ Asker, Leaf });
  const createEngine = () => new Engine({ timers, registry, store, ...recorded.ofHost() });
  const flow = new Flow({ id: "parent", engine: createEngine(), registry });
  flow.addRoutine(new Asker(), "only");
  const worker = createEngine().work();
  const job = flow.execute("only", {}, { jobId: "job" });
  await timers.advance(20_000);
  assertEquals(job.status, "completed");
  const stopped = worker.stop();
  await timers.flush();
  await stopped;
  assertEquals(recorded.traces, 1);
  assertEquals(recorded.tree().filter((line) => line.startsWith("job ")).toSorted(), [
    "job child (CONSUMER) in create parent",
    "job parent (CONSUMER) in create parent",
  ]);
});

test("C447 a handler's failure is in its span, and the retry an event of the job", async () => {
  const recorded = new RecordedTelemetry();
  const { flow, timers } = createTestFlow({ id: "shop" }, recorded.ofHost());
  const charge = addFunction(flow, "charge", (_, { attempt }) => {
    if (attempt === 0) throw new RangeError("the bank is closed");
  });
  charge.setErrorHandler(new ErrorHandler({ strategy: "retry", maxRetries: 1, retryDelayMs: 10 }));
  const job = flow.execute("charge");
  await timers.advance(10);
  assertEquals(job.status, "completed");
  const [failed, retried] = recorded.named("process charge.trigger");
  assertEquals(failed?.status, { code: SpanStatusCode.ERROR, message: "the bank is closed" });
  assertEquals(failed?.events.map(({ name, attributes }) => [name, attributes?.["exception.type"]]), [
    ["exception", "RangeError"],
  ]);
  assertEquals([retried?.status.code, retried?.attributes["routilux.task.attempt"]], [SpanStatusCode.UNSET, 1]);
  const [shop] = recorded.named("job shop");
  assertEquals(shop?.events.map(({ name, attributes }) => [name, attributes?.["routilux.routine.id"]]), [
    ["retry", "charge"],
  ]);
  assertEquals(shop?.status.code, SpanStatusCode.UNSET);
});

test("C446 spans have the attributes that the semantic conventions for messaging name", async () => {
  const recorded = new RecordedTelemetry();
  const { flow, timers } = createTestFlow({ id: "shop" }, recorded.ofHost());
  const charge = addFunction(flow, "charge", (_, { attempt }) => {
    if (attempt === 0) throw new RangeError("the bank is closed");
  });
  charge.setErrorHandler(new ErrorHandler({ strategy: "retry", maxRetries: 1, retryDelayMs: 10 }));
  flow.execute("charge", {}, { jobId: "job" });
  await timers.advance(10);
  const [create] = recorded.named("create shop");
  assertEquals(create?.attributes, {
    "messaging.system": "routilux",
    "messaging.operation.name": "create",
    "messaging.operation.type": "create",
    "messaging.destination.name": "shop",
    "routilux.flow.id": "shop",
  });
  const [first, second] = recorded.named("process charge.trigger").map(({ attributes }) => {
    const { "messaging.message.id": id, ...others } = attributes;
    return { id, others };
  });
  const process = {
    "messaging.system": "routilux",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.destination.name": "charge.trigger",
    "messaging.message.conversation_id": "job",
    "routilux.flow.id": "shop",
    "routilux.routine.id": "charge",
    "routilux.slot.name": "trigger",
  };
  assertEquals(first?.others, { ...process, "routilux.task.attempt": 0, "error.type": "RangeError" });
  assertEquals(second?.others, { ...process, "routilux.task.attempt": 1 });
  assertEquals([typeof first?.id, first?.id === second?.id], ["string", true], "it is one message, tried twice");
  const [job] = recorded.named("job shop");
  assertEquals(job?.attributes, {
    "messaging.system": "routilux",
    "messaging.message.conversation_id": "job",
    "routilux.flow.id": "shop",
    "routilux.job.status": "completed",
  });
  assertEquals(job?.events.map(({ attributes }) => attributes), [{
    "routilux.routine.id": "charge",
    "routilux.slot.name": "trigger",
    "routilux.task.id": 1,
    "routilux.task.attempt": 0,
    "error.type": "RangeError",
    "exception.message": "the bank is closed",
  }]);
});

test("C447 a job that fails has the error in its span", async () => {
  const recorded = new RecordedTelemetry();
  const { flow } = createTestFlow({ id: "shop" }, recorded.ofHost());
  addFunction(flow, "charge", () => Promise.reject(new Error("no funds")));
  await flow.run("charge");
  const [job] = recorded.named("job shop");
  assertEquals(job?.events.map(({ name, attributes }) => [name, attributes?.["exception.message"]]), [
    ["fail", "no funds"],
  ]);
  assertEquals(job?.status, { code: SpanStatusCode.ERROR, message: "no funds" });
  assertEquals(job?.attributes["routilux.job.status"], "failed");
});

test("C447 a job that this engine has lost ends in its span as lost", async () => {
  const recorded = new RecordedTelemetry();
  const inner = lateStore();
  let isFenced = false;
  const append: Store["append"] = (...args) => {
    if (isFenced) throw new FencedError("job", undefined, undefined);
    return inner.append(...args);
  };
  const timers = manualTimers();
  const registry = new Registry({ Relay });
  const engine = new Engine({
    timers,
    registry,
    store: { ...inner, append },
    durability: { leaseMs: 2 * DAY_MS },
    ...recorded.ofHost(),
  });
  relayFlow(engine, registry).execute("a", {}, { jobId: "job" });
  await timers.flush();
  isFenced = true;
  await timers.advance(DAY_MS);
  const [job] = recorded.named("job relay");
  assertEquals([job?.attributes["routilux.job.status"], job?.status.code], ["lost", SpanStatusCode.ERROR]);
  assertEquals(job?.status.message?.includes("job"), true);
});

test("C447 a handler that a pause has stopped has not failed", async () => {
  const recorded = new RecordedTelemetry();
  const { flow, timers } = createTestFlow({}, recorded.ofHost());
  addFunction(
    flow,
    "slow",
    (_, { signal }) =>
      new Promise<void>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  );
  const job = flow.execute("slow");
  await timers.flush();
  const paused = flow.pause(job, { graceMs: 0 });
  await timers.flush();
  await paused;
  const [slow] = recorded.named("process slow.trigger");
  assertEquals([slow?.status.code, slow?.events.map(({ name }) => name)], [SpanStatusCode.UNSET, ["aborted"]]);
});

test("a trace that says nothing here, and one of a job that was made without a tracer, do no harm", async () => {
  const texts = [undefined, "", "{", "null", "[1]", '{"traceparent":5}', '{"traceparent":"00-0-0-00"}'];
  for (const text of texts) {
    const recorded = new RecordedTelemetry();
    const { flow } = createTestFlow({ id: "flow" }, recorded.ofHost());
    addFunction(flow, "only", () => {});
    const document = flow.create("only").toJSON();
    const { trace: _, ...rest } = document;
    const job = JobState.fromJSON(text === undefined ? rest : { ...rest, trace: text }, flow.registry);
    await flow.waitForCompletion(flow.resume(job));
    assertEquals(recorded.tree(), [
      "create flow (PRODUCER) in nothing",
      "process only.trigger (CONSUMER) in job flow",
      "job flow (CONSUMER) in nothing",
    ]);
  }
});

test("a propagator that throws leaves jobs as they are, without a trace that goes on", async () => {
  const recorded = new RecordedTelemetry();
  const fail = () => {
    throw new Error("broken");
  };
  const writes = {
    inject: (_: unknown, carrier: object) => void Object.assign(carrier, { x: "y" }),
    fields: () => ["x"],
  };
  for (const propagator of [{ ...writes, extract: fail }, { ...writes, inject: fail, extract: fail }]) {
    const { flow } = createTestFlow({}, recorded.ofHost({ propagator }));
    addFunction(flow, "first", (_, ctx) => ctx.emit("output", 1));
    addFunction(flow, "second", () => {});
    link(flow, "first", "second");
    assertEquals((await flow.run("first")).status, "completed");
  }
  assertEquals(recorded.named("process second.trigger").map(({ links }) => links), [[], []]);
  assertEquals((await recorded.points("routilux.problems")).map(({ value }) => value), [2]);
});

test("a tracer that records nothing leaves no trace in documents", async () => {
  const { flow } = createTestFlow({}, openTelemetry({ tracer: trace.getTracer("none"), meter: noMeter }));
  addFunction(flow, "first", (_, ctx) => ctx.emit("output", 1));
  addFunction(flow, "second", (_, ctx) => ctx.pause());
  link(flow, "first", "second");
  const job = await flow.run("first");
  assertEquals([job.status, JSON.stringify(job).includes("trace")], ["paused", false]);
});

const noMeter = new RecordedTelemetry().meter;

test("what is no tracer, meter or propagator is refused", () => {
  const tracer = trace.getTracer("none");
  const wrong = [{}, { tracer }, { tracer, meter: {} }, { tracer, meter: noMeter, propagator: () => {} }];
  for (const options of wrong) {
    assertThrows(() => openTelemetry(options as never), TypeError, "Cannot use OpenTelemetry");
  }
  assertThrows(() => openTelemetry({ tracer, meter: noMeter, tracing: 1 } as never), TypeError, "tracing");
});
