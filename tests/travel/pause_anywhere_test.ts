import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Coverage } from "../support/coverage.ts";
import { generateFlow } from "../support/flow_generator.ts";
import type { FlowSpec, Mode } from "../support/flow_generator.ts";
import { type Journey, type Place, type Stop, travel } from "../support/journey.ts";
import { outcomeOf, withoutPausePoints, withoutTimes } from "../support/outcomes.ts";
import { type Random, seededRandom } from "../support/random.ts";

/** Bun ends a test after five seconds where nothing else is said, however slow the machine. */
const PATIENCE = { timeout: 120_000 };
const EVERYWHERE = ["commit", "op", "await", "idle", "start"] as const;

test(
  "Invariant 3: stopped at random places and moved, a job ends as if it had never stopped, byte for byte",
  PATIENCE,
  async () => {
    const coverage = await compare("strict", withoutPausePoints, { from: 1, flows: 100, journeys: 3 });
    assertEquals(coverage.missing(STRICT_FEATURES, 3), [], `too rarely met; all counts:\n${coverage}`);
  },
);

test("Invariant 3: where handlers take time, it ends the same but for instants", PATIENCE, async () => {
  const coverage = await compare("timed", withoutTimes, { from: 2_001, flows: 60, journeys: 3 });
  assertEquals(coverage.missing(TIMED_FEATURES, 3), [], `too rarely met; all counts:\n${coverage}`);
});

test("Invariant 3: where handlers run side by side in any order, it ends with the same outcome", PATIENCE, async () => {
  const coverage = await compare("concurrent", outcomeOf, { from: 3_001, flows: 40, journeys: 3 });
  assertEquals(coverage.missing(CONCURRENT_FEATURES, 3), [], `too rarely met; all counts:\n${coverage}`);
});

test("Invariant 3: paused after every single commit and moved each time, a job ends the same", PATIENCE, async () => {
  const stop: Stop = { place: "commit", count: 1, how: "pause", graceMs: 1_000 };
  let hosts = 0;
  for (const { spec, undisturbed } of await smallFlows(12, 40)) {
    const journey = await travel(spec, () => stop);
    hosts += journey.texts.length;
    checkEnd(spec, undisturbed, journey, withoutPausePoints);
  }
  assertEquals(hosts > 100, true, `only ${hosts} hosts`);
});

test("Invariant 3: stopped once, at each place there is in turn, a job ends the same", PATIENCE, async () => {
  let journeys = 0;
  for (const { spec, undisturbed } of await smallFlows(5, 25)) {
    for (const place of EVERYWHERE) {
      for (let count = 1; count <= undisturbed.passed[place]; count++) {
        for (const how of ["pause", "snapshot"] as const) {
          const journey = await travel(spec, (host) => host > 0 ? undefined : { place, count, how, graceMs: 0 });
          journeys++;
          checkEnd(spec, undisturbed, journey, withoutPausePoints);
        }
      }
    }
  }
  assertEquals(journeys > 200, true, `only ${journeys} journeys`);
});

interface Amount {
  readonly from: number;
  readonly flows: number;
  readonly journeys: number;
}

async function compare(mode: Mode, view: (text: string) => string, amount: Amount): Promise<Coverage> {
  const coverage = new Coverage();
  for (let seed = amount.from; seed < amount.from + amount.flows; seed++) {
    const spec = generateFlow(seed, mode);
    const undisturbed = await travel(spec, () => undefined);
    assertEquals(undisturbed.end.includes("WrongValue"), false, `seed ${seed}: a value arrived as another`);
    for (let i = 0; i < amount.journeys; i++) {
      const journey = await travel(spec, randomPlan(seededRandom(seed * 1_000 + i), undisturbed));
      coverage.add(spec, journey);
      checkEnd(spec, undisturbed, journey, view);
    }
  }
  return coverage;
}

/** A few hosts that stop somewhere within what is left, more or less; then one that works to the end. */
function randomPlan(random: Random, { passed }: Journey): (hosts: number) => Stop | undefined {
  const stops = 1 + random.integer(10);
  return (hosts) => {
    if (hosts >= stops) return undefined;
    const place = random.pick<Place>(["commit", "commit", "op", "op", "await", "await", "idle", "idle", "start"]);
    const reach = Math.ceil((2 * passed[place]) / stops) + 1;
    const how = random.pick<Stop["how"]>(["pause", "snapshot"]);
    return { place, count: 1 + random.integer(reach), how, graceMs: random.pick([0, 20, 1_000]) };
  };
}

function checkEnd(spec: FlowSpec, undisturbed: Journey, journey: Journey, view: (text: string) => string): void {
  const stops = JSON.stringify(journey.stops);
  assertEquals(view(journey.end), view(undisturbed.end), `seed ${spec.seed} (${spec.mode}), stopped at ${stops}`);
}

async function smallFlows(count: number, commits: number) {
  const flows: { readonly spec: FlowSpec; readonly undisturbed: Journey }[] = [];
  for (let seed = 5_001; flows.length < count; seed++) {
    const spec = generateFlow(seed, "strict");
    const undisturbed = await travel(spec, () => undefined);
    if (undisturbed.passed.commit > 8 && undisturbed.passed.commit <= commits) flows.push({ spec, undisturbed });
  }
  return flows;
}

const CLASSES = ["SyncStep", "AsyncStep", "CheckStep", "GeneratorStep", "AsyncGeneratorStep"]
  .concat(["Collector", "Folder", "Totals", "Checked", "Desk"]).map((name) => `class ${name}`);
const STOPS = ["commit", "op", "await", "idle"].flatMap((place) => [
  `snapshot at ${place}`,
  `pause at ${place}, grace 0`,
  `pause at ${place}, grace 1000`,
]);
const OPS = ["emit", "whole", "note", "output", "sum", "tally", "fail", "pause"].map((op) => `op ${op}`);
const CARRIED = ["running", "paused", "active", "active merged", "active progress", "parked", "high", "low", "failures"]
  .concat(["slot value", "slot lists", ...tags("Date", "Map", "Set", "bigint", "Uint8Array")])
  .concat(tags("Error", "Point")).map((thing) => `carried ${thing}`);
const ENDED = ["ended completed", "routine completed", "routine error_continued", "routine skipped", "routine retries"];
const COMMON = [...CLASSES, ...STOPS, ...OPS, ...CARRIED, ...ENDED, "mapping", "snapshot at start"];
const CONCURRENT_FEATURES = [...COMMON, "carried retry", "carried retry of progress", "carried delay"];
const TIMED_FEATURES = [
  ...[...COMMON, "ended failed", "routine failed", "op sleep", "op keep", "op drop", "op merged", "op key"],
  ...["class Shelf", "failure TimeoutError", "carried dropped"],
];
const STRICT_FEATURES = [
  ...[...COMMON, "ended failed", "routine failed", "op expect", "op keep", "op drop", "op merged", "op key", "op now"],
  ...["class Shelf", "failure TimeoutError", "failure SchemaError", "failure RangeError", "carried awaiting"],
  ...[
    "retry",
    "delay",
    "retry of lists",
    "retry of value",
    "active before more urgent",
    "dropped",
    "list start",
    "list cleared",
  ]
    .map((thing) => `carried ${thing}`),
];

function tags(...names: readonly string[]): string[] {
  return names.map((name) => `"$type":"${name}"`);
}
