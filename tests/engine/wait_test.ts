import { test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type JobProgress, JobState, Registry } from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { createCountedSignal } from "../support/counted_signal.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createWaitingFlow } from "../support/waiting_flow.ts";
import { createTestFlow } from "../support/test_flow.ts";

test("C115 C123 C124 waiting on a job that has ended gives true at once, and leaves its status", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "works", () => {});
  addFunction(flow, "fails", () => Promise.reject(new Error("boom")));
  for (const [id, status] of [["works", "completed"], ["fails", "failed"]] as const) {
    const job = await flow.run(id);
    assertEquals([await flow.waitForCompletion(job, { timeoutMs: 0 }), job.status], [true, status]);
  }
  const job = flow.create("works");
  flow.cancel(job);
  assertEquals([await flow.waitForCompletion(job), job.status], [true, "cancelled"]);
});

test("C116 waiting with a timeout gives false after it, to the millisecond, and the job goes on", async () => {
  const { flow, timers, handlers } = createWaitingFlow();
  const job = flow.execute("act");
  await timers.flush();
  const before = timers.size;
  const answers: unknown[] = [];
  void flow.waitForCompletion(job, { timeoutMs: 100 }).then((answer) => answers.push(answer));
  assertEquals(timers.size, before + 1);
  await timers.advance(99);
  assertEquals(answers, []);
  await timers.advance(1);
  assertEquals([answers, job.status, timers.size], [[false], "running", before]);
  handlers.release("act");
  await timers.flush();
  assertEquals([job.status, timers.size], ["completed", 0]);
});

test("C118 waiting gives true when the job fails or is cancelled, and false when it rests paused or is inert", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  const act = addFunction(flow, "act", async (name: string) => {
    await handlers.wait(name);
    if (name === "fails") throw new Error("boom");
  });
  const ends = {
    fails: () => handlers.release("fails"),
    cancels: (job: JobState) => flow.cancel(job),
    pauses: (job: JobState) => void flow.pause(job, { graceMs: 0 }),
    completes: () => handlers.release("completes"),
  };
  const answers: unknown[] = [];
  for (const [name, end] of Object.entries(ends)) {
    const job = flow.execute(act.trigger, name);
    await timers.flush();
    const waiting = flow.waitForCompletion(job);
    end(job);
    answers.push([name, await waiting, job.status]);
  }
  assertEquals(answers, [
    ["fails", true, "failed"],
    ["cancels", true, "cancelled"],
    ["pauses", false, "paused"],
    ["completes", true, "completed"],
  ]);
  const job = flow.execute(act.trigger, "inert");
  await timers.flush();
  const inert = JobState.fromJSON(JSON.parse(JSON.stringify(job)), new Registry());
  assertEquals([inert.status, await flow.waitForCompletion(inert)], ["running", false]);
  assertEquals(await flow.waitForCompletion(flow.create("act")), false);
});

test("C117 onProgress is told at once and after each commit: status, pending and active", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 2 });
  const handlers = new WaitingHandlers();
  addSource(flow, "source", [1, 2]);
  addFunction(flow, "sink", (n: number) => handlers.wait(n));
  link(flow, "source", "sink");
  const seen: JobProgress[] = [];
  const job = flow.execute("source");
  void flow.waitForCompletion(job, { onProgress: (progress) => void seen.push(progress) });
  const progress = (status: string, pending: number, active: number) => ({ status, pending, active }) as JobProgress;
  assertEquals(seen.splice(0), [progress("running", 1, 0)]);
  await timers.flush();
  assertEquals(seen.splice(0), [progress("running", 2, 0)]);
  handlers.release(1);
  await timers.flush();
  assertEquals(seen.splice(0), [progress("running", 1, 1)]);
  handlers.release(2);
  await timers.flush();
  assertEquals(seen, [progress("running", 0, 0), progress("completed", 0, 0)]);
});

test("an onProgress that throws ends the wait with its error, and the job goes on", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "act", () => {});
  const job = flow.execute("act");
  const onProgress = () => {
    throw new RangeError("display gone");
  };
  await assertRejects(() => flow.waitForCompletion(job, { onProgress }), RangeError, "display gone");
  assertEquals([await flow.waitForCompletion(job), job.status], [true, "completed"]);
});

test("an aborted signal ends a wait with its reason; every listener and timer is cleaned up", async () => {
  const { flow, timers, handlers } = createWaitingFlow();
  const job = flow.execute("act");
  await timers.flush();
  const before = timers.size;
  const counted = createCountedSignal();
  const { signal } = counted;
  const waits = [
    flow.waitForCompletion(job, { signal, timeoutMs: 1_000 }),
    flow.waitUntil(job, () => false, { signal, timeoutMs: 1_000 }),
    flow.settle(job, { signal, timeoutMs: 1_000 }),
  ];
  assertEquals([counted.listeners.size, timers.size], [3, before + 3]);
  const reason = new RangeError("no more patience");
  counted.controller.abort(reason);
  for (const waiting of waits) await assertRejects(() => waiting, RangeError, "no more patience");
  assertEquals([counted.listeners.size, timers.size, job.status], [0, before, "running"]);
  await assertRejects(() => flow.waitForCompletion(job, { signal }), RangeError, "no more patience");
  handlers.release("act");
  await timers.flush();
  assertEquals([job.status, timers.size], ["completed", 0]);
});

