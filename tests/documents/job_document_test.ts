import { test } from "node:test";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { JobState } from "../../mod.ts";
import { fullJob } from "../support/full_job_document.ts";
import { AT, checkJobText, COMPLETED, CREATED, START } from "../support/check_job_text.ts";
import { createDocumentFlow, documentRegistry } from "../support/document_flow.ts";

test("C187 a pending job has its first task and nothing else", () => {
  const { flow, clerk } = createDocumentFlow();
  checkJobText(flow.create(clerk.input, { what: "nothing" }), {
    nextTaskId: "2",
    pendingTasks: `[{${CREATED},"data":{"what":"nothing"},"id":1,"routine":"clerk","slot":"input"}]`,
    status: '"pending"',
  });
});

test("a running job whose handlers have not begun", () => {
  const { flow, clerk } = createDocumentFlow();
  checkJobText(flow.execute(clerk.input, { what: "nothing" }), {
    nextTaskId: "2",
    pendingTasks: `[{${CREATED},"data":{"what":"nothing"},"id":1,"routine":"clerk","slot":"input"}]`,
    status: '"running"',
  });
});

test("C201 C217 a completed job", async () => {
  const { flow, clerk, timers } = createDocumentFlow();
  const job = flow.execute(clerk.input, { what: "nothing" });
  await timers.flush();
  checkJobText(job, {
    executionHistory: `[${START}]`,
    nextTaskId: "2",
    pendingTasks: "[]",
    routineStates: COMPLETED,
    status: '"completed"',
  });
});

test("what execute was asked for is kept where it was asked for, no limit as null", () => {
  const { flow, clerk } = createDocumentFlow();
  const job = flow.create(clerk.input, { what: "nothing" }, {
    jobId: "mine",
    strategy: "concurrent",
    maxWorkers: 3,
    timeoutMs: Infinity,
  });
  checkJobText(job, {
    executionStrategy: '"concurrent"',
    executionTimeoutMs: "null",
    jobId: '"mine"',
    maxWorkers: "3",
    nextTaskId: "2",
    pendingTasks:
      `[{${CREATED},"data":{"what":"nothing"},"id":1,"key":"cp2r4xxsl6o9","routine":"clerk","slot":"input"}]`,
    status: '"pending"',
  });
});

test("a paused job: its pause point, and the task of the handler that was aborted", async () => {
  const { flow, clerk, timers } = createDocumentFlow();
  const job = flow.execute(clerk.input, { what: "hang" });
  await timers.flush();
  await timers.advance(40);
  await flow.pause(job, { graceMs: 0, reason: "Transfer to host B", checkpoint: { b: 1, a: 2n } });
  checkJobText(job, {
    nextTaskId: "2",
    pausePoints: '[{"at":"1970-01-01T00:00:00.040Z","checkpoint":{"b":1,"a":{"$type":"bigint","value":"2"}},' +
      '"reason":"Transfer to host B"}]',
    pendingTasks: `[{"active":true,${CREATED},"data":{"what":"hang"},"id":1,"routine":"clerk","slot":"input"}]`,
    ranMs: "40",
    status: '"paused"',
    updatedAt: '"1970-01-01T00:00:00.040Z"',
  });
});

test("C202 a failed job: its error with code and cause, and the task that failed", async () => {
  const { flow, clerk, timers } = createDocumentFlow();
  const job = flow.execute(clerk.input, { what: "fail" });
  await timers.flush();
  const error = '{"cause":{"message":"why","name":"Error"},"code":"E1","message":"no such thing","name":"RangeError"}';
  checkJobText(job, {
    error,
    executionHistory: `[${START},{${AT},"data":${error},"routine":"clerk","type":"error"}]`,
    failures:
      `[{${AT},"error":${error},"task":{${CREATED},"data":{"what":"fail"},"id":1,"routine":"clerk","slot":"input"}}]`,
    nextTaskId: "2",
    pendingTasks: "[]",
    routineStates: '{"clerk":{"status":"failed","version":1}}',
    status: '"failed"',
  });
});

test("a cancelled job: the reason, and the tasks that will not run", async () => {
  const { flow, clerk, timers } = createDocumentFlow();
  const job = flow.execute(clerk.input, { what: "hang" });
  await timers.flush();
  flow.cancel(job, { reason: "no longer needed" });
  checkJobText(job, {
    error: '{"code":"CANCELLED","message":"The job was cancelled: no longer needed","name":"CancelledError"}',
    nextTaskId: "2",
    pendingTasks: `[{"active":true,${CREATED},"data":{"what":"hang"},"id":1,"routine":"clerk","slot":"input"}]`,
    status: '"cancelled"',
  });
});

test("the text of a job is that of its document, and is read as the same job", () => {
  const text = JSON.stringify(fullJob());
  const job = JobState.fromText(text, documentRegistry);
  assertEquals([job.toText(), JSON.stringify(job)], [text, text]);
});

test("the text of a job with very many tasks is that of its document", () => {
  const { pendingTasks: [task], ...rest } = fullJob();
  for (const count of [0, 1, 255, 256, 257, 600]) {
    const pendingTasks = Array.from({ length: count }, (_, index) => ({ ...task, merged: undefined, id: index + 1 }));
    const job = JobState.fromJSON({ ...rest, nextTaskId: count + 1, pendingTasks }, documentRegistry);
    assertStrictEquals(job.toText(), JSON.stringify(job));
  }
});

test("a job that was read has nothing in common with its document: what changes there later does not change here", () => {
  const document = JSON.parse(JSON.stringify(fullJob()));
  const job = JobState.fromJSON(document, documentRegistry);
  const before = JSON.stringify(job);
  const spoil = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const part of Object.values(value)) spoil(part);
    for (const key of Object.keys(value)) Reflect.set(value, key, "spoilt");
  };
  spoil(document);
  assertEquals([JSON.stringify(document).includes("spoilt"), JSON.stringify(job)], [true, before]);
});
