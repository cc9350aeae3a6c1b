import { assert, assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { JobState, PreflightError, type PreflightFinding, Registry } from "../../mod.ts";
import { fullJob, type Place, withValueAt } from "../support/full_job_document.ts";
import { Clerk, createDocumentFlow, documentRegistry } from "../support/document_flow.ts";

/** Tries to resume the full job with other values at some places; nothing may have changed then. */
function findingsOf(...changes: readonly (readonly [Place, unknown])[]): readonly PreflightFinding[] {
  const { flow, timers } = createDocumentFlow();
  let document: unknown = fullJob();
  for (const [place, value] of changes) document = withValueAt(document, place, value);
  const job = JobState.fromJSON(document, documentRegistry);
  const [jobText, flowText] = [JSON.stringify(job), JSON.stringify(flow)];
  const found = flow.check(job);
  const error = assertThrows(() => flow.resume(job), PreflightError);
  assertEquals(error.findings, found);
  assertEquals([JSON.stringify(job), JSON.stringify(flow)], [jobText, flowText], "something has changed");
  assertEquals([job.status, timers.size], ["paused", 0]);
  return found;
}

function check(place: Place, value: unknown, finding: PreflightFinding): void {
  assertEquals(findingsOf([place, value]), [finding]);
}

test("the full job has nothing in its way", () => {
  const { flow } = createDocumentFlow();
  assertEquals(flow.check(JobState.fromJSON(fullJob(), documentRegistry)), []);
});

test("C141 C231 C385 a pending task for a routine that is missing", () => {
  check(["pendingTasks", 3, "routine"], "ghost", {
    code: "unknown_routine",
    path: "pendingTasks[3].routine",
    message: 'routine "ghost" not found in flow "office"; it has "clerk"',
  });
});

test("more workers than the job's way to run them allows", () => {
  const message =
    'Cannot set execution strategy: a sequential flow has 1 worker, current value of maxWorkers is 4; more need the strategy "concurrent"';
  const found = findingsOf([["executionStrategy"], "sequential"], [["maxWorkers"], 4]);
  assertEquals(found, [{ code: "bad_settings", path: "maxWorkers", message }]);
});

test("C232 a pending task for a slot that is missing", () => {
  check(["pendingTasks", 2, "slot"], "ghost", {
    code: "unknown_slot",
    path: "pendingTasks[2].slot",
    message: 'routine "clerk" has no slot "ghost"',
  });
});

test("a pending task that came by a connection which is missing", () => {
  check(["pendingTasks", 1, "connection", "event"], "late", {
    code: "unknown_connection",
    path: "pendingTasks[1].connection",
    message: 'flow "office" does not connect "clerk.late" to "clerk.kept"',
  });
  check(["pendingTasks", 1, "connection", "routine"], "ghost", {
    code: "unknown_connection",
    path: "pendingTasks[1].connection",
    message: 'flow "office" does not connect "ghost.output" to "clerk.kept"',
  });
});

test("two tasks of one id, and an id that is not below nextTaskId", () => {
  check(["pendingTasks", 4, "id"], 3, {
    code: "duplicate_id",
    path: "pendingTasks[1].id",
    message: "two tasks have the id 3",
  });
  check(["pendingTasks", 4, "id"], 2, {
    code: "duplicate_id",
    path: "failures[0].task.id",
    message: "two tasks have the id 2",
  });
  const { failures = [] } = fullJob();
  check(["failures"], [...failures, ...failures], {
    code: "duplicate_id",
    path: "failures[1].task.id",
    message: "two tasks have the id 2",
  });
  check(["arrivals", "clerk", "kept", 0], 9, {
    code: "id_out_of_range",
    path: "arrivals.clerk.kept",
    message: "the id 9 is not below nextTaskId, 9",
  });
  check(["nextTaskId"], 7, {
    code: "id_out_of_range",
    path: "pendingTasks[4].id",
    message: "the id 7 is not below nextTaskId, 7",
  });
});

test("two tasks of one id are found wherever they stand", () => {
  const { flow } = createDocumentFlow();
  // What is delivered before the check gets ids that are taken.
  const job = JobState.fromJSON(withValueAt(fullJob(), ["nextTaskId"], 3), documentRegistry);
  while (job.pendingTasks.filter(({ id }) => id > 2).length < 12) flow.deliver(job, "clerk", "input", {});
  const doubles = flow.check(job).filter(({ code }) => code === "duplicate_id");
  const ids = job.pendingTasks.map(({ id }) => id);
  assertEquals(doubles.length, ids.length - new Set(ids).size);
  assert(doubles.length > 1);
});

test("a merge that is of another kind than the slot's", () => {
  assertEquals(
    findingsOf([["slots", "clerk", "sum"], { lists: [] }]).map(({ code, path }) => [code, path]),
    [["merge_mismatch", "slots.clerk.sum"]],
  );
  assertEquals(
    findingsOf([["pendingTasks", 3, "merged"], { lists: [] }]).map(({ code, path }) => [code, path]),
    [["merge_mismatch", "pendingTasks[3].merged"]],
  );
});

test("what slots hold, for a routine or a slot that is missing", () => {
  check(["slots", "ghost"], { input: { value: 1 } }, {
    code: "unknown_routine",
    path: "slots.ghost",
    message: 'routine "ghost" not found in flow "office"; it has "clerk"',
  });
  check(["slots", "clerk", "gone"], { value: 1 }, {
    code: "unknown_slot",
    path: "slots.clerk.gone",
    message: 'routine "clerk" has no slot "gone"',
  });
});

test("C228 the state of a routine that is missing", () => {
  check(["routineStates", "odd name"], { version: 1 }, {
    code: "unknown_routine",
    path: 'routineStates["odd name"]',
    message: 'routine "odd name" not found in flow "office"; it has "clerk"',
  });
});

test("deferred events of a routine or with an event that is missing", () => {
  check(["deferredEvents", 0, "event"], "ghost", {
    code: "unknown_event",
    path: "deferredEvents[0].event",
    message: 'routine "clerk" has no event "ghost"',
  });
  check(["deferredEvents", 0, "routine"], "ghost", {
    code: "unknown_routine",
    path: "deferredEvents[0].routine",
    message: 'routine "ghost" not found in flow "office"; it has "clerk"',
  });
});

test("the failures of a job that is to be redriven are looked at too", () => {
  check(["failures", 0, "task", "slot"], "ghost", {
    code: "unknown_slot",
    path: "failures[0].task.slot",
    message: 'routine "clerk" has no slot "ghost"',
  });
});

test("C360 classes of values that are not registered, each with the first place that needs it", () => {
  const { flow } = createDocumentFlow({ registry: new Registry({ Clerk }) });
  const job = JobState.fromJSON(fullJob(), new Registry({ Clerk }));
  assertEquals(flow.check(job), [{
    code: "unknown_class",
    path: "sharedData.where",
    message: "class 'Point' not found in registry; it knows \"Clerk\"",
  }]);
  assertThrows(() => flow.resume(job), PreflightError, "sharedData.where: class 'Point' not found in registry");
  assertEquals(job.status, "paused");
});

test("C227 C385 a job of another flow, and that alone", () => {
  assertEquals(findingsOf([["flowId"], "elsewhere"], [["pendingTasks", 2, "slot"], "ghost"]), [{
    code: "flow_mismatch",
    path: "flowId",
    message:
      'flow_id "elsewhere" does not match flow "office"; use the flow that made this job, and make it with the same id in each process: new Flow({ id })',
  }]);
});

test("all findings come at once, and in one message", () => {
  const changes: readonly (readonly [Place, unknown])[] = [
    [["pendingTasks", 0, "slot"], "gone"],
    [["pendingTasks", 0, "merged"], undefined],
    [["pendingTasks", 3, "routine"], "ghost"],
    [["slots", "clerk", "old"], { value: 1 }],
    [["routineStates", "ghost"], { version: 1 }],
    [["deferredEvents", 0, "event"], "gone"],
    [["nextTaskId"], 7],
  ];
  const found = findingsOf(...changes);
  assertEquals(found.map(({ code, path }) => `${path} ${code}`).sort(), [
    "deferredEvents[0].event unknown_event",
    "pendingTasks[0].slot unknown_slot",
    "pendingTasks[3].routine unknown_routine",
    "pendingTasks[4].id id_out_of_range",
    "routineStates.ghost unknown_routine",
    "slots.clerk.old unknown_slot",
  ]);
  const message = new PreflightError('Cannot resume job "full"', found).message;
  for (const { path, message: text } of found) assertEquals(message.includes(`${path}: ${text}`), true);
});

test("a task that got nothing, of a slot that holds nothing, gets nothing again", async () => {
  const { flow, timers, clerk } = createDocumentFlow();
  const job = flow.execute(clerk.lists, { n: 0 });
  await timers.flush();
  const document = JSON.parse(JSON.stringify(job));
  document.status = "paused";
  document.pendingTasks = [document.failures[0].task];
  document.pendingTasks[0].merged.lists = [{ from: 0, key: "n", to: 0 }];
  document.pendingTasks[0].attempt = 1;
  delete document.failures;
  delete document.slots;
  const other = createDocumentFlow();
  const copy = JobState.fromJSON(document, documentRegistry);
  other.flow.resume(copy);
  await other.timers.flush();
  assertEquals([copy.status, copy.error?.name], ["failed", "TypeError"]);
});

test("children whose ends nobody would be told of", () => {
  const { flow } = createDocumentFlow();
  const jobs = [
    { jobId: "a", routine: "clerk", to: "input" },
    { jobId: "b", routine: "ghost", to: "input" },
    { jobId: "c", routine: "clerk", to: "ghost" },
    { jobId: "d", routine: "clerk" },
  ];
  const job = JobState.fromJSON({ ...fullJob(), children: [{ flowId: "squares", jobs }] }, documentRegistry);
  assertEquals(flow.check(job).filter(({ code }) => code !== "stored_child"), [
    {
      code: "unknown_routine",
      path: "children.b.routine",
      message: 'routine "ghost" not found in flow "office"; it has "clerk"',
    },
    { code: "unknown_slot", path: "children.c.to", message: 'routine "clerk" has no slot "ghost"' },
  ]);
  const refused = assertThrows(() => flow.resume(job), PreflightError);
  assertEquals(
    refused.findings,
    flow.check(job),
    "a resume finds all that check finds, also that the children are jobs of a store",
  );
});

test("a slot that is missing and would be told that a delivery has not come", () => {
  check(["pendingTasks", 2, "awaiting", "onTimeout"], "ghost", {
    code: "unknown_slot",
    path: "pendingTasks[2].awaiting.onTimeout",
    message: 'routine "clerk" has no slot "ghost"',
  });
});
