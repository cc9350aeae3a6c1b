import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { SimulationError } from "../../src/testing/mod.ts";

test("the error of a simulation that fails before its first step shows no steps", () => {
  const error = new SimulationError("too early", 7, []);
  assertEquals([error.message, error.step], ["Simulation failed with seed 7 at step 0: too early", 0]);
});
