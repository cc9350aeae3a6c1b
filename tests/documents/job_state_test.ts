import { assertEquals, assertInstanceOf, assertMatch, assertThrows } from "@std/assert";
import { test } from "node:test";
import { ErrorHandler, Flow, JobState } from "../../mod.ts";
import { createDocumentFlow, documentRegistry } from "../support/document_flow.ts";
import { Point } from "../support/sample_values.ts";
import { fullJob } from "../support/full_job_document.ts";

test("C187 C205 a new job has its flow's id, an id of its own, status pending, and the times of its making", () => {
  const { flow, clerk } = createDocumentFlow();
  const job = flow.create(clerk.input, { what: "nothing" });
  assertEquals([job.flowId, job.jobId, job.status], ["office", "id-1", "pending"]);
  assertEquals([job.createdAt, job.updatedAt], ["1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z"]);
  assertEquals([job.executionHistory, job.routineStates, job.outputLog, job.failures], [[], {}, [], []]);
  const real = new Flow();
  assertMatch(real.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("C188 the status cannot be assigned, and nothing that is read can be changed", async () => {
  const { flow, clerk, timers } = createDocumentFlow();
  const job = flow.execute(clerk.input, { what: "all" });
  await timers.flush();
  const before = JSON.stringify(job);
  assertThrows(() => Object.assign(job, { status: "pending" }), TypeError);
  for (const list of [job.executionHistory, job.outputLog, job.sharedLog, job.pendingTasks, job.failures]) {
    assertThrows(() => (list as unknown[]).push("mine"), TypeError);
  }
  assertThrows(() => Object.assign(job.sharedData, { mine: 1 }), TypeError);
  assertThrows(() => Object.assign(job.routineStates, { mine: 1 }), TypeError);
  assertEquals(JSON.stringify(job), before);
});

test("C189 C191 C213 a routine's state is readable, nested values included; there is none for an unknown id", async () => {
  const { flow, clerk, timers } = createDocumentFlow();
  const job = flow.execute(clerk.input, { what: "all", n: 7 });
  await timers.flush();
  assertEquals(job.routineStates["clerk"], {
    retries: 0,
    state: { seen: new Set([7]) },
    status: "completed",
    version: 1,
  });
  assertEquals(job.routineStates["ghost"], undefined);
  assertEquals([job.retryCount("clerk"), job.retryCount("ghost"), job.history("ghost")], [0, 0, []]);
});

test("C190 C192 C194 the history is in the order of time; of one routine, only its own", async () => {
  const { flow, clerk, timers } = createDocumentFlow();
  const job = flow.execute(clerk.input, { what: "send", n: 1 });
  await timers.advance(250);
  assertEquals(job.status, "completed");
  assertEquals(
    job.history().map(({ at, routine, type, event, data }) => [at.slice(20, 23), routine, type, event, data]),
    [
      ["000", "clerk", "start", undefined, undefined],
      ["000", "clerk", "emit", "output", { n: 1 }],
      ["000", "clerk", "emit", "output", { n: 2 }],
      ["000", "clerk", "start", undefined, undefined],
      ["250", "clerk", "start", undefined, undefined],
    ],
  );
  assertEquals(job.history(), job.executionHistory);
  assertEquals([job.history("clerk").length, job.history("ghost").length], [5, 0]);
});

test("C198 C199 C203 C218 a job that was read answers as the one that was written, values as they were", () => {
  const job = JobState.fromJSON(JSON.parse(JSON.stringify(fullJob())), documentRegistry);
  assertEquals([job.jobId, job.flowId, job.status, job.createdAt], [
    "full",
    "office",
    "paused",
    "1970-01-01T00:00:00.000Z",
  ]);
  assertEquals(job.error, {
    cause: { message: "why", name: "Error" },
    code: "E1",
    message: "no such thing",
    name: "RangeError",
  });
  assertEquals(job.sharedData["when"], new Date(0));
  const { where } = job.sharedData;
  assertInstanceOf(where, Point);
  assertEquals([where.x, where.y], [1, 2]);
  assertEquals(Object.keys(job.routineStates), ["clerk"]);
  assertEquals([job.executionHistory.length, job.outputLog.length, job.sharedLog.length], [2, 1, 1]);
  assertEquals(job.pausePoints, [{ at: "1970-01-01T00:00:00.000Z", checkpoint: [1], reason: "why not" }]);
  assertEquals(job.deferredEvents, [{ data: 1, event: "late", routine: "clerk" }]);
  assertEquals(job.failures.map(({ error, task }) => [error.message, task.id, task.data]), [
    ["no such thing", 2, { what: "fail" }],
  ]);
  assertEquals(job.pendingTasks.map(({ id, slot }) => [id, slot]), [
    [3, "lists"],
    [4, "kept"],
    [5, "kept"],
    [6, "sum"],
    [7, "steps"],
  ]);
  assertEquals(job.pendingTasks[4]?.progress, { at: 1 });
  assertEquals(job.retryCount("clerk"), 2);
});

test("C266 a job is written apart from its flow: two of one flow have documents of their own", async () => {
  const { flow, clerk, timers } = createDocumentFlow();
  const first = flow.execute(clerk.input, { what: "nothing" });
  const second = flow.execute(clerk.input, { what: "fail" });
  await timers.flush();
  const documents = [first, second].map((job) => job.toJSON());
  assertEquals(documents.map(({ jobId, flowId, status }) => [jobId, flowId, status]), [
    ["id-1", "office", "completed"],
    ["id-2", "office", "failed"],
  ]);
});

test("the retries of waiting, failed and finished tasks are counted together, before and after a journey", async () => {
  const { flow, clerk, timers } = createDocumentFlow();
  clerk.setErrorHandler(new ErrorHandler({ strategy: "retry", maxRetries: 1, retryDelayMs: 100, isCritical: false }));
  const job = flow.execute(clerk.input, { what: "fail" });
  await timers.advance(50);
  flow.deliver(job, clerk.input, { what: "fail" });
  await timers.advance(50);
  assertEquals([job.failures.length, job.pendingTasks.length, job.retryCount("clerk")], [1, 1, 2]);
  assertEquals(JobState.fromJSON(JSON.parse(JSON.stringify(job)), documentRegistry).retryCount("clerk"), 2);
});
