import * as fc from "fast-check";
import { FeatureCoverage } from "../support/feature_coverage.ts";
import { flows } from "../support/flow_arbitrary.ts";
import type { FlowSpec } from "../support/flow_spec.ts";
import type { CarriedJob } from "../support/scripted_host.ts";
import { runMoving } from "../support/moving_run.ts";
import { outcomeOf, withoutPausePoints, withoutTimes } from "../support/comparable_text.ts";
import { type Interruption, type Place, PLACES, quietStops, type Stop } from "../support/job_stops.ts";
import { assertSame } from "./assert_same.ts";
import { type Law, law } from "./law.ts";

/** A flow, and where its job stops. */
export interface StoppedCase {
  /** The flow. */
  readonly flow: FlowSpec;
  /** Where it stops. */
  readonly stops: readonly Stop[];
  /** How often failures are put back at the end. */
  readonly redrives?: number;
}

/** What flows are generated for that end the same, in one way or another. */
export type StrictMode = "strict" | "timed" | "concurrent";

/** What is compared. */
const VIEWS: Readonly<Record<StrictMode, (text: string) => string>> = {
  strict: withoutPausePoints,
  timed: withoutTimes,
  concurrent: outcomeOf,
};
const NAMES: Readonly<Record<StrictMode, string>> = {
  strict: "stopped at any set of places and moved, a job ends as if it had never stopped, byte for byte",
  timed: "stopped while handlers take time, a job ends the same but for instants",
  concurrent: "stopped while handlers run side by side, a job ends with the same outcome",
};

/** Invariant 3, or one of its weaker forms. */
export function stoppedSomewhere(mode: StrictMode, coverage: FeatureCoverage = new FeatureCoverage()): Law {
  const cases: fc.Arbitrary<StoppedCase> = fc.record({
    flow: flows(mode),
    stops: quietStops(),
    // Which failure is the first depends on the order of the handlers, and the keys of what is made anew on the instant.
    redrives: mode === "strict" ? fc.constantFrom(0, 0, 1, 3) : fc.constant(0),
  });
  return law(3, NAMES[mode], cases, (it) => checkStops(it, mode, coverage));
}

/** Runs a flow with and without stops. */
export async function checkStops(
  { flow, stops, redrives = 0 }: StoppedCase,
  mode: StrictMode,
  coverage: FeatureCoverage = new FeatureCoverage(),
): Promise<void> {
  const { end } = await runMoving(flow, { redrives });
  // Which of the tasks of handlers in no certain order are too many is not certain either.
  fc.pre(mode !== "concurrent" || !end.includes("StepLimitError"));
  const run = await runMoving(flow, { stops, redrives });
  coverage.add(flow, run);
  assertSame(VIEWS[mode](run.end), VIEWS[mode](end), `stopped at ${JSON.stringify(run.stops)}`);
}

/** How much was tried. */
export interface Tries {
  /** How many snapshots were carried on from. */
  snapshots: number;
  /** How many pauses were made. */
  pauses: number;
}

/** Invariant 3 at every single point: paused there, or carried on from what is written there. */
export function stoppedEverywhere(tries: Tries = { snapshots: 0, pauses: 0 }): Law {
  const name = "stopped at each place that it passes in turn, a small job ends the same";
  return law(3, name, flows("strict", "small"), (flow) => checkEveryStop(flow, tries), 40);
}

/** Runs a flow without stops, and then once for each place where it can stop. */
export async function checkEveryStop(flow: FlowSpec, tries: Tries = { snapshots: 0, pauses: 0 }): Promise<void> {
  const written = new Map<string, CarriedJob>();
  const onPlace = (carried: () => CarriedJob) => {
    const now = carried();
    written.set(now.text, now);
  };
  const { end, passed } = await runMoving(flow, { onPlace });
  const expected = withoutPausePoints(end);
  for (const carried of written.values()) {
    tries.snapshots++;
    assertSame(withoutPausePoints((await runMoving(carried)).end), expected, `carried on from ${carried.text}`);
  }
  for (const stops of [...everyPause(passed).map((stop) => [stop]), ...atEveryCommit(passed.commit)]) {
    const run = await runMoving(flow, { stops });
    tries.pauses += run.stops.length;
    assertSame(withoutPausePoints(run.end), expected, `stopped at ${JSON.stringify(run.stops)}`);
  }
}

function atEveryCommit(commits: number): Stop[][] {
  return (["pause", "rest"] as const).map((how) =>
    Array.from({ length: commits }, () => ({ place: "commit", count: 1, how, graceMs: 1_000 }))
  );
}

/** Handlers are aborted at once, or may go on; which is the same where none is at work. */
function everyPause(passed: Readonly<Record<Place, number>>): Stop[] {
  const ways = (place: Place): Interruption[] => [
    { how: "pause", graceMs: 0 },
    ...(place === "await" || place === "op" ? [{ how: "pause", graceMs: 1_000 } as const] : []),
  ];
  return PLACES.flatMap((place) =>
    Array.from({ length: passed[place] }, (_, index) => index + 1)
      .flatMap((count) => ways(place).map((way) => ({ place, count, ...way })))
  );
}
