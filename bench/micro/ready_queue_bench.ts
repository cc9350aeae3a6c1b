import { Job } from "../../src/job/job.ts";
import { ReadyQueue } from "../../src/job/ready_queue.ts";
import { createTask, detailsOf, NO_DETAILS, type Task } from "../../src/job/task.ts";
import { bench } from "./bench.ts";
import { TIMES } from "./repeated.ts";

// The time to add tasks to the queue, to wake delayed ones, and to take them all.

const HIGH_WATER = 64;
const START = { at: 0 };
const LATER = 1_000_000;
const ROUTE = { routine: "routine", slot: "input", connection: undefined };
const PRIORITIES = ["high", "normal", "low"] as const;

function benchQueue(name: string, make: (id: number) => Task): void {
  const settings = { executionStrategy: undefined, maxWorkers: undefined, executionTimeoutMs: undefined };
  const job = new Job({ jobId: "job", flowId: "flow" }, 0, settings);
  for (let id = 1; id <= TIMES; id++) job.tasks.add(make(id));
  bench(name, { group: "ready queue" }, () => {
    const queue = new ReadyQueue(job).fill(START);
    queue.wake({ at: LATER });
    let taken = 0;
    while (queue.take(HIGH_WATER) !== undefined) taken++;
    if (taken !== TIMES) throw new Error(`${taken} tasks were taken`);
  });
}

benchQueue("10,000 tasks", (id) => createTask(id, ROUTE, null, START));
benchQueue(
  "10,000 tasks of three priorities",
  (id) => createTask(id, ROUTE, null, START, detailsOf(PRIORITIES[id % 3] ?? "normal")),
);
benchQueue("10,000 delayed tasks", (id) => {
  const notBefore = (id * 7919) % LATER;
  return createTask(id, ROUTE, null, START, { ...NO_DETAILS, notBefore });
});
benchQueue(
  "10,000 parked tasks",
  (id) => createTask(id, ROUTE, null, START, { ...NO_DETAILS, parked: true }),
);
