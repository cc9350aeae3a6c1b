import { assertEquals } from "@std/assert";
import { test } from "node:test";
import type { JobDocument } from "../../src/documents/mod.ts";
import { firstDifference, type JobComparison, viewOf } from "../../src/testing/compare_jobs.ts";

const T0 = "1970-01-01T00:00:00.000Z";
const T1 = "1970-01-01T00:00:00.001Z";

/** A job with at least one of everything that is compared. */
const job: JobDocument = {
  createdAt: T0,
  error: { message: "why", name: "Error" },
  executionHistory: [
    { at: T0, routine: "a", type: "start" },
    { at: T0, data: { n: 1 }, event: "out", routine: "a", type: "emit" },
  ],
  failures: [
    { at: T0, error: { name: "Error" }, task: { createdAt: T0, data: 1, id: 2, routine: "a", slot: "in" } },
    { at: T0, error: { name: "Error" }, task: { createdAt: T0, data: 2, id: 3, routine: "a", slot: "in" } },
  ],
  flowId: "flow",
  format: "routilux/job",
  jobId: "job",
  nextTaskId: 6,
  outputLog: [{ at: T0, data: 1, routine: "a", type: "x" }, { at: T0, data: 2, routine: "a", type: "x" }],
  pausePoints: [{ at: T0 }],
  pendingTasks: [
    { createdAt: T0, data: 4, id: 4, notBefore: T0, routine: "a", slot: "in" },
    { awaiting: { timeoutMs: 5, until: T0 }, createdAt: T0, id: 5, routine: "b", slot: "in" },
  ],
  ranMs: 3,
  routineStates: { a: { status: "failed", version: 1 }, b: { version: 1 } },
  sharedData: { first: 1, second: { at: T0 } },
  sharedLog: [{ at: T0, entry: { n: 1 }, routine: "a" }, { at: T0, entry: { n: 2 }, routine: "a" }],
  slots: {
    a: { in: { lists: [{ items: [1, 2], key: "n" }, { items: [3], key: "m" }] }, kept: { value: { n: 1 } } },
    b: { in: { value: 1 } },
  },
  status: "failed",
  updatedAt: T0,
  version: 1,
};

const later = (document: JobDocument): JobDocument =>
  JSON.parse(JSON.stringify(document).replaceAll(`at":"${T0}`, `at":"${T1}`));
const turned = <T>(items: readonly T[] = []): T[] => [...items].reverse();

function differences(changed: JobDocument): Readonly<Record<JobComparison, string | undefined>> {
  const compare = (comparison: JobComparison) => firstDifference(viewOf(changed, comparison), viewOf(job, comparison));
  return { exact: compare("exact"), untimed: compare("untimed"), outcome: compare("outcome") };
}

const SAME = { exact: undefined, untimed: undefined, outcome: undefined };

test("pauses make no difference in any comparison", () => {
  assertEquals(differences(job), SAME);
  const { pausePoints: _, ...rest } = job;
  assertEquals(differences(rest), SAME);
});

test("times make a difference only in an exact comparison", () => {
  const instants = { createdAt: T1, updatedAt: T1, ranMs: 4 };
  assertEquals(differences({ ...job, ...instants }), { ...SAME, exact: `createdAt is "${T1}", expected "${T0}"` });
  const { executionHistory = [], outputLog = [], sharedLog = [], failures = [] } = later(job);
  for (const [key, lists] of Object.entries({ executionHistory, outputLog, sharedLog, failures })) {
    const expected = { ...SAME, exact: `${key}[0].at is "${T1}", expected "${T0}"` };
    assertEquals(differences({ ...job, [key]: lists }), expected);
  }
  const [delayed, awaited] = job.pendingTasks;
  const task = { createdAt: T1, data: 4, id: 4, notBefore: T1, routine: "a", slot: "in" };
  assertEquals(differences({ ...job, pendingTasks: [task, ...job.pendingTasks.slice(1)] }).untimed, undefined);
  const awaiting = { timeoutMs: 5, until: T1 };
  const pendingTasks = [delayed, { ...awaited, awaiting }] as JobDocument["pendingTasks"];
  assertEquals(differences({ ...job, pendingTasks }), {
    ...SAME,
    exact: `pendingTasks[1].awaiting.until is "${T1}", expected "${T0}"`,
  });
});

