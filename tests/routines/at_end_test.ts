import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { type Context, Engine, ErrorHandler, Flow, type JobState, Routine } from "../../mod.ts";
import {
  Aggregator,
  type AggregatorOptions,
  type AtEnd,
  Batcher,
  Mapper,
  OpenGroupsError,
  Splitter,
} from "../../src/routines/mod.ts";
import { manualIds, manualTimers, pauseAnywhere } from "../../src/testing/mod.ts";
import { addFunction } from "../support/function_routine.ts";
import { amountOf } from "../support/gate_amount.ts";
import {
  Feed,
  outputsOf,
  passAllTime,
  Sink,
  type TrialItem,
  trialRegistry,
  tryRoutine,
} from "../support/try_routine.ts";

const double = ({ item, ...rest }: { item: number; list: string; count: number }) => {
  if (item === 13) throw new Error("unlucky");
  return { ...rest, item: item * 2 };
};

/** Leaves the count to what comes to `expected`: then it does not matter whether that is the first to come. */
const bare = ({ item, list }: { item: number; list: string }) => ({ list, item: item * 2 });

/** Lists are split, their items mapped, and the results come together again. */
function mapAndReduce(
  options: { readonly atEnd?: AtEnd; readonly isConcurrent?: boolean; readonly map?: typeof double | typeof bare } = {},
) {
  const timers = manualTimers();
  const engine = new Engine({ timers, ids: manualIds() });
  const strategy = options.isConcurrent ? { executionStrategy: "concurrent", maxWorkers: 4 } as const : {};
  const flow = new Flow({ id: "flow", engine, registry: trialRegistry({ double, bare }), ...strategy });
  flow.addRoutine(new Feed(), "feed");
  const splitter = flow.addRoutine(new Splitter<number>(), "splitter");
  const mapper = flow.addRoutine(new Mapper().use((options.map ?? double) as never), "mapper");
  const { atEnd } = options;
  const groups = flow.addRoutine(new Aggregator().setGroups({ by: "list", count: "count", atEnd }), "groups");
  flow.addRoutine(new Sink(), "sink");
  flow.connect("feed", "output", "splitter", "input");
  flow.connect(splitter.list, groups.expected);
  flow.connect("splitter", "item", "mapper", "input");
  flow.connect("mapper", "output", "groups", "input");
  flow.connect("groups", "output", "sink", "input");
  return { flow, timers, mapper };
}

const lists = (...all: readonly (readonly number[])[]): TrialItem[] => all.map((items) => ({ data: { items } }));

interface Reduced {
  readonly items: readonly { readonly item: number }[];
  readonly isComplete: boolean;
}

test("C413 map and reduce over lists gives one group per list, and an empty one for an empty list", async () => {
  for (const isConcurrent of [false, true]) {
    const { flow, timers } = mapAndReduce({ isConcurrent });
    const job = flow.execute("feed", { items: lists([1, 2, 3], [], [4]) });
    await passAllTime(timers);
    const reduced = outputsOf(job).map(({ data }) => data as Reduced);
    assertEquals(job.status, "completed");
    assertEquals(reduced.map(({ items, isComplete }) => [items.map(({ item }) => item), isComplete]).sort(), [
      [[], true],
      [[2, 4, 6], true],
      [[8], true],
    ]);
  }
});

test("C413 map and reduce, stopped anywhere and moved, ends the same byte for byte", { timeout: 120_000 }, async () => {
  const { flow } = mapAndReduce();
  const { job } = await pauseAnywhere(flow, {
    entry: "feed",
    params: { items: lists([1, 2], []) },
    compare: "exact",
    runs: amountOf(100, 300),
  });
  assertEquals([job.status, job.outputLog.length], ["completed", 2]);
});

test("map and reduce in any order of concurrent tasks gives the same, where only expected has the count", async () => {
  for (let seed = 1; seed <= 3; seed++) {
    const { flow } = mapAndReduce({ isConcurrent: true, map: bare });
    const params = { items: lists([1], [2, 3], []) };
    const compare = (job: JobState) => {
      const groups = outputsOf(job).map(({ data }) => data as Reduced);
      const found = groups.map(({ items, isComplete }) => `${items.map(({ item }) => item).sort()} ${isComplete}`);
      return [job.status, ...found.sort()];
    };
    const { job } = await pauseAnywhere(flow, { entry: "feed", params, seed, compare, runs: amountOf(60, 300) });
    assertEquals([job.status, job.outputLog.length], ["completed", 3]);
  }
});

test("C412 a branch that is skipped leaves no group that ends in silence: the job fails and names it", async () => {
  const { flow, timers, mapper } = mapAndReduce();
  mapper.setErrorHandler(new ErrorHandler({ strategy: "skip" }));
  const job = flow.execute("feed", { items: lists([1, 13, 3], [4]) });
  await passAllTime(timers);
  assertEquals([job.status, job.error?.name, job.error?.code, job.error?.message], [
    "failed",
    "OpenGroupsError",
    "OPEN_GROUPS",
    'Routine "groups" holds a group that nothing completes: "id-1/2/0" has 2 of 3; atEnd says what becomes of them',
  ]);
  assertEquals(job.error?.details, { count: 1, groups: [{ key: "id-1/2/0", has: 2, lacks: 1 }] });
});