test("a wait that ends by itself lets go of its signal and its timer, and so does execute", async () => {
  const { flow, timers, handlers } = createWaitingFlow();
  const counted = createCountedSignal();
  const { signal } = counted;
  const job = flow.execute("act", {}, { signal });
  const options = { signal, timeoutMs: 1_000 };
  const waits = [
    flow.waitForCompletion(job, options),
    flow.waitUntil(job, () => job.status === "completed", options),
    flow.settle(job, options).then(({ status }) => status === "completed"),
  ];
  await timers.flush();
  assertEquals(counted.listeners.size, 4);
  handlers.release("act");
  assertEquals(await Promise.all(waits), [true, true, true]);
  assertEquals([counted.listeners.size, timers.size], [0, 0]);
});

test("C395 waitUntil is true when the condition holds, false on timeout or when the job ends or rests first", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  addSource(flow, "source", [1, 2, 3]);
  addFunction(flow, "sink", async (n: number, ctx) => {
    await handlers.wait(n);
    ctx.shared.set("n", n);
  });
  link(flow, "source", "sink");
  const job = flow.execute("source");
  const answers: unknown[] = [];
  const wait = (name: string, condition: (job: JobState) => boolean, timeoutMs?: number) =>
    void flow.waitUntil(job, condition, timeoutMs === undefined ? {} : { timeoutMs })
      .then((answer) => answers.push(`${name} ${answer} at ${timers.now()}`));
  wait("now", ({ status }) => status === "running");
  wait("n is 2", ({ sharedData }) => sharedData.n === 2);
  wait("n is 3", ({ sharedData }) => sharedData.n === 3, 5);
  wait("n is 4", ({ sharedData }) => sharedData.n === 4);
  await timers.flush();
  assertEquals(answers.splice(0), ["now true at 0"]);
  handlers.release(1);
  await timers.flush();
  assertEquals(answers, []);
  handlers.release(2);
  await timers.flush();
  assertEquals(answers.splice(0), ["n is 2 true at 0"]);
  await timers.advance(5);
  assertEquals(answers.splice(0), ["n is 3 false at 5"]);
  await flow.pause(job, { graceMs: 0 });
  assertEquals(answers, ["n is 4 false at 5"]);
  assertEquals(await flow.waitUntil(job, ({ status }) => status === "paused"), true);
  assertEquals(await flow.waitUntil(job, ({ status }) => status === "completed"), false);
});

test("waitUntil without a condition is refused", () => {
  const { flow } = createTestFlow();
  addFunction(flow, "works", () => {});
  const job = flow.create("works");
  const message = "Cannot wait: condition must be a function";
  assertThrows(() => Reflect.apply(flow.waitUntil, flow, [job]), TypeError, message);
});

test("C511 waitUntil rejects with what its condition throws, at once or when the job has ended, and cleans up", async () => {
  for (const status of ["pending", "running", "completed"]) {
    const { flow, timers, handlers } = createWaitingFlow();
    const job = flow.create("act");
    const counted = createCountedSignal();
    const boom = new RangeError(`while ${status}`);
    const condition = ({ status: now }: JobState) => {
      if (now === status) throw boom;
      return false;
    };
    if (status !== "pending") flow.resume(job);
    await timers.flush();
    const before = timers.size;
    const waiting = assertRejects(
      () => flow.waitUntil(job, condition, { signal: counted.signal, timeoutMs: 1_000 }),
      RangeError,
      boom.message,
    );
    if (status === "completed") {
      assertEquals([counted.listeners.size, timers.size], [1, before + 1]);
      handlers.release("act");
    }
    await waiting;
    await timers.flush();
    assertEquals([counted.listeners.size, job.status], [0, status]);
    assertEquals(timers.size, status === "completed" ? 0 : before);
  }
});

test("waitUntil rejects with what its condition throws after a commit, and the job goes on", async () => {
  const { flow, timers } = createTestFlow();
  const handlers = new WaitingHandlers();
  addSource(flow, "source", [1, 2]);
  addFunction(flow, "sink", (n: number) => handlers.wait(n));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  let asked = 0;
  const condition = () => {
    if (asked++ > 0) throw undefined;
    return false;
  };
  const answer = flow.waitUntil(job, condition).then(() => "held", (error) => ["threw", error]);
  await timers.flush();
  assertEquals([await answer, asked, job.status], [["threw", undefined], 2, "running"]);
  for (const n of [1, 2]) {
    handlers.release(n);
    await timers.flush();
  }
  assertEquals([asked, job.status], [2, "completed"]);
});

test("C511 waitUntil refuses a condition that answers with a promise, whatever comes of that", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "act", () => {});
  for (const condition of [() => Promise.resolve(false), () => Promise.reject(new Error("late"))]) {
    const job = flow.execute("act");
    const wait = () => Reflect.apply(flow.waitUntil, flow, [job, condition]);
    await assertRejects(wait, TypeError, "Cannot wait: the condition is asynchronous; it must answer at once");
    await flow.waitForCompletion(job);
    await assertRejects(wait, TypeError, "asynchronous");
  }
});