test("user data under the names of time fields is compared like other data", () => {
  const found = differences({ ...job, sharedData: { first: 1, second: { at: T1 } } });
  const text = `sharedData.second.at is "${T1}", expected "${T0}"`;
  assertEquals(found, { exact: text, untimed: text, outcome: text });
});

test("order makes no difference in an outcome comparison", () => {
  const { executionHistory, outputLog, sharedLog, failures, pendingTasks } = job;
  for (const [key, list] of Object.entries({ executionHistory, outputLog, sharedLog, failures, pendingTasks })) {
    const found = differences({ ...job, [key]: turned<unknown>(list) });
    assertEquals([found.outcome, typeof found.exact, typeof found.untimed], [undefined, "string", "string"], key);
  }
  const slots = {
    b: { in: { value: 1 } },
    a: { kept: { value: { n: 1 } }, in: { lists: [{ items: [3], key: "m" }, { items: [2, 1], key: "n" }] } },
  };
  assertEquals(differences({ ...job, slots }).outcome, undefined);
  const swapped = { routineStates: { b: { version: 1 }, a: { status: "failed", version: 1 } } } as const;
  assertEquals(differences({ ...job, ...swapped, sharedData: { second: { at: T0 }, first: 1 } }).outcome, undefined);
});

test("each part of an outcome makes a difference in the comparison", () => {
  const changes: Readonly<Record<string, Partial<JobDocument>>> = {
    status: { status: "completed" },
    error: { error: { name: "RangeError" } },
    result: { result: 5 },
    sharedData: { sharedData: { first: 2 } },
    routineStates: { routineStates: { a: { status: "skipped", version: 1 } } },
    tasks: { nextTaskId: 7 },
    pendingTasks: { pendingTasks: [] },
    failures: { failures: job.failures?.slice(1) ?? [] },
    slots: { slots: { a: { in: { lists: [{ items: [1], key: "n" }] } } } },
    executionHistory: { executionHistory: [] },
    outputLog: { outputLog: [] },
    sharedLog: { sharedLog: [] },
  };
  for (const [key, change] of Object.entries(changes)) {
    const { outcome = "" } = differences({ ...job, ...change });
    assertEquals(outcome.slice(0, key.length), key);
  }
});

test("a full list is compared by the number of its entries, dropped ones included", () => {
  const view = (outputLog: JobDocument["outputLog"], dropped: number) =>
    viewOf({ ...job, ...(outputLog === undefined ? {} : { outputLog }), dropped: { outputLog: dropped } }, "outcome");
  assertEquals(firstDifference(view(job.outputLog, 3), view(job.outputLog, 3)), undefined);
  assertEquals(firstDifference(view(job.outputLog?.slice(1), 4), view(job.outputLog, 3)), undefined);
  assertEquals(firstDifference(view(job.outputLog, 4), view(job.outputLog, 3)), "outputLog is 6, expected 5");
});

test("the first difference is named by its path, and shown where it is short", () => {
  assertEquals(
    firstDifference({ a: [1, { "odd key": 2 }] }, { a: [1, { "odd key": 3 }] }),
    'a[1]["odd key"] is 2, expected 3',
  );
  assertEquals(firstDifference({ a: [1] }, { a: [1, 2] }), "a[1] is nothing, expected 2");
  assertEquals(firstDifference({ b: 1 }, { a: 1 }), "b is 1, expected nothing");
  assertEquals(firstDifference([1], { 0: 1 }), 'the job is [1], expected {"0":1}');
  assertEquals(firstDifference(undefined, 5), "the job is nothing, expected 5");
  assertEquals(firstDifference({ a: undefined }, {}), undefined);
  assertEquals(firstDifference({ a: "x".repeat(300) }, { a: null }), "a is a string of 300 characters, expected null");
});

test("outcomes are compared where jobs have neither shared data nor states", () => {
  const { sharedData: _sharedData, routineStates: _routineStates, ...bare } = job;
  assertEquals(firstDifference(viewOf(bare, "outcome"), viewOf(bare, "outcome")), undefined);
  assertEquals(typeof firstDifference(viewOf(bare, "outcome"), viewOf(job, "outcome")), "string");
});
