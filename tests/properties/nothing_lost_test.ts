import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Coverage } from "../support/coverage.ts";
import { FEATURES } from "../support/features.ts";
import { nothingIsLost } from "./books.ts";
import { inGate, PATIENCE } from "./gate.ts";

const coverage = new Coverage();

test(
  "Invariant 1: every delivery is pending, committed or among the failures, at every commit",
  PATIENCE,
  inGate(nothingIsLost(coverage), 1_000, () => {
    assertEquals(coverage.missing(FEATURES.wild), []);
  }),
);
