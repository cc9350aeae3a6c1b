import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { Aggregator, type AggregatorOptions } from "../../src/routines/mod.ts";
import { runRoutine } from "../../src/testing/mod.ts";
import { type TrialItem, type TrialOptions, tryRoutine } from "../support/try_routine.ts";

const join = (options: AggregatorOptions) => new Aggregator().setGroups(options);
const part = (order: unknown, n: number, at = 0): TrialItem => ({ data: { order, n }, at });

/** The groups that end, each as `key:items complete?@instant`. */
async function groups(
  options: AggregatorOptions,
  items: readonly TrialItem[],
  trial: TrialOptions = {},
): Promise<string[]> {
  const { job, outputs } = await tryRoutine(join(options), items, trial);
  assertEquals([job.error, job.status], [undefined, "completed"]);
  return outputs.map(({ data, at }) => {
    const { key, items, isComplete } = data as { key: string; items: readonly { n: number }[]; isComplete: boolean };
    return `${key}:${items.map(({ n }) => n).join(",")} ${isComplete ? "all" : "late"}@${at}`;
  });
}

test("C288 three inputs, expecting three, give one group of three", async () => {
  const { job, outputs } = await tryRoutine(join({ count: 3 }), [part("a", 1), part("b", 2), part("a", 3)]);
  assertEquals(outputs.map(({ data }) => data), [{
    key: "",
    items: [{ order: "a", n: 1 }, { order: "b", n: 2 }, { order: "a", n: 3 }],
    isComplete: true,
  }]);
  assertEquals(job.status, "completed");
});

test("C289 two inputs, expecting three, give none, and are kept if they may be dropped", async () => {
  const { job, outputs } = await tryRoutine(join({ count: 3, atEnd: "drop" }), [part("a", 1), part("b", 2)]);
  assertEquals([job.status, outputs], ["completed", []]);
  assertEquals(job.toJSON().slots?.["subject"]?.["group"]?.lists?.map(({ items }) => items), [[
    { order: "a", n: 1 },
    { order: "b", n: 2 },
  ]]);
});

test("C290 in concurrent mode inputs are grouped as well, and none is lost", async () => {
  const items = Array.from({ length: 30 }, (_, n) => part(n % 3, n));
  const found = await groups({ count: 5, by: "order" }, items, { strategy: "concurrent" });
  const numbers = found.map((it) => it.split(/[: ]/)[1]?.split(",") ?? []);
  assertEquals(numbers.map((it) => it.length), [5, 5, 5, 5, 5, 5]);
  assertEquals(numbers.flat().map(Number).sort((a, b) => a - b), items.map((_, n) => n));
});

test("groups follow each other, and a new one begins where the last has ended", async () => {
  const items = [1, 2, 3, 4, 5].map((n) => part("a", n));
  assertEquals(await groups({ count: 2, atEnd: "drop" }, items), [":1,2 all@0", ":3,4 all@0"]);
  assertEquals(await groups({ count: 1 }, items.slice(0, 2)), [":1 all@0", ":2 all@0"]);
});

test("by a key, groups are apart and end each for itself", async () => {
  const items = [part("a", 1), part("b", 2), part("b", 3), part("a", 4), part("c", 5)];
  assertEquals(await groups({ count: 2, by: "order", atEnd: "emit" }, items), [
    "b:2,3 all@0",
    "a:1,4 all@0",
    "c:5 late@0",
  ]);
});

test("keys may be called as they like: also __proto__, constructor, or nothing", async () => {
  const items = ["__proto__", "constructor", "", "toString"].flatMap((key, n) => [part(key, n), part(key, n + 10)]);
  assertEquals(await groups({ count: 2, by: "order" }, items), [
    "__proto__:0,10 all@0",
    "constructor:1,11 all@0",
    ":2,12 all@0",
    "toString:3,13 all@0",
  ]);
});

test("a key may be a number or a boolean, and is not mixed with the text of the same form", async () => {
  const items = [part(1, 1), part("1", 2), part(1, 3), part("1", 4), part(true, 5), part("true", 6), part(true, 7)];
  const found = await groups({ count: 2, by: "order", atEnd: "drop" }, items);
  assertEquals(found.map((it) => it.replace(/^.*:/, "")), [
    "1,3 all@0",
    "2,4 all@0",
    "5,7 all@0",
  ]);
});

test("when the time is up, a group ends with what has come", async () => {
  const items = [part("a", 1), part("a", 2, 40)];
  assertEquals(await groups({ count: 3, timeoutMs: 100 }, items), [":1,2 late@100"]);
});

test("the time counts from the first input of each group", async () => {
  const items = [part("a", 1, 0), part("b", 2, 30), part("a", 3, 90), part("a", 4, 120), part("b", 5, 125)];
  assertEquals(await groups({ by: "order", timeoutMs: 100 }, items), [
    "a:1,3 late@100",
    "b:2,5 late@130",
    "a:4 late@220",
  ]);
});

test("a group that was complete does not end again, and its time does not cut the next one short", async () => {
  const items = [part("a", 1, 0), part("a", 2, 10), part("a", 3, 50), part("a", 4, 200)];
  assertEquals(await groups({ count: 2, timeoutMs: 100 }, items), [":1,2 all@10", ":3 late@150", ":4 late@300"]);
});

