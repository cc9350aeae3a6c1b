import { assertGreater } from "@std/assert";
import { test } from "node:test";
import { inGate, PATIENCE } from "./in_gate.ts";
import { stoppedEverywhere, type Tries } from "./pause_anywhere.ts";

const tries: Tries = { snapshots: 0, pauses: 0 };

test(
  "Invariant 3: stopped at each place that it passes in turn, a small job ends the same",
  PATIENCE,
  inGate(stoppedEverywhere(tries), 100, () => {
    assertGreater(tries.snapshots, 500);
    assertGreater(tries.pauses, 1_200);
  }),
);
