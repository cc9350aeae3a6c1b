import { test } from "node:test";
import { assertMatch, assertStrictEquals } from "@std/assert";
import { SerializationError } from "../../src/base/errors.ts";
import { DEFAULT_VALUE_LIMITS, MAX_DEPTH, type ValueLimits, wireOf } from "../../src/values/payload.ts";
import { ValueReader } from "../../src/values/value_reader.ts";
import { Registry } from "../../src/values/registry.ts";
import { encode, refusalOf } from "../support/encode_values.ts";

class Box {
  content: unknown = [1];
  static fromJSON(json: unknown): Box {
    return Object.assign(new Box(), { content: json });
  }
  toJSON(): unknown {
    return this.content;
  }
}
const registry = new Registry({ Box });

/** Arrays in arrays: `levels` of them. */
function nested(levels: number): unknown {
  let value: unknown = "bottom";
  for (let i = 0; i < levels; i++) value = [value];
  return value;
}

const limited = (value: unknown, limits: Partial<ValueLimits>): string => refusalOf(value, registry, limits);

test("C362 what is nested deeper than the limit is refused, at the place where it goes too deep", () => {
  assertStrictEquals(limited({ a: { b: { c: 1 } } }, { depth: 2 }), "not refused");
  assertStrictEquals(
    limited({ a: { b: { c: {} } } }, { depth: 2 }),
    "data.a.b.c is nested deeper than limits.depth allows (2)",
  );
});

test("C362 by default 100 levels below the top are allowed, and no more", () => {
  assertStrictEquals(refusalOf(nested(101)), "not refused");
  assertStrictEquals(
    refusalOf(nested(102)),
    `data${"[0]".repeat(101)} is nested deeper than limits.depth allows (100)`,
  );
});

test("C362 depth counts through maps, sets and lists alike", () => {
  assertStrictEquals(limited(new Map([["k", [1]]]), { depth: 3 }), "not refused");
  assertStrictEquals(
    limited(new Map([["k", [[1]]]]), { depth: 3 }),
    "data[0][1][0] is nested deeper than limits.depth allows (3)",
  );
});

test("the largest depth that can be set is encoded and read without exhausting the stack", () => {
  const stored = encode(nested(MAX_DEPTH + 1), registry, { depth: MAX_DEPTH });
  const text = JSON.stringify(stored);
  const reader = new ValueReader("routilux/job", { ...DEFAULT_VALUE_LIMITS, depth: MAX_DEPTH });
  assertStrictEquals(JSON.stringify(reader.read(JSON.parse(text), "data")), text);
  assertStrictEquals(
    refusalOf(nested(50_000), registry, { depth: MAX_DEPTH }),
    `data${"[0]".repeat(MAX_DEPTH + 1)} is nested deeper than limits.depth allows (1000)`,
  );
});

test("an object that contains itself is refused where the cycle begins", () => {
  const loop: Record<string, unknown> = { name: "loop" };
  loop["self"] = loop;
  assertStrictEquals(refusalOf(loop), "data is part of a cycle: it contains itself; send its id instead");
  assertStrictEquals(refusalOf({ a: [loop] }), "data.a[0] is part of a cycle: it contains itself; send its id instead");
});

test("a cycle over several objects is refused at the first of them that is met again", () => {
  const parent: { children: unknown[] } = { children: [] };
  parent.children.push({ parent });
  assertMatch(
    refusalOf({ family: parent }),
    /^data\.family\S* is part of a cycle: it contains itself; send its id instead$/,
  );
});

test("a set that contains itself is refused as a cycle", () => {
  const set = new Set<unknown>();
  set.add(set);
  assertStrictEquals(refusalOf(set), "data is part of a cycle: it contains itself; send its id instead");
});

test("a map that contains itself is refused as a cycle", () => {
  const map = new Map<string, unknown>();
  map.set("me", map);
  assertStrictEquals(refusalOf(map), "data is part of a cycle: it contains itself; send its id instead");
});

test("more values than the limit are refused", () => {
  assertStrictEquals(limited([1, 2, 3], { nodes: 4 }), "not refused");
  assertStrictEquals(
    limited([1, 2, 3, 4], { nodes: 4 }),
    "data is part of more than 4 values; raise limits.nodes, or send less at once",
  );
});

test("shared parts count as often as they are written", () => {
  let value: unknown = [1];
  for (let i = 0; i < 40; i++) value = [value, value];
  assertStrictEquals(limited(value, { nodes: 1_000 }).endsWith("raise limits.nodes, or send less at once"), true);
});

test("more bytes than the limit are refused, counted in UTF-8 of the JSON text", () => {
  assertStrictEquals(limited({ a: "é" }, { bytes: 10 }), "not refused");
  assertStrictEquals(
    limited({ a: "é" }, { bytes: 9 }),
    "data takes 10 bytes as JSON, more than limits.bytes allows (9)",
  );
});

test("a primitive has bytes too", () => {
  assertStrictEquals(limited("abc", { bytes: 4 }), "data takes 5 bytes as JSON, more than limits.bytes allows (4)");
});

// What was accepted at emit must be readable on the other host under the same limits, and what was not must not.
const values: readonly (readonly [string, unknown])[] = [
  ["plain data", { a: [1, { b: "c" }], d: null }],
  ["few scalars", { a: 1, b: "c", d: true }],
  ["many scalars", { a: 1, b: 2, c: 3, d: 4, e: "f" }],
  ["scalars about a part", { a: 1, b: { c: 2 }, d: 3 }],
  ["dates", [new Date(0), new Date(1)]],
  ["bigints", { a: [1n, 2n] }],
  ["bytes", new Uint8Array(3)],
  ["maps and sets", new Map<unknown, unknown>([["k", new Set([1, new Date(0)])]])],
  ["registered classes", [new Box(), { deep: new Box() }]],
  ["errors", { e: new Error("x", { cause: new Error("y") }) }],
];
/** What reading a text under limits comes to: the same text, or "refused". */
function reread(text: string, limits: Partial<ValueLimits>): string {
  const reader = new ValueReader("routilux/job", { ...DEFAULT_VALUE_LIMITS, ...limits });
  try {
    return JSON.stringify(wireOf(reader.read(JSON.parse(text), "data")));
  } catch (error) {
    if (!(error instanceof SerializationError)) throw error;
    return "refused";
  }
}

for (const limit of ["nodes", "depth", "bytes"] as const) {
  test(`the limit of ${limit} is the same at emit and when a document is read`, () => {
    for (const [name, value] of values) {
      let least = 1;
      while (limited(value, { [limit]: least }) !== "not refused") least++;
      const text = JSON.stringify(wireOf(encode(value, registry) ?? null));
      assertStrictEquals(reread(text, { [limit]: least }), text, `${name}, limits.${limit} ${least}`);
      if (least > 1) {
        assertStrictEquals(reread(text, { [limit]: least - 1 }), "refused", `${name}, ${limit} ${least - 1}`);
      }
    }
  });
}
