import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { FeatureCoverage } from "../support/feature_coverage.ts";
import { flows } from "../support/flow_arbitrary.ts";
import type { FlowSpec } from "../support/flow_spec.ts";
import { runMoving } from "../support/moving_run.ts";
import { type Complaints, DeliveryLedger } from "../support/delivery_ledger.ts";
import { type Stop, wildStops } from "../support/job_stops.ts";
import { type Law, law } from "./law.ts";

/** A flow with all that happens to its job. */
export interface WildCase {
  /** The flow. */
  readonly flow: FlowSpec;
  /** What happens. */
  readonly stops: readonly Stop[];
  /** How often failures are put back. */
  readonly redrives: number;
}

/** Flows that use everything, and all that can happen to them. */
export const wildCases: fc.Arbitrary<WildCase> = fc.record({
  flow: flows("wild"),
  stops: wildStops(),
  redrives: fc.constantFrom(0, 1, 2, 3),
});

/** What is wrong with a case that is right: each of the two laws looks for both, so that its cases count for both invariants. */
const KEPT: Complaints = { lost: [], doubled: [] };

/** Invariant 1: every delivered task is pending, active, committed or in `failures`. */
export function nothingIsLost(coverage: FeatureCoverage = new FeatureCoverage()): Law {
  return law(
    1,
    "every delivery is pending, committed or among the failures, at every commit",
    wildCases,
    async (it) => assertEquals(await keepBooks(it, coverage), KEPT),
  );
}

/** Invariant 2: each step of a task commits at most once in a line of snapshots. */
export function nothingIsDoubled(coverage: FeatureCoverage = new FeatureCoverage()): Law {
  return law(
    2,
    "no step is committed twice, and no deed enters a job twice",
    wildCases,
    async (it) => assertEquals(await keepBooks(it, coverage), KEPT),
  );
}

/** Runs a case, and tells what is wrong with it. */
export async function keepBooks({ flow, stops, redrives }: WildCase, coverage: FeatureCoverage): Promise<Complaints> {
  const listener = new DeliveryLedger(flow);
  coverage.add(flow, await runMoving(flow, { stops, redrives, listener }));
  return listener.complaints;
}
