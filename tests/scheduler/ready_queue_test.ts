import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { apply } from "../../src/scheduler/apply.ts";
import { Job } from "../../src/scheduler/job.ts";
import { ReadyQueue } from "../../src/scheduler/ready_queue.ts";
import { createTask, NO_DETAILS } from "../../src/scheduler/task.ts";

const ROUTE = { routine: "worker", slot: "input", connection: undefined };
const START = { at: 0, ranMs: 0 };

test("tasks that come back late count among those that a parked one waits for", () => {
  const job = new Job({ jobId: "job", flowId: "flow" }, 0, {
    executionStrategy: undefined,
    maxWorkers: undefined,
    executionTimeoutMs: undefined,
  });
  const parked = createTask(1, ROUTE, 1, START, "normal", { ...NO_DETAILS, parked: true });
  const [early, late] = [createTask(2, ROUTE, 2, START), createTask(3, ROUTE, 3, START)];
  for (const task of [parked, early, late]) apply(job, { kind: "deliver", time: START, task, data: task.data });
  const queue = new ReadyQueue(job, 0);
  assertEquals([queue.take(2), queue.take(2)], [early, parked], "one other is ready");
  for (const task of [early, parked]) queue.add(task, 0);
  assertEquals([queue.peek(2), queue.take(2)], [early, early], "two others are ready");
  queue.add(early, 0);
  assertEquals([1, 2, 3].map(() => queue.take(1)), [early, late, parked]);
  assertEquals([queue.isEmpty, queue.ready], [true, 0]);
});
