import { assertEquals, assertGreater, assertNotEquals } from "@std/assert";
import { test } from "node:test";
import recorded from "../fixtures/simulation.json" with { type: "json" };
import { linesOf, record, simulateShop } from "../support/recorded_simulation.ts";

/** Bun's default timeout is five seconds; in workerd each step takes milliseconds. */
const PATIENCE = { timeout: 120_000 };

test("a seed gives the recorded trace and the recorded bytes, step for step, in every runtime", PATIENCE, async () => {
  const now = await record();
  assertEquals(now.trace, recorded.trace);
  assertEquals(now.end, recorded.end);
  assertEquals([now.seeds, now.steps, now.sum], [recorded.seeds, recorded.steps, recorded.sum]);
});

test("the recorded trace tells of every kind of fault, and of several processes", () => {
  for (const fault of ["throw", "hang", "abort", "death", "timer"]) {
    assertGreater(recorded.trace.filter((line) => line.includes(`fault: ${fault}: `)).length, 0, fault);
  }
  assertGreater(recorded.trace.filter((line) => line.includes("host 3, start: ")).length, 0);
});

test("the same seed gives the same trace and the same bytes again, another seed does not", PATIENCE, async () => {
  for (const workers of [1, 3]) {
    const [first, second] = [await simulateShop(7, workers, 4), await simulateShop(7, workers, 4)];
    assertEquals(linesOf(second), linesOf(first));
    assertEquals(JSON.stringify(second.job), JSON.stringify(first.job));
    assertNotEquals(linesOf(await simulateShop(8, workers, 4)), linesOf(first));
  }
});
