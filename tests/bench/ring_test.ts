import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { Ring } from "../../bench/harness/ring.ts";

test("the bare ring gives back what it was given in the same order, while it wraps around and grows", () => {
  const ring = new Ring<number>();
  const taken: (number | undefined)[] = [];
  let given = 0;
  for (let round = 0; round < 50; round++) {
    for (let i = 0; i < 7; i++) ring.push(given++);
    for (let i = 0; i < 5; i++) taken.push(ring.shift());
  }
  assertEquals(ring.size, 100);
  while (ring.size > 0) taken.push(ring.shift());
  assertEquals(taken, Array.from({ length: given }, (_, i) => i));
  assertEquals(ring.shift(), undefined);
});
