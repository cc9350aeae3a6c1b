import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { test } from "node:test";
import { JobState } from "../../mod.ts";
import { FeatureCoverage } from "../support/feature_coverage.ts";
import { amountOf } from "../support/gate_amount.ts";
import { FEATURES } from "../support/required_features.ts";
import { type MovingRun, runMoving } from "../support/moving_run.ts";
import { scriptedRegistry } from "../support/scripted_routines.ts";
import { wildCases } from "./delivery_laws.ts";
import { inGate, PATIENCE } from "./in_gate.ts";
import { documentsComeBack, valuesComeBack } from "./round_trip.ts";

const coverage = new FeatureCoverage();

test(
  "C200 C256 Invariant 4: what is read from a text is written to the same bytes, jobs and flows",
  PATIENCE,
  inGate(documentsComeBack(coverage), 500, () => assertEquals(coverage.missing(FEATURES.wild), [])),
);

test(
  "Invariant 4: a value of any kind comes through the wire as it was, and is written to the same bytes again",
  PATIENCE,
  inGate(valuesComeBack(), 5_000, () => {}),
);

const registry = scriptedRegistry();
const some = fc.sample(wildCases, { numRuns: amountOf(40, 400), seed: 7_001 });

/** The documents of a run, as text. */
function textsOf({ carried, end }: MovingRun): readonly string[] {
  return [...carried.map(({ text }) => text), end];
}

test("C375 reading changes nothing in the document that is read", PATIENCE, async () => {
  for (const { flow, stops } of some) {
    const { end } = await runMoving(flow, { stops });
    const document = deepFreeze(JSON.parse(end));
    JobState.fromJSON(document, registry);
    assertEquals(JSON.stringify(document), end);
  }
});

test("the same job on the same ports gives the same bytes again", PATIENCE, async () => {
  for (const { flow, stops } of some) {
    assertEquals(
      textsOf(await runMoving(flow, { stops })),
      textsOf(await runMoving(flow, { stops })),
      fc.stringify(flow),
    );
  }
});

test("the library's keys are sorted at every level, and none of them is there without a value", PATIENCE, async () => {
  for (const { flow, stops } of some) {
    for (const text of textsOf(await runMoving(flow, { stops }))) {
      const document = JSON.parse(text);
      if ("flow" in document) checkKeys(document.flow, "flow");
      checkKeys("flow" in document ? document.job : document, "job");
    }
  }
});

/** Below these the keys are the user's. */
const USER_VALUES = new Set(["data", "entry", "checkpoint", "state", "progress", "items", "sharedData", "value"])
  .union(new Set(["config", "fields", "mapping"]));
const MAY_BE_EMPTY = new Set(["pendingTasks", "connections", "routines", "config", "events", "slots", "awaiting"])
  .union(new Set(["lists", "items", "merged"]));

function checkKeys(json: unknown, path: string): void {
  if (typeof json !== "object" || json === null) return;
  if (Array.isArray(json)) return json.forEach((item, index) => checkKeys(item, `${path}[${index}]`));
  assertEquals(Object.keys(json), Object.keys(json).sort(), path);
  for (const [key, value] of Object.entries(json)) {
    if (USER_VALUES.has(key)) continue;
    const isEmpty = typeof value === "object" && value !== null && Object.keys(value).length === 0;
    const isNamed = path.endsWith(".events") || path.endsWith(".slots");
    assertEquals(isEmpty && !isNamed && !MAY_BE_EMPTY.has(key), false, `${path}.${key} is empty`);
    checkKeys(value, `${path}.${key}`);
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
