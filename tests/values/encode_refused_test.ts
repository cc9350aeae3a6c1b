import { test } from "node:test";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { SerializationError } from "../../src/base/errors.ts";
import { encode, refusalOf } from "../support/encode_values.ts";

class Point {
  readonly x = 1;
}

/** A promise of another library. */
class Deferred {
  readonly [name: string]: unknown;
  constructor() {
    Reflect.set(this, "then", () => {});
  }
}

const holed: unknown[] = [1];
holed.length = 3;
const withProto: unknown = JSON.parse('{"a":{"__proto__":{"admin":true}}}');

const refused: readonly (readonly [what: string, value: unknown, message: string])[] = [
  ["a function", { when: [1, 2, () => 3] }, "data.when[2] is a function; send what it stands for instead"],
  ["a class", { type: Point }, "data.type is a function; send what it stands for instead"],
  ["a method", { run() {} }, "data.run is a function; send what it stands for instead"],
  ["a symbol", [Symbol("s")], "data[0] is a symbol; send what it stands for instead"],
  ["NaN", { n: NaN }, "data.n is NaN, which JSON cannot carry; null can stand for it"],
  ["Infinity", { n: Infinity }, "data.n is Infinity, which JSON cannot carry; null can stand for it"],
  ["-Infinity", -Infinity, "data is -Infinity, which JSON cannot carry; null can stand for it"],
  ["undefined in a list", { list: [1, undefined] }, "data.list[1] is undefined; an array can hold null instead"],
  ["a hole", { list: holed }, "data.list[1] is a hole; an array can hold null instead"],
  ["an invalid date", { when: new Date(NaN) }, "data.when is an invalid date; null can stand for it"],
  ["a __proto__ key", withProto, "data.a.__proto__ is a key that user data cannot have"],
  ["a $type key", { a: [{ $type: "Date" }] }, "data.a[0].$type is a key that user data cannot have"],
  ["a $type key at the top", { $type: null }, "data.$type is a key that user data cannot have"],
  ["a $type key with a text", { a: 1, $type: "Date" }, "data.$type is a key that user data cannot have"],
  [
    "a __proto__ key with a number",
    JSON.parse('{"__proto__":1}'),
    "data.__proto__ is a key that user data cannot have",
  ],
  [
    "another class's instance",
    { p: new Point() },
    "data.p is a Point instance; " +
    "register its class with a toJSON method and a static fromJSON, or send a plain object",
  ],
  [
    "an instance of a class without a name",
    [new (class {})()],
    "data[0] is an instance of an unnamed class; emit a plain object instead",
  ],
  ["a promise", { p: Promise.resolve(1) }, "data.p is a Promise instance; await it first"],
  ["a promise of another library", [new Deferred()], "data[0] is a Deferred instance; await it first"],
  [
    "a regular expression",
    { r: /x/ },
    "data.r is a RegExp instance; register its class with a toJSON method and a static fromJSON, or send a plain object",
  ],
  [
    "a weak map",
    { w: new WeakMap() },
    "data.w is a WeakMap instance; " +
    "register its class with a toJSON method and a static fromJSON, or send a plain object",
  ],
  [
    "bytes of another kind",
    { f: new Float64Array(1) },
    "data.f is a Float64Array instance; " +
    "register its class with a toJSON method and a static fromJSON, or send a plain object",
  ],
  [
    "an array buffer",
    { b: new ArrayBuffer(1) },
    "data.b is an ArrayBuffer instance; " +
    "register its class with a toJSON method and a static fromJSON, or send a plain object",
  ],
  [
    "a function in a map",
    { m: new Map([["k", () => 1]]) },
    "data.m[0][1] is a function; send what it stands for instead",
  ],
  [
    "a function as a key of a map",
    new Map([[() => 1, 1]]),
    "data[0][0] is a function; send what it stands for instead",
  ],
  ["undefined in a map", new Map([["k", undefined]]), "data[0][1] is undefined; an array can hold null instead"],
  ["a symbol in a set", { s: new Set([1, Symbol("s")]) }, "data.s[1] is a symbol; send what it stands for instead"],
  [
    "a __proto__ key in a map",
    new Map([["k", withProto]]),
    "data[0][1].a.__proto__ is a key that user data cannot have",
  ],
  [
    "a key that is no identifier",
    { "a b": { "0": () => 1 } },
    'data["a b"]["0"] is a function; send what it stands for instead',
  ],
];

for (const [what, value, message] of refused) {
  test(`data with ${what} is refused with the path`, () => assertStrictEquals(refusalOf(value), message));
}

test("boxed primitives are refused: JSON would change their kind", () => {
  for (const value of [new Number(1), new String("s"), new Boolean(true)]) {
    const name = value.constructor.name;
    const opening = `data.v is a ${name} instance;`;
    assertStrictEquals(refusalOf({ v: value }).slice(0, opening.length), opening);
  }
});

test("an object whose prototype is some other object is refused", () => {
  const derived: unknown = Object.assign(Object.create({ inherited: 1 }), { own: 1 });
  assertThrows(() => encode({ derived }), SerializationError, "data.derived is ");
});

test("an array of another class is refused: it would come back as a plain one", () => {
  class Rows extends Array<number> {}
  const error = assertThrows(() => encode({ rows: Rows.of(1, 2) }), SerializationError);
  assertStrictEquals(error.path, "data.rows");
});

test("a refusal carries its path and what it was about", () => {
  const error = assertThrows(() => encode({ a: [Symbol("s")] }), SerializationError);
  assertEquals([error.name, error.code, error.document, error.path], [
    "SerializationError",
    "SERIALIZATION",
    "value",
    "data.a[0]",
  ]);
  assertStrictEquals(
    error.message,
    'Cannot emit "output" of routine "source": data.a[0] is a symbol; send what it stands for instead',
  );
});

test("the first thing that cannot travel is named, in the order of the data", () => {
  assertStrictEquals(
    refusalOf({ ok: 1, bad: { deep: NaN }, worse: () => 1 }),
    "data.bad.deep is NaN, which JSON cannot carry; null can stand for it",
  );
});

test("a refused value changes nothing at the caller's", () => {
  const value = { list: [1, () => 2], gone: undefined };
  refusalOf(value);
  assertEquals([Object.keys(value), value.list.length, Object.isFrozen(value)], [["list", "gone"], 2, false]);
});

test("an instance that only looks like a date or a map is refused with its path, like any other", () => {
  for (const prototype of [Date.prototype, Map.prototype, Set.prototype, Uint8Array.prototype]) {
    const error = assertThrows(() => encode({ fake: Object.create(prototype) }), SerializationError);
    assertStrictEquals(error.path, "data.fake");
  }
});
