import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Child, Children } from "../../src/job/children.ts";
import { Job, type JobStatus, onlyAwaits } from "../../src/job/job.ts";
import { nextDueAt, nextDueInside } from "../../src/job/ready_queue.ts";
import { NO_DETAILS } from "../../src/job/task.ts";
import { createChildJob } from "../../src/job/new_child.ts";

const NONE = { executionStrategy: undefined, maxWorkers: undefined, executionTimeoutMs: undefined };
const START = {
  ...{ flow: "{}", routine: "r", slot: "s", params: undefined },
  ...{ queue: undefined, priority: undefined, tags: undefined },
};
const CHILD: Child = {
  ...{ jobId: "child", flowId: "f", routine: "r", to: "s" },
  ...{ start: undefined, inner: undefined, isLeft: false },
};

function parentOf(child: Partial<Child>, status?: JobStatus, due?: number): Job {
  const parent = new Job({ jobId: "parent", flowId: "p" }, 0, NONE);
  parent.status = "running";
  const job = createChildJob(parent, CHILD, START, 0);
  if (status !== undefined) job.status = status;
  for (const task of job.tasks) {
    if (due !== undefined) task.details = { ...(task.details ?? NO_DETAILS), notBefore: due };
  }
  const inner = status === undefined ? undefined : { flow: "{}", job };
  parent.children = new Children([{ ...CHILD, inner, ...child }]);
  return parent;
}

test("a job that waits for its children is due when they are to be started or looked for, or have something to do", () => {
  const now = 10;
  const due = (job: Job) => [nextDueAt(job, now), nextDueInside(job, now)];
  assertEquals(due(parentOf({ start: START })), [now, now]);
  assertEquals(due(parentOf({ isLeft: true })), [now, now]);
  assertEquals(due(parentOf({})), [undefined, undefined]);
  assertEquals(due(parentOf({}, "completed")), [now, now]);
  assertEquals(due(parentOf({}, "running")), [now, now]);
  assertEquals(due(parentOf({}, "paused")), [now, undefined]);
  assertEquals(due(parentOf({}, "running", 50)), [now, 50]);
});

test("a job whose children are jobs of a store, or have something to do, may go on by itself", () => {
  assertEquals(onlyAwaits(parentOf({})), false);
  assertEquals(onlyAwaits(parentOf({}, "running")), false);
  assertEquals(onlyAwaits(parentOf({}, "paused")), true);
});
