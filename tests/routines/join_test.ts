import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { Engine, type ExecutionStrategy, Flow, Routine } from "../../mod.ts";
import { Join, type JoinOptions } from "../../src/routines/mod.ts";
import { manualIds, manualTimers, pauseAnywhere } from "../../src/testing/mod.ts";
import { amountOf } from "../support/gate_amount.ts";
import { Feed, outputsOf, passAllTime, Sink, trialRegistry } from "../support/try_routine.ts";

interface Payment {
  readonly order: string;
  readonly amount: number;
}
interface Parcel {
  readonly order: string;
  readonly weight: number;
}
type Inputs = { readonly payment: Payment; readonly parcel: Parcel };

interface TrialOptions extends JoinOptions {
  readonly strategy?: ExecutionStrategy;
  readonly isKeyed?: boolean;
}

const pay = (order: string, amount: number, at = 0) => ({ to: "payment", data: { order, amount }, at });
const pack = (order: string, weight: number, at = 0) => ({ to: "parcel", data: { order, weight }, at });
type Sent = ReturnType<typeof pay> | ReturnType<typeof pack>;

function createJoin(sent: readonly Sent[], { strategy = "sequential", isKeyed = true, ...options }: TrialOptions = {}) {
  const timers = manualTimers();
  const flow = new Flow({
    id: "flow",
    engine: new Engine({ timers, ids: manualIds() }),
    registry: trialRegistry(),
    executionStrategy: strategy,
  });
  const input = isKeyed ? { by: "order" } as const : {};
  const join = new Join<Inputs>().setInputs({ payment: input, parcel: input }, options);
  flow.addRoutine(join, "join");
  for (const name of ["payment", "parcel"]) {
    flow.addRoutine(new Feed(), name);
    flow.connect(name, "output", "join", name);
  }
  for (const name of ["output", "open"]) {
    flow.addRoutine(new Sink(), name);
    flow.connect("join", name, name, "input");
  }
  flow.addRoutine(new Feed(), "start");
  for (const name of ["payment", "parcel"]) flow.connect("start", "output", name, "trigger");
  const items = ["payment", "parcel"].map((name) => ({
    data: { items: sent.filter(({ to }) => to === name).map(({ data, at }) => ({ data, at })) },
  }));
  return { flow, timers, join, items };
}

/** What comes of inputs: each as `event: data`. */
async function joined(sent: readonly Sent[], options: TrialOptions = {}): Promise<unknown[]> {
  const { flow, timers } = createJoin(sent, options);
  const engine = new Engine({ timers, ids: manualIds() });
  const other = Flow.fromJSON(JSON.parse(JSON.stringify(flow)), trialRegistry(), { engine });
  class Start extends Routine {}
  void Start;
  const job = other.create("payment", { items: [] });
  other.resume(job);
  for (const name of ["payment", "parcel"]) {
    const items = sent.filter(({ to }) => to === name).map(({ data, at }) => ({ data, at }));
    other.deliver(job, name, "trigger", { items });
  }
  await passAllTime(timers);
  if (job.error !== undefined) return [job.status, job.error.code, job.error.details];
  return outputsOf(job).map(({ event, data, at }) => [event, data, at]);
}

test("C414 a join sends what belongs together by a key, once all of it has come, in any order", async () => {
  for (const strategy of ["sequential", "concurrent"] as const) {
    const sent = [pay("a", 1), pack("b", 20, 5), pay("b", 2, 10), pack("a", 10, 20)];
    assertEquals(await joined(sent, { strategy }), [
      ["output", { parcel: { order: "b", weight: 20 }, payment: { order: "b", amount: 2 } }, 10],
      ["output", { payment: { order: "a", amount: 1 }, parcel: { order: "a", weight: 10 } }, 20],
    ]);
  }
});

test("C414 without keys the first of each belong together, the second of each, and so on", async () => {
  const sent = [pay("a", 1), pay("b", 2), pack("x", 10, 5), pay("c", 3, 6), pack("y", 20, 7), pack("z", 30, 8)];
  const found = await joined(sent, { isKeyed: false }) as [string, Inputs][];
  assertEquals(found.map(([, { payment, parcel }]) => [payment.amount, parcel.weight]), [[1, 10], [2, 20], [3, 30]]);
});

test("C414 a second input with the same key waits for a second of the others", async () => {
  const sent = [pay("a", 1), pay("a", 2, 1), pack("a", 10, 2), pack("a", 20, 3), pay("a", 3, 4), pack("a", 30, 5)];
  const found = await joined(sent) as [string, Inputs][];
  assertEquals(found.map(([, { payment, parcel }]) => [payment.amount, parcel.weight]), [[1, 10], [2, 20], [3, 30]]);
});

test("C414 when its time is up, a group is sent as it is by another event; a complete one leaves nothing waiting", async () => {
  const sent = [pay("a", 1), pay("b", 2), pack("b", 20, 10)];
  assertEquals(await joined(sent, { timeoutMs: 100 }), [
    ["output", { payment: { order: "b", amount: 2 }, parcel: { order: "b", weight: 20 } }, 10],
    ["open", { key: "a", inputs: { payment: { order: "a", amount: 1 } } }, 100],
  ]);
  const { flow, timers } = createJoin([]);
  void flow;
  assertEquals(timers.size, 0);
});

