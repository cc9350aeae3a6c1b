import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { type Context, ErrorHandler, Routine, SerializationError } from "../../mod.ts";
import { summarize, timeline } from "../../src/inspect/mod.ts";
import { timelineOfDocument } from "../../src/inspect/timeline.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { FamilyProcess } from "../support/family_process.ts";
import { fullJob } from "../support/full_job_document.ts";
import { createTestFlow } from "../support/test_flow.ts";

class Office extends Routine {
  readonly trigger = this.addSlot("trigger", this.begin);
  readonly item = this.addSlot("item", this.work);
  readonly answer = this.addSlot("answer", this.end);
  readonly output = this.addEvent<{ n: number }>("output");
  begin(_params: unknown, ctx: Context): void {
    ctx.emit(this.output, { n: 0 });
    ctx.emit(this.output, { n: 1 }, { delayMs: 60_000 });
    ctx.expect(this.answer, { timeoutMs: 3_600_000 });
    ctx.log({ text: "begun" });
  }
  work({ n }: { n: number }): void {
    if (n === 0) throw new RangeError("no paper");
  }
  end(): void {}
}

async function officeJob(strategy: "retry" | "continue" | "stop") {
  const { flow, timers } = createTestFlow();
  const office = flow.addRoutine(new Office(), "office");
  flow.connect(office.output, office.item);
  office.setErrorHandler(new ErrorHandler({ strategy, maxRetries: 2, retryDelayMs: 1_000, jitter: 0 }));
  const job = flow.execute(office.trigger, {}, { jobId: "j" });
  const begun = summarize(job.toJSON());
  await flow.settle(job);
  return { flow, job, timers, begun };
}

test("a summary says what runs, what waits until when, and what is awaited", async () => {
  const { begun, job } = await officeJob("retry");
  assertEquals(begun.ready.map(({ id, slot }) => [id, slot]), [[1, "trigger"]]);
  const { awaiting, failures, logged, routines, status, waiting } = summarize(job.toJSON());
  assertEquals([status, failures, logged], ["running", [], 1]);
  assertEquals(waiting.map(({ attempts, id, until }) => [id, until, attempts]), [
    [2, "1970-01-01T00:00:01.000Z", 1],
    [3, "1970-01-01T00:01:00.000Z", undefined],
  ]);
  assertEquals(awaiting.map(({ slot, until }) => [slot, until]), [["answer", "1970-01-01T01:00:00.000Z"]]);
  assertEquals(routines["office"], {
    status: "completed",
    tasks: { waiting: 2, awaiting: 1 },
    failed: 0,
    retries: 1,
  });
});

test("a summary says what has failed where, and why", async () => {
  const { job } = await officeJob("stop");
  const { error, failures, routines, status } = summarize(job.toJSON());
  assertEquals([status, error, routines["office"]?.failed], ["failed", "RangeError: no paper", 1]);
  const at = "1970-01-01T00:00:00.000Z";
  assertEquals(failures, [
    { id: 2, routine: "office", slot: "item", at, error: "RangeError: no paper", attempts: 1 },
  ]);
});

test("a summary says why a job was paused, while it is", async () => {
  const { flow, job } = await officeJob("continue");
  await flow.pause(job, { reason: "lunch" });
  assertEquals(summarize(job.toJSON()).pauseReason, "lunch");
  flow.resume(job);
  assertEquals(summarize(job.toJSON()).pauseReason, undefined);
});

test("a summary counts what bounded lists have dropped, and every state of a task", () => {
  const { active, awaiting, logged, outputs, ready, waiting } = summarize(fullJob());
  assertEquals([outputs, logged], [3, 2]);
  const ids = [active, ready, waiting, awaiting].map((tasks) => tasks.map(({ id, state }) => [id, state]));
  assertEquals(ids, [[[4, "active"]], [[6, "ready"], [7, "parked"]], [[3, "waiting"]], [[5, "awaiting"]]]);
});

test("a timeline has the activations of each routine, and what is pending", async () => {
  const { job, timers } = await officeJob("retry");
  await timers.advance(1_000);
  const { from, rows, to } = timeline(job.toJSON());
  assertEquals([from, to], ["1970-01-01T00:00:00.000Z", "1970-01-01T01:00:00.000Z"]);
  const spans = rows.map(({ routine, spans }) => [routine, spans.map(({ kind, to }) => [kind, to?.slice(11, 19)])]);
  assertEquals(spans, [["office", [
    ["ran", "00:00:00"],
    ["retried", "00:00:00"],
    ["waiting", "00:00:03"],
    ["waiting", "00:01:00"],
    ["awaiting", "01:00:00"],
    ["retried", "00:00:01"],
  ]]]);
  assertEquals(rows[0]?.spans[1]?.error, "RangeError: no paper");
  assertEquals(rows[0]?.spans[0]?.events, ["output", "output"]);
});

test("a timeline begins with what is known where older records were dropped", () => {
  const job = { ...fullJob(), executionHistory: [{ at: "1970-01-01T00:00:00.000Z", routine: "clerk", type: "skip" }] };
  const { dropped, rows } = timeline(job);
  assertEquals([dropped, rows[0]?.spans[0]?.kind], [3, "skipped"]);
});

test("rows of a timeline that begin together are in the order of their routines, as are tasks that wait for one instant", () => {
  const at = "1970-01-01T00:00:00.000Z";
  const task = (id: number, routine: string) => ({
    createdAt: at,
    data: {},
    id,
    notBefore: at,
    routine,
    slot: "input",
  });
  const job = { ...fullJob(), executionHistory: [], pendingTasks: [task(7, "b"), task(4, "a")], slots: {} };
  assertEquals(timeline(job).rows.map(({ routine }) => routine), ["a", "b"]);
  assertEquals(summarize(job).waiting.map(({ id }) => id), [4, 7]);
});

test("what is no job's document is refused, with its path", () => {
  for (const read of [summarize, timeline]) {
    assertThrows(() => read({ ...fullJob(), pendingTasks: 1 }), SerializationError, "pendingTasks");
  }
});

test("timeline() has the children in the job's document, and those whose documents are given", async () => {
  const process = new FamilyProcess(manualTimers());
  const worker = process.engine.work();
  await process.flow.start("sum", { items: [3] }, { jobId: "job" });
  await process.timers.advance(60_000);
  await worker.stop();
  const [parent, ...children] = await Promise.all(
    ["job", ...(await process.engine.list({ parentId: "job" })).jobs.map(({ jobId }) => jobId)].map(async (id) =>
      (await process.engine.open(id)).job.toJSON()
    ),
  );
  assertEquals(timeline(parent).children, []);
  const [child] = timeline(parent, { children }).children;
  assertEquals([child?.flowId, child?.status, child?.rows[0]?.spans[0]?.kind], ["square", "completed", "ran"]);
  assertEquals(child?.endedAt, children[0]?.updatedAt);
  assertThrows(() => timeline(parent, { children: [{}] }), SerializationError);
  assertThrows(() => timeline(parent, { childs: [] } as never), TypeError, 'did you mean "children"');
  await process.engine.close();
  // Without a store children are a part of the document.
  const whole = fullJob();
  const group = {
    flow: "{}",
    flowId: whole.flowId,
    jobs: [{ jobId: "inner", routine: "r", job: { ...whole, jobId: "inner", children: [] } }],
  };
  assertEquals(
    timelineOfDocument({ ...whole, children: [group] }).children.map(({ jobId, status }) => [jobId, status]),
    [["inner", whole.status]],
  );
});
