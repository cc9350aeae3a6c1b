import { test } from "node:test";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { SerializationError } from "../../src/base/errors.ts";
import {
  DEFAULT_VALUE_LIMITS,
  isTagged,
  taggedPayload,
  unseenWireOf,
  type ValueLimits,
  wireOf,
} from "../../src/values/payload.ts";
import { ValueReader } from "../../src/values/value_reader.ts";
import { seen } from "../support/encode_values.ts";
import { JobState, Registry } from "../../mod.ts";

const newReader = (limits?: Partial<ValueLimits>): ValueReader =>
  new ValueReader("routilux/job", { ...DEFAULT_VALUE_LIMITS, ...limits });

const newAdopter = (): ValueReader => new ValueReader("routilux/job", DEFAULT_VALUE_LIMITS, true);

/** The refusal to read what a text holds, without its beginning. */
function refusal(json: unknown, limits?: Partial<ValueLimits>): string {
  const error = assertThrows(() => newReader(limits).read(json, "pendingTasks[0].data"), SerializationError);
  const opening = `Cannot read routilux/job: ${error.path}: `;
  assertStrictEquals(error.message.slice(0, opening.length), opening);
  return `${error.path}: ${error.message.slice(opening.length)}`;
}

test("plain JSON is read into a frozen copy", () => {
  const json: unknown = JSON.parse('{"a":[1,{"b":null}],"c":"x"}');
  const read = newReader().read(json, "data");
  assertEquals(read, { a: [1, { b: null }], c: "x" });
  assertEquals([Object.isFrozen(read), Object.isFrozen((read as { a: unknown }).a), Object.isFrozen(json)], [
    true,
    true,
    false,
  ]);
  assertEquals(json, { a: [1, { b: null }], c: "x" });
});

test("a reader that adopts a document freezes what is in it where it is", () => {
  const json = JSON.parse('{"a":[1,{"b":null}],"c":"x","d":1,"e":2,"f":{}}');
  const parts = [json, json.a, json.a[1], json.f];
  const read = newAdopter().read(json, "data");
  assertStrictEquals(read, json);
  assertEquals(read, { a: [1, { b: null }], c: "x", d: 1, e: 2, f: {} });
  assertEquals([json.a, json.a[1], json.f], parts.slice(1));
  assertEquals(parts.map(Object.isFrozen), [true, true, true, true]);
});

test("the payload of a task is not frozen when it is read", () => {
  for (const reader of [newReader(), newAdopter()]) {
    const read = reader.readUnseen(JSON.parse('{"a":[1,{"b":null}],"c":"x"}'), "pendingTasks[0]", ".data");
    const json = unseenWireOf(read);
    const { a } = json as { a: readonly unknown[] };
    assertEquals([json, a, a[1]].map(Object.isFrozen), [false, false, false]);
    assertEquals(seen(read), { a: [1, { b: null }], c: "x" });
    assertEquals([json, a, a[1]].map(Object.isFrozen), [true, true, true]);
    assertEquals(Object.isFrozen(reader.read({ a: [1] }, "data")), true);
  }
  const tagged = newReader().readUnseen({ $type: "bigint", value: "1" }, "pendingTasks[0]", ".data");
  assertEquals(tagged, taggedPayload({ $type: "bigint", value: "1" }));
  assertStrictEquals(newReader().readUnseen(undefined, "pendingTasks[0]", ".data"), undefined);
  assertThrows(
    () => newReader().readUnseen([NaN], "pendingTasks[0]", ".data"),
    Error,
    "pendingTasks[0].data[0]: expected",
  );
});

test("what an adopted document must not hold is read otherwise, also from parts that are frozen", () => {
  const json = () => ({ a: -0, b: undefined, c: [-0, 1], d: Object.freeze({ e: Object.freeze([-0]), f: undefined }) });
  for (const document of [json(), Object.freeze(json())]) {
    assertEquals(newAdopter().read(document, "data"), { a: 0, c: [0, 1], d: { e: [0] } });
  }
  const error = assertThrows(() => newAdopter().read(JSON.parse('{"a":[1e999]}'), "data"), SerializationError);
  assertStrictEquals(error.message, "Cannot read routilux/job: data.a[0]: expected a finite number, got Infinity");
});

