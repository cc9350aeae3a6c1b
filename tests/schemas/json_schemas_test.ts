import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import * as fc from "fast-check";
import { test } from "node:test";
import * as v from "valibot";
import { assertEquals } from "@std/assert";
import { Engine, Flow, JobState, type Registry } from "../../mod.ts";
import type { JobDocument } from "../../src/documents/mod.ts";
import commitJson from "../../schemas/commit.v1.json" with { type: "json" };
import flowJson from "../../schemas/flow.v1.json" with { type: "json" };
import jobJson from "../../schemas/job.v1.json" with { type: "json" };
import { commitSchema } from "../../src/documents/commit.ts";
import { flowSchema } from "../../src/documents/flow_schema.ts";
import { jobSchema } from "../../src/documents/job.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { amountOf } from "../support/gate_amount.ts";
import { flows } from "../support/flow_arbitrary.ts";
import { buildFlow } from "../support/flow_spec.ts";
import { type Random, seededRandom } from "../support/seeded_random.ts";
import { scriptedRegistry } from "../support/scripted_routines.ts";

const ajv = new Ajv2020({ allowUnionTypes: true });
const validateFlow = ajv.compile(flowJson);
const validateJob = ajv.compile(jobJson);
const validateCommit = ajv.compile(commitJson);

const PATIENCE = { timeout: 120_000 };
const registry: Registry = scriptedRegistry();

interface Documents {
  readonly flow: unknown;
  readonly job: unknown;
}

/** Snapshots of generated flows at work, with all that a job can hold. */
async function writtenDocuments(numRuns: number): Promise<Documents[]> {
  const found: Documents[] = [];
  for (const spec of fc.sample(flows("strict"), { numRuns, seed: 1 })) {
    const timers = manualTimers();
    const flow = buildFlow(spec, registry, new Engine({ timers, ids: manualIds() }));
    const job = flow.create("source", spec.params, { jobId: "job" });
    flow.resume(job);
    let commits = 0;
    void flow.waitUntil(job, () => {
      if (commits++ % 7 === 3) found.push(JSON.parse(JSON.stringify({ flow, job })));
      return false;
    });
    while (await timers.advanceToNext());
    if (job.status === "paused") found.push(JSON.parse(JSON.stringify({ flow, job })));
  }
  return found;
}

function explain(validate: ValidateFunction, document: unknown): string {
  return validate(document) ? "" : `${ajv.errorsText(validate.errors)}\n${JSON.stringify(document)}`;
}

const written = await writtenDocuments(80);

test("every document that the library writes fits its schema", () => {
  const keys = new Set<string>();
  for (const { flow, job } of written) {
    assertEquals([explain(validateFlow, flow), explain(validateJob, job)], ["", ""]);
    const { pendingTasks, ...rest } = job as JobDocument;
    for (const key of Object.keys(rest)) keys.add(key);
    for (const task of pendingTasks) for (const key of Object.keys(task)) keys.add(`task.${key}`);
  }
  const rare = [
    "arrivals",
    "children",
    "deadline",
    "deferredEvents",
    "dropped",
    "executionStrategy",
    "executionTimeoutMs",
    "formerNames",
    "maxWorkers",
    "trace",
    "parent",
  ];
  const wanted = [
    ...Object.keys(jobJson.properties).filter((key) => key !== "pendingTasks" && !rare.includes(key)),
    ...["attempt", "merged", "notBefore", "parked", "priority", "progress", "step"].map((key) => `task.${key}`),
  ];
  assertEquals(wanted.filter((key) => !keys.has(key)), [], "never met");
});

const WRONG: readonly [unknown, ...unknown[]] = [
  undefined,
  ...[null, 5, -1, 0, 1.5, 1e300, "", "x", true, false, [], {}, [null], [{}]],
  ...[{ $type: "Date" }, { $type: 5, value: 1 }, { $type: "A", value: 1, more: 1 }, "2026-01-01T00:00:00Z"],
  ...[JSON.parse('{ "__proto__": 1 }') as unknown, { constructor: 1 }, { "": 1 }, { name: "a", message: "b", more: 1 }],
];

/** A copy in which one thing is different. */
function mangle(document: unknown, random: Random): { readonly mangled: unknown; readonly how: string } {
  const mangled: unknown = structuredClone(document);
  let place = mangled as Record<string, unknown>;
  let path = "";
  for (let depth = 0;; depth++) {
    const keys = Object.keys(place);
    const key = random.pick(keys.length === 0 ? ["none"] : keys as [string, ...string[]]);
    const below = place[key];
    path += `.${key}`;
    if (typeof below === "object" && below !== null && random.chance(0.85)) {
      place = below as Record<string, unknown>;
      continue;
    }
    const kind = random.integer(4);
    if (kind === 0) delete place[key];
    else if (kind === 1) place[random.pick(["extra", "constructor", "value", "$type", "0"])] = random.pick(WRONG);
    else place[key] = random.pick(WRONG);
    return { mangled: JSON.parse(JSON.stringify(mangled)), how: `${path} (${kind})` };
  }
}

