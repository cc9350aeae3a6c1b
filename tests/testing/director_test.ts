import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { takeNext } from "../../src/engine/execution/concurrency.ts";
import type { Director } from "../../src/engine/execution/director.ts";
import { apply } from "../../src/job/apply.ts";
import { ReadyQueue } from "../../src/job/ready_queue.ts";
import { createTask, detailsOf, NO_DETAILS, setActive, type Task } from "../../src/job/task.ts";
import { createJob } from "../support/sample_journal.ts";

const START = { at: 0, ranMs: 0 };
const ROUTE = { routine: "a", slot: "in", connection: undefined };

/** Takes all tasks, and returns their ids with the number of tasks to choose from. */
function takeAll(makeTasks: () => readonly Task[], choose: (count: number) => number, highWater = 64): string {
  const job = createJob();
  for (const task of makeTasks()) apply(job, { kind: "deliver", time: START, task, data: 0, key: undefined });
  const queue = new ReadyQueue(job).fill(START);
  const counts: number[] = [];
  const director: Director = {
    choose: (count) => {
      counts.push(count);
      return choose(count);
    },
    call: (_activation, run) => run(),
  };
  const ids: number[] = [];
  for (let task = takeNext(queue, highWater, director); task !== undefined;) {
    ids.push(task.id);
    task = takeNext(queue, highWater, director);
  }
  return `${ids.join(" ")} of ${counts.join(" ")}`;
}

const normal = (id: number) => createTask(id, ROUTE, 0, { at: 0 });
const first = () => 0;
const last = (count: number) => count - 1;

test("a director chooses among ready tasks of one priority, at most eight", () => {
  const tasks = () => Array.from({ length: 10 }, (_, index) => normal(index + 1));
  assertEquals(takeAll(tasks, first), "1 2 3 4 5 6 7 8 9 10 of 8 8 8 7 6 5 4 3 2 1");
  assertEquals(takeAll(tasks, last), "8 9 10 7 6 5 4 3 2 1 of 8 8 8 7 6 5 4 3 2 1");
});

test("a director does not choose between priorities", () => {
  const priorities = ["low", "normal", "high", "low", "high"] as const;
  const tasks = () =>
    priorities.map((priority, index) => createTask(index + 1, ROUTE, 0, { at: 0 }, detailsOf(priority)));
  assertEquals(takeAll(tasks, first), "3 5 2 1 4 of 2 1 1 2 1");
  assertEquals(takeAll(tasks, last), "5 3 2 4 1 of 2 1 1 2 1");
});

test("tasks that were active in a snapshot come first, by id, without a choice", () => {
  const tasks = () => {
    const made = [1, 2, 3, 4].map(normal);
    for (const task of made) setActive(task, task.id > 2);
    return made;
  };
  assertEquals(takeAll(tasks, last), "3 4 2 1 of 2 1");
});

test("a parked task is taken while few others are ready, without a choice between it and others", () => {
  const details = { ...NO_DETAILS, parked: true };
  const tasks = () => [1, 2, 3, 4].map((id) => id === 1 ? { ...normal(id), details } : normal(id));
  assertEquals(takeAll(tasks, last, 64), "1 4 3 2 of 3 2 1");
  assertEquals(takeAll(tasks, last, 1), "4 3 2 1 of 3 2 1");
});
