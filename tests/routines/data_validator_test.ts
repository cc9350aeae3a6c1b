import { test } from "node:test";
import * as v from "valibot";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { SchemaResult, StandardSchema } from "../../mod.ts";
import { DataValidator } from "../../src/routines/mod.ts";
import { sent, tryRoutine } from "../support/try_routine.ts";
import { plainError } from "../support/plain_error.ts";

const events = ["valid", "invalid"];
const orderSchema = () => v.object({ id: v.string(), amount: v.pipe(v.number(), v.minValue(1)) });

/** A schema written by hand: names must be there and be texts. */
const hand =
  (validate: (value: unknown) => SchemaResult<unknown> | Promise<SchemaResult<unknown>>) =>
  (): StandardSchema<unknown, unknown> => ({ "~standard": { version: 1, vendor: "hand", validate } });
const needsName = hand((value) =>
  typeof value === "object" && value !== null && "name" in value
    ? { value }
    : { issues: [{ message: "the required field name is missing", path: ["user", { key: "name" }, 0] }] }
);

async function checked(
  schema: () => StandardSchema<unknown, unknown>,
  inputs: readonly unknown[],
  strict = false,
): Promise<unknown[]> {
  const validator = new DataValidator().use(schema).setConfig({ strict });
  const result = await tryRoutine(validator, inputs.map((data) => ({ data })), { events });
  assertEquals([plainError(result.job), result.job.status], [undefined, "completed"]);
  return sent(result);
}

test("C327 data that fits goes by the valid event only", async () => {
  const order = { id: "a", amount: 5 };
  assertEquals(await checked(orderSchema, [order]), [["valid", order]]);
});

test("what is sent on is the output of the schema", async () => {
  const schema = () => v.object({ n: v.pipe(v.string(), v.transform(Number)), more: v.optional(v.boolean(), true) });
  assertEquals(await checked(schema, [{ n: "5", junk: 1 }]), [["valid", { n: 5, more: true }]]);
});

test("C328 data with two wrong fields goes by the invalid event only, with both errors", async () => {
  const order = { id: 5, amount: 0 };
  assertEquals(await checked(orderSchema, [order]), [["invalid", {
    data: order,
    errors: [
      { path: "id", message: "Invalid type: Expected string but received 5" },
      { path: "amount", message: "Invalid value: Expected >=1 but received 0" },
    ],
  }]]);
});

test("C329 a field that is missing is told in the words of the schema", async () => {
  assertEquals(await checked(needsName, [{}]), [["invalid", {
    data: {},
    errors: [{ path: "user.name.0", message: "the required field name is missing" }],
  }]]);
  const [[event, data]] = await checked(orderSchema, [{ amount: 5 }]) as [[string, { errors: [{ path: string }] }]];
  assertEquals([event, data.errors.map(({ path }) => path)], ["invalid", ["id"]]);
});

test("an error of the whole has an empty path", async () => {
  assertEquals(await checked(orderSchema, [null]), [["invalid", {
    data: null,
    errors: [{ path: "", message: "Invalid type: Expected Object but received null" }],
  }]]);
});

test("C331 in strict mode two wrong fields give exactly one error", async () => {
  const [[, data]] = await checked(orderSchema, [{ id: 5, amount: 0 }], true) as [[string, { errors: unknown[] }]];
  assertEquals(data.errors, [{ path: "id", message: "Invalid type: Expected string but received 5" }]);
});

test("C330 a registered schema is used by its name, also after a move", async () => {
  const make = () => new DataValidator<{ id: string; amount: number }>().use(orderSchema).setConfig({ strict: true });
  const inputs = [{ data: { id: "a", amount: 1 } }, { data: {} }];
  const registry = { orderSchema };
  const here = await tryRoutine(make(), inputs, { events, registry });
  const there = await tryRoutine(make(), inputs, { events, registry, moved: true });
  assertEquals(sent(there), sent(here));
  assertEquals(there.outputs.map(({ event }) => event), ["valid", "invalid"]);
});

test("a schema may be asynchronous", async () => {
  const slow = hand(async (value) => {
    await Promise.resolve();
    return value === 1 ? { value: "one" } : { issues: [{ message: "not one" }] };
  });
  assertEquals(await checked(slow, [1, 2]), [
    ["valid", "one"],
    ["invalid", { data: 2, errors: [{ path: "", message: "not one" }] }],
  ]);
  const valibot = () => v.pipeAsync(v.number(), v.checkAsync((n) => Promise.resolve(n > 1), "too small"));
  assertEquals(await checked(valibot, [1, 2]), [
    ["invalid", { data: 1, errors: [{ path: "", message: "too small" }] }],
    ["valid", 2],
  ]);
});

test("a schema that throws or rejects is the validator's error", async () => {
  const boom = hand(() => {
    throw new RangeError("boom");
  });
  const late = hand(() => Promise.reject(new RangeError("boom")));
  for (const schema of [boom, late]) {
    const { job, outputs } = await tryRoutine(new DataValidator().use(schema), [{ data: 1 }], { events });
    assertEquals([job.status, plainError(job), outputs], ["failed", { name: "RangeError", message: "boom" }, []]);
  }
});

test("what a schema gives must be able to travel", async () => {
  const odd = hand(() => ({ value: { run: () => 1 } }));
  const { job } = await tryRoutine(new DataValidator().use(odd), [{ data: 1 }], { events });
  assertEquals(
    job.error?.message,
    'Cannot emit "valid" of routine "subject": data.run is a function; send what it stands for instead',
  );
});

test("without a schema, or with something else, it says what to do", async () => {
  const message = "Cannot validate: the DataValidator has no schema; call use(() => schema)";
  const none: unknown = () => ({});
  for (const validator of [new DataValidator(), new DataValidator().use(none as () => StandardSchema)]) {
    const { job } = await tryRoutine(validator, [{ data: 1 }], { events });
    assertEquals(plainError(job), { name: "TypeError", message });
  }
});

test("a schema itself in place of the function that returns it is refused when it is set", () => {
  const schema: unknown = orderSchema();
  const { message } = assertThrows(() => new DataValidator().use(schema as () => StandardSchema), TypeError);
  assertStringIncludes(message, 'Cannot set function "schema": expected a function, got an object');
});

test("C571 a schema that returns neither a value nor issues fails the task, and no data is sent on without its contents", async () => {
  for (const answer of [undefined, 5, { name: "Ada" }]) {
    const validator = new DataValidator().use(hand(() => answer as never));
    const { job } = await tryRoutine(validator, [{ data: { name: "Ada" } }], { events });
    assertEquals(job.status, "failed");
    assertStringIncludes(job.error?.message ?? "", "cannot be checked: its schema has returned ");
  }
});
