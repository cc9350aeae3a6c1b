import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { DataFlattener } from "../../../src/routines/text/mod.ts";
import { runRoutine } from "../../../src/testing/mod.ts";
import { plainError } from "../../support/plain_error.ts";

async function flat(data: unknown, flattener = new DataFlattener()): Promise<unknown> {
  const { job, emitted } = await runRoutine(flattener, flattener.input, { data });
  assertEquals([plainError(job), job.status, emitted.length], [undefined, "completed", 1]);
  return (emitted[0]?.data as { data: unknown }).data;
}

test("C318 keys of nested objects are joined", async () => {
  assertEquals(await flat({ a: { b: 1, c: 2 } }), { "a.b": 1, "a.c": 2 });
});

test("C319 items of a list are found under their index", async () => {
  assertEquals(await flat({ items: [1, 2, 3] }), { "items.0": 1, "items.1": 2, "items.2": 3 });
  assertEquals(await flat([["a"], "b"]), { "0.0": "a", "1": "b" });
});

test("C320 four levels make a key of four parts", async () => {
  assertEquals(await flat({ a: { b: { c: { d: "deep" } } } }), { "a.b.c.d": "deep" });
});

test("C321 what is neither an object nor a list stands under value", async () => {
  assertEquals(await flat(42), { value: 42 });
  assertEquals(await flat(null), { value: null });
});

test("C322 another separator", async () => {
  assertEquals(await flat({ a: { b: 1 } }, new DataFlattener().setSeparator("_")), { a_b: 1 });
  assertEquals(await flat({ a: { b: 1 } }, new DataFlattener().setSeparator(" > ")), { "a > b": 1 });
});

test("nothing is lost: empty objects and lists stay as they are, and so do values of other kinds", async () => {
  const data = { none: {}, empty: [], when: new Date(5), map: new Map([["a", { b: 1n }]]), nothing: null };
  assertEquals(await flat({ x: data }), {
    "x.none": {},
    "x.empty": [],
    "x.when": new Date(5),
    "x.map": new Map([["a", { b: 1n }]]),
    "x.nothing": null,
  });
  assertEquals([await flat({}), await flat([])], [{}, { value: [] }]);
});

test("two values that would have one key are an error, which names it", async () => {
  const flattener = new DataFlattener();
  const { job } = await runRoutine(flattener, flattener.input, { data: { "a.b": 1, a: { b: 2 } } });
  assertEquals(plainError(job), {
    name: "TypeError",
    message: 'Cannot flatten: two values would have the key "a.b"; choose another separator',
  });
});

test("a key that no object may have is refused, however it came about", async () => {
  const flattener = new DataFlattener().setSeparator("_");
  const { job } = await runRoutine(flattener, flattener.input, { data: { "": { "": { proto: { "": { "": 1 } } } } } });
  assertEquals(job.status, "failed");
  assertEquals(Reflect.get({}, "polluted"), undefined);
});

test("data that does not stand under the key data is an error, and an empty separator is refused", async () => {
  const flattener = new DataFlattener();
  const { job } = await runRoutine(flattener, flattener.input, 5 as never);
  assertEquals(job.error?.message, "Cannot flatten: expected an object with the key data, got 5");
  assertThrows(() => new DataFlattener().setSeparator(""), TypeError, "separator must be a non-empty string");
});

test("C499 a long name above many values, whose keys would fill the memory, is an error that names the limit and the place", async () => {
  const flattener = new DataFlattener();
  const values = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`k${index}`, index]));
  const { job, emitted } = await runRoutine(flattener, flattener.input, { data: { ["x".repeat(9_996)]: values } });
  assertEquals(emitted, []);
  assertEquals(plainError(job), {
    name: "RangeError",
    message: `Cannot flatten: with "${"x".repeat(100)}…", number 101, all keys would have 1009991 characters, ` +
      "more than maxKeyCharacters, current value is 1000000",
  });
});

test("the limit of the keys can be set, and is met to the character", async () => {
  const data = { a: { b: 1, c: 2 }, d: 3 };
  assertEquals(await flat(data, new DataFlattener().setMaxKeyCharacters(7)), { "a.b": 1, "a.c": 2, d: 3 });
  const flattener = new DataFlattener().setMaxKeyCharacters(6);
  const { job } = await runRoutine(flattener, flattener.input, { data });
  assertEquals(
    job.error?.message,
    'Cannot flatten: with "d", number 3, all keys would have 7 characters, more than maxKeyCharacters, current value is 6',
  );
  assertThrows(() => new DataFlattener().setMaxKeyCharacters(0), RangeError, "maxKeyCharacters must be an integer");
});
