import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { FeatureCoverage } from "../support/feature_coverage.ts";
import { FEATURES } from "../support/required_features.ts";
import { inGate, PATIENCE } from "./in_gate.ts";
import { stoppedSomewhere } from "./pause_anywhere.ts";

const [timed, concurrent] = [new FeatureCoverage(), new FeatureCoverage()];

test(
  "Invariant 3: stopped while handlers take time, a job ends the same but for instants",
  PATIENCE,
  inGate(stoppedSomewhere("timed", timed), 180, () => {
    assertEquals(timed.missing(FEATURES.timed), []);
  }, 5_000),
);

test(
  "Invariant 3: stopped while handlers run side by side, a job ends with the same outcome",
  PATIENCE,
  inGate(stoppedSomewhere("concurrent", concurrent), 180, () => {
    assertEquals(concurrent.missing(FEATURES.concurrent), []);
  }, 5_000),
);
