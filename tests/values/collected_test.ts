import { test } from "node:test";
import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { type Collected, createCollected } from "../../src/values/collected.ts";
import { type Payload, valueOf } from "../../src/values/payload.ts";
import { encode, refusalOf, wireText } from "../support/encode_values.ts";
import { NO_CLASSES } from "../support/no_classes.ts";

const stored = (...values: readonly unknown[]): Payload[] => values.map((value) => encode(value) ?? null);
const collect = <T>(items: Payload[], from = 0, to = items.length): Collected<T> =>
  createCollected<T>(items, from, to, NO_CLASSES);

test("a collected list has a length, and its items by index", () => {
  const list = collect<string>(stored("a", "b", "c"));
  assertEquals([list.length, list.at(0), list.at(2)], [3, "a", "c"]);
});

test("a negative index counts from the end, and beyond the ends there is nothing", () => {
  const list = collect<string>(stored("a", "b"));
  assertEquals([list.at(-1), list.at(-2)], ["b", "a"]);
  assertEquals([2, -3, 99, NaN, Infinity, -Infinity].map((index) => list.at(index)), Array(6).fill(undefined));
});

test("a collected list is iterated in order, as often as one likes", () => {
  const list = collect<number>(stored(1, 2, 3));
  assertEquals([[...list], Array.from(list), list.toArray()], [[1, 2, 3], [1, 2, 3], [1, 2, 3]]);
});

test("a collected list shows only its own stretch", () => {
  const items = stored(0, 1, 2, 3, 4);
  const list = collect<number>(items, 1, 4);
  assertEquals([list.length, list.toArray(), list.at(0), list.at(-1), list.at(3)], [3, [1, 2, 3], 1, 3, undefined]);
});

test("a collected list stays as it is, however much is appended later", () => {
  const items = stored("a");
  const list = collect<string>(items);
  items.push("b");
  assertEquals([list.length, list.toArray(), list.at(1)], [1, ["a"], undefined]);
});

test("the array of a collected list is the caller's own", () => {
  const list = collect<number>(stored(1, 2));
  list.toArray().push(3);
  assertEquals(list.toArray(), [1, 2]);
});

test("an item that had to be encoded is decoded anew at each read, and refuses to be changed", () => {
  const list = collect<Date>(stored(new Date(0)));
  const first = list.at(0);
  assertInstanceOf(first, Date);
  assertThrows(() => first.setTime(99), TypeError, "Cannot change a Date in place");
  assertEquals(list.at(0) === first, false);
  assertEquals(list.at(0), new Date(0));
});

test("a plain item is the stored one, frozen", () => {
  const list = collect<{ a: number }>(stored({ a: 1 }));
  assertStrictEquals(list.at(0), list.at(0));
  assertEquals(Object.isFrozen(list.at(0)), true);
});

test("an empty collected list has nothing", () => {
  const list = collect<number>([]);
  assertEquals([list.length, list.at(0), list.at(-1), list.toArray()], [0, undefined, undefined, []]);
});

test("JSON.stringify shows a collected list as an array", () => {
  assertStrictEquals(JSON.stringify({ items: collect(stored(1, { a: 2 })) }), '{"items":[1,{"a":2}]}');
});

test("an emitted collected list travels as an array", () => {
  const list = collect(stored({ a: 1 }, "b"), 0, 2);
  assertStrictEquals(wireText({ items: list, again: [list] }), '{"items":[{"a":1},"b"],"again":[[{"a":1},"b"]]}');
  assertEquals(Object.isFrozen((encode({ items: list }) as { items: unknown }).items), true);
});

test("an emitted collected list keeps the kinds of its items", () => {
  assertStrictEquals(
    wireText(collect(stored(1n, new Set([2])))),
    '[{"$type":"bigint","value":"1"},{"$type":"Set","value":[2]}]',
  );
});

test("what was collected encoded is decoded again after it was emitted", () => {
  const emitted = encode({ items: collect(stored(new Date(5), "plain")) });
  assertEquals(valueOf(emitted, NO_CLASSES), { items: [new Date(5), "plain"] });
});

test("an emitted collected list counts towards depth and number of values", () => {
  const list = collect(stored([[1]], [[2]]));
  assertStrictEquals(refusalOf({ list }, NO_CLASSES, { depth: 3 }), "not refused");
  assertStrictEquals(
    refusalOf({ list }, NO_CLASSES, { depth: 2 }),
    "data.list[0][0] is nested deeper than limits.depth allows (2)",
  );
  assertStrictEquals(refusalOf({ list }, NO_CLASSES, { nodes: 8 }), "not refused");
  assertStrictEquals(
    refusalOf({ list }, NO_CLASSES, { nodes: 7 }).startsWith("data.list[1][0] is part of more than 7 values"),
    true,
  );
});

test("each null in an emitted list is a value that counts", () => {
  const list = collect(stored({ nothing: null }, [null]));
  assertStrictEquals(refusalOf(list, NO_CLASSES, { nodes: 5 }), "not refused");
  assertStrictEquals(refusalOf(list, NO_CLASSES, { nodes: 4 }).startsWith("data[1] is part of more than 4"), true);
});
