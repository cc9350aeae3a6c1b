import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { FeatureCoverage } from "../support/feature_coverage.ts";
import { FEATURES } from "../support/required_features.ts";
import { nothingIsDoubled, nothingIsLost } from "./delivery_laws.ts";
import { inGate, PATIENCE } from "./in_gate.ts";

const coverage = new FeatureCoverage();

test(
  "C547 Invariants 1 and 2: every delivery is pending, committed or among the failures, at every commit, and nothing counts twice",
  PATIENCE,
  async () => {
    await inGate(nothingIsLost(coverage), 500, () => {})();
    await inGate(nothingIsDoubled(coverage), 500, () => assertEquals(coverage.missing(FEATURES.wild), []))();
  },
);
