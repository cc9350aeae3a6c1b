import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { JobState, Registry, StepLimitError } from "../../mod.ts";
import { createDocumentFlow, documentRegistry } from "../support/document_flow.ts";
import { fullJob } from "../support/full_job_document.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { createTestFlow, type TestFlow } from "../support/test_flow.ts";

/** A flow that sends `items` to a handler that waits for as long as `isSlow` says so. */
function createSlow(items: readonly unknown[]): TestFlow & { readonly seen: unknown[]; quicken(): void } {
  const setup = createTestFlow({ executionTimeoutMs: 1_000 });
  const seen: unknown[] = [];
  let isSlow = true;
  addSource(setup.flow, "source", items);
  addFunction(setup.flow, "sink", (item, ctx) => {
    seen.push([item, ctx.attempt]);
    return isSlow ? new Promise<void>(() => {}) : undefined;
  });
  link(setup.flow, "source", "sink");
  return { ...setup, seen, quicken: () => void (isSlow = false) };
}

test("C504 a job that timed out goes on with its pending tasks, and has its whole time again", async () => {
  const { flow, timers, seen, quicken } = createSlow(["a", "b"]);
  const job = flow.execute("source");
  await timers.advance(1_000);
  assertEquals([job.status, job.error?.name, job.failures], ["failed", "TimeoutError", []]);
  flow.resume(job, { redrive: true });
  assertEquals([job.status, job.error, job.toJSON().ranMs], ["running", undefined, 0]);
  await timers.advance(999);
  assertEquals(job.status, "running");
  await timers.advance(1);
  assertEquals(job.status, "failed");
  quicken();
  flow.resume(job, { redrive: true });
  await timers.flush();
  assertEquals([job.status, seen], ["completed", [["a", 0], ["a", 0], ["a", 0], ["b", 0]]]);
});

test("C504 a cancelled job goes on with its pending tasks, in its process and as a document", async () => {
  for (const place of ["here", "restored"]) {
    const { flow, timers, seen, quicken } = createSlow(["a", "b"]);
    const cancelled = flow.execute("source");
    await timers.flush();
    flow.cancel(cancelled);
    const job = place === "here" ? cancelled : JobState.fromText(cancelled.toText(), new Registry());
    quicken();
    flow.resume(job, { redrive: true });
    await timers.flush();
    assertEquals([job.status, seen], ["completed", [["a", 0], ["a", 0], ["b", 0]]], place);
  }
});

test("a job that was cancelled before it began begins by a redrive", async () => {
  const { flow, timers, seen, quicken } = createSlow(["a"]);
  const job = flow.create("source");
  flow.cancel(job);
  quicken();
  flow.resume(job, { redrive: true });
  await timers.flush();
  assertEquals([job.status, seen], ["completed", [["a", 0]]]);
});

test("a job that was cancelled while it waits for a delivery waits again", async () => {
  const { flow, timers } = createTestFlow();
  const act = addFunction(flow, "act", (data, ctx) => {
    if (data === "ask") ctx.expect("trigger");
    else ctx.shared.set("answer", data);
  });
  const job = flow.execute("act", "ask");
  await timers.flush();
  flow.cancel(job);
  flow.resume(job, { redrive: true });
  await timers.flush();
  assertEquals(job.status, "running");
  flow.deliver(job, act.trigger, "yes");
  await timers.flush();
  assertEquals([job.status, job.sharedData], ["completed", { answer: "yes" }]);
});

/** A flow whose source sends `count` items at once, by `emit` or by `defer`, in a job of at most `steps` tasks. */
function createLimited(how: "emit" | "defer", count: number, steps: number): TestFlow {
  const setup = createTestFlow({ limits: { steps } });
  addFunction(setup.flow, "source", (_data, ctx) => {
    for (let n = 0; n < count; n++) ctx[how]("output", n);
  });
  addFunction(setup.flow, "sink", (n, ctx) => ctx.shared.update<unknown[]>("seen", (seen = []) => [...seen, n]));
  link(setup.flow, "source", "sink");
  return setup;
}

test("C504 a job that hit its step limit goes on when the limit is larger, and is refused at once while it is not", async () => {
  for (const how of ["emit", "defer"] as const) {
    for (const steps of [1, 2, 3]) {
      const { flow, timers } = createLimited(how, 3, steps);
      const failed = flow.execute("source");
      await timers.flush();
      const left = how === "defer" ? [0, 0, 3] : [1, 0, 0];
      const { failures, pendingTasks, deferredEvents } = failed;
      assertEquals([failed.status, failed.error?.code], ["failed", "STEP_LIMIT"]);
      assertEquals([failures.length, pendingTasks.length, deferredEvents.length], left, `${how} ${steps}`);
      const before = failed.toText();
      for (const less of [1, steps]) {
        const { flow: same } = createLimited(how, 3, less);
        const error = assertThrows(() => same.resume(failed, { redrive: true }), StepLimitError);
        assertEquals([error.limit, failed.toText()], [less, before]);
      }
      const { flow: larger, timers: later } = createLimited(how, 3, 4);
      const job = JobState.fromText(before, new Registry());
      larger.resume(job, { redrive: true });
      await later.flush();
      assertEquals([job.status, job.sharedData.seen], ["completed", [0, 1, 2]], `${how} ${steps}`);
    }
  }
});

test("a redriven task that awaits a delivery waits as long again, without a deadline for ever", async () => {
  const { flow, timers } = createDocumentFlow();
  const task = { createdAt: "1970-01-01T00:00:00.000Z", routine: "clerk", slot: "kept" };
  const waits = [{}, { timeoutMs: 500, until: "1970-01-01T00:00:00.500Z" }];
  const failures = waits.map((awaiting, index) => ({
    at: "1970-01-01T00:00:01.000Z",
    error: { message: "late", name: "TimeoutError" },
    task: { ...task, awaiting, id: index + 1 },
  }));
  const { pendingTasks: _pending, failures: _failures, ...rest } = fullJob();
  const document = {
    ...rest,
    failures,
    pendingTasks: [],
    status: "failed",
    slots: {},
    arrivals: {},
    deadline: undefined,
  };
  const job = JobState.fromJSON(JSON.parse(JSON.stringify(document)), documentRegistry);
  await timers.advance(2_000);
  flow.resume(job, { redrive: true });
  assertEquals(job.awaiting.map(({ task, until }) => [task, until]), [[1, undefined], [2, "1970-01-01T00:00:02.500Z"]]);
  flow.cancel(job);
  await timers.flush();
});
