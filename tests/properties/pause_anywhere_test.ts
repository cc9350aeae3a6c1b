import { assertEquals } from "@std/assert";
import { Coverage } from "../support/coverage.ts";
import { FEATURES } from "../support/features.ts";
import { prove } from "./gate.ts";
import { stoppedSomewhere } from "./pause_anywhere.ts";

const coverage = new Coverage();

prove(stoppedSomewhere("strict", coverage), 1_000, {
  after: () => assertEquals(coverage.missing(FEATURES.strict), []),
});
