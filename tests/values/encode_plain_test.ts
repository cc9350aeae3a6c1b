import { test } from "node:test";
import { assertEquals, assertNotEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { SerializationError } from "../../src/base/errors.ts";
import { isTagged, wireOf } from "../../src/values/payload.ts";
import { encode, wireText } from "../support/encode_values.ts";

test("JSON values are taken as they are", () => {
  for (const value of [null, true, false, 0, -1, 1.5, Number.MAX_VALUE, 5e-324, "", "text", "\u0000😀\ud800"]) {
    assertStrictEquals(encode(value), value);
  }
});

test("no value is no value", () => {
  assertStrictEquals(encode(undefined), undefined);
});

test("-0 is 0, at any place", () => {
  assertStrictEquals(encode(-0), 0);
  assertStrictEquals(wireText({ a: [-0], m: new Map([[-0, -0]]) }), '{"a":[0],"m":{"$type":"Map","value":[[0,0]]}}');
  const [first] = encode([-0]) as readonly number[];
  assertStrictEquals(first, 0);
});

test("objects and arrays are copied and frozen all the way down", () => {
  const value = { list: [{ a: 1 }], nested: { deep: { x: [1, [2]] } } };
  const copy = encode(value) as typeof value;
  assertEquals(copy, value);
  for (const part of [copy, copy.list, copy.list[0], copy.nested, copy.nested.deep, copy.nested.deep.x]) {
    assertEquals(Object.isFrozen(part), true);
  }
});

test("the caller's object stays as it was", () => {
  const inner = { a: 1 };
  const value = { inner, list: [inner], gone: undefined, when: new Date(0) };
  const copy = encode(value);
  assertEquals(Reflect.ownKeys(value), ["inner", "list", "gone", "when"]);
  assertStrictEquals(value.list[0], inner);
  assertEquals([Object.isFrozen(value), Object.isFrozen(inner), Object.isFrozen(value.list)], [false, false, false]);
  inner.a = 2;
  value.list.push({ a: 3 });
  assertEquals(wireOf(copy ?? null), {
    inner: { a: 1 },
    list: [{ a: 1 }],
    when: { $type: "Date", value: "1970-01-01T00:00:00.000Z" },
  });
});

test("one object at two places is two copies, not a cycle", () => {
  const shared = { a: 1 };
  assertEquals(encode({ x: shared, y: [shared, shared] }), { x: { a: 1 }, y: [{ a: 1 }, { a: 1 }] });
});

test("user data keeps its own order of keys", () => {
  assertStrictEquals(wireText({ b: 1, a: 2, "10": 3, "9": 4 }), '{"9":4,"10":3,"b":1,"a":2}');
});

test("undefined properties are dropped", () => {
  assertStrictEquals(wireText({ a: undefined, b: 1, c: { d: undefined } }), '{"b":1,"c":{}}');
  assertEquals(Object.keys(encode({ a: undefined }) as object), []);
});

test("an undefined property may have any name: it is not there", () => {
  assertEquals(encode({ $type: undefined, b: 1 }), { b: 1 });
});

test("symbol keys and hidden keys are ignored", () => {
  const value = { [Symbol("s")]: () => 1, seen: 1 };
  Object.defineProperty(value, "hidden", { value: () => 1, enumerable: false });
  assertEquals(encode(value), { seen: 1 });
});

test("inherited keys are ignored", () => {
  assertEquals(encode(Object.assign(Object.create(null), { own: 1 })), { own: 1 });
  const list = Object.assign([1, 2], { extra: () => 1 });
  assertEquals(encode(list), [1, 2]);
});

test("an object without prototype comes as a plain one", () => {
  const copy = encode(Object.assign(Object.create(null), { a: 1 }));
  assertStrictEquals(Object.getPrototypeOf(copy), Object.prototype);
});

test("objects and arrays of another realm are plain ones", () => {
  // Another realm's prototypes: a root without prototype, and that of arrays above it.
  const root: object = Object.create(null);
  const record: unknown = Object.assign(Object.create(root), { a: 1 });
  const list: unknown = Object.setPrototypeOf([1, 2], Object.create(root));
  assertStrictEquals(wireText({ record, list }), '{"record":{"a":1},"list":[1,2]}');
});

test("accessors are read once", () => {
  let reads = 0;
  const value = {
    get a(): number {
      return ++reads;
    },
    list: Object.defineProperty([0], 0, { get: () => ++reads, enumerable: true }),
  };
  assertEquals(encode(value), { a: 1, list: [2] });
  assertStrictEquals(reads, 2);
});

test("an accessor that answers differently each time is checked and taken at the same read", () => {
  const answers = ["fine", () => 1, () => 1];
  assertEquals(
    encode({
      get a(): unknown {
        return answers.shift();
      },
    }),
    { a: "fine" },
  );
});

test("what an accessor throws reaches the caller", () => {
  const value = {
    get broken(): never {
      throw new RangeError("no such page");
    },
  };
  assertThrows(() => encode(value), Error, "no such page");
});

test("toJSON of a plain object is a function, so it is refused, and never called", () => {
  let calls = 0;
  assertThrows(() => encode({ toJSON: () => ++calls }), SerializationError, "data.toJSON is a function");
  assertStrictEquals(calls, 0);
});

test("plain data is held as itself, tagged data is not", () => {
  assertEquals(isTagged(encode({ a: [1] })), false);
  assertEquals(isTagged(encode({ a: [1n] })), true);
});

test("keys that look dangerous but are not are kept", () => {
  const value = { constructor: 1, prototype: 2, toString: 3, hasOwnProperty: 4, length: 5, then: 6 };
  assertStrictEquals(wireText(value), JSON.stringify(value));
});

test("the copy is another object", () => {
  const value = { a: {} };
  const copy = encode(value) as typeof value;
  assertEquals([copy === value, copy.a === value.a], [false, false]);
  assertNotEquals(encode([value]), encode([]));
});
