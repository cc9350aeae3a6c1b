import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { findFirstTasks } from "../../src/engine/durable/first_tasks.ts";
import { apply } from "../../src/job/apply.ts";
import type { Job } from "../../src/job/job.ts";
import { createTask, NO_DETAILS, type TaskDetails } from "../../src/job/task.ts";
import type { FirstAttempt } from "../../src/documents/claim.ts";
import { createJob } from "../support/sample_journal.ts";

/** A job with a task for each of the details. */
function jobOf(details: readonly (Partial<TaskDetails> | undefined)[]): Job {
  const job = createJob();
  const route = { routine: "worker", slot: "input", connection: undefined };
  details.forEach((some, index) => {
    const full = some === undefined ? undefined : { ...NO_DETAILS, ...some };
    const task = createTask(index + 1, route, undefined, { at: 0 }, full);
    apply(job, { kind: "deliver", time: { at: 0, ranMs: 0 }, task, data: undefined, key: undefined });
  });
  return job;
}

/**
 * What is found first when a process has died, the one with the number 9, or those given have: how often each has been found like this,
 * and which are given up.
 */
function found(job: Job, tried: readonly FirstAttempt[], { workers = 1, most = 3, survived = [] as number[] } = {}) {
  const hasDied = (incarnation: number) => !survived.includes(incarnation);
  const { attempts, poisoned } = findFirstTasks(job, workers, 0, { tried, owner: 9 }, hasDied, most);
  return {
    tried: attempts.map(({ task, recoveries }) => [task, recoveries]),
    poisoned: poisoned.map(({ id }) => id),
  };
}

/** A task that so many processes have died with. */
const was = (task: number, recoveries: number, attempt = 0, step = 0): FirstAttempt => ({
  task,
  attempt,
  step,
  recoveries,
  died: Array.from({ length: recoveries }, (_, index) => index + 1),
});

test("what was found before still counts, but no more, when an engine goes on that had only lost its lease", () => {
  assertEquals(found(jobOf([undefined]), [], { survived: [9] }), { tried: [[1, 0]], poisoned: [] });
  assertEquals(found(jobOf([undefined]), [was(1, 2)], { survived: [9] }), { tried: [[1, 2]], poisoned: [] });
});

test("a process that was thought to be dead, and says later that it was not, does not count any more", () => {
  assertEquals(found(jobOf([undefined]), [was(1, 2)], { survived: [1] }), { tried: [[1, 2]], poisoned: [] });
  assertEquals(found(jobOf([undefined]), [was(1, 2)], { survived: [1, 2, 9] }), { tried: [[1, 0]], poisoned: [] });
});

test("whoever stands first when a process has died is found once more, up to a limit", () => {
  const job = jobOf([undefined]);
  assertEquals(found(job, []), { tried: [[1, 1]], poisoned: [] });
  assertEquals(found(job, [was(1, 1)]), { tried: [[1, 2]], poisoned: [] });
  assertEquals(found(job, [was(1, 2)]), { tried: [], poisoned: [1] });
  assertEquals(found(job, [], { most: 1 }), { tried: [], poisoned: [1] });
});

test("a task that has got further is found for the first time", () => {
  assertEquals(found(jobOf([{ step: 2 }]), [was(1, 2, 0, 1)]), { tried: [[1, 1]], poisoned: [] });
  assertEquals(found(jobOf([{ attempt: 1 }]), [was(1, 2)]), { tried: [[1, 1]], poisoned: [] });
  assertEquals(found(jobOf([{ attempt: 1, step: 1 }]), [was(1, 2, 1, 1)]), { tried: [], poisoned: [1] });
  assertEquals(found(jobOf([undefined]), [was(2, 2)]), { tried: [[1, 1]], poisoned: [] });
});

test("as many are looked at as run at once, but no more than are worth writing down", () => {
  const job = jobOf(Array(100).fill(undefined));
  assertEquals(found(job, [was(2, 2)], { workers: 3 }), { tried: [[1, 1], [3, 1]], poisoned: [2] });
  assertEquals(found(job, [], { workers: 1_000_000 }).tried.length, 64);
  assertEquals(found(jobOf([undefined]), [], { workers: 8 }).tried.length, 1);
});

test("a parked generator is looked at too, one that waits for its time is not", () => {
  assertEquals(found(jobOf([{ parked: true, step: 1 }, { notBefore: 5 }]), [], { workers: 2 }), {
    tried: [[1, 1]],
    poisoned: [],
  });
});
