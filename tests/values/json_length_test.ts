import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { jsonLength, type JsonValue } from "../../src/values/json.ts";
import { seededRandom } from "../support/seeded_random.ts";

test("the length of JSON is about that of its text", () => {
  const values: readonly JsonValue[] = [null, 123456, "", "abc", [], ["a", "b"], {}, { a: "b", c: ["d"] }];
  assertEquals(values.map(jsonLength), [6, 6, 2, 5, 2, 10, 2, 21]);
});

test("a value of many parts has the length that its parts have, looked at once or often", () => {
  const random = seededRandom(5);
  const make = (depth: number): JsonValue => {
    const kind = random.integer(depth === 0 ? 2 : 4);
    if (kind === 0) return "x".repeat(random.integer(30));
    if (kind === 1) return random.integer(1_000);
    const parts = Array.from({ length: random.integer(14) }, () => make(depth - 1));
    return kind === 2 ? parts : Object.fromEntries(parts.map((part, i) => [`key${i}`, part]));
  };
  const plain = (json: JsonValue): number => {
    if (typeof json === "string") return json.length + 2;
    if (typeof json !== "object" || json === null) return 6;
    return Object.entries(json).reduce((sum, [key, part]) => {
      return sum + plain(part) + (Array.isArray(json) ? 1 : key.length + 4);
    }, 2);
  };
  let large = 0;
  for (let round = 0; round < 300; round++) {
    const value = make(4);
    assertEquals([jsonLength(value), jsonLength(value)], [plain(value), plain(value)], `seed 5, round ${round}`);
    if (plain(value) > 1_000) large++;
  }
  assert(large > 20, `${large}`);
});

test("a large value that is passed on with other values is measured once", () => {
  const large = Array.from({ length: 200_000 }, (_, i) => i);
  const lengths = Array.from({ length: 10_000 }, (_, hop) => jsonLength({ hop, large }));
  assertEquals(new Set(lengths), new Set([2 + 9 + 6 + 2 + 7 + 7 * 200_000]));
});
