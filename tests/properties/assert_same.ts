import { assertEquals, assertStrictEquals } from "@std/assert";

/** Compares two texts; where they differ, as documents, which are easier to read. */
export function assertSame(actual: string, expected: string, where: string): void {
  if (actual === expected) return;
  assertEquals(JSON.parse(actual), JSON.parse(expected), where);
  assertStrictEquals(actual, expected, where);
}
