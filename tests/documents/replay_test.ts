import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { SerializationError } from "../../mod.ts";
import { taggedPayload } from "../../src/values/payload.ts";
import { DEFAULT_FLOW_LIMITS } from "../../src/model/flow_limits.ts";
import { apply } from "../../src/job/apply.ts";
import type { Commit, MergeCommit, StepCommit } from "../../src/job/commit.ts";
import { recordOf } from "../../src/job/history.ts";
import type { Job } from "../../src/job/job.ts";
import { createTask, isActive, type Route, type Task } from "../../src/job/task.ts";
import { encodeCommit } from "../../src/documents/commit.ts";
import { encodeJob } from "../../src/documents/job.ts";
import { Replay } from "../../src/documents/replay.ts";
import { createJob, failureCommit, NOTHING, stepCommit } from "../support/sample_journal.ts";

const ROUTE: Route = { routine: "worker", slot: "input", connection: undefined };
const ITEMS: Route = { routine: "sink", slot: "items", connection: undefined };
const IN_SLOT = { routine: "worker", slot: "input" } as const;
const IN_ITEMS = { routine: "sink", slot: "items" } as const;
const TIME = { time: { at: 10, ranMs: 0 } };
const RUNNING = {
  ...TIME,
  kind: "status",
  status: "running",
  error: undefined,
  pausePoint: undefined,
  active: [],
  redriven: undefined,
  maxRetries: undefined,
  discarded: [],
  created: [],
  migrated: [],
} as const;

/** A job that lives, and its journal beside it. */
class Line {
  readonly job: Job = createJob();
  readonly entries: string[] = [];
  snapshot: string = this.#text;

  get #text(): string {
    return JSON.stringify(encodeJob(this.job));
  }

  commit(commit: Commit): void {
    this.entries.push(JSON.stringify(encodeCommit(commit)));
    apply(this.job, commit);
  }

  deliver(id: number, data: unknown = id, route: Route = ROUTE): Task {
    const task = createTask(id, route, data as never, { at: 0 });
    this.commit({ ...TIME, kind: "deliver", task, data: task.data, key: undefined });
    return task;
  }

  step(task: Task, change: Partial<StepCommit> = {}): void {
    this.commit(stepCommit(task, { ...TIME, ...change }));
  }

  /** The journal begins anew from here. */
  compact(): void {
    this.snapshot = this.#text;
    this.entries.length = 0;
  }

  replay(limits: Partial<typeof DEFAULT_FLOW_LIMITS> = {}): Replay {
    const replay = new Replay(this.snapshot, { ...DEFAULT_FLOW_LIMITS, ...limits });
    for (const entry of this.entries) replay.apply(entry);
    return replay;
  }

  check(): void {
    assertEquals(JSON.stringify(encodeJob(this.replay().finish())), this.#text);
  }
}

test("tasks are known from their delivery, through every step, to their end", () => {
  const line = new Line();
  const task = line.deliver(1);
  line.step(task, { outcome: "active", progress: 1 });
  line.step(task, { step: 1, outcome: "parked", progress: 2 });
  line.check();
  line.step(task, { step: 2 });
  line.check();
});

test("tasks that a step or deferred events have made are known", () => {
  const line = new Line();
  const created = [createTask(2, ROUTE, "by a step", { at: 10 })];
  line.step(line.deliver(1), { created });
  const deferred = [createTask(3, ROUTE, "deferred", { at: 10 })];
  line.commit({ ...TIME, kind: "deferred", created: deferred, records: [] });
  for (const task of [...created, ...deferred]) line.step(task);
  line.check();
});

test("failed tasks of the snapshot are known when they are put back", () => {
  const line = new Line();
  const task = line.deliver(1);
  line.commit(failureCommit(task, {}));
  line.compact();
  line.commit({ ...RUNNING, redrive: true });
  line.step(task);
  line.check();
});

