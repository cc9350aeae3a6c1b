import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { ErrorHandler, type ErrorStrategy, type Flow, type JobState } from "../../mod.ts";
import { addFunction, addSource, type FunctionRoutine, link } from "../support/function_routine.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { plainError } from "../support/plain_error.ts";

const boom = { message: "boom", name: "Error" };

function fail(): never {
  throw new Error("boom");
}

/** `source` emits to `failing` and then to `after`. */
function addFailing(flow: Flow): FunctionRoutine {
  addSource(flow, "source", [{}]);
  const failing = addFunction(flow, "failing", fail);
  addFunction(flow, "after", (_data, ctx) => ctx.shared.set("after", true));
  link(flow, "source", "failing", "after");
  return failing;
}

const outcome = (job: JobState, id: string): { [name: string]: unknown } => ({
  job: job.status,
  error: plainError(job),
  routine: job.routineStates[id]?.status,
  records: job.history(id).map(({ type }) => type),
  failures: job.failures.length,
  pending: job.pendingTasks.map(({ routine }) => routine),
});

test("C119 C121 C128 C140 C143 without a handler anywhere the job fails at once, and what was queued stays pending", async () => {
  const { flow } = createTestFlow();
  addFailing(flow);
  const job = await flow.run("source");
  assertEquals(outcome(job, "failing"), {
    job: "failed",
    error: boom,
    routine: "failed",
    records: ["start", "error"],
    failures: 1,
    pending: ["after"],
  });
  assertEquals([job.routineStates.source?.status, job.routineStates.after], ["completed", undefined]);
});

const table: readonly [strategy: ErrorStrategy, job: string, routine: string, records: readonly string[]][] = [
  ["stop", "failed", "failed", ["start", "error"]],
  ["continue", "completed", "error_continued", ["start", "error"]],
  ["skip", "completed", "skipped", ["start", "error", "skip"]],
];

test("C129 C138 C139 C151 every strategy of the flow's handler, for a routine in the middle", async () => {
  for (const [strategy, status, routine, records] of table) {
    const { flow } = createTestFlow({ errorHandler: new ErrorHandler({ strategy }) });
    addFailing(flow);
    const job = await flow.run("source");
    assertEquals(outcome(job, "failing"), {
      job: status,
      error: status === "failed" ? boom : undefined,
      routine,
      records: [...records],
      failures: 1,
      pending: status === "failed" ? ["after"] : [],
    }, strategy);
    assertEquals(job.sharedData, status === "failed" ? {} : { after: true }, strategy);
  }
});

test("C146 C147 C149 C150 every strategy of the flow's handler, for the entry", async () => {
  for (const [strategy, status, routine, records] of table) {
    const { flow } = createTestFlow({ errorHandler: new ErrorHandler({ strategy }) });
    addFunction(flow, "entry", fail);
    addFunction(flow, "next", () => {});
    link(flow, "entry", "next");
    const job = flow.execute("entry");
    assertEquals(job.status, "running", "execute returns normally");
    await flow.waitForCompletion(job);
    const { job: actual, routine: mark, records: types } = outcome(job, "entry");
    assertEquals([actual, mark, types, job.retryCount("entry")], [status, routine, [...records], 0], strategy);
  }
});

test("C148 C152 C153 the routine's handler goes before the flow's", async () => {
  const strategies = table.map(([strategy]) => strategy);
  for (const own of [undefined, ...strategies]) {
    for (const flows of strategies) {
      const { flow } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: flows }) });
      const failing = addFailing(flow);
      if (own !== undefined) failing.setErrorHandler(new ErrorHandler({ strategy: own }));
      const job = await flow.run("source");
      const [, status, routine] = table.find(([strategy]) => strategy === (own ?? flows)) ?? [];
      assertEquals([job.status, job.routineStates.failing?.status], [status, routine], `${own} before ${flows}`);
    }
  }
});

test("C155 C156 C157 optional routines don't fail the job, in the middle or as its entry", async () => {
  for (const [strategy, mark] of [[undefined, "error_continued"], ["skip", "skipped"]] as const) {
    const { flow } = createTestFlow();
    addFailing(flow).setAsOptional(strategy);
    const job = await flow.run("source");
    assertEquals([job.status, job.routineStates.failing?.status, plainError(job)], ["completed", mark, undefined]);
    const entry = createTestFlow();
    addFunction(entry.flow, "entry", fail).setAsOptional(strategy);
    addFunction(entry.flow, "next", () => {});
    link(entry.flow, "entry", "next");
    const { status, routineStates } = await entry.flow.run("entry");
    assertEquals([status, routineStates.entry?.status, routineStates.next], ["completed", mark, undefined]);
  }
});