test("C412 a redrive brings what was missing, and completes the group before the end is looked at again", async () => {
  const { flow, timers, mapper } = mapAndReduce();
  let isBroken = true;
  mapper.setErrorHandler(new ErrorHandler({ strategy: "skip" }));
  const gate = addFunction(flow, "gate", (data: { item: number }, ctx) => {
    if (data.item === 4 && isBroken) throw new Error("not now");
    ctx.emit("output", data, { delayMs: 50 });
  });
  gate.setErrorHandler(new ErrorHandler({ strategy: "skip" }));
  const groups = flow.addRoutine(new Aggregator().setGroups({ by: "list", count: "count" }), "again");
  flow.connect("mapper", "output", "gate", "trigger");
  flow.connect("gate", "output", "again", "input");
  flow.connect(groups.output, flow.routine("sink", Sink).input);
  const job = flow.execute("feed", { items: lists([1, 2]) });
  await passAllTime(timers);
  assertEquals([job.status, job.error?.code], ["failed", "OPEN_GROUPS"]);
  isBroken = false;
  flow.resume(job, { redrive: true });
  await passAllTime(timers);
  assertEquals([job.status, job.failures, outputsOf(job).length], ["completed", [], 2]);
});

test("C412 open groups may be sent as they are, or dropped", async () => {
  for (const atEnd of ["emit", "drop"] as const) {
    const { flow, timers, mapper } = mapAndReduce({ atEnd });
    mapper.setErrorHandler(new ErrorHandler({ strategy: "skip" }));
    const job = flow.execute("feed", { items: lists([1, 13], [13]) });
    await passAllTime(timers);
    const reduced = outputsOf(job).map(({ data }) => data as Reduced);
    assertEquals(job.status, "completed");
    assertEquals(
      reduced.map(({ items, isComplete }) => [items.map(({ item }) => item), isComplete]),
      atEnd === "drop" ? [] : [[[2], false], [[], false]],
    );
  }
});

test("C412 a group of which nothing has come but its size fails as well", async () => {
  const { flow, timers, mapper } = mapAndReduce();
  mapper.setErrorHandler(new ErrorHandler({ strategy: "skip" }));
  const job = flow.execute("feed", { items: lists([13, 13]) });
  await passAllTime(timers);
  assertEquals([job.status, job.error?.details], ["failed", {
    count: 1,
    groups: [{ key: "id-1/2/0", has: 0, lacks: 2 }],
  }]);
});

test("C412 a group fails after everything that is still sent at the end: what completes it may come of that", async () => {
  for (const isFirst of [true, false]) {
    const timers = manualTimers();
    const flow = new Flow({ id: "flow", engine: new Engine({ timers, ids: manualIds() }), registry: trialRegistry() });
    class Pass extends Routine {
      readonly input = this.addSlot("input", this.pass);
      readonly output = this.addEvent<object>("output");
      pass(_data: unknown, ctx: Context): void {
        ctx.emit(this.output, { done: true }, { delayMs: 10 });
      }
    }
    flow.addRoutine(new Feed(), "feed");
    const batcher = flow.addRoutine(new Batcher().setBatches({ size: 5 }), "batcher");
    const second = flow.addRoutine(new Batcher().setBatches({ size: 5 }), "second");
    const pass = flow.addRoutine(new Pass(), "pass");
    const groups = flow.addRoutine(new Aggregator<object>().setGroups({ count: 2 }), "groups");
    flow.addRoutine(new Sink(), "sink");
    if (isFirst) flow.connect("feed", "output", "groups", "input");
    flow.connect("feed", "output", "batcher", "input");
    if (!isFirst) flow.connect("feed", "output", "groups", "input");
    flow.connect(batcher.output, second.input as never);
    flow.connect(second.output, pass.input);
    flow.connect(pass.output, groups.input);
    flow.connect("groups", "output", "sink", "input");
    const job = flow.execute("feed", { items: [{ data: { n: 1 } }] });
    await passAllTime(timers);
    assertEquals([job.status, outputsOf(job).map(({ data }) => data)], ["completed", [
      { key: "", items: [{ n: 1 }, { done: true }], isComplete: true },
    ]]);
  }
});

test("C412 with an error handler that goes on, open groups are a failure of the job that has completed", async () => {
  const { flow, timers, mapper } = mapAndReduce();
  for (const id of ["mapper", "groups"]) {
    flow.routine(id, Routine).setErrorHandler(new ErrorHandler({ strategy: id === "mapper" ? "skip" : "continue" }));
  }
  mapper.setConfig({});
  const job = flow.execute("feed", { items: lists([1, 13]) });
  await passAllTime(timers);
  assertEquals([job.status, job.failures.map(({ error }) => error.code)], ["completed", [undefined, "OPEN_GROUPS"]]);
});

