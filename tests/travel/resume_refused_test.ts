import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type Context, JobState, PreflightError, Registry, Routine, StateError } from "../../mod.ts";
import { pack, unpack } from "../support/move_job.ts";
import { createTestFlow } from "../support/test_flow.ts";

class Worker extends Routine {
  readonly input = this.addSlot("input", this.work);
  work({ fail }: { readonly fail?: boolean }, ctx: Context): void {
    if (fail) throw new Error("as told");
    ctx.output("worked");
  }
}

const registry = new Registry({ Worker });

function start(input: { readonly fail?: boolean } = {}) {
  const { timers, flow } = createTestFlow({ id: "work", registry });
  const worker = flow.addRoutine(new Worker(), "worker");
  return { timers, flow, worker, job: flow.execute(worker.input, input) };
}

function refused(
  resume: () => unknown,
  job: JobState,
): { readonly event: string; readonly status: string; text: string } {
  const before = JSON.stringify(job);
  const { event, status, message } = assertThrows(resume, StateError);
  assertEquals(JSON.stringify(job), before, "something has changed");
  return { event, status, text: message };
}

test("resume of a job that is live here already is refused", async () => {
  const { flow, job, timers } = start();
  assertEquals(refused(() => flow.resume(job), job), {
    event: "resume",
    status: "running",
    text: 'Cannot resume job "id-1" in status "running": it is live already, and goes on by itself',
  });
  await timers.flush();
  assertEquals([job.status, job.outputLog.length], ["completed", 1]);
});

test("a job can be resumed as soon as it reads paused, whoever still awaits the pause", async () => {
  const { flow, job } = start();
  const pause = flow.pause(job);
  assertEquals(job.status, "paused");
  flow.resume(job);
  assertEquals(job.status, "running");
  await pause;
});

test("resume of a job that is live on another flow object of the same id is refused", () => {
  const { job } = start();
  const other = createTestFlow({ id: "work", registry }).flow;
  other.addRoutine(new Worker(), "worker");
  assertEquals(
    refused(() => other.resume(job), job).text,
    'Cannot resume job "id-1" in status "running": it is live already, and goes on by itself',
  );
});

test("resume of a job that has ended is refused, with the way to put its failures back", async () => {
  const hint = "it has ended; { redrive: true } puts its failures back, and goes on with what is pending";
  const completed = start();
  await completed.timers.flush();
  assertEquals(refused(() => completed.flow.resume(completed.job), completed.job), {
    event: "resume",
    status: "completed",
    text: `Cannot resume job "id-1" in status "completed": ${hint}`,
  });
  const failed = start({ fail: true });
  await failed.timers.flush();
  assertEquals(
    refused(() => failed.flow.resume(failed.job), failed.job).text,
    `Cannot resume job "id-1" in status "failed": ${hint}`,
  );
  const cancelled = start();
  cancelled.flow.cancel(cancelled.job);
  const { text } = refused(() => cancelled.flow.resume(cancelled.job), cancelled.job);
  assertEquals(text, `Cannot resume job "id-1" in status "cancelled": ${hint}`);
});

test("C201 C202 a job that has ended stays so on another host, and is refused there", async () => {
  for (const [fail, status] of [[false, "completed"], [true, "failed"]] as const) {
    const { flow, job, timers } = start({ fail });
    await timers.flush();
    const b = unpack(pack(flow, job), registry);
    assertEquals(b.job.status, status);
    assertEquals(refused(() => b.flow.resume(b.job), b.job).status, status);
    assertEquals(await b.flow.waitForCompletion(b.job), true);
  }
});

test("redrive of a job without failures, or of one that has not ended, is refused", async () => {
  const { flow, job, timers } = start();
  await timers.flush();
  assertEquals(refused(() => flow.resume(job, { redrive: true }), job), {
    event: "redrive",
    status: "completed",
    text: 'Cannot redrive job "id-1" in status "completed": it has no failures, and nothing is pending',
  });
  const pending = flow.create(flow.slot("worker", "input"), {} as never);
  assertEquals(
    refused(() => flow.resume(pending, { redrive: true }), pending).text,
    [
      'Cannot redrive job "id-2" in status "pending": only a job that has ended can be redriven',
    ][0],
  );
});

test("C227 C385 resume of another flow's job is refused and names both; so are pause, cancel, deliver and check", async () => {
  const { flow, job } = start();
  await flow.pause(job);
  const other = createTestFlow({ id: "elsewhere", registry }).flow;
  const worker = other.addRoutine(new Worker(), "worker");
  const before = JSON.stringify(job);
  const text = 'flow_id "work" does not match flow "elsewhere"';
  assertThrows(() => other.resume(job), PreflightError, text);
  assertThrows(() => other.cancel(job), TypeError, text);
  assertThrows(() => other.deliver(job, worker.input, {}), TypeError, text);
  await assertRejects(() => other.pause(job), TypeError, text);
  assertEquals(other.check(job).map(({ code }) => code), ["flow_mismatch"]);
  assertEquals(JSON.stringify(job), before);
});

test("C228 resume in a flow where the job's routine is missing is refused, and works once it is there", async () => {
  const a = start();
  await a.flow.pause(a.job);
  const bare = createTestFlow({ id: "work", registry });
  const job = JobState.fromJSON(JSON.parse(JSON.stringify(a.job)), registry);
  assertThrows(
    () => bare.flow.resume(job),
    PreflightError,
    'routine "worker" not found in flow "work"; it has nothing',
  );
  assertEquals(JSON.stringify(job), JSON.stringify(a.job));
  const whole = createTestFlow({ id: "work", registry });
  whole.flow.addRoutine(new Worker(), "worker");
  whole.flow.resume(job);
  await whole.timers.flush();
  assertEquals(job.status, "completed");
});

test("pause of a job that rests elsewhere is refused: it is not live here", async () => {
  const a = start();
  await a.flow.pause(a.job);
  const b = unpack(pack(a.flow, a.job), registry);
  await assertRejects(
    () => b.flow.pause(b.job),
    StateError,
    'Cannot pause job "id-1" in status "paused": it is not live here',
  );
  const running = unpack(pack(a.flow, a.flow.execute(a.worker.input, {})), registry);
  await assertRejects(
    () => running.flow.pause(running.job),
    StateError,
    'Cannot pause job "id-2" in status "running": it is not live here',
  );
});

test("waiting for a job that rests, or is inert, answers false at once", async () => {
  const a = start();
  const inert = unpack(pack(a.flow, a.job), registry);
  await a.flow.pause(a.job);
  const paused = unpack(pack(a.flow, a.job), registry);
  assertEquals(await inert.flow.waitForCompletion(inert.job), false);
  assertEquals(await paused.flow.waitForCompletion(paused.job), false);
  assertEquals(await inert.flow.waitUntil(inert.job, () => false), false);
  assertEquals([inert.job.status, paused.job.status], ["running", "paused"]);
});

test("a flow that has been shut down takes no job, and the job can go elsewhere", async () => {
  const a = start();
  await a.flow.pause(a.job);
  const b = unpack(pack(a.flow, a.job), registry);
  await b.flow.shutdown();
  assertEquals(
    refused(() => b.flow.resume(b.job), b.job).text,
    'Cannot resume job "id-1" in status "paused": flow "work" has been shut down',
  );
  const c = unpack(pack(b.flow, b.job), registry);
  c.flow.resume(c.job);
  await c.timers.flush();
  assertEquals(c.job.status, "completed");
});
