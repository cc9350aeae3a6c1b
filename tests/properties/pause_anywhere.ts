import * as fc from "fast-check";
import { Coverage } from "../support/coverage.ts";
import { flows } from "../support/flow_arbitrary.ts";
import type { FlowSpec } from "../support/flow_spec.ts";
import type { Luggage } from "../support/host.ts";
import { travel } from "../support/journey.ts";
import { outcomeOf, withoutPausePoints, withoutTimes } from "../support/outcomes.ts";
import { type Interruption, type Place, PLACES, quietStops, type Stop } from "../support/stops.ts";
import { assertSame } from "./assert_same.ts";
import { type Law, law } from "./law.ts";

/** A flow, and where its job stops. */
export interface StoppedCase {
  /** The flow. */
  readonly flow: FlowSpec;
  /** Where it stops. */
  readonly stops: readonly Stop[];
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
export function stoppedSomewhere(mode: StrictMode, coverage: Coverage = new Coverage()): Law {
  const cases: fc.Arbitrary<StoppedCase> = fc.record({ flow: flows(mode), stops: quietStops() });
  return law(3, NAMES[mode], cases, (it) => checkStops(it, mode, coverage));
}

/** Runs a flow with and without stops. */
export async function checkStops(
  { flow, stops }: StoppedCase,
  mode: StrictMode,
  coverage: Coverage = new Coverage(),
): Promise<void> {
  const { end } = await travel(flow);
  // Which of the tasks of handlers in no certain order are too many is not certain either.
  fc.pre(mode !== "concurrent" || !end.includes("StepLimitError"));
  const journey = await travel(flow, { stops });
  coverage.add(flow, journey);
  assertSame(VIEWS[mode](journey.end), VIEWS[mode](end), `stopped at ${JSON.stringify(journey.stops)}`);
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
  const written = new Map<string, Luggage>();
  const onPlace = (luggage: () => Luggage) => {
    const now = luggage();
    written.set(now.text, now);
  };
  const { end, passed } = await travel(flow, { onPlace });
  const expected = withoutPausePoints(end);
  for (const luggage of written.values()) {
    tries.snapshots++;
    assertSame(withoutPausePoints((await travel(luggage)).end), expected, `carried on from ${luggage.text}`);
  }
  for (const stops of [...everyPause(passed).map((stop) => [stop]), ...atEveryCommit(passed.commit)]) {
    const journey = await travel(flow, { stops });
    tries.pauses += journey.stops.length;
    assertSame(withoutPausePoints(journey.end), expected, `stopped at ${JSON.stringify(journey.stops)}`);
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
