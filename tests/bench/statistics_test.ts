import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { median, quantile, spread } from "../../bench/harness/statistics.ts";

test("the median is the middle value, or the mean of the two in the middle", () => {
  assertEquals(median([5]), 5);
  assertEquals(median([9, 1, 5]), 5);
  assertEquals(median([4, 1, 2, 9]), 3);
});

test("a quantile lies between two values where none is just there", () => {
  const values = [40, 10, 30, 20, 0];
  assertEquals(quantile(values, 0), 0);
  assertEquals(quantile(values, 0.25), 10);
  assertEquals(quantile(values, 0.99), 39.6);
  assertEquals(quantile(values, 1), 40);
});

test("the spread is half the distance of the extremes, as a part of the median", () => {
  assertEquals([spread([100, 100, 100]), spread([0])], [0, 0]);
  assertEquals(spread([80, 100, 120]), 0.2);
});