function refuses(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch {
    return true;
  }
}

test(
  "hostile documents: what the library's schema refuses, the published one refuses; what that refuses, the library does",
  PATIENCE,
  () => {
    const refused = { flow: 0, job: 0 };
    const seeds = amountOf(1_500, 40_000);
    for (let seed = 1; seed <= seeds; seed++) {
      const random = seededRandom(seed);
      const { flow, job } = random.pick(written as [Documents, ...Documents[]]);
      const isFlow = random.chance(0.3);
      const { mangled, how } = mangle(isFlow ? flow : job, random);
      const label = `seed ${seed}: ${isFlow ? "flow" : "job"}${how}`;
      const fits = (isFlow ? validateFlow : validateJob)(mangled);
      if (!fits) refused[isFlow ? "flow" : "job"]++;
      if (!v.is(isFlow ? flowSchema() : jobSchema(), mangled)) assertEquals(fits, false, `${label} is let through`);
      if (fits) continue;
      const read = () => isFlow ? Flow.fromJSON(mangled, registry) : JobState.fromJSON(mangled, registry);
      assertEquals(refuses(read), true, `${label} is refused by the published schema only: ${ajv.errorsText()}`);
    }
    assertEquals([refused.flow > seeds / 20, refused.job > seeds / 8], [true, true], JSON.stringify(refused));
  },
);

const envelope = { at: "2026-01-31T12:00:00.000Z", format: "routilux/commit", ranMs: 5, version: 1 };
const task = { createdAt: "2026-01-31T12:00:00.000Z", data: 5, id: 1, routine: "a", slot: "input" };
const error = { message: "boom", name: "Error" };
const commits: readonly unknown[] = [
  { ...envelope, kind: "merge", merged: { lists: [{ from: 0, key: "a", to: 1 }] }, task: 1 },
  { ...envelope, kind: "merge", merged: { value: 5 }, slot: { routine: "a", slot: "b", set: { value: 1 } }, task: 1 },
  { ...envelope, classVersion: 1, created: [task], kind: "step", outcome: "done", progress: 5, step: 0, task: 1 },
  {
    ...{ ...envelope, classVersion: 1, kind: "step", outcome: "parked", step: 0, task: 1 },
    effects: {
      shared: [{ key: "a", value: null }],
      slots: [{ routine: "a", slot: "b", clear: [{ key: "", upTo: 5 }] }],
    },
  },
  { ...envelope, classVersion: 1, error, kind: "failure", task: 1, verdict: { end: { status: "failed", stop: true } } },
  { ...envelope, data: { a: 1 }, fills: 1, kind: "deliver" },
  { ...envelope, kind: "deliver", task },
  { ...envelope, created: [task], kind: "deferred" },
  { ...envelope, kind: "status", pausePoint: { at: envelope.at, reason: "x" }, status: "paused" },
];

test("a commit of every kind fits its schema", () => {
  for (const commit of commits) {
    assertEquals([v.is(commitSchema(), commit), explain(validateCommit, commit)], [true, ""]);
  }
});

test("hostile commits: what the library's schema refuses, the published one refuses", () => {
  let refused = 0;
  const seeds = amountOf(1_500, 30_000);
  for (let seed = 1; seed <= seeds; seed++) {
    const random = seededRandom(seed);
    const { mangled, how } = mangle(random.pick(commits as [unknown, ...unknown[]]), random);
    if (v.is(commitSchema(), mangled)) continue;
    refused++;
    assertEquals(validateCommit(mangled), false, `seed ${seed}: ${how}`);
  }
  assertEquals(refused > seeds / 3, true, `${refused} are refused`);
});

test("the published schemas say what they are, and leave no key without a word of what it is for", () => {
  for (const [name, schema] of Object.entries({ flow: flowJson, job: jobJson, commit: commitJson })) {
    assertEquals([schema.$schema, schema.$id], [
      "https://json-schema.org/draft/2020-12/schema",
      `urn:routilux:${name}:1`,
    ]);
    assertEquals(schema.title.includes("routilux"), true);
  }
  for (const { properties } of [flowJson, jobJson]) {
    for (const [key, property] of Object.entries(properties)) {
      const described = key === "version" || "description" in property;
      assertEquals(described, true, key);
    }
  }
});
