import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { apply } from "../../src/job/apply.ts";
import { ReadyQueue } from "../../src/job/ready_queue.ts";
import { createTask, detailsOf, NO_DETAILS, PRIORITIES, type Task } from "../../src/job/task.ts";
import { createJob } from "../support/sample_journal.ts";
import { seededRandom } from "../support/seeded_random.ts";

const ROUTE = { routine: "worker", slot: "input", connection: undefined };
const START = { at: 0, ranMs: 0 };

test("tasks that come back late count among those that a parked one waits for", () => {
  const job = createJob();
  const parked = createTask(1, ROUTE, 1, START, { ...NO_DETAILS, parked: true });
  const [early, late] = [createTask(2, ROUTE, 2, START), createTask(3, ROUTE, 3, START)];
  for (const task of [parked, early, late]) {
    apply(job, { kind: "deliver", time: START, task, data: task.data, key: undefined });
  }
  const queue = new ReadyQueue(job).fill(START);
  assertEquals([queue.take(2), queue.take(2)], [early, parked], "one other is ready");
  for (const task of [early, parked]) queue.add(task, START);
  assertEquals([queue.peek(2), queue.take(2)], [early, early], "two others are ready");
  queue.add(early, START);
  assertEquals([1, 2, 3].map(() => queue.take(1)), [early, late, parked]);
  assertEquals([queue.isEmpty, queue.ready], [true, 0]);
});

test("what a queue shows is what it gives next, and its count is right, whatever is in it", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const highWater = random.integer(6);
    const queue = new ReadyQueue(createJob()).fill(START);
    const taken: Task[] = [];
    for (let id = 1; id <= 40; id++) {
      const parked = random.integer(4) === 0;
      const priority = PRIORITIES[random.integer(3)] ?? "normal";
      const details = parked ? { ...NO_DETAILS, priority, parked } : detailsOf(priority);
      queue.add(createTask(id, ROUTE, id, START, details), START);
      for (let times = random.integer(3); times > 0; times--) {
        const next = queue.peek(highWater);
        assertEquals(queue.take(highWater), next, `seed ${seed}`);
        if (next !== undefined) taken.push(next);
      }
    }
    for (let next = queue.peek(99); next !== undefined; next = queue.peek(99)) {
      assertEquals(queue.take(99), next, `seed ${seed}`);
      taken.push(next);
    }
    assertEquals([taken.length, queue.isEmpty, queue.ready], [40, true, 0], `seed ${seed}`);
  }
});