test("a group that is complete leaves nothing that waits for its time", async () => {
  const timers = manualTimers();
  const flow = new Flow({ id: "flow", engine: new Engine({ timers, ids: manualIds() }), registry: trialRegistry() });
  flow.addRoutine(new Feed(), "feed");
  flow.addRoutine(new Aggregator().setGroups({ count: 2, timeoutMs: 7 * 86_400_000 }), "groups");
  flow.addRoutine(new Batcher().setBatches({ size: 2, timeoutMs: 7 * 86_400_000 }), "batcher");
  for (const to of ["groups", "batcher"]) flow.connect("feed", "output", to, "input");
  const job = flow.execute("feed", { items: [{ data: { n: 1 } }, { data: { n: 2 } }] });
  await timers.flush();
  assertEquals([job.status, timers.now(), timers.size], ["completed", 0, 0]);
});

test("a count in the data is a whole number, the same for all of a group, and a fixed one is not announced", async () => {
  const fail = async (aggregator: Aggregator, slot: "input" | "expected", ...items: readonly object[]) => {
    const timers = manualTimers();
    const flow = new Flow({ id: "flow", engine: new Engine({ timers, ids: manualIds() }), registry: trialRegistry() });
    flow.addRoutine(new Feed(), "feed");
    flow.addRoutine(aggregator, "groups");
    flow.connect("feed", "output", "groups", slot);
    const job = flow.execute("feed", { items: items.map((data) => ({ data })) });
    await passAllTime(timers);
    return job.error?.message;
  };
  const counted = () => new Aggregator().setGroups({ count: "n" });
  assertEquals(
    await fail(counted(), "input", { n: -1 }),
    "Cannot group: data.n is -1; a count is a whole number of at least 0",
  );
  assertEquals(
    await fail(counted(), "input", { n: 3 }, { n: 2 }),
    'Cannot group: the group "" was to have 3 inputs, and now 2',
  );
  assertEquals(
    await fail(counted(), "expected", {}),
    'Cannot expect a group: the data has no count under the key "n"',
  );
  assertEquals(
    await fail(new Aggregator().setGroups({ count: 2 }), "expected", { n: 1 }),
    "Cannot expect a group: set the key of the data that has its count, as setGroups({ count: key })",
  );
  assertThrows(() => new Aggregator().setGroups({ count: "" }), TypeError, "the count must be a non-empty string");
  assertThrows(() => counted().setGroups({ count: 2, atEnd: "no" as "drop" }), TypeError, "atEnd must be one of");
  assertThrows(() => new Batcher().setBatches({ size: 2, atEnd: "no" as "drop" }), TypeError, "atEnd must be one of");
});

test("an error of open groups names the first few, and lists a hundred", () => {
  const groups = Array.from({ length: 150 }, (_, n) => ({ key: `k${n}`, has: 1, lacks: undefined }));
  const error = new OpenGroupsError("join", groups);
  assertEquals([error.count, error.groups.length, error.message], [
    150,
    100,
    'Routine "join" holds 150 groups that nothing completes: "k0" has 1, "k1" has 1, "k2" has 1, "k3" has 1, "k4" has 1, ' +
    "and 145 more; atEnd says what becomes of them",
  ]);
});

test("a group that was announced, and of which nothing comes, ends when its time is up", async () => {
  const announced = async (options: AggregatorOptions) => {
    const timers = manualTimers();
    const flow = new Flow({ id: "flow", engine: new Engine({ timers, ids: manualIds() }), registry: trialRegistry() });
    flow.addRoutine(new Feed(), "feed");
    flow.addRoutine(new Aggregator().setGroups({ count: "n", ...options }), "groups");
    flow.addRoutine(new Sink(), "output");
    flow.connect("feed", "output", "groups", "expected");
    flow.connect("groups", "output", "output", "input");
    const job = flow.execute("feed", { items: [{ data: { n: 2 } }] });
    await passAllTime(timers);
    return { ends: outputsOf(job).map(({ data, at }) => [data, at]), error: job.error?.message };
  };
  const late = { key: "", items: [], isComplete: false };
  assertEquals(await announced({ timeoutMs: 100 }), { ends: [[late, 100]], error: undefined });
  assertEquals(await announced({ atEnd: "emit" }), { ends: [[late, 0]], error: undefined });
  assertEquals(await announced({}), {
    ends: [],
    error: 'Routine "groups" holds a group that nothing completes: one has 0 of 2; atEnd says what becomes of them',
  });
});

test("a group whose size nobody has said is named with what it has", async () => {
  const { job } = await tryRoutine(new Aggregator().setGroups({ count: "n" }), [{ data: { a: 1 } }, {
    data: { a: 2 },
  }]);
  assertEquals([job.error?.message, job.error?.details], [
    'Routine "subject" holds a group that nothing completes: one has 2; atEnd says what becomes of them',
    { count: 1, groups: [{ key: "", has: 2 }] },
  ]);
});

test("an error of open groups says what is missing, as far as that is known", () => {
  const groups = [{ key: "a", has: ["x"], lacks: ["y", "z"] }, { key: "b", has: ["x"], lacks: undefined }];
  assertEquals(
    new OpenGroupsError("join", groups).message,
    'Routine "join" holds 2 groups that nothing completes: "a" lacks "y", "z", "b" lacks some; atEnd says what becomes of them',
  );
});
