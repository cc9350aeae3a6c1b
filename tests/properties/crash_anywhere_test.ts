import { assertGreater } from "@std/assert";
import { test } from "node:test";
import { crashedEverywhere, crashedSomewhere } from "./crash_anywhere.ts";
import { inGate, PATIENCE } from "./in_gate.ts";

const [somewhere, everywhere] = [{ deaths: 0 }, { deaths: 0 }];

test(
  "Invariant 5: a job whose processes die ends as if none had died, byte for byte",
  PATIENCE,
  inGate(crashedSomewhere(somewhere), 600, () => assertGreater(somewhere.deaths, 1_000), 10_000),
);

test(
  "Invariant 5: a small job whose process dies, at each write in turn, ends as if it had not",
  PATIENCE,
  inGate(crashedEverywhere(everywhere), 70, () => assertGreater(everywhere.deaths, 1_000), 1_000),
);
