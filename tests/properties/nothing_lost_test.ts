import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { FeatureCoverage } from "../support/feature_coverage.ts";
import { FEATURES } from "../support/required_features.ts";
import { nothingIsLost } from "./delivery_laws.ts";
import { inGate, PATIENCE } from "./in_gate.ts";

const coverage = new FeatureCoverage();

test(
  "Invariant 1: every delivery is pending, committed or among the failures, at every commit",
  PATIENCE,
  inGate(nothingIsLost(coverage), 1_000, () => {
    assertEquals(coverage.missing(FEATURES.wild), []);
  }),
);
