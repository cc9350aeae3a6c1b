import { test } from "node:test";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { applyMapping } from "../../src/model/connection.ts";
import { seededRandom } from "../support/seeded_random.ts";

const KEYS = ["a", "b", "c", "d", "e"] as const;

test("C397 renaming old to new gives exactly the new name and the others", () => {
  assertEquals(applyMapping({ old: 1, other: 2 }, { old: "new" }), { new: 1, other: 2 });
});

test("a mapped payload is a frozen copy with the same values", () => {
  const list = [1];
  const data = { a: list, b: 2 };
  const mapped = applyMapping(data, { a: "x" });
  assert(Object.isFrozen(mapped));
  assertStrictEquals(mapped["x"], list);
  assertEquals(data, { a: [1], b: 2 });
});

test("keys arrive in the order of the data", () => {
  assertEquals(Object.keys(applyMapping({ c: 1, a: 2, b: 3 }, { a: "z", b: "y" })), ["c", "z", "y"]);
});

test("every value arrives under the name that was asked for, whatever is mapped", () => {
  const random = seededRandom(397);
  for (let round = 0; round < 500; round++) {
    const data = Object.fromEntries(KEYS.map((key, value) => [key, value]));
    const mapped = KEYS.filter(() => random.chance(0.4));
    const free: string[] = [...KEYS, "x", "y"];
    const targets = mapped.flatMap(() => free.splice(random.integer(free.length), 1));
    const mapping = Object.fromEntries(mapped.map((key, i) => [key, targets[i] ?? key]));
    const expected: Record<string, number> = {};
    for (const key of KEYS) if (!(key in mapping) && !targets.includes(key)) expected[key] = KEYS.indexOf(key);
    for (const key of mapped) expected[mapping[key] ?? key] = KEYS.indexOf(key);
    assertEquals(applyMapping(data, mapping), expected, `seed 397, round ${round}: ${JSON.stringify(mapping)}`);
  }
});
