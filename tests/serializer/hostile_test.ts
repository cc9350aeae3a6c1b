import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { JobState, PreflightError, SerializationError, StateError } from "../../mod.ts";
import { fullJob, type Place, placesOf, valueAt, withValueAt } from "../support/full_job.ts";
import { createOffice, officeRegistry } from "../support/office.ts";
import { type Random, seededRandom } from "../support/random.ts";

const AT = "1970-01-01T00:00:00.000Z";
/** Values that stand somewhere in some document, and values at the edges of what may stand there. */
const ODD: readonly unknown[] = [
  ...[undefined, null, true, false, 0, 1, 2, 7, -1, 0.5, 1e300, 2 ** 53 - 1, 2 ** 31, "", "x", [], {}, [[]]],
  ...["clerk", "input", "lists", "kept", "sum", "steps", "output", "office", AT, "9999-12-31T23:59:59.999Z"],
  ...["pending", "running", "paused", "completed", "failed", "cancelled", "skipped", "high", "low", "sequential"],
  { until: AT },
  { value: 1 },
  { lists: [] },
  { lists: [{ from: 0, key: "n", to: 0 }] },
  { event: "output", routine: "clerk" },
  { $type: "Date", value: AT },
  { $type: "Map", value: [] },
  { $type: "Point", value: {} },
  { $type: "Error", value: { name: "E", message: "m" } },
  { n: 3 },
  { what: "send", n: 1 },
  { what: "all" },
  JSON.parse('{"__proto__":1}'),
];

const PLACES = Array.from(placesOf(fullJob())) as [Place, ...Place[]];
const POOL = [...ODD, ...PLACES.map((place) => valueAt(fullJob(), place))];

/** Most changes keep the kind of a value: others are refused by the schema, and there is nothing more to see. */
function mangled(random: Random): unknown {
  let document: unknown = fullJob();
  if (random.chance(0.1)) document = { ...fullJob(), status: random.pick(["completed", "failed", "cancelled"]) };
  const changes = 1 + random.integer(3);
  for (let i = 0; i < changes; i++) {
    const place = random.pick(PLACES);
    const kind = kindOf(valueAt(fullJob(), place));
    const pool = random.chance(0.9) ? POOL.filter((value) => kindOf(value) === kind) : POOL;
    const [first, ...rest] = pool;
    try {
      document = withValueAt(document, place, random.chance(0.1) ? undefined : random.pick([first, ...rest]));
    } catch {
      // An earlier change has taken the place away.
    }
  }
  return document;
}

function kindOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

test("Invariant 7: no mangled snapshot crashes, hangs or loses the job: it is refused, or it runs and can be saved again", async () => {
  const counts = { refused: 0, found: 0, ended: 0, ran: 0 };
  for (let seed = 1; seed <= 1_500; seed++) {
    const document = mangled(seededRandom(seed));
    const note = `seed ${seed}: ${JSON.stringify(document)}`;
    const { flow, timers } = createOffice({ limits: { steps: 5_000 } });
    let job: JobState;
    try {
      job = JobState.fromJSON(document, officeRegistry);
    } catch (error) {
      assertEquals(error instanceof SerializationError, true, `${error} ${note}`);
      counts.refused++;
      continue;
    }
    const before = JSON.stringify(job);
    const findings = flow.check(job);
    try {
      flow.resume(job);
    } catch (error) {
      const isClear = error instanceof StateError || (error instanceof PreflightError && findings.length > 0);
      assertEquals(isClear, true, `${error} ${note}`);
      assertEquals(JSON.stringify(job), before, `changed though refused, ${note}`);
      counts[error instanceof PreflightError ? "found" : "ended"]++;
      continue;
    }
    assertEquals(findings, [], note);
    assertEquals(job.status === "running" || job.error?.name === "StepLimitError", true, `${job.status} ${note}`);
    for (let i = 0; i < 4; i++) await timers.advance(1_000);
    if (job.status === "running") await flow.pause(job, { graceMs: 0 });
    const text = JSON.stringify(job);
    assertEquals(JSON.stringify(JobState.fromJSON(JSON.parse(text), officeRegistry)), text, note);
    counts.ran++;
  }
  assertEquals(Object.values(counts).every((count) => count >= 20), true, JSON.stringify(counts));
});

test("counts at the edge of what can be counted are refused, or leave a job that can be saved again", async () => {
  const places: readonly Place[] = [
    ["nextTaskId"],
    ["dropped", "executionHistory"],
    ["routineStates", "clerk", "retries"],
    ["pendingTasks", 4, "step"],
    ["slots", "clerk", "lists", "lists", 1, "start"],
  ];
  for (const place of places) {
    const { flow, timers } = createOffice({ limits: { history: 2 } });
    let job: JobState;
    try {
      job = JobState.fromJSON(withValueAt(fullJob(), place, Number.MAX_SAFE_INTEGER), officeRegistry);
    } catch (error) {
      assertEquals(error instanceof SerializationError, true, `${place.join(".")}: ${error}`);
      continue;
    }
    flow.resume(job);
    await timers.advance(10);
    const text = JSON.stringify(job);
    assertEquals(JSON.stringify(JobState.fromJSON(JSON.parse(text), officeRegistry)), text, place.join("."));
  }
});
