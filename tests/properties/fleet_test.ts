import { test } from "node:test";
import { fleetsKeepPromises } from "./fleets.ts";
import { inGate, PATIENCE } from "./in_gate.ts";

test(
  "Invariants 8 to 12: in fleets whose processes die, sleep and lose answers, nothing is stranded, lost, doubled, too late or without bounds",
  PATIENCE,
  inGate(fleetsKeepPromises(), 1_000, () => {}),
);
