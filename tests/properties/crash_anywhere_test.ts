import { assertGreater } from "@std/assert";
import { test } from "node:test";
import { crashedEverywhere, crashedSomewhere } from "./crash_anywhere.ts";
import { inGate, PATIENCE } from "./in_gate.ts";

const [somewhere, everywhere] = [{ deaths: 0 }, { deaths: 0 }];

test(
  "C547 Invariant 5: a job whose processes die ends as if none had died, byte for byte",
  PATIENCE,
  inGate(crashedSomewhere(somewhere), 400, () => assertGreater(somewhere.deaths, 500), 10_000),
);

test(
  "Invariant 5: a small job whose process dies, at each write in turn, ends as if it had not",
  PATIENCE,
  inGate(crashedEverywhere(everywhere), 45, () => assertGreater(everywhere.deaths, 500), 1_000),
);
