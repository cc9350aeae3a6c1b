import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { apply } from "../../src/job/apply.ts";
import { addChildren, openChildren } from "../../src/job/children.ts";
import { nextDueAt, ReadyQueue } from "../../src/job/ready_queue.ts";
import {
  createTask,
  detailsOf,
  NO_DETAILS,
  PRIORITIES,
  setActive,
  type Task,
  type TaskDetails,
} from "../../src/job/task.ts";
import { createJob, stepCommit } from "../support/sample_journal.ts";
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

test("a task that was taken back is never given, wherever it stands", () => {
  const queue = new ReadyQueue(createJob());
  const [first, second, third] = [1, 2, 3].map((id) => createTask(id, ROUTE, id, START));
  assert(first !== undefined && second !== undefined && third !== undefined);
  // The first two come back late.
  for (const task of [third, first, second]) queue.add(task, START);
  queue.withdraw([second]);
  assertEquals([queue.ready, queue.take(9)], [2, first]);
  queue.withdraw([third]);
  assertEquals([queue.ready, queue.isEmpty, queue.take(9)], [0, true, undefined]);
});

test("a task that is to be the last is shown when nothing else is left", () => {
  const job = createJob();
  const last = createTask(1, ROUTE, 1, START, { ...NO_DETAILS, priority: "last" });
  const low = createTask(2, ROUTE, 2, START, detailsOf("low"));
  for (const task of [last, low]) apply(job, { kind: "deliver", time: START, task, data: task.data, key: undefined });
  const queue = new ReadyQueue(job).fill(START);
  assertEquals([queue.peek(9), queue.take(9)], [low, low]);
  assertEquals(queue.peek(9), undefined, "the other one has not ended");
  apply(job, stepCommit(low, {}));
  assertEquals([queue.peek(9), queue.take(9)], [last, last]);
});

test("tasks that wait no more make room, and those that do are given in order", () => {
  const job = createJob();
  const queue = new ReadyQueue(job);
  const waiting = Array.from({ length: 300 }, (_, index) => {
    return createTask(index + 1, ROUTE, index, START, { ...NO_DETAILS, notBefore: 1_000 - index });
  });
  const isKept = ({ id }: Task) => id % 7 === 0;
  for (const task of waiting) {
    if (isKept(task)) {
      apply(job, { kind: "deliver", time: START, task: { ...task, id: job.nextTaskId }, data: 1, key: undefined });
    }
  }
  const kept = [...job.tasks];
  for (const [index, task] of waiting.entries()) {
    queue.add(isKept(task) ? kept[Math.floor(index / 7)] ?? task : task, START);
  }
  const due: (number | undefined)[] = [];
  for (const at of kept.map(({ details }) => details?.notBefore).toReversed()) {
    due.push(queue.nextDueAt());
    queue.wake({ at: at ?? 0 });
    queue.take(9);
  }
  assertEquals(due, kept.map(({ details }) => details?.notBefore).toReversed());
});

test("a job with a child that is to be started is due now, unless it has ended", () => {
  const job = createJob();
  const task = createTask(1, ROUTE, 1, START, { ...NO_DETAILS, notBefore: 1_000 });
  apply(job, { kind: "deliver", time: START, task, data: 1, key: undefined });
  assertEquals(nextDueAt(job, 5), 1_000);
  const start = { flow: "{}", ...ROUTE, params: 1, queue: undefined, priority: undefined, tags: undefined };
  addChildren(job, [{
    jobId: "a",
    flowId: "f",
    routine: "worker",
    to: "input",
    start,
    isLeft: false,
    inner: undefined,
  }]);
  assertEquals(nextDueAt(job, 5), 5);
  openChildren(job, ["a"]);
  assertEquals(nextDueAt(job, 5), 1_000);
});

test("a queue is empty when no task could run now, whatever kind of task it was", () => {
  const kinds: readonly Partial<TaskDetails>[] = [
    {},
    { priority: "high" },
    { priority: "low" },
    { priority: "last" },
    { parked: true },
    { parked: true, priority: "high" },
    { parked: true, priority: "low" },
  ];
  for (const kind of kinds) {
    const job = createJob();
    const task = createTask(1, ROUTE, 1, START, { ...NO_DETAILS, ...kind });
    apply(job, { kind: "deliver", time: START, task, data: 1, key: undefined });
    const queue = new ReadyQueue(job).fill(START);
    assertEquals([queue.isEmpty, queue.take(9), queue.isEmpty], [false, task, true], JSON.stringify(kind));
    if (kind.parked === true) continue;
    queue.setAside(task);
    assertEquals([queue.isEmpty, queue.take(9)], [false, undefined], "it was set aside");
    queue.putBack(() => true);
    assertEquals([queue.isEmpty, queue.take(9), queue.isEmpty], [false, task, true]);
  }
  const job = createJob();
  const active = createTask(1, ROUTE, 1, START);
  apply(job, { kind: "deliver", time: START, task: active, data: 1, key: undefined });
  setActive(active, true);
  const queue = new ReadyQueue(job).fill(START);
  assertEquals([queue.isEmpty, queue.ready, queue.take(0), queue.isEmpty], [false, 1, active, true]);
});

test("a task whose instant has come is ready at once, one whose instant comes a millisecond later is not", () => {
  const now = { at: 1_000 };
  const readyOf = (details: Partial<TaskDetails>) => {
    const queue = new ReadyQueue(createJob());
    queue.add(createTask(1, ROUTE, 1, START, { ...NO_DETAILS, ...details }), now);
    return queue.ready;
  };
  assertEquals([999, 1_000, 1_001].map((notBefore) => readyOf({ notBefore })), [1, 1, 0]);
  const awaiting = (until: number | undefined) => ({ awaiting: { timeoutMs: 5, until, onTimeout: undefined } });
  assertEquals([999, 1_000, 1_001, undefined].map((until) => readyOf(awaiting(until))), [0, 0, 0, 0]);
});
