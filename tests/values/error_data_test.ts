import { test } from "node:test";
import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { StepLimitError, TimeoutError } from "../../src/base/errors.ts";
import { describeError, type ErrorData, reviveError } from "../../src/values/error_data.ts";

/** How many errors a chain of causes has. */
function chainLength(data: ErrorData | undefined): number {
  let length = 0;
  for (let link = data; link !== undefined; link = link.cause) length++;
  return length;
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

test("an error is described by name, message, code and cause", () => {
  const error = new TypeError("bad", { cause: Object.assign(new Error("worse"), { code: "E1" }) });
  assertEquals(describeError(error), {
    name: "TypeError",
    message: "bad",
    cause: { name: "Error", message: "worse", code: "E1" },
  });
});

test("a description is frozen, whatever was thrown", () => {
  assertEquals(["text", 5, Object.create(null)].map((thrown) => Object.isFrozen(describeError(thrown))), [
    true,
    true,
    true,
  ]);
  const data = describeError(new Error("x", { cause: new Error("y") }));
  assertEquals([Object.isFrozen(data), Object.isFrozen(data.cause)], [true, true]);
});

test("a code is a text or a number; another one is a detail", () => {
  const describeCode = (code: unknown) => describeError(Object.assign(new Error("x"), { code }));
  assertEquals(describeCode(20), { name: "Error", message: "x", code: 20 });
  assertEquals(describeCode(["a"]), { name: "Error", message: "x", details: { code: ["a"] } });
  assertEquals(describeCode(NaN), { name: "Error", message: "x", omitted: ["code"] });
});

test("details are plain JSON: what is not, or is too large, is named", () => {
  const loop: { self?: unknown } = {};
  loop.self = loop;
  const fields = {
    when: new Date(0),
    call: () => {},
    loop,
    hole: [1, , 2],
    bad: { n: NaN },
    tagged: { $type: "Date" },
    nothing: undefined,
    large: "x".repeat(40_000),
    many: Array(2_000).fill(0),
    kept: { list: [1, "a", null, true], empty: undefined, zero: -0 },
    null: null,
  };
  const error = Object.defineProperty(Object.assign(new Error("x"), fields), "broken", {
    enumerable: true,
    get: () => {
      throw new Error("no");
    },
  });
  Object.defineProperty(error, "__proto__", { value: 1, enumerable: true });
  const data = describeError(error);
  assertEquals(data.details, { kept: { list: [1, "a", null, true], zero: 0 }, null: null });
  const omitted = ["when", "call", "loop", "hole", "bad", "tagged", "large", "many", "broken", "__proto__"];
  assertEquals(data.omitted, omitted);
  assertEquals([Object.isFrozen(data.details), Object.isFrozen(data.details?.kept)], [true, true]);
});

test("the errors of an AggregateError are kept as far as there is room, those within others too", () => {
  const nested = new AggregateError([new AggregateError([new Error("inner")], "middle")], "outer");
  assertEquals(describeError(nested).errors?.[0]?.errors, [{ name: "Error", message: "inner" }]);
  assertEquals(describeError(new AggregateError([])).errors, []);
  const many = describeError(new AggregateError(Array.from({ length: 2_000 }, () => new Error("x"))));
  assertEquals([(many.errors?.length ?? 0) > 100, (many.errors?.length ?? 0) < 1_000, many.omitted], [
    true,
    true,
    ["errors"],
  ]);
  assertEquals(describeError(Object.assign(new Error("x"), { errors: [1] })).details, { errors: [1] });
  const spoilt = Object.defineProperty(new AggregateError([], "x"), "errors", { value: 5, enumerable: true });
  assertEquals(describeError(spoilt), { name: "AggregateError", message: "x", details: { errors: 5 } });
});

test("fields of an object that is no error are kept, also where they are named like an error's", () => {
  assertEquals(describeError({ name: "Widget", message: 5, code: "E" }), {
    name: "Widget",
    message: "[object Object] was thrown",
    code: "E",
    omitted: ["message"],
  });
  assertEquals(describeError({ name: 5, message: "hi" }), { name: "Error", message: "hi", omitted: ["name"] });
  assertEquals(describeError(Object.assign(Object.create(null), { a: 1 })).details, { a: 1 });
});

test("many names of what is left out are cut", () => {
  const fields = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`f${n}`, () => {}]));
  assertEquals(describeError(Object.assign(new Error("x"), fields)).omitted?.length, 50);
});

test("the library's own errors tell their fields in the message; a step limit is needed again", () => {
  assertEquals(describeError(new TimeoutError("It", 5)).details, undefined);
  assertEquals(describeError(new StepLimitError(5)).details, { limit: 5 });
});

test("stacks are kept only when asked for, those of causes too", () => {
  const error = new Error("x", { cause: new Error("y") });
  assertEquals("stack" in describeError(error), false);
  const data = describeError(error, true);
  assertStrictEquals(data.stack, error.stack);
  assertEquals(typeof data.cause?.stack, "string");
});

test("a name that was set on the instance or the class is the error's name", () => {
  class OwnError extends Error {
    override readonly name = "OwnError";
  }
  const renamed = new Error("x");
  renamed.name = "AbortError";
  assertEquals([describeError(new OwnError("x")).name, describeError(renamed).name], ["OwnError", "AbortError"]);
});

test("the host's own errors are described like all others", () => {
  const { name, message } = describeError(new DOMException("stopped", "AbortError"));
  assertEquals([name, message], ["AbortError", "stopped"]);
});

