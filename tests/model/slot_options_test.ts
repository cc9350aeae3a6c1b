import { test } from "node:test";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { type Handler, Routine, type SlotOptions, type StandardSchema } from "../../mod.ts";

class Bare extends Routine {
  take(): void {}
  join(old: number | undefined, next: number): number {
    return (old ?? 0) + next;
  }
}

const options = (value: object): SlotOptions => value as SlotOptions;
const handler = (value: unknown): Handler<unknown> => value as Handler<unknown>;

test("a slot keeps its options", () => {
  const bare = new Bare();
  const schema: StandardSchema<never, unknown> = {
    "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) },
  };
  const slot = bare.addSlot("a", null, { merge: "append", timeoutMs: 1, schema });
  assertEquals([slot.merge, slot.timeoutMs, slot.handler], ["append", 1, undefined]);
  assertStrictEquals(slot.schema, schema);
  assertStrictEquals(bare.addSlot("b", null, { merge: bare.join }).merge, Bare.prototype.join);
  assertEquals(bare.addSlot("c", bare.take, { merge: "override" }).merge, "override");
});

test("a slot without a handler only merges", () => {
  assertStrictEquals(new Bare().addSlot("a", null).handler, undefined);
});

test("a handler that is undefined is refused with the likely reason", () => {
  class Late extends Routine {
    readonly input = this.addSlot("input", Reflect.get(this, "take"));
    readonly take = (): void => {};
  }
  assertThrows(
    () => new Late(),
    TypeError,
    'Cannot add slot "input": the handler is undefined; a field that holds one must stand before the slot, ' +
      "and null makes a slot that only merges",
  );
});

test("a handler that is no function is refused with what it is", () => {
  for (const [value, text] of [["take", '"take"'], [5, "5"], [{}, "an object"]] as const) {
    assertThrows(
      () => new Bare().addSlot("input", handler(value)),
      TypeError,
      `Cannot add slot "input": the handler is ${text}; a field that holds one must stand before the slot`,
    );
  }
});

test("C029 a misspelt merge is refused when the slot is declared", () => {
  for (const [merge, text] of [["appendd", '"appendd"'], ["", '""'], [null, "null"], [1, "1"]] as const) {
    assertThrows(
      () => new Bare().addSlot("input", null, options({ merge })),
      TypeError,
      `Cannot add slot "input": merge must be "override", "append" or a function, current value is ${text}`,
    );
  }
});

test("a timeout out of range is refused when the slot is declared", () => {
  for (const timeoutMs of [0, 0.5, -1, NaN, Infinity, 2 ** 53]) {
    assertThrows(
      () => new Bare().addSlot("input", null, { timeoutMs }),
      RangeError,
      `Cannot add slot "input": timeoutMs must be a number of milliseconds, between 1 and 9007199254740991, ` +
        `current value is ${timeoutMs}`,
    );
  }
  assertThrows(
    () => new Bare().addSlot("input", null, options({ timeoutMs: "5" })),
    RangeError,
    'timeoutMs must be a number of milliseconds, between 1 and 9007199254740991, current value is "5"',
  );
});

test("a timeout of 30 days is fine", () => {
  assertEquals(new Bare().addSlot("input", null, { timeoutMs: 2_592_000_000 }).timeoutMs, 2_592_000_000);
});

test("what is no schema is refused when the slot or event is declared", () => {
  const hint = "schema must follow Standard Schema (valibot, zod, arktype and others do), got an object";
  assertThrows(
    () => new Bare().addSlot("input", null, options({ schema: {} })),
    TypeError,
    `Cannot add slot "input": ${hint}`,
  );
  assertThrows(
    () => new Bare().addEvent("output", { schema: {} as StandardSchema }),
    TypeError,
    `Cannot add event "output": ${hint}`,
  );
});

test("params of an event that are no list of keys are refused", () => {
  for (const [params, text] of [["data", '"data"'], [[1], "an array"], [{}, "an object"]] as const) {
    assertThrows(
      () => new Bare().addEvent("output", { params: params as never }),
      TypeError,
      `Cannot add event "output": params must be a list of keys, got ${text}`,
    );
  }
});

test("the params of an event are a copy", () => {
  const params: ("a" | "b")[] = ["a"];
  const event = new Bare().addEvent<{ a: number; b: number }>("output", { params });
  params.push("b");
  assertEquals(event.params, ["a"]);
});

test("a refused slot or event leaves its name free", () => {
  const bare = new Bare();
  assertThrows(() => bare.addSlot("input", null, options({ merge: "x" })), TypeError);
  assertThrows(() => bare.addSlot("input", null, { timeoutMs: 0 }), RangeError);
  assertThrows(() => bare.addEvent("output", { schema: 5 as never }), TypeError);
  assertEquals([bare.getSlot("input"), bare.getEvent("output")], [undefined, undefined]);
  assertEquals([bare.addSlot("input", null).name, bare.addEvent("output").name], ["input", "output"]);
});
