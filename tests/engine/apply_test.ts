import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { StateError } from "../../mod.ts";
import { apply } from "../../src/job/apply.ts";
import type { MergeCommit, StepCommit } from "../../src/job/commit.ts";
import type { Job } from "../../src/job/job.ts";
import { createTask, type Task } from "../../src/job/task.ts";
import { createJob, failureCommit, stepCommit } from "../support/sample_journal.ts";

function createJobWithTask(): { job: Job; task: Task } {
  const job = createJob();
  const task = createTask(1, { routine: "act", slot: "trigger", connection: undefined }, "data", { at: 0 });
  apply(job, { kind: "deliver", time: { at: 0, ranMs: 0 }, task, data: "data", key: undefined });
  return { job, task };
}

function stepOf(task: Task, step: number, outcome: StepCommit["outcome"]): StepCommit {
  const at = 10 + step;
  const records: StepCommit["records"] = [{ routine: "act", type: "emit", event: "output", data: step, at }];
  return stepCommit(task, { time: { at, ranMs: step }, step, outcome, progress: `step ${step}`, records });
}

test("rule 3: apply refuses a step of a task that it has seen, and one that is to come; nothing has changed then", () => {
  const { job, task } = createJobWithTask();
  apply(job, stepOf(task, 0, "active"));
  apply(job, stepOf(task, 1, "parked"));
  const before = [job.time, job.history.toArray(), task.details];
  for (const step of [0, 1, 3]) {
    for (const outcome of ["active", "parked", "done"] as const) {
      const error = assertThrows(() => apply(job, stepOf(task, step, outcome)), StateError, "committed before");
      assertEquals(error.event, "commit");
    }
  }
  assertEquals([job.time, job.history.toArray(), task.details], before);
  apply(job, stepOf(task, 2, "done"));
  assertEquals([job.tasks.size, job.history.size, job.routineStates.get("act")?.status], [0, 3, "completed"]);
});

test("rule 3: apply refuses what comes for a task that has ended, and a second merge", () => {
  const { job, task } = createJobWithTask();
  const merge: MergeCommit = {
    kind: "merge",
    time: { at: 5, ranMs: 0 },
    task,
    merged: { kind: "value", value: "merged" },
    slot: undefined,
    records: [],
  };
  apply(job, merge);
  assertThrows(() => apply(job, merge), StateError, "committed before");
  apply(job, stepOf(task, 0, "done"));
  const failure = failureCommit(task, { time: { at: 20, ranMs: 0 } });
  for (const commit of [merge, stepOf(task, 0, "done"), stepOf(task, 1, "done"), failure]) {
    assertThrows(() => apply(job, commit), StateError, "committed before");
  }
  assertEquals([job.status, job.failures, job.error], ["pending", [], undefined]);
});

test("a finished task lets go of its progress: the history may know the task for long", () => {
  const { job, task } = createJobWithTask();
  apply(job, stepOf(task, 0, "active"));
  assertEquals([task.details?.progress, task.details?.step], ["step 0", 1]);
  apply(job, stepOf(task, 1, "done"));
  assertEquals([task.details?.progress, task.details?.step], [undefined, 1]);
});
