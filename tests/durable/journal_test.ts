import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { createLatch, type Latch } from "../support/latch.ts";
import { heldStore } from "../support/held_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

async function entriesOf(store: Store): Promise<readonly string[]> {
  return (await store.load("job"))?.entries ?? [];
}

test("tasks of commits that gathered behind a slow write run when a quick one has stored them", async () => {
  const store = memoryStore();
  const { append } = store;
  let calls = 0;
  store.append = (...args) => ++calls === 2 ? Promise.resolve().then(() => append(...args)) : append(...args);
  const open: (() => void)[] = [];
  const process = new StoredFlowProcess({
    store,
    work: async (n, ctx) => {
      await new Promise<void>((resolve) => void open.push(resolve));
      ctx.shared.update("sum", (sum) => Number(sum ?? 0) + n);
      if (n < 10) ctx.emit("item", { n: n * 10 });
    },
  });
  process.flow.connect("worker", "item", "worker", "input");
  const job = process.flow.execute("source", { items: [1, 2] }, {
    strategy: "concurrent",
    maxWorkers: 4,
    jobId: "job",
  });
  await process.settle();
  assertEquals([process.begun, calls], [[1, 2], 1]);
  for (const resolve of open.splice(0)) resolve();
  await process.settle();
  assertEquals(process.begun, [1, 2, 10, 20]);
  for (const resolve of open.splice(0)) resolve();
  await process.settle();
  assertEquals([job.status, job.sharedData], ["completed", { sum: 33 }]);
});

test("a task that is filled before its expectation is stored waits until that delivery is stored too", async () => {
  const store = memoryStore();
  const { append } = store;
  const gates: Latch[] = [];
  let isHeld = false;
  store.append = async (...args) => {
    if (isHeld) {
      const gate = createLatch();
      gates.push(gate);
      await gate.passed;
    }
    return await append(...args);
  };
  const process = new StoredFlowProcess({ store, work: (n, ctx) => n === 1 ? void ctx.expect("input") : undefined });
  const job = process.start([1]);
  await process.settle();
  process.flow.deliver(job, "worker", "input", { n: 1 });
  isHeld = true;
  await process.settle();
  process.flow.deliver(job, "worker", "input", { n: 2 });
  const begun = [...process.begun];
  for (let round = 0; round < 10 && job.status === "running"; round++) {
    const count = process.begun.length;
    const entries = (await entriesOf(store)).length;
    if (process.begun.includes(2)) assert(entries >= 4, "it has begun before its delivery was stored");
    gates.shift()?.open();
    await process.settle();
    assert(process.begun.length >= count);
  }
  assertEquals([job.status, begun.includes(2), process.begun.at(-1)], ["completed", false, 2]);
});

test("what was expected and has come is the same job when it is read again", async () => {
  const process = new StoredFlowProcess({ work: (n, ctx) => n === 1 ? void ctx.expect("input") : undefined });
  const job = process.start([1]);
  await process.settle();
  process.flow.deliver(job, "worker", "input", { n: 2 });
  await process.settle();
  assertEquals(job.status, "completed");
  assertEquals(JSON.stringify((await process.engine.open("job")).job), JSON.stringify(job));
});

test("a job that was paused and goes on is running in the store too", async () => {
  const process = new StoredFlowProcess({ work: (_n, ctx) => void ctx.expect("input") });
  const job = process.start([1]);
  await process.settle();
  await process.flow.pause(job);
  process.flow.resume(job);
  await process.settle();
  const other = new StoredFlowProcess({ store: process.store });
  assertEquals((await other.engine.open("job")).job.status, "running");
});

test("a job that is let go of says when it is due, a paused one does not", async () => {
  const store = memoryStore();
  const late = (delayMs: number) =>
    new StoredFlowProcess({ store, work: (n, ctx) => n === 1 ? ctx.emit("item", { n: 2 }, { delayMs }) : undefined });
  const process = late(5_000);
  process.flow.connect("worker", "item", "worker", "input");
  const paused = process.start([1], "paused");
  process.start([1], "left");
  await process.settle();
  await process.flow.pause(paused);
  await process.engine.shutdown();
  const due = await Promise.all(["paused", "left"].map((jobId) => store.find(jobId)));
  assertEquals(due.map((record) => [record?.status, record?.dueAt]), [["paused", undefined], ["running", 5_000]]);
});

test("a job that has ended leaves no timer behind", async () => {
  const process = new StoredFlowProcess();
  await process.flow.waitForCompletion(process.start([1, 2]));
  assertEquals(process.timers.size, 0);
});

test("a store that fails for long is tried again every ten seconds", async () => {
  const store = heldStore();
  const process = new StoredFlowProcess({
    store,
    durability: { attempts: 20, leaseMs: 1_000_000, commandPollMs: 1_000_000 },
  });
  const job = process.start([1]);
  store.fail(12);
  await process.settle();
  const instants: number[] = [];
  while (job.status === "running" && await process.timers.advanceToNext()) instants.push(process.timers.now());
  const delays = instants.map((at, index) => at - (instants[index - 1] ?? 0));
  assertEquals(delays, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000, 10_000, 10_000]);
  assertEquals(job.status, "completed");
});
