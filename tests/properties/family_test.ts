import { assert } from "@std/assert";
import { test } from "node:test";
import { familyStoppedSomewhere, type FamilyTries } from "./family_law.ts";
import { inGate, PATIENCE } from "./in_gate.ts";

const tries: FamilyTries = { runs: 0, most: 0 };

test(
  "Invariant 3: stopped anywhere and moved, a job ends the same with the children that are parts of it",
  PATIENCE,
  inGate(
    familyStoppedSomewhere(tries),
    20,
    () => assert(tries.runs > 400 && tries.most > 5, JSON.stringify(tries)),
    400,
  ),
);
