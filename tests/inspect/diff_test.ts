import { test } from "node:test";
import { assertEquals, assertGreater, assertThrows } from "@std/assert";
import { type Context, ErrorHandler, Routine, SerializationError } from "../../mod.ts";
import { diffJobs } from "../../src/inspect/mod.ts";
import { fullJob, placesOf, valueAt, withValueAt } from "../support/full_job_document.ts";
import { createTestFlow } from "../support/test_flow.ts";

const messages = (a: unknown, b: unknown) => diffJobs(a, b).map(({ message }) => message);

class Worker extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly input = this.addSlot("input", this.work);
  readonly output = this.addEvent<{ n: number }>("output");
  send(_params: unknown, ctx: Context): void {
    for (let n = 0; n < 3; n++) ctx.emit(this.output, { n });
    ctx.output("sent", 3);
  }
  work({ n }: { n: number }): void {
    if (n > 0) throw new RangeError(`no ${n}`);
  }
}

test("a document does not differ from itself, whatever the order of its keys and tasks", () => {
  const job = fullJob();
  const turned = Object.fromEntries(Object.entries(job).reverse());
  assertEquals(diffJobs(job, { ...turned, pendingTasks: job.pendingTasks.toReversed() }), []);
});

test("tasks are followed by their ids, wherever they stand", async () => {
  const { flow, timers } = createTestFlow();
  const worker = flow.addRoutine(new Worker(), "worker");
  flow.connect(worker.output, worker.input);
  worker.setErrorHandler(new ErrorHandler({ strategy: "retry", maxRetries: 1, retryDelayMs: 1_000, jitter: 0 }));
  const job = flow.execute(worker.trigger);
  const begun = job.toJSON();
  await flow.settle(job);
  const waiting = job.toJSON();
  assertEquals(messages(begun, waiting).slice(0, 3), [
    "task 1 (worker.trigger) went from ready to ended",
    "task 3 (worker.input) was made: waiting until 1970-01-01T00:00:01.000Z, after 1 failed attempt",
    "task 4 (worker.input) was made: waiting until 1970-01-01T00:00:01.000Z, after 1 failed attempt",
  ]);
  assertEquals(messages(begun, waiting).at(-1), "1 output was added");
  await timers.advance(1_000);
  const differences = diffJobs(waiting, job.toJSON());
  assertEquals(differences[0], {
    path: "status",
    message: "the job went from running to failed",
    before: "running",
    after: "failed",
  });
  const task = differences.find(({ path }) => path === "failures[0]");
  assertEquals(task?.message, "task 3 (worker.input) went from waiting to failed: RangeError: no 1");
  assertEquals(messages(job.toJSON(), waiting)[0], "the job went from failed to running");
});

test("a bounded list that has dropped entries is compared from where both have some", () => {
  const job = fullJob();
  const { outputLog = [], dropped } = job;
  const [first] = outputLog;
  const more = { ...job, outputLog: [{ ...first, data: "new" }], dropped: { ...dropped, outputLog: 3 } };
  assertEquals(diffJobs(job, more), [
    { path: "outputLog[0]", message: "1 output was added", after: [{ ...first, data: "new" }] },
    { path: "dropped.outputLog", message: "dropped.outputLog changed from 2 to 3", before: 2, after: 3 },
  ]);
});

test("a value that was added, changed or removed is named by its path", () => {
  const job = fullJob();
  const changed = withValueAt(job, ["sharedData", "an odd key"], 1);
  assertEquals(diffJobs(job, changed), [
    { path: 'sharedData["an odd key"]', message: 'sharedData["an odd key"] was added: 1', after: 1 },
  ]);
  assertEquals(diffJobs(changed, job), [
    { path: 'sharedData["an odd key"]', message: 'sharedData["an odd key"] was removed', before: 1 },
  ]);
  assertEquals(messages(job, withValueAt(job, ["ranMs"], 13)), ["ranMs changed from 12.5 to 13"]);
});

test("whatever changes in a document is found", () => {
  const job = fullJob();
  let tried = 0;
  for (const place of placesOf(job)) {
    const value = valueAt(job, place);
    for (const other of [undefined, otherThan(value)]) {
      const changed = withValueAt(job, place, other);
      if (!isJob(changed)) continue;
      tried++;
      assertGreater(diffJobs(job, changed).length, 0, `${place.join(".")} from ${JSON.stringify(value)} to ${other}`);
    }
  }
  assertGreater(tried, 100);
});

test("what is no job's document is refused, with its path", () => {
  assertThrows(() => diffJobs(fullJob(), { ...fullJob(), status: "odd" }), SerializationError, "status");
  assertThrows(() => diffJobs("{}", fullJob()), SerializationError, "JSON.parse");
});

function otherThan(value: unknown): unknown {
  if (typeof value === "number") return value + 1;
  return typeof value === "string" ? `${value}x` : { other: true };
}

function isJob(json: unknown): boolean {
  try {
    return diffJobs(json, json).length === 0;
  } catch {
    return false;
  }
}
