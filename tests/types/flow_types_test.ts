import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { ErrorHandler, Flow, type JobState, Routine } from "../../mod.ts";
import { runRoutine } from "../../src/testing/mod.ts";
import { newManualEngine } from "../support/send_once.ts";
import { assertType } from "../support/assert_type.ts";

class Worker extends Routine {
  readonly trigger = this.addSlot("trigger", this.work);
  readonly strict = this.addSlot("strict", this.workStrictly);
  readonly loose = this.addSlot("loose", this.workLoosely);
  work(_params: unknown): void {}
  workStrictly(_params: { data: string }): void {}
  workLoosely(_params: { data?: string }): void {}
}

function newFlow(): { flow: Flow; worker: Worker } {
  const flow = new Flow({ id: "flow", engine: newManualEngine() });
  return { flow, worker: flow.addRoutine(new Worker(), "worker") };
}

test("params are what the entry's slot accepts, and may be left out where {} will do", async () => {
  const { flow, worker } = newFlow();
  assertType<JobState>()(flow.execute(worker.strict, { data: "x" }));
  assertType<JobState>()(flow.execute(worker.loose));
  assertType<JobState>()(flow.execute(worker.trigger, 5, { jobId: "j" }));
  assertType<JobState>()(flow.execute("worker", { any: "thing" }));
  assertType<JobState>()(flow.execute(worker));
  assertType<JobState>()(await flow.run(worker.strict, { data: "x" }, { timeoutMs: 5 }));
  // @ts-expect-error: Type 'number' is not assignable to type 'string'.
  assertType<JobState>()(flow.execute(worker.strict, { data: 5 }));
  // @ts-expect-error: Expected 2-3 arguments, but got 1.
  assertType<JobState>()(flow.execute(worker.strict));
  // @ts-expect-error: Type 'number' is not assignable to type 'string'.
  assertType<JobState>()(await flow.run(worker.loose, { data: 5 }));
  // @ts-expect-error: Type 'number' is not assignable to type 'string'.
  assertEquals(flow.create(worker.strict, { data: 5 }).status, "pending");
});

test("options of an execution are checked", () => {
  const { flow, worker } = newFlow();
  // @ts-expect-error: Type '"parallel"' is not assignable to type 'ExecutionStrategy'.
  assertThrows(() => flow.execute(worker.strict, { data: "x" }, { strategy: "parallel" }), TypeError);
  // @ts-expect-error: 'timeout' does not exist in type 'ExecuteOptions'. Did you mean to write 'timeoutMs'?
  assertThrows(() => flow.execute(worker.strict, { data: "x" }, { timeout: 5 }), TypeError, "timeoutMs");
  // @ts-expect-error: Type '"concurent"' is not assignable to type 'ExecutionStrategy'. Did you mean '"concurrent"'?
  assertThrows(() => new Flow({ executionStrategy: "concurent" }), TypeError);
  // @ts-expect-error: 'depht' does not exist in type 'Partial<FlowLimits>'. Did you mean to write 'depth'?
  assertThrows(() => new Flow({ limits: { depht: 5 } }), TypeError);
});

test("a delivery is what the slot accepts", () => {
  const { flow, worker } = newFlow();
  const job = flow.execute(worker.trigger);
  flow.deliver(job, worker.strict, { data: "x" });
  flow.deliver(job, "worker", "strict", { any: "thing" });
  // @ts-expect-error: Type 'number' is not assignable to type 'string'.
  flow.deliver(job, worker.strict, { data: 5 });
  assertEquals(job.pendingTasks.length, 4);
});

test("the data for a routine that is tried alone is what its slot accepts", async () => {
  const worker = new Worker();
  // @ts-expect-error: Type 'number' is not assignable to type 'string'.
  assertEquals((await runRoutine(worker, worker.strict, { data: 5 })).job.status, "completed");
});

test("settings of an error handler are checked", () => {
  // @ts-expect-error: Type '"retyr"' is not assignable to type 'ErrorStrategy'. Did you mean '"retry"'?
  assertThrows(() => new ErrorHandler({ strategy: "retyr" }), TypeError);
  // @ts-expect-error: 'retries' does not exist in type 'ErrorHandlerOptions'.
  const misspelt = () => new ErrorHandler({ retries: 5 });
  assertThrows(misspelt, TypeError, `unknown option "retries"; did you mean "maxRetries"?`);
  // @ts-expect-error: Type 'ErrorConstructor' is not assignable to type 'string'.
  assertThrows(() => new ErrorHandler({ retryableErrors: [Error] }), TypeError);
});

test("what a job tells is for reading only", () => {
  const { flow, worker } = newFlow();
  const job = flow.create(worker.trigger);
  // @ts-expect-error: Cannot assign to 'status' because it is a read-only property.
  assertThrows(() => job.status = "completed", TypeError);
  // @ts-expect-error: Property 'push' does not exist on type 'readonly PendingTask[]'.
  assertThrows(() => job.pendingTasks.push(job.pendingTasks[0]), TypeError);
  // @ts-expect-error: Property 'push' does not exist on type 'readonly Connection[]'.
  assertEquals(typeof flow.connections.push, "function");
  assertEquals([job.status, job.pendingTasks.length], ["pending", 1]);
});