test("a thrown value that is no error is described as one", () => {
  const thrown: readonly (readonly [unknown, string])[] = [
    ["just text", "just text"],
    [undefined, "undefined was thrown"],
    [null, "null was thrown"],
    [42, "42 was thrown"],
    [5n, "5 was thrown"],
    [Symbol("s"), "Symbol(s) was thrown"],
    [{}, "[object Object] was thrown"],
  ];
  for (const [value, message] of thrown) assertEquals(describeError(value), { name: "Error", message });
});

test("a cause that is no error is described as one", () => {
  assertEquals(describeError(new Error("x", { cause: "the mouse" })).cause, { name: "Error", message: "the mouse" });
  assertEquals(describeError(new Error("x", { cause: null })).cause, { name: "Error", message: "null was thrown" });
});

test("what cannot even be looked at is still described", () => {
  const unknown = { name: "Error", message: "A value that cannot be described was thrown" };
  assertEquals(describeError({ toString: () => ({}) }), { ...unknown, omitted: ["toString"] });
  const hostile: readonly unknown[] = [
    Object.create(null),
    {
      get [Symbol.toPrimitive](): never {
        throw new Error("no");
      },
    },
    Object.defineProperty(new Error("x"), "message", {
      get: () => {
        throw new Error("no");
      },
    }),
    new Proxy(new Error("x"), {
      get: () => {
        throw new Error("no");
      },
    }),
    revokedProxy(),
  ];
  for (const value of hostile) assertEquals(describeError(value), unknown);
});

test("a cause that cannot be looked at does not spoil the error", () => {
  assertEquals(describeError(new Error("x", { cause: Object.create(null) })), {
    name: "Error",
    message: "x",
    cause: { name: "Error", message: "A value that cannot be described was thrown" },
  });
});

test("a message that is no text becomes text", () => {
  const error = Object.defineProperty(new Error(), "message", { value: { toString: () => "odd" } });
  assertStrictEquals(describeError(error).message, "odd");
});

test("a chain of causes is kept up to eight, so that a loop ends", () => {
  let error = new Error("0");
  for (let i = 1; i <= 20; i++) error = new Error(String(i), { cause: error });
  const data = describeError(error);
  assertEquals([data.message, data.cause?.message, chainLength(data)], ["20", "19", 9]);
  const loop = new Error("loop");
  loop.cause = loop;
  assertStrictEquals(chainLength(describeError(loop)), 9);
});

test("a description becomes an error of the built-in class of its name", () => {
  for (const Class of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) {
    const error = reviveError(describeError(new Class("x")));
    assertInstanceOf(error, Class);
    assertEquals([error.name, error.message, error.constructor], [Class.name, "x", Class]);
  }
});

test("a description with another name becomes an Error that carries the name", () => {
  const error = reviveError({ name: "TimeoutError", message: "late", code: "TIMEOUT" });
  assertStrictEquals(error.constructor, Error);
  assertEquals([error.name, error.message, String(error), Reflect.get(error, "code")], [
    "TimeoutError",
    "late",
    "TimeoutError: late",
    "TIMEOUT",
  ]);
  assertEquals(Object.keys(error), []);
  error.name = "Renamed";
  assertStrictEquals(String(error), "Renamed: late");
});

test("an error that was revived is described as before", () => {
  const data: ErrorData = {
    name: "PaymentError",
    message: "no",
    code: "DECLINED",
    cause: { name: "RangeError", message: "too much", cause: { name: "Error", message: "root" } },
    details: { retryAfterMs: 5, response: { status: 503 } },
    errors: [{ name: "TypeError", message: "disk", code: 5 }],
    omitted: ["socket"],
    stack: "PaymentError: no\n    at somewhere",
  };
  const { stack, ...rest } = data;
  assertEquals(describeError(reviveError(data)), rest);
  assertStrictEquals(describeError(reviveError(data), true).stack, stack);
});

test("details come back as fields, the errors of an AggregateError as errors, and no field takes the place of a method", () => {
  const error = reviveError({
    name: "AggregateError",
    message: "both",
    details: { status: 503, toString: "no", constructor: 1 },
    errors: [{ name: "TypeError", message: "disk" }],
  });
  assertInstanceOf(error, AggregateError);
  assertInstanceOf(error.errors[0], TypeError);
  assertEquals([Object.entries(error), String(error)], [[["status", 503]], "AggregateError: both"]);
});

test("an error without a cause is revived without one", () => {
  assertEquals("cause" in reviveError({ name: "Error", message: "x" }), false);
});

test("the stack of an error is read only where stacks are asked for: hosts make its text when it is read", () => {
  let reads = 0;
  const error = Object.defineProperty(new Error("x"), "stack", { get: () => `stack ${++reads}` });
  assertEquals([describeError(error).stack, reads], [undefined, 0]);
  assertEquals([describeError(error, true).stack, reads], ["stack 1", 1]);
});

test("fields of an error that JSON cannot carry are named as far as there is room for their names", () => {
  const fields = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${i} ${"x".repeat(1_000)}`, () => {}]));
  const { omitted = [] } = describeError(Object.assign(new Error("large"), fields));
  assertEquals([omitted.length > 20, omitted.length < 40], [true, true]);
});

test("fields that are left out are not named where the depth of values is used up", () => {
  const error = Object.assign(new Error("deep"), { act: () => {} });
  const limits = { depth: 0, nodes: 1_000, bytes: Infinity };
  assertEquals(describeError(error, false, limits), { name: "Error", message: "deep" });
});
