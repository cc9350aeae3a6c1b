import { test } from "node:test";
import * as std from "@std/assert";
import * as standIn from "./assert.ts";

type Library = typeof standIn;
type Case = (lib: Library) => unknown;

class Point {
  readonly x: number;
  constructor(x: number) {
    this.x = x;
  }
}

class Secret {
  readonly #value: number;
  constructor(value: number) {
    this.#value = value;
  }
  get value(): number {
    return this.#value;
  }
}

const KEY = Symbol("key");
const ERROR = new TypeError("a");

const passing: Record<string, Case> = {
  "assert() takes truthy values": (lib) => lib.assert("x"),
  "assertFalse() takes falsy values": (lib) => lib.assertFalse(0),
  "assertEquals() compares plain data": (lib) => lib.assertEquals({ a: [1, { b: null }] }, { a: [1, { b: null }] }),
  "assertEquals() ignores key order": (lib) => lib.assertEquals({ a: 1, b: 2 }, { b: 2, a: 1 }),
  "assertEquals() takes NaN for NaN": (lib) => lib.assertEquals(NaN, NaN),
  "assertEquals() takes 0 for -0": (lib) => lib.assertEquals([0], [-0]),
  "assertEquals() takes an object without prototype for a plain one": (lib) =>
    lib.assertEquals<object>(Object.assign(Object.create(null), { a: 1 }), { a: 1 }),
  "assertEquals() compares dates": (lib) => lib.assertEquals(new Date(5), new Date(5)),
  "assertEquals() compares maps": (lib) => lib.assertEquals(new Map([["a", { b: 1 }]]), new Map([["a", { b: 1 }]])),
  "assertEquals() compares sets without order": (lib) => lib.assertEquals(new Set([1, 2]), new Set([2, 1])),
  "assertEquals() compares bytes": (lib) => lib.assertEquals(new Uint8Array([1, 2]), new Uint8Array([1, 2])),
  "assertEquals() compares instances": (lib) => lib.assertEquals(new Point(1), new Point(1)),
  "assertEquals() compares buffers": (lib) => lib.assertEquals(new Uint8Array([1]).buffer, new Uint8Array([1]).buffer),
  "assertEquals() compares patterns and addresses": (lib) =>
    lib.assertEquals([/a/g, new URL("https://a.example/")], [/a/g, new URL("https://a.example")]),
  "assertEquals() takes an error for itself": (lib) => lib.assertEquals([ERROR], [ERROR]),
  "assertEquals() ends on cycles": (lib) => lib.assertEquals(cycle(), cycle()),
  "assertNotEquals() takes unlike values": (lib) => lib.assertNotEquals({ a: 1 }, { a: 2 }),
  "assertStrictEquals() takes the same value": (lib) => lib.assertStrictEquals(NaN, NaN),
  "assertExists() takes falsy values": (lib) => lib.assertExists(0),
  "assertInstanceOf() takes subclasses": (lib) => lib.assertInstanceOf(new TypeError(), Error),
  "assertStringIncludes() finds the text": (lib) => lib.assertStringIncludes("abc", "b"),
  "assertMatch() matches": (lib) => lib.assertMatch("abc", /b/),
  "assertGreater() compares": (lib) => lib.assertGreater(2, 1),
  "assertGreaterOrEqual() compares": (lib) => lib.assertGreaterOrEqual(1, 1),
  "assertLess() compares": (lib) => lib.assertLess(1, 2),
  "assertLessOrEqual() compares": (lib) => lib.assertLessOrEqual(1, 1),
  "assertThrows() takes what is no Error": (lib) => lib.assertThrows(() => raise("text")),
  "assertThrows() takes a subclass": (lib) => lib.assertThrows(() => raise(new TypeError("a b")), Error, "a"),
  "assertRejects() takes what is no Error": (lib) => lib.assertRejects(() => Promise.reject("text")),
  "assertRejects() takes a subclass": (lib) =>
    lib.assertRejects(() => Promise.reject(new TypeError("a b")), Error, "a"),
};

