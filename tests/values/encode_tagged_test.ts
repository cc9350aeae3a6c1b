import { test } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertNotEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { draftOf, frozenWireOf, isTagged, valueOf } from "../../src/values/payload.ts";
import { encode, throughWire, wireText } from "../support/encode_values.ts";
import { NO_CLASSES } from "../support/no_classes.ts";

test("a date is tagged with its instant in ISO 8601", () => {
  assertStrictEquals(wireText(new Date(1)), '{"$type":"Date","value":"1970-01-01T00:00:00.001Z"}');
});

test("every date travels, the first and the last included", () => {
  for (const ms of [0, -1, 8.64e15, -8.64e15, 253_402_300_800_000, -62_198_755_200_000]) {
    assertEquals(throughWire(new Date(ms)), new Date(ms));
  }
});

test("a bigint is tagged with its digits", () => {
  assertStrictEquals(wireText(-5n), '{"$type":"bigint","value":"-5"}');
  for (const value of [0n, 1n, -1n, 2n ** 200n, -(2n ** 64n)]) assertStrictEquals(throughWire(value), value);
});

test("bytes are tagged with base64", () => {
  assertStrictEquals(wireText(new Uint8Array([1, 2, 255])), '{"$type":"Uint8Array","value":"AQL/"}');
  assertEquals(throughWire(new Uint8Array()), new Uint8Array());
  assertEquals(throughWire(new Uint8Array([0, 128, 255])), new Uint8Array([0, 128, 255]));
});

test("bytes that are part of a larger buffer travel alone", () => {
  const buffer = new Uint8Array([9, 1, 2, 9]);
  assertEquals(throughWire(buffer.subarray(1, 3)), new Uint8Array([1, 2]));
});

test("a map is tagged with its entries in their order, keys of any kind", () => {
  assertStrictEquals(wireText(new Map([["b", 1], ["a", 2]])), '{"$type":"Map","value":[["b",1],["a",2]]}');
  const map = new Map<unknown, unknown>([[1, "one"], [{ k: 1 }, [2]], [null, null], [3n, new Date(0)]]);
  const read = throughWire(map);
  assertInstanceOf(read, Map);
  assertEquals(Array.from(read), Array.from(map));
});

test("a set is tagged with its items in their order", () => {
  assertStrictEquals(wireText(new Set([3, "a", 1])), '{"$type":"Set","value":[3,"a",1]}');
  assertEquals(Array.from(throughWire(new Set([3, "a", 1])) as Set<unknown>), [3, "a", 1]);
});

test("an error is tagged with name, message, code and causes", () => {
  const error = new TypeError("bad", { cause: Object.assign(new Error("worse"), { code: "E_WORSE" }) });
  assertStrictEquals(
    wireText(error),
    '{"$type":"Error","value":{"name":"TypeError","message":"bad",' +
      '"cause":{"name":"Error","message":"worse","code":"E_WORSE"}}}',
  );
});

test("an error comes back as an error of its class, with its cause", () => {
  const read = throughWire(new RangeError("far", { cause: new SyntaxError("near") }));
  assertInstanceOf(read, RangeError);
  assertStrictEquals(read.message, "far");
  assertInstanceOf(read.cause, SyntaxError);
  assertStrictEquals(read.cause.message, "near");
});

test("an error of another class comes back as an Error that carries its name", () => {
  class PaymentError extends Error {
    override readonly name = "PaymentError";
    readonly code = "DECLINED";
  }
  const read = throughWire(new PaymentError("no"));
  assertInstanceOf(read, Error);
  assertEquals([read.name, read.message, Reflect.get(read, "code")], ["PaymentError", "no", "DECLINED"]);
  assertEquals(read instanceof PaymentError, false);
});

test("stacks do not travel with data", () => {
  assertEquals(wireText(new Error("x")).includes("stack"), false);
});

test("tagged values nest in each other", () => {
  const value = { m: new Map([["s", new Set([new Date(5), 7n])]]), list: [[new Uint8Array([1])]] };
  assertEquals(throughWire(value), value);
});

test("what is encoded is decoded anew for each receiver: a draft may be changed, a value refuses it", () => {
  const stored = encode({ when: new Date(0), list: [1] });
  const draft = draftOf(stored, NO_CLASSES) as { when: Date; list: number[] };
  draft.when.setTime(99);
  draft.list.push(2);
  const first = valueOf(stored, NO_CLASSES) as { when: Date; list: number[] };
  assertThrows(() => first.when.setTime(99), TypeError, "Cannot change a Date in place");
  assertThrows(() => first.list.push(2), TypeError);
  assertEquals(valueOf(stored, NO_CLASSES), { when: new Date(0), list: [1] });
});

test("plain data is the same frozen object for all receivers", () => {
  const stored = encode({ list: [1] });
  assertStrictEquals(valueOf(stored, NO_CLASSES), valueOf(stored, NO_CLASSES));
});

test("the tagged JSON that a document shows is frozen all the way down", () => {
  const stored = encode({ m: new Map([["k", [new Date(0)]]]) });
  assert(isTagged(stored));
  const queue: unknown[] = [frozenWireOf(stored ?? null)];
  let seen = 0;
  for (let part = queue.pop(); part !== undefined; part = queue.pop()) {
    if (typeof part !== "object" || part === null) continue;
    assert(Object.isFrozen(part));
    seen++;
    queue.push(...Object.values(part));
  }
  assertStrictEquals(seen, 6);
});

test("the caller's map, set, date and bytes stay as they were", () => {
  const bytes = new Uint8Array([1, 2]);
  const map = new Map([["k", { a: 1 }]]);
  const stored = encode({ bytes, map });
  bytes[0] = 9;
  map.set("l", { a: 2 });
  assertEquals(valueOf(stored, NO_CLASSES), { bytes: new Uint8Array([1, 2]), map: new Map([["k", { a: 1 }]]) });
  assertEquals(map.size, 2);
});

test("a value that is equal as text but of another kind stays of its kind", () => {
  assertNotEquals(wireText("1970-01-01T00:00:00.000Z"), wireText(new Date(0)));
  assertStrictEquals(throughWire("5"), "5");
});
