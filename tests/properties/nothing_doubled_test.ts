import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Coverage } from "../support/coverage.ts";
import { FEATURES } from "../support/features.ts";
import { nothingIsDoubled } from "./books.ts";
import { inGate, PATIENCE } from "./gate.ts";

const coverage = new Coverage();

test(
  "Invariant 2: no step is committed twice, and no deed enters a job twice",
  PATIENCE,
  inGate(nothingIsDoubled(coverage), 1_000, () => {
    assertEquals(coverage.missing(FEATURES.wild), []);
  }),
);