const failing: Record<string, Case> = {
  "assert() refuses falsy values": (lib) => lib.assert(0),
  "assertFalse() refuses truthy values": (lib) => lib.assertFalse("x"),
  "fail() fails": (lib) => lib.fail("because"),
  "assertEquals() sees another value": (lib) => lib.assertEquals({ a: [1] }, { a: [2] }),
  "assertEquals() sees a missing key": (lib) => lib.assertEquals<object>({ a: 1 }, { a: 1, b: undefined }),
  "assertEquals() sees another symbol key": (lib) => lib.assertEquals<object>({ [KEY]: 1 }, { [KEY]: 2 }),
  "assertEquals() sees a hidden property of an instance": (lib) =>
    lib.assertEquals(new Point(1), Object.defineProperty(new Point(1), "hidden", { value: 1 })),
  "assertEquals() sees what a getter of the class answers": (lib) => lib.assertEquals(new Secret(1), new Secret(2)),
  "assertEquals() sees another message of an error": (lib) => lib.assertEquals(new TypeError("a"), new TypeError("b")),
  "assertEquals() sees another error, though all it says is the same": (lib) =>
    lib.assertEquals(ERROR, elsewhere(ERROR.message)),
  "assertEquals() sees another buffer": (lib) =>
    lib.assertEquals(new Uint8Array([1]).buffer, new Uint8Array([2]).buffer),
  "assertEquals() sees other bytes": (lib) => lib.assertEquals(new Uint8Array([1]), new Uint8Array([2])),
  "assertEquals() sees another pattern": (lib) => lib.assertEquals(/a/g, /a/),
  "assertEquals() sees another class of the same name": (lib) => lib.assertEquals<object>(new Point(1), twin(1)),
  "assertEquals() sees another class": (lib) => lib.assertEquals<object>(new Point(1), { x: 1 }),
  "assertEquals() sees an array in place of an object": (lib) => lib.assertEquals<object>([1], { 0: 1 }),
  "assertEquals() sees another length": (lib) => lib.assertEquals([1], [1, 2]),
  "assertEquals() sees another map value": (lib) => lib.assertEquals(new Map([["a", 1]]), new Map([["a", 2]])),
  "assertEquals() sees another set": (lib) => lib.assertEquals(new Set([1]), new Set([2])),
  "assertEquals() sees another date": (lib) => lib.assertEquals(new Date(5), new Date(6)),
  "assertEquals() keeps text and number apart": (lib) => lib.assertEquals<unknown>("1", 1),
  "assertNotEquals() refuses equal values": (lib) => lib.assertNotEquals({ a: 1 }, { a: 1 }),
  "assertStrictEquals() refuses a copy": (lib) => lib.assertStrictEquals({}, {}),
  "assertStrictEquals() keeps 0 and -0 apart": (lib) => lib.assertStrictEquals(0, -0),
  "assertExists() refuses null": (lib) => lib.assertExists(null),
  "assertInstanceOf() refuses another class": (lib) => lib.assertInstanceOf({}, Point),
  "assertStringIncludes() misses the text": (lib) => lib.assertStringIncludes("abc", "d"),
  "assertMatch() does not match": (lib) => lib.assertMatch("abc", /d/),
  "assertGreater() refuses an equal": (lib) => lib.assertGreater(1, 1),
  "assertGreaterOrEqual() refuses a lesser": (lib) => lib.assertGreaterOrEqual(0, 1),
  "assertLess() refuses an equal": (lib) => lib.assertLess(1, 1),
  "assertLessOrEqual() refuses a greater": (lib) => lib.assertLessOrEqual(2, 1),
  "assertThrows() refuses silence": (lib) => lib.assertThrows(() => {}),
  "assertThrows() refuses another class": (lib) => lib.assertThrows(() => raise(new TypeError("a")), RangeError),
  "assertThrows() refuses another message": (lib) => lib.assertThrows(() => raise(new TypeError("a")), TypeError, "b"),
  "assertThrows() refuses what is no Error": (lib) => lib.assertThrows(() => raise("text"), Error),
  "assertRejects() refuses silence": (lib) => lib.assertRejects(() => Promise.resolve()),
  "assertRejects() refuses another class": (lib) =>
    lib.assertRejects(() => Promise.reject(new TypeError("a")), RangeError),
  "assertRejects() refuses another message": (lib) =>
    lib.assertRejects(() => Promise.reject(new TypeError("a")), TypeError, "b"),
  "assertRejects() refuses what is no Error": (lib) => lib.assertRejects(() => Promise.reject("text"), Error),
  "assertRejects() refuses a synchronous throw": (lib) => lib.assertRejects(() => raise(new Error("a")), Error),
};

const cases: Record<string, Case> = {
  ...passing,
  ...Object.fromEntries(
    Object.entries(failing).map(([name, run]) => [name, (lib: Library) => expectFailure(run, lib)]),
  ),
  "assertThrows() returns the error": (lib: Library) => {
    const error = new TypeError("a");
    const result: TypeError = lib.assertThrows(() => raise(error), TypeError);
    lib.assertStrictEquals(result, error);
  },
  "assertRejects() resolves with the error": async (lib: Library) => {
    const error = new TypeError("a");
    const result: TypeError = await lib.assertRejects(() => Promise.reject(error), TypeError);
    lib.assertStrictEquals(result, error);
  },
};

for (const [name, run] of Object.entries(cases)) {
  test(`the stand-in: ${name}`, async () => {
    await run(standIn);
  });
}

const real: unknown = std.assertEquals === standIn.assertEquals ? undefined : std;
const skip = real === undefined ? "@std/assert is the stand-in here: JSR is out of reach" : false;
test("the real @std/assert passes the cases of the stand-in", { skip }, async () => {
  for (const run of Object.values(cases)) await run(real as Library);
});

async function expectFailure(run: Case, lib: Library): Promise<void> {
  const error = await outcome(run, lib);
  if (!(error instanceof Error)) throw new Error("nothing was thrown");
  if (error.name !== "AssertionError") throw new Error(`unexpected ${error.name}`, { cause: error });
}

async function outcome(run: Case, lib: Library): Promise<unknown> {
  try {
    await run(lib);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** An error with another stack. */
function elsewhere(message: string): TypeError {
  return new TypeError(message);
}

/** An instance of another class named `Point`. */
function twin(x: number): object {
  class Point {
    readonly x: number;
    constructor(x: number) {
      this.x = x;
    }
  }
  return new Point(x);
}

function raise(reason: unknown): never {
  throw reason;
}

function cycle(): object {
  const object: Record<string, unknown> = { a: 1 };
  object["self"] = object;
  return object;
}
