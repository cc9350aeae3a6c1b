import { test } from "node:test";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { JsonObject, JsonValue } from "../../src/values/json.ts";
import { isTagged, type ValueLimits, wireOf } from "../../src/values/payload.ts";
import { encodeEmitted, seen } from "../support/encode_values.ts";

// A wide object with the keys of what its handler has received is copied in a way of its own. Nobody may notice.

const KNOWN = seen(encodeEmitted(
  { v: 1, id: "item", zero: 0, none: null, tags: ["one", ["two"]], nested: { deep: { x: 1 } } },
)) as JsonObject & { v: number; id: string; tags: JsonValue[]; nested: JsonObject };

/** What comes of a value: its JSON, or the text of the refusal. */
function outcomeOf(value: unknown, known?: JsonValue, limits?: Partial<ValueLimits>): string {
  try {
    const stored = seen(encodeEmitted(value, known, limits));
    return stored === undefined ? "no value" : JSON.stringify([isTagged(stored), wireOf(stored)]);
  } catch (error) {
    return String(error);
  }
}

/** Sees that it makes no difference whether the value is like what was received. */
function assertSame(value: unknown, limits?: Partial<ValueLimits>): void {
  assertStrictEquals(outcomeOf(value, KNOWN, limits), outcomeOf(value, undefined, limits));
}

class Unknown {}

const PARTS: readonly unknown[] = [
  2,
  0,
  -0,
  1.5,
  NaN,
  Infinity,
  "item",
  "",
  true,
  false,
  null,
  undefined,
  7n,
  Symbol("s"),
  () => 1,
  new Date(0),
  new Date(NaN),
  new Map([["k", [1]]]),
  new Set([{}]),
  new Uint8Array([1]),
  new Unknown(),
  Promise.resolve(),
  [],
  [undefined],
  ["one", ["two"]],
  { deep: { x: 2 } },
  { ...KNOWN.nested, more: KNOWN.nested["deep"] },
  KNOWN.tags,
  KNOWN.nested,
  KNOWN,
  Object.assign(Object.create(null), { bare: 1 }),
];

test("whatever a part is changed to, the same comes of it as if nothing had been received", () => {
  for (const key of Object.keys(KNOWN)) {
    for (const part of PARTS) assertSame({ ...KNOWN, [key]: part });
  }
});

test("two parts that are changed are both told of in the order of the keys", () => {
  for (const first of PARTS) {
    for (const second of PARTS) assertSame({ ...KNOWN, id: first, nested: second });
  }
});

test("only keys of the same order make records alike: others keep the order in which they were emitted", () => {
  const { v, ...rest } = KNOWN;
  const { nested: _, ...fewer } = KNOWN;
  for (
    const value of [{ ...rest, v }, fewer, { ...fewer, other: KNOWN.nested }, { ...KNOWN, more: 1 }, { 1: 0, ...KNOWN }]
  ) {
    assertStrictEquals(JSON.stringify(encodeEmitted(value, KNOWN)), JSON.stringify(value));
  }
});

test("an alike record is a new frozen object that shares the parts which have not changed", () => {
  const copy = encodeEmitted({ ...KNOWN, v: 2 }, KNOWN) as typeof KNOWN;
  assertEquals(copy, { ...KNOWN, v: 2 });
  assertEquals([copy.tags === KNOWN.tags, copy.nested === KNOWN.nested, Object.isFrozen(copy)], [true, true, true]);
  const same = encodeEmitted({ ...KNOWN }, KNOWN);
  assertEquals([same, same === KNOWN, Object.isFrozen(same)], [KNOWN, false, true]);
});

test("zero is zero, whatever its sign was before", () => {
  const copy = encodeEmitted({ ...KNOWN, v: -0, zero: -0 }, KNOWN) as typeof KNOWN;
  assertEquals([Object.is(copy.v, 0), Object.is(copy["zero"], 0)], [true, true]);
});

test("an alike record comes without symbols, and each of its keys is read once", () => {
  let reads = 0;
  const counted = { enumerable: true, get: () => ++reads };
  const value = Object.defineProperty({ ...KNOWN, [Symbol("s")]: 1 }, "v", counted);
  const copy = encodeEmitted(value, KNOWN) as JsonObject;
  assertEquals([copy["v"], reads, Object.getOwnPropertySymbols(copy)], [1, 1, []]);
  const beside = Object.defineProperty({ ...KNOWN, tags: [new Date(0)], nested: undefined }, "v", counted);
  const json = wireOf(encodeEmitted(beside, KNOWN) ?? null);
  assertEquals([(json as JsonObject)["v"], reads, Object.keys(json as JsonObject).includes("nested")], [2, 2, false]);
});

test("what the prototype of objects has been given does not stand for a key that is missing", () => {
  const { nested: _, ...fewer } = KNOWN;
  Object.assign(Object.prototype, { nested: "inherited" });
  try {
    assertEquals(Object.keys(encodeEmitted(fewer, KNOWN) as JsonObject), Object.keys(fewer));
  } finally {
    Reflect.deleteProperty(Object.prototype, "nested");
  }
});

test("a key that is missing is not read, though all objects have something of that name", () => {
  const known = seen(encodeEmitted({ ...KNOWN, valueOf: 1 })) as JsonObject;
  assertEquals(seen(encodeEmitted({ ...KNOWN }, known)), { ...KNOWN });
});

test("a proxy gets nothing past the checks by telling of the keys that were received", () => {
  const extra = new Proxy({ ...KNOWN, v: () => 1 }, {});
  assertThrows(() => encodeEmitted(extra, KNOWN), Error, "data.v is a function; send what it stands for instead");
  const silent = new Proxy({ ...KNOWN, hidden: () => 1 }, { ownKeys: () => Object.keys(KNOWN) });
  assertEquals(encodeEmitted(silent, KNOWN), KNOWN);
});

test("new parts are counted, and all that is passed on beside them", () => {
  const value = { ...KNOWN, v: [1, 2] };
  const accepted = Array.from({ length: 20 }, (_, nodes) => nodes).filter((nodes) => {
    assertSame(value, { nodes });
    return !outcomeOf(value, KNOWN, { nodes }).includes("limits.nodes");
  });
  assertEquals(accepted[0], 14);
});

test("an alike record takes no more bytes than it may", () => {
  const value = { ...KNOWN, v: 2 };
  const bytes = JSON.stringify(value).length;
  for (const most of [bytes - 1, bytes]) assertSame(value, { bytes: most });
  assertThrows(() => encodeEmitted(value, KNOWN, { bytes: bytes - 1 }), Error, "limits.bytes");
});

test("what has become no larger than what was received is not counted again", () => {
  assertEquals(encodeEmitted({ ...KNOWN, v: 2 }, KNOWN, { nodes: 3, depth: 1 }), { ...KNOWN, v: 2 });
  assertThrows(() => encodeEmitted({ ...KNOWN, more: 2 }, KNOWN, { nodes: 3 }), Error, "limits.nodes");
});