test("C412 a join that is not complete at the end of the job fails and names what is missing, sends it, or drops it", async () => {
  const sent = [pay("a", 1), pay("b", 2), pack("b", 20)];
  assertEquals(await joined(sent), ["failed", "OPEN_GROUPS", {
    count: 1,
    groups: [{ key: "a", has: ["payment"], lacks: ["parcel"] }],
  }]);
  const complete = ["output", { payment: { order: "b", amount: 2 }, parcel: { order: "b", weight: 20 } }, 0];
  const open = ["open", { key: "a", inputs: { payment: { order: "a", amount: 1 } } }, 0];
  assertEquals(await joined(sent, { atEnd: "emit" }), [complete, open]);
  assertEquals(await joined(sent, { atEnd: "drop" }), [complete]);
});

test("C414 a join, stopped anywhere and moved, ends the same byte for byte", { timeout: 120_000 }, async () => {
  const sent = [pay("a", 1), pack("b", 20, 5), pay("b", 2, 10), pay("c", 3, 12)];
  const { flow, items } = createJoin(sent, { atEnd: "emit" });
  const { job } = await pauseAnywhere(flow, {
    entry: "start",
    params: { items },
    compare: "exact",
    runs: amountOf(100, 300),
  });
  assertEquals([job.status, job.outputLog.length > 0], ["completed", true]);
});

test("the slots of a join are its inputs, also of one that was read", () => {
  const { flow, join } = createJoin([]);
  assertEquals(Object.keys(join.inputs), ["payment", "parcel"]);
  assertEquals(join.inputs.payment === join.getSlot("payment"), true);
  const read = Flow.fromJSON(JSON.parse(JSON.stringify(flow)), trialRegistry());
  const { inputs } = read.routine("join", Join);
  assertEquals(Object.entries(inputs).map(([name, slot]) => [name, slot.name]), [["payment", "payment"], [
    "parcel",
    "parcel",
  ]]);
});

test("inputs that are too few, of mixed kinds, or of a name that is taken are refused", () => {
  const message = (inputs: Record<string, object>, options = {}) =>
    assertThrows(() => new Join().setInputs(inputs as never, options), Error).message;
  assertEquals(message({ a: {} }), "Cannot set inputs: a join has at least two inputs, got 1");
  assertEquals(
    message({ a: { by: "x" }, b: {} }),
    'Cannot set inputs: input "b" has no key, and others have one; give all a key, or none',
  );
  assertEquals(message({ a: { bye: "x" }, b: {} }), 'Cannot set inputs: unknown option "a.bye"; did you mean "a.by"?');
  assertEquals(
    message({ a: {}, group: {} }),
    'Cannot add slot "group": the routine has a slot of this name already; choose another name, or override its handler',
  );
  assertEquals(
    message({ a: {}, b: {} }, { timeoutMs: -1 }),
    "Cannot set inputs: timeoutMs must be a number of milliseconds, between 0 and 9007199254740991, current value is -1",
  );
  assertEquals(message({ a: {}, b: {} }, { atEnd: "no" }).includes("atEnd must be one of"), true);
  assertThrows(() => new Join().inputs, TypeError, "the join has no inputs; call setInputs");
});

test("inputs may have the names of what every object has", async () => {
  const flow = new Flow({ id: "flow" });
  const join = flow.addRoutine(new Join<{ toString: object; valueOf: object }>(), "join");
  join.setInputs({ toString: { by: "order" }, valueOf: { by: "order" } } as never);
  flow.addRoutine(new Sink(), "sink");
  flow.addRoutine(new Feed(), "feed");
  for (const name of ["toString", "valueOf"]) flow.connect("feed", "output", "join", name);
  flow.connect("join", "output", "sink", "input");
  const job = await flow.run("feed", { items: [{ data: { order: 1 } }, { data: { order: 1 } }] });
  assertEquals(job.error, undefined);
  assertEquals(outputsOf(job).map(({ data }) => Object.keys(data as object)), Array(2).fill(["toString", "valueOf"]));
});

test("C414 the time of a group counts from its first input, however many come after it", async () => {
  const timers = manualTimers();
  const flow = new Flow({ id: "flow", engine: new Engine({ timers, ids: manualIds() }), registry: trialRegistry() });
  const join = new Join<{ a: object; b: object; c: object }>().setInputs({ a: {}, b: {}, c: {} }, { timeoutMs: 100 });
  flow.addRoutine(join, "join");
  flow.addRoutine(new Sink(), "open");
  flow.connect("join", "open", "open", "input");
  const job = flow.execute(join.inputs.a, { n: 1 });
  await timers.advance(60);
  flow.deliver(job, "join", "b", { n: 2 });
  await passAllTime(timers);
  assertEquals(outputsOf(job).map(({ data, at }) => [data, at]), [
    [{ key: "", inputs: { a: { n: 1 }, b: { n: 2 } } }, 100],
  ]);
});