test("an input at the very instant of the end of the time is too late, and begins a group of its own", async () => {
  const items = [part("a", 1, 0), part("a", 2, 100)];
  assertEquals(await groups({ count: 2, timeoutMs: 100 }, items), [":1 late@100", ":2 late@200"]);
  assertEquals(await groups({ timeoutMs: 100 }, items), [":1 late@100", ":2 late@200"]);
});

test("count, key and time together", async () => {
  const items = [part("a", 1, 0), part("b", 2, 10), part("a", 3, 20), part("a", 4, 30), part("b", 5, 111)];
  assertEquals(await groups({ count: 2, by: "order", timeoutMs: 100 }, items), [
    "a:1,3 all@20",
    "b:2 late@110",
    "a:4 late@130",
    "b:5 late@211",
  ]);
});

test("the settings move with the flow", async () => {
  const items = [part("a", 1, 0), part("b", 2, 10), part("a", 3, 20)];
  const moved = await groups({ count: 2, by: "order", timeoutMs: 100 }, items, { moved: true });
  assertEquals(moved, ["a:1,3 all@20", "b:2 late@110"]);
});

test("setting the groups again forgets what was set before", () => {
  const aggregator = join({ count: 2, by: "order", timeoutMs: 100 });
  assertEquals(aggregator.getConfig(), { count: 2, by: "order", timeoutMs: 100 });
  aggregator.setGroups({ timeoutMs: 5 });
  assertEquals(aggregator.getConfig(), { timeoutMs: 5 });
});

test("C517 settings by which no group would end, or out of range, are refused", () => {
  const message = (options: AggregatorOptions) => assertThrows(() => join(options), Error).message;
  assertEquals(message({}), "Cannot set groups: give a count, a timeoutMs, or both");
  assertEquals(message({ by: "order" }), "Cannot set groups: give a count, a timeoutMs, or both");
  assertEquals(
    message({ count: 0 }),
    "Cannot set groups: count must be an integer of at least 1, current value is 0",
  );
  assertEquals(
    message({ by: "", count: 1 }),
    'Cannot set groups: the key of groups must be a non-empty string (and none of __proto__, constructor, prototype), not ""',
  );
  assertEquals(
    message({ count: 1.5 }),
    "Cannot set groups: count must be an integer of at least 1, current value is 1.5",
  );
  assertEquals(
    message({ timeoutMs: -1 }),
    "Cannot set groups: timeoutMs must be a number of milliseconds, between 0 and 9007199254740991, current value is -1",
  );
});

test("an aggregator without settings says what to do, and does not swallow its inputs", async () => {
  const { job } = await tryRoutine(new Aggregator(), [part("a", 1)]);
  assertEquals([job.status, job.error?.name], ["failed", "TypeError"]);
});

test("C517 data without the key is the aggregator's error", async () => {
  const failure = async (data: unknown) => {
    const { job } = await tryRoutine(join({ count: 1, by: "order" }), [{ data }]);
    return [job.status, job.error?.message];
  };
  const refused = ["failed", 'Cannot group: the data has no key "order", by which it is grouped; all data needs one'];
  assertEquals(await failure({ n: 1 }), refused);
  assertEquals(await failure(5), refused);
  assertEquals(await failure(null), refused);
});

test("an inherited property is no key of the data", async () => {
  const { job } = await tryRoutine(join({ count: 1, by: "toString" }), [part("a", 1)]);
  assertEquals([job.status, job.error?.message], [
    "failed",
    'Cannot group: the data has no key "toString", by which it is grouped; all data needs one',
  ]);
});

test("C517 a key that is no text, number or boolean is refused: maps would all be one group", async () => {
  for (const order of [new Map([["a", 1]]), 5n, { a: 1 }]) {
    const { job } = await tryRoutine(join({ count: 1, by: "order" }), [part(order, 1)]);
    assertEquals([job.status, job.error?.message.startsWith("Cannot group: ")], ["failed", true]);
  }
});

test("items that JSON alone cannot hold arrive as they were", async () => {
  const days = [new Date(1), new Date(2)];
  const { outputs } = await tryRoutine(join({ count: 2 }), days.map((day) => ({ data: { day } })), { moved: true });
  assertEquals(outputs.map(({ data }) => data), [{ key: "", items: days.map((day) => ({ day })), isComplete: true }]);
});

test("many inputs in many groups: none is lost, none is doubled, in order", async () => {
  const items = Array.from({ length: 600 }, (_, n) => part(`k${n % 7}`, n, n * 3));
  const found = await groups({ count: 10, by: "order", timeoutMs: 150 }, items);
  const numbers = found.map((it) => it.split(/[: ]/)[1]?.split(",").map(Number) ?? []);
  assertEquals(numbers.flat().sort((a, b) => a - b), items.map((_, n) => n));
  for (const list of numbers) assertEquals(list, list.toSorted((a, b) => a - b));
});

test("a deadline that is left over, where nothing has been collected, ends nothing", async () => {
  const routine = new Aggregator().setGroups({ count: 2, timeoutMs: 10 });
  const { job, emitted } = await runRoutine(
    routine,
    routine.getSlot("deadline") as never,
    { name: "group:1" } as never,
  );
  assertEquals([job.error, job.status, emitted], [undefined, "completed", []]);
});
