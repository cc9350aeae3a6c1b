import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import { JobState, StateError, StoreError } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { createLatch } from "../support/latch.ts";
import { heldStore } from "../support/held_store.ts";
import { lateStore } from "../support/late_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

test("a job begins when it is in the store, and reads running before", async () => {
  const process = new StoredFlowProcess();
  const { create } = process.store;
  const gate = createLatch();
  process.store.create = async (job) => {
    await gate.passed;
    return create(job);
  };
  const job = process.start([1]);
  await process.settle();
  assertEquals([job.status, job.executionHistory.length], ["running", 0]);
  gate.open();
  await process.settle();
  assertEquals([job.status, process.begun], ["completed", [1]]);
});

for (const [name, createStore] of Object.entries({ "at once": memoryStore, later: lateStore })) {
  test(`C491 a wait for what holds already resolves when the job is in the store, which answers ${name}`, async () => {
    const data = createStore();
    const store = { ...data };
    const process = new StoredFlowProcess({ store, work: (_n, ctx) => void ctx.expect("input") });
    const gate = createLatch();
    store.create = async (jobs) => {
      await gate.passed;
      return await data.create(jobs);
    };
    const job = process.start([1]);
    let isAccepted = false;
    const accepted = process.flow.waitUntil(job, () => true).then(() => isAccepted = true);
    await process.settle();
    assertEquals([isAccepted, await data.find("job")], [false, undefined]);
    gate.open();
    await accepted;
    assertEquals((await data.find("job"))?.jobId, "job");
  });
}

test("a child begins when the parent's commit is stored, its output is told then, and the job ends after its last commit", async () => {
  const store = heldStore();
  const process = new StoredFlowProcess({ store, work: (n, ctx) => ctx.output("done", n) });
  const outputs: unknown[] = [];
  const job = process.flow.execute("source", { items: [1, 2] }, {
    jobId: "job",
    onOutput: (it) => void outputs.push(it.data),
  });
  let hasEnded = false;
  const end = process.flow.waitForCompletion(job).then((ended) => hasEnded = ended);
  store.hold();
  await process.settle();
  assertEquals([process.begun, outputs, hasEnded], [[], [], false]);
  store.release();
  store.hold();
  await process.settle();
  assertEquals([process.begun, outputs, hasEnded], [[1, 2], [], false], "both were made by the commit that is stored");
  store.release();
  await process.settle();
  await end;
  assertEquals([process.begun, outputs, hasEnded], [[1, 2], [1, 2], true]);
});

test("a job that is taken begins at once, and its start, its last step and its end are stored by one write", async () => {
  const store = heldStore(lateStore());
  const process = new StoredFlowProcess({ store });
  const { jobId } = await process.flow.start("source", { items: [] });
  store.hold();
  const worker = process.engine.work();
  await process.timers.advance(1_000);
  assertEquals([store.appends, (await store.find(jobId))?.status], [[3], "pending"]);
  store.release();
  await process.timers.advance(1_000);
  assertEquals([store.appends, (await store.find(jobId))?.status, worker.size], [[3], "completed", 0]);
  await worker.stop();
});

test("a job that was sent a command before its end is stored runs on from what is stored with its start", async () => {
  const data = lateStore();
  const statuses: (string | undefined)[] = [];
  const store = {
    ...data,
    append: async (...args: Parameters<Store["append"]>) => {
      if (statuses.length === 0) await process.engine.handle("job").pause();
      statuses.push(args[3]?.status);
      return await data.append(...args);
    },
  };
  const process = new StoredFlowProcess({ store });
  await process.flow.start("source", { items: [] }, { jobId: "job" });
  const worker = process.engine.work();
  await process.timers.advance(1_000);
  const { status, revision } = await store.find("job") ?? {};
  assertEquals([statuses, status, revision], [["completed", "running", "running", "paused"], "paused", 4]);
  await worker.stop();
});

test("a job that a dead engine has had begins when it is stored which tasks stand first", async () => {
  const store = heldStore(lateStore());
  const before = new StoredFlowProcess({ store, durability: { leaseMs: 3_000 }, work: () => new Promise(() => {}) });
  before.start([1]);
  await before.settle();
  const timers = manualTimers(before.timers.now() + 10_000);
  const process = new StoredFlowProcess({ store, timers });
  store.hold();
  const worker = process.engine.work();
  await timers.advance(1_000);
  assertEquals(process.begun, []);
  store.release();
  await timers.advance(1_000);
  assertEquals(process.begun, [1]);
  await worker.stop();
});

test("a task that was active in a document does not wait for what another one has committed since", async () => {
  const never = new Promise<void>(() => {});
  const before = new StoredFlowProcess({ work: () => never });
  const options = { jobId: "job", strategy: "concurrent" } as const;
  const job = before.flow.execute("source", { items: [1, 2] }, options);
  await before.settle();
  const store = heldStore();
  const after = new StoredFlowProcess({ store, work: (n, ctx) => n < 3 ? ctx.emit("item", { n: n + 2 }) : undefined });
  after.flow.connect("worker", "item", "worker", "input");
  const moved = JobState.fromText(job.toText(), after.registry);
  assertEquals(moved.pendingTasks.map(({ active }) => active), [true, true]);
  after.flow.resume(moved);
  store.hold();
  await after.settle();
  assertEquals(after.begun, [1, 2], "what they have emitted waits for the store");
  store.release();
  await after.settle();
  assertEquals([moved.status, after.begun], ["completed", [1, 2, 3, 4]]);
});

