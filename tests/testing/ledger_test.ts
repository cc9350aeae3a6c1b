import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import type { TaskEvent } from "../../mod.ts";
import { apply } from "../../src/job/apply.ts";
import type { Job } from "../../src/job/job.ts";
import { createTask, NO_DETAILS, type Task } from "../../src/job/task.ts";
import { Ledger } from "../../src/testing/ledger.ts";
import { createJob } from "../support/sample_journal.ts";

/** A job with three tasks, and a ledger that has observed it. */
function open() {
  const job = createJob();
  const tasks = [1, 2, 3].map((id) => add(job, id));
  const ledger = new Ledger();
  assertEquals(ledger.observe(job), ["task 1 for a.in", "task 2 for a.in", "task 3 for a.in"]);
  return { job, ledger, task: tasks[1] as Task };
}

function add(job: Job, id: number): Task {
  const task = createTask(id, { routine: "a", slot: "in", connection: undefined }, id, { at: 0 });
  apply(job, { kind: "deliver", time: { at: 0, ranMs: 0 }, task, data: id, key: undefined });
  return task;
}

function told(task: number, outcome: TaskEvent["outcome"]): TaskEvent {
  return { type: "task", jobId: "job", flowId: "flow", routine: "a", slot: "in", task, attempt: 0, outcome, at: 0 };
}

test("a ledger accepts the end of a task before or after its event", () => {
  const { job, ledger, task } = open();
  job.tasks.delete(task);
  assertEquals(ledger.observe(job), ["task 2 ended"]);
  assertEquals(ledger.isLeaving(2), true);
  ledger.told(told(2, "done"));
  ledger.checkNoneLost(job);
  ledger.told(told(1, "stop"));
  const [first] = job.tasks;
  if (first !== undefined) {
    job.tasks.delete(first);
    job.failures.push({ task: first, error: { name: "Error", message: "" }, at: 0, isHandled: false });
  }
  assertEquals(ledger.observe(job), ["task 1 failed"]);
  ledger.checkNoneLost(job);
});

test("a ledger distinguishes steps, merges and attempts, and ignores their events", () => {
  const { job, ledger, task } = open();
  task.details = { ...NO_DETAILS, merged: { kind: "value", value: 1 } };
  assertEquals(ledger.observe(job), ["task 2 merged"]);
  task.details = { ...task.details, step: 1 };
  assertEquals(ledger.observe(job), ["task 2 at step 1"]);
  task.details = { ...task.details, attempt: 1 };
  assertEquals(ledger.observe(job), ["task 2 failed, attempt 1 to come"]);
  ledger.told(told(2, "step"));
  ledger.told(told(2, "retry"));
  assertEquals(ledger.observe(job), []);
});

test("Invariant 1: a ledger finds a task that is gone without an end", () => {
  const { job, ledger, task } = open();
  job.tasks.delete(task);
  ledger.observe(job);
  assertThrows(
    () => ledger.checkNoneLost(job),
    Error,
    "task 2 is lost: it has left the job, but its end was not reported",
  );
});

test("Invariant 1: a ledger finds a failed task that is not among the failures", () => {
  const { job, ledger, task } = open();
  job.tasks.delete(task);
  ledger.observe(job);
  ledger.told(told(2, "skip"));
  assertThrows(() => ledger.checkNoneLost(job), Error, "task 2 is lost: it failed, and is not among the failures");
  job.failures.push({ task, error: { name: "Error", message: "" }, at: 0, isHandled: false });
  ledger.checkNoneLost(job);
});

test("a ledger does not look for failed tasks when the job has dropped failures, which may be theirs", () => {
  const { job, ledger, task } = open();
  job.tasks.delete(task);
  ledger.observe(job);
  ledger.told(told(2, "skip"));
  job.droppedFailures = 1;
  ledger.checkNoneLost(job);
});

test("Invariant 1: a ledger finds a task that was created and never appeared", () => {
  const { job, ledger } = open();
  job.nextTaskId = 5;
  assertThrows(() => ledger.observe(job), Error, "task 4 is lost: it was created, but is neither pending nor ended");
});

test("Invariant 1: a ledger finds a job that has completed with a pending task", () => {
  const { job, ledger } = open();
  job.status = "completed";
  assertThrows(() => ledger.observe(job), Error, "the job has completed, and task 1, 2, 3 is still pending");
});

test("Invariant 2: a ledger finds an end that is reported twice", () => {
  const { job, ledger, task } = open();
  job.tasks.delete(task);
  ledger.observe(job);
  ledger.told(told(2, "done"));
  assertThrows(() => ledger.told(told(2, "done")), Error, "task 2 is doubled: its end has been committed twice");
});

test("Invariant 2: a ledger finds a task that reappears after its end", () => {
  const { job, ledger, task } = open();
  job.tasks.delete(task);
  ledger.observe(job);
  ledger.told(told(2, "done"));
  job.tasks.add(task);
  assertThrows(() => ledger.observe(job), Error, "task 2 is doubled: it has ended, and is pending again");
});

test("Invariant 2: a ledger finds a step that is committed twice, or goes back", () => {
  const { job, ledger, task } = open();
  task.details = { ...NO_DETAILS, step: 2 };
  assertThrows(() => ledger.observe(job), Error, "task 2 went from step 0 to step 2 in one commit");
  task.details = { ...NO_DETAILS, step: 1 };
  ledger.observe(job);
  task.details = { ...NO_DETAILS, step: 0 };
  assertThrows(() => ledger.observe(job), Error, "task 2 went from step 1 to step 0 in one commit");
});
