import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { placeOf } from "../../src/engine/durable/place.ts";
import { apply } from "../../src/job/apply.ts";
import { addChildren, openChildren } from "../../src/job/children.ts";
import type { Job } from "../../src/job/job.ts";
import { createTask, NO_DETAILS } from "../../src/job/task.ts";
import { createJob } from "../support/sample_journal.ts";

// Where a job stands that is let go: engines that find it go by nothing else.

const NOW = 5;
const ROUTE = { routine: "worker", slot: "input", connection: undefined };
const CHILD = {
  jobId: "a",
  flowId: "f",
  routine: "worker",
  to: "input",
  start: undefined,
  isLeft: false,
  inner: undefined,
};

function running(): Job {
  const job = createJob();
  job.status = "running";
  return job;
}

test("a job that has ended is due only while its parent is not told", () => {
  const job = createJob();
  job.status = "completed";
  job.time = { at: 3, ranMs: 0 };
  assertEquals(placeOf(job, NOW), { status: "completed", dueAt: undefined, endedAt: 3 });
  job.parent = { jobId: "parent", depth: 1, isTold: false };
  assertEquals(placeOf(job, NOW), { status: "completed", dueAt: NOW, endedAt: 3 });
  job.parent = { ...job.parent, isTold: true };
  assertEquals(placeOf(job, NOW).dueAt, undefined);
});

test("a paused job is never due, whatever it has left", () => {
  const job = createJob();
  job.status = "paused";
  assertEquals(placeOf(job, NOW), { status: "paused", dueAt: undefined, endedAt: undefined });
});

test("a running job without tasks and children is due at once, as it must end", () => {
  const job = running();
  assertEquals(placeOf(job, NOW), { status: "running", dueAt: NOW, endedAt: undefined });
  addChildren(job, [CHILD]);
  openChildren(job, ["a"]);
  assertEquals(placeOf(job, NOW).dueAt, undefined, "it waits for the child");
});

test("a running job is due when its next task is, also when that has passed", () => {
  for (const notBefore of [NOW - 2, NOW + 2]) {
    const job = running();
    const task = createTask(1, ROUTE, 1, { at: 0 }, { ...NO_DETAILS, notBefore });
    apply(job, { kind: "deliver", time: { at: 0, ranMs: 0 }, task, data: 1, key: undefined });
    assertEquals(placeOf(job, NOW).dueAt, notBefore);
  }
});
