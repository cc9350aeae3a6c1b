import { test } from "node:test";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { decodeValue } from "../../src/base/decode.ts";
import { seededRandom } from "../support/random.ts";
import { randomValue } from "../support/random_value.ts";
import { encode, throughWire, wireText } from "../support/values.ts";
import { NO_CLASSES } from "../support/no_classes.ts";

for (let seed = 1; seed <= 10; seed++) {
  test(`values of every kind come through the wire as they were (seed ${seed})`, () => {
    const random = seededRandom(seed);
    for (let round = 0; round < 60; round++) {
      const value = randomValue(random, 5);
      const text = wireText(value);
      const what = `seed ${seed}, round ${round}: ${text}`;
      assertEquals(throughWire(value), value, what);
      assertEquals(decodeValue(encode(value), NO_CLASSES), value, what);
      assertStrictEquals(wireText(throughWire(value)), text, what);
    }
  });
}

test("the kinds of all parts are kept, not only their looks", () => {
  const read = throughWire({
    n: "1",
    b: 1n,
    d: new Date(0),
    s: new Set(),
    m: new Map(),
    u: new Uint8Array(),
    a: [],
    o: {},
  });
  const kinds = Object.values(read as object).map((part) => Object.prototype.toString.call(part));
  assertEquals(kinds, [
    "[object String]",
    "[object BigInt]",
    "[object Date]",
    "[object Set]",
    "[object Map]",
    "[object Uint8Array]",
    "[object Array]",
    "[object Object]",
  ]);
});