test("tagged JSON is told from plain JSON, and nothing is built", () => {
  const read = newReader().read({ at: { $type: "Date", value: "1970-01-01T00:00:00.000Z" } }, "data");
  assert(isTagged(read));
  assertEquals(wireOf(read), { at: { $type: "Date", value: "1970-01-01T00:00:00.000Z" } });
});

test("a reader tells tagged values from plain ones at each reading", () => {
  const reader = newReader();
  const results = [{ $type: "bigint", value: "1" }, { a: 1 }, [{ $type: "Set", value: [] }], 5].map((json) =>
    isTagged(reader.read(json, "data"))
  );
  assertEquals(results, [true, false, true, false]);
});

test("the classes that a document names are noted with the first place of each", () => {
  const reader = newReader();
  reader.read({ a: [1, { $type: "Money", value: { b: { $type: "Coin", value: null } } }] }, "sharedData.x");
  reader.read({ $type: "Money", value: 1 }, "sharedData.y");
  assertEquals(Array.from(reader.classes), [["Coin", "sharedData.x.a[1].value.b"], ["Money", "sharedData.x.a[1]"]]);
});

test("a class of any name is only noted, never looked up", () => {
  const reader = newReader();
  reader.read({ $type: "toString", value: { $type: "constructor", value: 1 } }, "data");
  assertEquals(Array.from(reader.classes.keys()), ["constructor", "toString"]);
});

const refused: readonly (readonly [what: string, json: unknown, message: string])[] = [
  [
    "a __proto__ key",
    JSON.parse('{"a":[{"__proto__":{"x":1}}]}'),
    ".a[0].__proto__: expected no key of this name, got one",
  ],
  ["a tag without a value", { $type: "Date" }, ': expected a tagged value, { "$type": name, "value": … }, got "Date"'],
  [
    "a tag with more keys",
    { a: { $type: "Set", value: [], extra: 1 } },
    '.a: expected a tagged value, { "$type": name, "value": … }, got "Set"',
  ],
  ["a tag that is no text", { $type: 5, value: 1 }, ': expected a tagged value, { "$type": name, "value": … }, got 5'],
  ["an empty tag", { $type: "", value: 1 }, ': expected a tagged value, { "$type": name, "value": … }, got ""'],
  [
    "a date of another form",
    { $type: "Date", value: "2026-01-31" },
    ': expected the value of a Date, got "2026-01-31"',
  ],
  ["a date that is a number", { $type: "Date", value: 0 }, ": expected the value of a Date, got 0"],
  [
    "a day that does not exist",
    { $type: "Date", value: "2025-02-30T00:00:00.000Z" },
    ': expected the value of a Date, got "2025-02-30T00:00:00.000Z"',
  ],
  ["a bigint with a fraction", { $type: "bigint", value: "1.5" }, ': expected the value of a bigint, got "1.5"'],
  ["a bigint in hexadecimal", { $type: "bigint", value: "0x10" }, ': expected the value of a bigint, got "0x10"'],
  ["a bigint with leading zeros", { $type: "bigint", value: "007" }, ': expected the value of a bigint, got "007"'],
  ["a bigint -0", { $type: "bigint", value: "-0" }, ': expected the value of a bigint, got "-0"'],
  ["an empty bigint", { $type: "bigint", value: "" }, ': expected the value of a bigint, got ""'],
  ["bytes that are no base64", { $type: "Uint8Array", value: "A" }, ': expected the value of a Uint8Array, got "A"'],
  ["a map of no pairs", { $type: "Map", value: [["k"]] }, ": expected the value of a Map, got an array"],
  ["a map that is an object", { $type: "Map", value: {} }, ": expected the value of a Map, got an object"],
  ["a set that is an object", { $type: "Set", value: {} }, ": expected the value of a Set, got an object"],
  ["a function", { run: () => 1 }, ".run: expected JSON, got a function"],
  ["a bigint that is not tagged", [1n], "[0]: expected JSON, got the bigint 1"],
  ["NaN", [NaN], "[0]: expected a finite number, got NaN"],
  ["undefined in a list", [undefined], "[0]: expected JSON, got undefined"],
];
for (const [what, json, message] of refused) {
  test(`a document with ${what} is refused with the path`, () => {
    assertStrictEquals(refusal(json), `pendingTasks[0].data${message}`);
  });
}

