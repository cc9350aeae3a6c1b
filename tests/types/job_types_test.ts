import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import {
  type Context,
  type EngineEvent,
  type ExecutionRecord,
  Flow,
  type JobError,
  type JobOutput,
  type JobProgress,
  JobState,
  type JobStatus,
  type PendingTask,
  type PreflightFinding,
  Registry,
  Routine,
  type RoutineProgress,
} from "../../mod.ts";
import type { JobDocument } from "../../src/documents/mod.ts";
import { newManualEngine } from "../support/send_once.ts";
import { assertType } from "../support/assert_type.ts";

class Worker extends Routine {
  readonly trigger = this.addSlot("trigger", this.work);
  work(_params: { n?: number }, ctx: Context): void {
    ctx.output("n", { n: 1 });
  }
}

function newFlow(): { flow: Flow; worker: Worker } {
  const flow = new Flow({ id: "flow", registry: new Registry({ Worker }), engine: newManualEngine() });
  return { flow, worker: flow.addRoutine(new Worker(), "worker") };
}

test("run, execute, create and resume give the job; waits tell whether it has ended", async () => {
  const { flow, worker } = newFlow();
  const running = flow.run(worker.trigger, { n: 1 });
  assertType<Promise<JobState>>()(running);
  const job = await running;
  assertType<JobState>()(flow.create(worker.trigger));
  assertType<JobState>()(flow.resume(flow.create(worker)));
  assertType<boolean>()(await flow.waitForCompletion(job, { timeoutMs: 5 }));
  assertType<boolean>()(await flow.waitUntil(job, ({ status }) => status === "completed"));
  assertType<readonly PreflightFinding[]>()(flow.check(flow.create(worker)));
  assertType<void>()(await flow.pause(flow.execute(worker), { reason: "why", checkpoint: 5, graceMs: 0 }));
  const settled = await flow.settle(job);
  assertType<JobStatus>()(settled.status);
  assertType<number | undefined>()(settled.nextDueAt);
  assertType<unknown>()(job.result);
  // @ts-expect-error: Property 'status' does not exist on type 'Promise<JobState>'. Did you forget to use 'await'?
  assertEquals(running.status, undefined);
});

test("what a job tells has its types", async () => {
  const { flow, worker } = newFlow();
  const job = await flow.run(worker.trigger);
  assertType<JobError | undefined>()(job.error);
  assertType<readonly PendingTask[]>()(job.pendingTasks);
  assertType<readonly ExecutionRecord[]>()(job.history("worker"));
  assertType<readonly JobOutput[]>()(job.outputLog);
  assertType<RoutineProgress | undefined>()(job.routineStates.worker);
  assertType<unknown>()(job.sharedData.any);
  assertType<number>()(job.retryCount("worker"));
  assertType<JobDocument>()(job.toJSON());
  // @ts-expect-error: This comparison appears to be unintentional because 'JobStatus' and '"done"' have no overlap.
  assertEquals(job.status === "done", false);
  // @ts-expect-error: Property 'output_log' does not exist on type 'JobState'.
  assertEquals(job.output_log, undefined);
});

test("outputs are told with their types; their data is unknown until it is looked at", async () => {
  const { flow, worker } = newFlow();
  const seen: unknown[] = [];
  const job = flow.execute(worker.trigger, {}, {
    onOutput: (output) => {
      assertType<JobOutput>()(output);
      seen.push(output.type);
    },
    onReport: (data, routineId) => {
      assertType<unknown>()(data);
      assertType<string>()(routineId);
    },
  });
  for await (const output of flow.outputs(job)) {
    assertType<JobOutput>()(output);
    assertType<unknown>()(output.data);
    // @ts-expect-error: Type 'unknown' is not assignable to type '{ n: number; }'.
    const data: { n: number } = output.data;
    seen.push(data.n);
  }
  assertEquals(seen, ["n", 1]);
  // @ts-expect-error: Property 'kind' does not exist on type 'JobOutput'.
  const wrongKey = () => flow.execute(worker.trigger, {}, { onOutput: ({ kind }) => kind });
  // @ts-expect-error: Type 'unknown' is not assignable to type 'number'.
  const wrongData = () => flow.execute(worker.trigger, {}, { onReport: (data: number) => data });
  assertEquals([wrongKey.length, wrongData.length], [0, 0]);
});

test("options of waits, pauses and cancels are checked", () => {
  const { flow, worker } = newFlow();
  const job = flow.create(worker);
  const wrong = [
    // @ts-expect-error: 'timeout' does not exist in type 'CompletionOptions'. Did you mean to write 'timeoutMs'?
    () => flow.waitForCompletion(job, { timeout: 5 }),
    // @ts-expect-error: Type 'JobStatus' is not assignable to type 'boolean'.
    () => flow.waitUntil(job, ({ status }) => status),
    // @ts-expect-error: Type '"why"' has no properties in common with type 'PauseOptions'.
    () => flow.pause(job, "why"),
    // @ts-expect-error: 'why' does not exist in type '{ readonly reason?: string; }'.
    () => flow.cancel(job, { why: "so" }),
    // @ts-expect-error: Type 'string' is not assignable to type 'boolean'.
    () => flow.resume(job, { redrive: "yes" }),
    // @ts-expect-error: Argument of type 'string' is not assignable to parameter of type 'JobState'.
    () => flow.resume("id-1"),
    // @ts-expect-error: 'progress' does not exist in type 'CompletionOptions'.
    () => flow.waitForCompletion(job, { progress: () => {} }),
  ];
  const onProgress = (progress: JobProgress) => {
    assertType<JobStatus>()(progress.status);
    assertType<number>()(progress.pending);
    assertType<number>()(progress.active);
  };
  assertEquals([wrong.length, onProgress.length], [7, 1]);
});

test("a document needs a registry to be read, and says nothing of itself before that", () => {
  const { flow, worker } = newFlow();
  const json: unknown = JSON.parse(JSON.stringify(flow.create(worker)));
  assertType<JobState>()(JobState.fromJSON(json, flow.registry));
  assertType<Flow>()(Flow.fromJSON(flow.toJSON(), flow.registry, { engine: newManualEngine() }));
  // @ts-expect-error: Expected 2-3 arguments, but got 1.
  assertThrows(() => JobState.fromJSON(json), TypeError);
  // @ts-expect-error: Expected 2-3 arguments, but got 1.
  assertThrows(() => Flow.fromJSON(flow.toJSON()), Error);
});

test("an observer tells the kinds of events apart by their type", () => {
  const tell = (event: EngineEvent): string => {
    if (event.type === "status") return assertFrom(event.from);
    if (event.type === "task") return event.outcome;
    // @ts-expect-error: Property 'outcome' does not exist on type 'StartEvent'.
    if (event.type === "start") return event.outcome;
    if (event.type !== "engine_error" && event.type !== "replaced") return event.jobId;
    // @ts-expect-error: Property 'jobId' does not exist on type 'EngineErrorEvent'.
    return event.jobId;
  };
  const assertFrom = (from: string) => from;
  const base = { jobId: "j", flowId: "f", at: 0 };
  assertEquals(tell({ type: "status", from: "pending", to: "running", ...base }), "pending");
});