test("what several handlers commit while a write is under way goes out together", async () => {
  const store = heldStore();
  const process = new StoredFlowProcess({ store, work: () => {} });
  const job = process.start([1, 2, 3, 4, 5, 6]);
  await process.settle();
  assertEquals(job.status, "completed");
  assertEquals(store.appends.reduce((sum, it) => sum + it, 0), 8, "the source, six workers and the end");
  assertEquals(store.appends.length < 8, true, `in ${store.appends.length} writes`);
});

test("a checkpoint resolves when it is stored, and rejects when the store is lost", async () => {
  const store = heldStore();
  const seen: string[] = [];
  const work = async (_n: number, ctx: { checkpoint(progress: unknown): Promise<void> }) => {
    seen.push("before");
    await ctx.checkpoint({ at: 1 }).then(() => seen.push("stored"), (error) => seen.push(error.name));
  };
  const process = new StoredFlowProcess({ store, work, durability: { attempts: 1 } });
  const job = process.start([1]);
  const { append } = store;
  let count = 0;
  store.append = (...args) => {
    if (++count === 2) store.hold();
    return append(...args);
  };
  await process.settle();
  assertEquals(seen, ["before"]);
  store.release();
  await process.settle();
  assertEquals(seen, ["before", "stored"]);
  assertEquals(job.status, "completed");

  seen.length = 0;
  const again = process.start([1], "again");
  const end = assertRejects(() => process.flow.waitForCompletion(again), StoreError, 'store job "again"');
  count = 10;
  store.append = (...args) => {
    if (++count === 12) store.fail(1);
    return append(...args);
  };
  await process.settle();
  await end;
  assertEquals(seen, ["before", "StoreError"]);
});

test("a pause resolves when it is stored", async () => {
  const store = heldStore();
  const process = new StoredFlowProcess({ store });
  const job = process.start([1, 2]);
  store.hold();
  let isPaused = false;
  const pause = process.flow.pause(job, { reason: "later" }).then(() => isPaused = true);
  await process.settle();
  assertEquals(isPaused, false);
  store.release();
  await pause;
  assertEquals((await store.find("job"))?.status, "paused");
});

test("C484 a call to a job is refused while it is stored that it rests, and the job rests", async () => {
  const store = heldStore();
  const process = new StoredFlowProcess({ store });
  const statuses = () => process.told("status").map(({ from, to }) => `${from} → ${to}`);
  const job = process.flow.execute("source", { items: [1] }, { jobId: "job", timeoutMs: 5_000 });
  const pause = process.flow.pause(job);
  store.hold();
  await process.settle();
  const place = "it is in the store, and not live here";
  assertThrows(() => process.flow.deliver(job, "worker", "input", { n: 9 }), StateError, place);
  assertEquals([job.status, job.pendingTasks.length], ["paused", 1]);
  await process.timers.advance(10_000);
  assertEquals(job.status, "paused", "it does not work, and has no timeout");
  assertThrows(() => process.flow.cancel(job, { reason: "no longer needed" }), StateError, place);
  assertEquals([job.status, statuses()], ["paused", ["pending → running"]]);
  store.release();
  await process.settle();
  await pause;
  assertEquals(statuses(), ["pending → running", "running → paused"]);
  assertEquals((await store.load("job"))?.record.status, "paused");
});

test("a wait for a condition resolves when what it has seen is stored", async () => {
  const store = heldStore();
  const process = new StoredFlowProcess({ store });
  const job = process.start([1, 2]);
  await process.flow.waitUntil(job, () => true);
  const { append } = store;
  store.append = (jobId, revision, entries, head) => {
    if (revision === 2) store.hold();
    return append(jobId, revision, entries, head);
  };
  let isSeen = false;
  const wait = process.flow.waitUntil(job, ({ sharedData }) => sharedData.sum === 3).then(() => isSeen = true);
  await process.settle();
  assertEquals([job.sharedData.sum, isSeen], [3, false]);
  store.release();
  await wait;
});

test("a handler that fails while its checkpoint is being stored: the checkpoint's event has the attempt of its start", async () => {
  const process = new StoredFlowProcess({
    store: heldStore(),
    work: (_n, ctx) => {
      if (ctx.attempt > 0) return;
      ctx.checkpoint("once").catch(() => {});
      throw new Error("down");
    },
  });
  process.flow.routines.get("worker")?.setAsCritical({ retryDelayMs: 1 });
  process.start([1]);
  await process.timers.advance(10);
  const told = process.events.flatMap((event) => {
    if (event.type !== "start" && event.type !== "task") return [];
    return event.routine === "worker" ? [[event.type === "task" ? event.outcome : "start", event.attempt]] : [];
  });
  assertEquals(told, [["start", 0], ["step", 0], ["retry", 0], ["start", 1], ["done", 1]]);
});

test("a job that was cancelled with work pending goes on by a redrive, here and in another process", async () => {
  for (const place of ["here", "opened"]) {
    const store = heldStore();
    const process = new StoredFlowProcess({
      store,
      work: (_n, { signal }) => new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
    });
    const cancelled = process.start([1, 2]);
    await process.settle();
    process.flow.cancel(cancelled);
    await process.settle();
    assertEquals((await store.find("job"))?.status, "cancelled");
    const other = place === "here" ? process : new StoredFlowProcess({ store });
    const job = place === "here" ? cancelled : (await other.engine.open("job")).job;
    const { flow } = place === "here" ? process : await other.engine.open("job");
    flow.resume(job, { redrive: true });
    await other.settle();
    assertEquals(
      [job.status, (await store.find("job"))?.status],
      place === "here" ? ["running", "running"] : ["completed", "completed"],
    );
    assertEquals(job.sharedData, place === "here" ? {} : { sum: 3 });
  }
});
