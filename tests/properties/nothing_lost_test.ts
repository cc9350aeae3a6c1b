import { assertEquals } from "@std/assert";
import { Coverage } from "../support/coverage.ts";
import { FEATURES } from "../support/features.ts";
import { nothingIsLost } from "./books.ts";
import { prove } from "./gate.ts";

const coverage = new Coverage();

prove(nothingIsLost(coverage), 1_000, { after: () => assertEquals(coverage.missing(FEATURES.wild), []) });
