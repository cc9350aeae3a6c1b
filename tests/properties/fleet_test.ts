import { test } from "node:test";
import { fleetsKeepPromises } from "./fleets.ts";
import { inGate, PATIENCE } from "./in_gate.ts";

test(
  "Invariants 8 to 11: in fleets whose processes die, sleep and lose answers, nothing is stranded, lost, doubled or too late",
  PATIENCE,
  inGate(fleetsKeepPromises(), 1_000, () => {}),
);
