import { test } from "node:test";
import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { SchemaError, type SchemaResult, type StandardSchema } from "../../mod.ts";
import { isStandardSchema, validate } from "../../src/values/standard_schema.ts";

const schema = <Output>(check: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>) =>
  ({ "~standard": { version: 1, vendor: "test", validate: check } }) satisfies StandardSchema<unknown, Output>;

const SUBJECT = 'Data for slot "in" of routine "r"';

test("a value that fits comes back as the schema makes it", () => {
  const trimmed = schema<string>((value) => ({ value: String(value).trim() }));
  assertStrictEquals(validate(trimmed, "  x ", SUBJECT), "x");
});

test("a value that does not fit is refused with all issues and their paths", () => {
  const strict = schema<never>(() => ({
    issues: [
      { message: "wrong at the top" },
      { message: "wrong key", path: ["user", { key: "name" }, 3] },
      { message: "wrong symbol", path: [Symbol("s")] },
      { message: "no path", path: [] },
    ],
  }));
  const error = assertThrows(() => validate(strict, {}, SUBJECT), SchemaError);
  assertStrictEquals(
    error.message,
    `${SUBJECT} does not fit its schema: wrong at the top; user.name.3: wrong key; Symbol(s): wrong symbol; no path`,
  );
  assertEquals([error.name, error.issues.length, error instanceof TypeError], ["SchemaError", 4, true]);
});

test("a schema of valibot is used as it is", () => {
  const person = v.object({ name: v.string(), age: v.pipe(v.number(), v.minValue(0)) });
  assertEquals(validate(person, { name: "Ada", age: 36, extra: 1 }, SUBJECT), { name: "Ada", age: 36 });
  const error = assertThrows(() => validate(person, { name: 5, age: -1 }, SUBJECT), SchemaError);
  assertStrictEquals(
    error.message,
    `${SUBJECT} does not fit its schema: name: Invalid type: Expected string but received 5; ` +
      "age: Invalid value: Expected >=0 but received -1",
  );
});

test("a schema that answers with a promise is refused", () => {
  const slow = schema<number>(() => Promise.resolve({ value: 1 }));
  const error = assertThrows(() => validate(slow, 1, SUBJECT), SchemaError);
  assertStrictEquals(
    error.message,
    `${SUBJECT} does not fit its schema: the schema is asynchronous; only synchronous schemas can be used`,
  );
});

test("a schema whose promise is rejected is refused, and the rejection is not left unhandled", () => {
  const broken = schema<number>(() => Promise.reject(new Error("later")));
  assertThrows(() => validate(broken, 1, SUBJECT), SchemaError, "the schema is asynchronous");
});

test("an asynchronous schema of valibot is refused", () => {
  const slow = v.pipeAsync(v.string(), v.checkAsync(() => Promise.resolve(true)));
  assertThrows(() => validate(slow, "x", SUBJECT), SchemaError, "the schema is asynchronous");
});

test("what a schema throws reaches the caller", () => {
  const broken = schema<number>(() => {
    throw new RangeError("schema broke");
  });
  assertInstanceOf(assertThrows(() => validate(broken, 1, SUBJECT)), RangeError);
});

test("a schema's own this is kept", () => {
  class Vendor {
    readonly version = 1;
    readonly vendor = "own";
    readonly least = 3;
    validate(value: unknown): SchemaResult<unknown> {
      return Number(value) >= this.least ? { value } : { issues: [{ message: `less than ${this.least}` }] };
    }
  }
  const own = { "~standard": new Vendor() };
  assertStrictEquals(validate(own, 3, SUBJECT), 3);
  assertThrows(() => validate(own, 2, SUBJECT), SchemaError, "less than 3");
});

test("schemas are known by their standard property, functions too", () => {
  const callable = Object.assign(() => 1, schema((value) => ({ value })));
  assertEquals([schema((value) => ({ value })), callable, v.string()].map(isStandardSchema), [true, true, true]);
  const others = [null, undefined, 5, "schema", {}, { "~standard": null }, { "~standard": {} }, () => 1, {
    "~standard": { validate: 1 },
  }];
  assertEquals(others.map(isStandardSchema), others.map(() => false));
});

test("a schema that answers with a thenable which is no Promise is refused as an asynchronous one", async () => {
  let isHandled = false;
  const answer = Object.fromEntries([[
    "then",
    (_: unknown, reject?: unknown) => void (isHandled = reject !== undefined),
  ]]);
  const validateLater = () => answer as unknown as Promise<SchemaResult<number>>;
  assertThrows(() => validate(schema<number>(validateLater), 1, SUBJECT), SchemaError, "the schema is asynchronous");
  await Promise.resolve();
  assertEquals(isHandled, true);
});
