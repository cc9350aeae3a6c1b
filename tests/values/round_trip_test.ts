import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { throughWire } from "../support/encode_values.ts";

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
