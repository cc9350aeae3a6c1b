import { test } from "node:test";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { JsonObject, JsonValue } from "../../src/values/json.ts";
import { isTagged, unseenWireOf, type ValueLimits } from "../../src/values/payload.ts";
import { encodeEmitted, seen } from "../support/encode_values.ts";

// What a handler has received has been checked and frozen. Where it passes parts of it on, they are shared.

const KNOWN = seen(encodeEmitted(
  { v: 1, tags: ["one", ["two"]], nested: { deep: { x: 1 } }, text: "t", more: [{ id: 1 }, { id: 2 }] },
)) as JsonObject & { v: number; tags: JsonValue[]; nested: { deep: JsonValue }; text: string; more: { id: number }[] };

const encode = (value: unknown, limits?: Partial<ValueLimits>) => seen(encodeEmitted(value, KNOWN, limits));

test("parts of what was received are passed on as they are, at any depth", () => {
  const value = { ...KNOWN, v: 2, nested: { ...KNOWN.nested, new: { y: 1 } }, more: [{ id: 9 }, KNOWN.more[1]] };
  const copy = encode(value) as typeof value;
  assertEquals(copy, value);
  assertStrictEquals(copy.tags, KNOWN.tags);
  assertStrictEquals(copy.nested.deep, KNOWN.nested.deep);
  assertStrictEquals(copy.more[1], KNOWN.more[1]);
  assertEquals(copy.nested.new === value.nested.new, false);
  assertEquals([copy, copy.nested, copy.nested.new, copy.more, copy.more[0]].every(Object.isFrozen), true);
});

test("a part that stands elsewhere, or only looks like what was received, is copied", () => {
  const value = { tags: structuredClone(KNOWN.tags), other: KNOWN.nested };
  const copy = encode(value) as typeof value;
  assertEquals(copy, value);
  assertEquals(copy.tags === value.tags, false);
  assertEquals(copy.other === KNOWN.nested, false);
  assertEquals(Object.isFrozen(copy.tags[1]), true);
});

test("parts that are passed on count towards the limits as any others do", () => {
  const value = { nested: KNOWN.nested, tags: KNOWN.tags };
  const copy = structuredClone(value);
  for (const limits of [{ nodes: 7 }, { nodes: 3 }, { depth: 1 }, { bytes: 20 }]) {
    const refusal = assertThrows(() => encode(copy, limits), Error);
    assertThrows(() => encode(value, limits), Error, refusal.message);
  }
  assertEquals(encode(value, { nodes: 8, depth: 3 }), value);
});

test("new lists of an emitted value are frozen when it is, and nothing before that they stand in", () => {
  const fresh = encodeEmitted({ before: { a: 1 }, list: [{ b: 2 }], after: { c: 3 }, tags: KNOWN.tags }, KNOWN);
  const json = unseenWireOf(fresh);
  const { before, list, after, tags } = json as { [key: string]: JsonObject };
  const parts = [json, before, list, list?.[0], after, tags];
  assertEquals(parts.map(Object.isFrozen), [false, true, false, true, false, true]);
  assertStrictEquals(seen(fresh), json);
  assertEquals(parts.map(Object.isFrozen), parts.map(() => true));
});

test("an emitted value without new lists is frozen at once", () => {
  for (const value of [{ a: { b: 1 } }, { ...KNOWN, v: 2 }]) {
    assertEquals(Object.isFrozen(encodeEmitted(value, KNOWN)), true);
  }
});

test("what is known does not change what is refused beside it", () => {
  assertThrows(() => encode({ ...KNOWN, v: () => 1 }), Error, "data.v is a function; send what it stands for instead");
  assertEquals(isTagged(encode({ ...KNOWN, when: new Date(0) })), true);
});
