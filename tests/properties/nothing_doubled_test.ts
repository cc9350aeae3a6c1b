import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { FeatureCoverage } from "../support/feature_coverage.ts";
import { FEATURES } from "../support/required_features.ts";
import { nothingIsDoubled } from "./delivery_laws.ts";
import { inGate, PATIENCE } from "./in_gate.ts";

const coverage = new FeatureCoverage();

test(
  "Invariant 2: no step is committed twice, and no deed enters a job twice",
  PATIENCE,
  inGate(nothingIsDoubled(coverage), 1_000, () => {
    assertEquals(coverage.missing(FEATURES.wild), []);
  }),
);
