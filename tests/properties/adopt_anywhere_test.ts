import { test } from "node:test";
import { adoptedSomewhere } from "./adopt_anywhere.ts";
import { inGate, PATIENCE } from "./in_gate.ts";

test(
  "C442 Invariant 3: stopped at any set of places and moved to a flow whose routines have other ids, a job ends the same, byte for byte",
  PATIENCE,
  inGate(adoptedSomewhere(), 50, () => {}, 1_000),
);