test("C109 C154 C158 C159 C160 routines and jobs get their own marks, one after the other or side by side", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "continues", fail).setAsOptional("continue");
  addFunction(flow, "skips", fail).setAsOptional("skip");
  addFunction(flow, "stops", fail);
  addFunction(flow, "works", () => {});
  const jobs = ["continues", "skips", "stops", "works"].map((id) => flow.execute(id));
  for (const job of jobs) await flow.waitForCompletion(job);
  assertEquals(jobs.map(({ status }) => status), ["completed", "completed", "failed", "completed"]);
  assertEquals(jobs.map(({ jobId }) => jobId), ["id-1", "id-2", "id-3", "id-4"]);
  assertEquals(jobs.map(({ routineStates }) => Object.values(routineStates).map(({ status }) => status)), [
    ["error_continued"],
    ["skipped"],
    ["failed"],
    ["completed"],
  ]);
});

test("C135 C136 optional and critical side by side: the critical one decides", async () => {
  for (const works of [true, false]) {
    const { flow, timers } = createTestFlow();
    addSource(flow, "source", [{}]);
    addFunction(flow, "optional", () => {}).setAsOptional();
    addFunction(flow, "critical", () => works ? undefined : fail()).setAsCritical({ maxRetries: 1 });
    link(flow, "source", "optional", "critical");
    const job = flow.execute("source");
    await timers.advance(1_000);
    assertEquals([job.status, job.routineStates.critical?.status, job.retryCount("critical")], [
      works ? "completed" : "failed",
      works ? "completed" : "failed",
      works ? 0 : 1,
    ]);
    assertEquals([job.routineStates.source?.status, job.routineStates.optional?.status], ["completed", "completed"]);
  }
});

test("a routine's status is its worst outcome, whatever comes later", async () => {
  const { flow } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "continue" }) });
  addSource(flow, "source", ["fine", "fails", "fine"]);
  addFunction(flow, "sink", (text: string) => text === "fails" ? fail() : undefined);
  addFunction(flow, "skipper", (text: string) => text === "fails" ? fail() : undefined).setAsOptional("skip");
  addFunction(flow, "other", () => {});
  link(flow, "source", "sink", "skipper", "other");
  const job = await flow.run("source");
  assertEquals([job.status, Object.entries(job.routineStates).map(([id, { status }]) => `${id} ${status}`)], [
    "completed",
    ["source completed", "sink error_continued", "skipper skipped", "other completed"],
  ]);
});

test("C130 concurrent with CONTINUE: one of five fails, four results, one recorded error", async () => {
  const { flow } = createTestFlow({
    executionStrategy: "concurrent",
    errorHandler: new ErrorHandler({ strategy: "continue" }),
  });
  const seen: number[] = [];
  addSource(flow, "source", [0, 1, 2, 3, 4]);
  addFunction(flow, "sink", async (n: number) => {
    await Promise.resolve();
    if (n === 2) fail();
    seen.push(n);
  });
  link(flow, "source", "sink");
  const job = await flow.run("source");
  assertEquals([job.status, seen, job.failures.length], ["completed", [0, 1, 3, 4], 1]);
  assertEquals(job.history("sink").filter(({ type }) => type === "error").map(({ data }) => data), [boom]);
});

test("C134 three failing deliveries are three error records under the routine's id in the flow", async () => {
  const { flow } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "continue" }) });
  addSource(flow, "source", [1, 2, 3]);
  addFunction(flow, "custom id", (n: number) => {
    throw new RangeError(`no ${n}`);
  });
  link(flow, "source", "custom id");
  const job = await flow.run("source");
  assertEquals(job.history("custom id").filter(({ type }) => type === "error").map(({ data }) => data), [
    { message: "no 1", name: "RangeError" },
    { message: "no 2", name: "RangeError" },
    { message: "no 3", name: "RangeError" },
  ]);
  assertEquals(job.failures.map(({ task, error, at }) => [task.data, error.message, at]), [
    [1, "no 1", "1970-01-01T00:00:00.000Z"],
    [2, "no 2", "1970-01-01T00:00:00.000Z"],
    [3, "no 3", "1970-01-01T00:00:00.000Z"],
  ]);
});