test("a document with an error that is none is refused with the path", () => {
  const wrong: readonly unknown[] = [
    null,
    "E: m",
    { name: "E" },
    { message: "m" },
    { name: 1, message: "m" },
    { name: "E", message: "m", evil: 1 },
    { name: "E", message: "m", code: true },
    { name: "E", message: "m", omitted: [] },
    { name: "E", message: "m", omitted: [1] },
    { name: "E", message: "m", errors: {} },
    { name: "E", message: "m", errors: [{ name: "E" }] },
    { name: "E", message: "m", details: [] },
    { name: "E", message: "m", details: { $type: "Date", value: "2000-01-01T00:00:00.000Z" } },
    { name: "E", message: "m", stack: 5 },
    { name: "E", message: "m", cause: "c" },
    { name: "E", message: "m", cause: { name: "E" } },
  ];
  for (const value of wrong) {
    const error = assertThrows(() => newReader().read([{ $type: "Error", value }], "data"), SerializationError);
    assertStrictEquals(error.path, "data[0]", JSON.stringify(value));
  }
});

test("C362 a document that is nested deeper than the limit is refused", () => {
  assertStrictEquals(
    refusal({ a: { b: {} } }, { depth: 1 }),
    "pendingTasks[0].data.a.b: expected nesting of at most 1 (the limit depth), got deeper nesting",
  );
});

test("a document nested a hundred thousand times is refused, not a crash", () => {
  const json: unknown = JSON.parse("[".repeat(100_000) + "]".repeat(100_000));
  assertStrictEquals(
    refusal(json),
    `pendingTasks[0].data${"[0]".repeat(101)}: expected nesting of at most 100 (the limit depth), got deeper nesting`,
  );
});

test("an error with all that an error may have is read", () => {
  const value = {
    name: "E",
    message: "m",
    code: "C",
    cause: { name: "F", message: "n", cause: { name: "", message: "" } },
    stack: "s",
  };
  assertEquals(newReader().read({ $type: "Error", value }, "data"), taggedPayload({ $type: "Error", value }));
});

test("an error with a hundred thousand causes is refused, not a crash", () => {
  const chain = '{"name":"E","message":"m","cause":';
  const json: unknown = JSON.parse(`${chain.repeat(100_000)}{"name":"E","message":"m"}${"}".repeat(100_000)}`);
  assertThrows(() => newReader().read({ $type: "Error", value: json }, "data"), SerializationError);
  const document = {
    createdAt: "1970-01-01T00:00:00.000Z",
    error: json,
    flowId: "flow",
    format: "routilux/job",
    jobId: "job",
    nextTaskId: 1,
    pendingTasks: [],
    ranMs: 0,
    status: "failed",
    updatedAt: "1970-01-01T00:00:00.000Z",
    version: 1,
  };
  assertThrows(
    () => JobState.fromJSON(document, new Registry()),
    SerializationError,
    "Cannot read routilux/job: error",
  );
});

test("a document with more values than the limit is refused", () => {
  assertStrictEquals(
    refusal([1, 2, 3], { nodes: 3 }),
    "pendingTasks[0].data: expected at most 3 values (the limit nodes), got more",
  );
});

test("a document with more bytes than the limit is refused", () => {
  assertStrictEquals(
    refusal({ a: "é" }, { bytes: 9 }),
    "pendingTasks[0].data: expected JSON of at most 9 bytes (the limit bytes), got a longer one",
  );
  assertEquals(newReader({ bytes: 10 }).read({ a: "é" }, "data"), { a: "é" });
});

test("the limits hold for each value, not for the document", () => {
  const reader = newReader({ nodes: 3 });
  for (let i = 0; i < 10; i++) assertEquals(reader.read([1, 2], "data"), [1, 2]);
});

test("after a refusal the next value is read with its own path", () => {
  const reader = newReader();
  assertThrows(() => reader.read({ a: { b: [NaN] } }, "one"), SerializationError, "one.a.b[0]");
  assertThrows(() => reader.read([NaN], "two"), SerializationError, "Cannot read routilux/job: two[0]: expected");
});

test("keys without a value are left out, and a tag that is none is named", () => {
  assertEquals(newReader().read({ a: undefined, b: [{ c: undefined }] }, "data"), { b: [{}] });
  assertStrictEquals(
    refusal({ $type: null, value: 1 }),
    'pendingTasks[0].data: expected a tagged value, { "$type": name, "value": … }, got an object',
  );
});
