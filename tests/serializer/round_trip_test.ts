import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Flow, JobState } from "../../mod.ts";
import { generateFlow } from "../support/flow_generator.ts";
import { type Stop, travel } from "../support/journey.ts";
import { seededRandom } from "../support/random.ts";
import { scriptedRegistry } from "../support/scripted_routines.ts";

const PATIENCE = { timeout: 120_000 };
const SEEDS = Array.from({ length: 40 }, (_, index) => 7_001 + index);
const registry = scriptedRegistry({ onOp: () => {}, point: () => Promise.resolve(), sleep: () => Promise.resolve() });

interface Texts {
  readonly flow: string;
  readonly job: string;
}

/** Documents of generated jobs: as they are carried from host to host, live and at rest, and as they end. */
async function textsOf(seed: number): Promise<readonly Texts[]> {
  const random = seededRandom(seed);
  const stops = Array.from({ length: 8 }, (): Stop => {
    const place = random.pick(["commit", "op", "await", "idle", "start"]);
    return { place, count: 1 + random.integer(9), how: random.pick(["pause", "snapshot"]), graceMs: 0 } as Stop;
  });
  const { texts, end } = await travel(generateFlow(seed, "strict"), (hosts) => stops[hosts]);
  const carried = texts.map((text) => {
    const { flow, job } = JSON.parse(text);
    return { flow: JSON.stringify(flow), job: JSON.stringify(job) };
  });
  return [...carried, { flow: carried[0]?.flow ?? "{}", job: end }];
}

test(
  "C200 C256 Invariant 4: what is read from a text is written to the same bytes, jobs and flows",
  PATIENCE,
  async () => {
    let checked = 0;
    for (const seed of SEEDS) {
      for (const { flow, job } of await textsOf(seed)) {
        assertEquals(JSON.stringify(JobState.fromJSON(JSON.parse(job), registry)), job, `seed ${seed}`);
        if (flow === "{}") continue;
        assertEquals(JSON.stringify(Flow.fromJSON(JSON.parse(flow), registry)), flow, `seed ${seed}`);
        checked++;
      }
    }
    assertEquals(checked > 100, true, `only ${checked}`);
  },
);

test("C375 reading changes nothing in the document that is read", PATIENCE, async () => {
  for (const seed of SEEDS.slice(0, 10)) {
    for (const { job } of await textsOf(seed)) {
      const document = deepFreeze(JSON.parse(job));
      JobState.fromJSON(document, registry);
      assertEquals(JSON.stringify(document), job, `seed ${seed}`);
    }
  }
});

test("the same job on the same ports gives the same bytes again", PATIENCE, async () => {
  for (const seed of SEEDS.slice(0, 20)) {
    assertEquals(await textsOf(seed), await textsOf(seed), `seed ${seed}`);
  }
});

test("the library's keys are sorted at every level, and none of them is there without a value", PATIENCE, async () => {
  for (const seed of SEEDS.slice(0, 20)) {
    for (const { flow, job } of await textsOf(seed)) {
      for (const text of [flow, job]) checkKeys(JSON.parse(text), `seed ${seed}`);
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