test("tasks whose handlers a pause, an end or another's failure has stopped are active again", () => {
  const line = new Line();
  const [failing, other, last] = [line.deliver(1), line.deliver(2), line.deliver(3)];
  line.commit(failureCommit(failing, { active: [other] }));
  const active = () => Array.from(line.replay().finish().tasks, (task) => [task.id, isActive(task)]);
  assertEquals(active(), [[2, true], [3, false]]);
  line.commit({ ...RUNNING, redrive: false });
  line.commit({ ...RUNNING, status: "paused", redrive: false, active: [last] });
  assertEquals(active(), [[2, true], [3, true]]);
});

test("what has failed is put back by a redrive, not by being stopped or filled", () => {
  const line = new Line();
  const task = line.deliver(1);
  line.commit(failureCommit(task, {}));
  const cancel: Commit = { ...RUNNING, status: "cancelled", redrive: false, active: [task] };
  const error = assertThrows(() => line.replay().apply(JSON.stringify(encodeCommit(cancel))), SerializationError);
  assertEquals(error.message, "Cannot read routilux/commit: active[0]: expected the id of a pending task, got 1");
});

test("what merges gave, by a function or in lists, is in the slot as before: also nothing, and after all was cleared", () => {
  const line = new Line();
  const merge = (task: Task, merged: MergeCommit["merged"], slot: MergeCommit["slot"]) =>
    line.commit({ ...TIME, kind: "merge", task, merged, slot, records: [] });
  const value = line.deliver(1);
  merge(value, { kind: "value", value: 5 }, { ...IN_SLOT, kind: "set", value: 5 });
  line.check();
  const [first, second] = [line.deliver(2, { a: 1 }, ITEMS), line.deliver(3, {}, ITEMS)];
  merge(first, { kind: "lists", lists: new Map([["a", { from: 0, to: 1 }]]) }, {
    ...IN_ITEMS,
    kind: "append",
    items: new Map([["a", 1]]),
  });
  merge(second, { kind: "lists", lists: new Map() }, undefined);
  line.check();
  const clear = { ...IN_ITEMS, kind: "clear", upTo: new Map([["a", 1]]) } as const;
  line.step(first, { effects: { ...NOTHING, slots: [clear] } });
  line.step(second, { effects: { ...NOTHING, slots: [{ ...IN_ITEMS, kind: "set", value: 7 }] } });
  line.check();
});

test("a job keeps as much history as its flow allows, and reads no larger values", () => {
  const line = new Line();
  const records = [1, 2, 3, 4].map((n) => {
    return { routine: "worker", type: "emit", event: "output", data: n, at: n } as const;
  });
  line.step(line.deliver(1), { records });
  const job = line.replay({ history: 2 }).finish();
  assertEquals(job.history.toArray().map((entry) => recordOf(entry).data), [3, 4]);
  line.deliver(2, { a: { b: { c: [1] } } });
  line.check();
  assertThrows(() => line.replay({ depth: 2 }), SerializationError, "depth");
});

test("the classes that entries name are looked for before the job goes on", () => {
  const line = new Line();
  line.deliver(1, taggedPayload({ $type: "Point", value: { x: 1 } }));
  line.deliver(2, taggedPayload({ $type: "Other", value: 1 }));
  assertEquals([...line.replay().finish().classes.keys()], ["Point", "Other"]);
  line.compact();
  line.deliver(3, taggedPayload({ $type: "Third", value: 1 }));
  assertEquals([...line.replay().finish().classes.keys()].sort(), ["Other", "Point", "Third"]);
});

test("a text that is no JSON is refused as what it should be", () => {
  const limits = DEFAULT_FLOW_LIMITS;
  const document = (run: () => unknown) => assertThrows(run, SerializationError, "the text is no JSON").document;
  assertEquals(document(() => new Replay("", limits)), "routilux/job");
  assertEquals(document(() => new Line().replay().apply("{")), "routilux/commit");
});
