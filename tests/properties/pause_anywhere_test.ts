import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { FeatureCoverage } from "../support/feature_coverage.ts";
import { FEATURES } from "../support/required_features.ts";
import { inGate, PATIENCE } from "./in_gate.ts";
import { stoppedSomewhere } from "./pause_anywhere.ts";

const coverage = new FeatureCoverage();

test(
  "Invariant 3: stopped at any set of places and moved, a job ends as if it had never stopped, byte for byte",
  PATIENCE,
  inGate(stoppedSomewhere("strict", coverage), 700, () => {
    assertEquals(coverage.missing(FEATURES.strict), []);
  }),
);
