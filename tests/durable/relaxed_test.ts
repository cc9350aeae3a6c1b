import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { heldStore } from "../support/held_store.ts";
import { lateStore } from "../support/late_store.ts";
import { CrashingStore } from "../support/crashing_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

const RELAXED = { mode: "relaxed", flushMs: 50 } as const;

test("relaxed: handlers run before their commits are stored, which are written together in time", async () => {
  const store = heldStore();
  const process = new StoredFlowProcess({ store, durability: RELAXED, work: (_n, ctx) => void ctx.expect("input") });
  const job = process.start([1, 2, 3]);
  const outputs = process.flow.waitUntil(job, () => process.begun.length === 3);
  store.hold();
  await process.settle();
  assertEquals(process.begun, [1, 2, 3]);
  store.release();
  await outputs;
  await process.timers.advance(50);
  assertEquals((await store.load("job"))?.entries.length, 4);
  assert(store.appends.length <= 2, `in ${store.appends.length} writes`);
  process.flow.cancel(job);
});

for (const [name, createStore] of Object.entries({ "at once": memoryStore, later: lateStore })) {
  test(`relaxed: handlers that end while no task waits are stored together in time, by a store that answers ${name}`, async () => {
    const store = heldStore(createStore());
    const process = new StoredFlowProcess({
      store,
      durability: RELAXED,
      work: (n) => new Promise<void>((resolve) => void process.timers.setTimer(process.timers.now() + n, resolve)),
    });
    const items = Array.from({ length: 20 }, (_, i) => i);
    const job = process.flow.execute("source", { items }, { strategy: "concurrent", maxWorkers: 20 });
    for (let ms = 0; ms < 30; ms++) await process.timers.advance(1);
    assertEquals(job.status, "completed");
    assertEquals(store.appends, [22], "the source, the workers and the end");
  });
}

test("relaxed: no handler runs further ahead of the store than it may", async () => {
  const store = heldStore();
  const process = new StoredFlowProcess({
    store,
    durability: RELAXED,
    work: async () => {
      await new Promise<void>((resolve) => void process.timers.setTimer(process.timers.now() + 20, resolve));
    },
  });
  const job = process.start([1, 2, 3, 4, 5, 6, 7, 8]);
  store.hold();
  await process.timers.advance(1_000);
  assert(process.begun.length <= 5, `${process.begun.length} have begun`);
  store.release();
  await process.timers.advance(1_000);
  assertEquals(job.status, "completed");
});

test("relaxed: a job that ends or rests is stored before anybody is told", async () => {
  const store = heldStore();
  const process = new StoredFlowProcess({ store, durability: RELAXED });
  const job = process.start([1, 2]);
  store.hold();
  let hasEnded = false;
  const end = process.flow.waitForCompletion(job).then(() => hasEnded = true);
  await process.timers.advance(200);
  assertEquals(hasEnded, false);
  store.release();
  await end;
  assertEquals((await store.find("job"))?.status, "completed");
});

test("relaxed: a process that dies at any write loses only what it had not stored, and that is done again", async () => {
  for (let write = 1; write <= 7; write++) {
    for (const isWritten of [false, true]) {
      const data = memoryStore();
      const durability = { ...RELAXED, owner: "worker", takeOver: "at once" } as const;
      const dead = new StoredFlowProcess({ store: new CrashingStore(data, { write, isWritten }, true), durability });
      dead.start([1, 2, 3]);
      await dead.timers.advance(1_000);
      const heir = new StoredFlowProcess({ store: data, durability });
      const job = heir.start([1, 2, 3]);
      await heir.timers.advance(1_000);
      assertEquals([job.status, job.sharedData], ["completed", { sum: 6 }], `write ${write}, written: ${isWritten}`);
      assertEquals((await data.find("job"))?.status, "completed");
    }
  }
});

test("relaxed: a job at rest is let go when its commands have been carried out by a store that answers later", async () => {
  const store = lateStore();
  const process = new StoredFlowProcess({ store, durability: RELAXED, work: (_n, ctx) => ctx.pause("for a person") });
  process.start([1]);
  await process.timers.advance(100);
  await process.engine.handle("job").deliver({ routine: "worker", slot: "input" }, { n: 2 });
  const recovery = process.engine.recover();
  await process.timers.advance(1_000);
  assertEquals((await recovery).jobs.length, 0);
  const { owner, status, sent, consumed } = await store.find("job") ?? {};
  assertEquals([owner, status, sent, consumed], [undefined, "paused", 1, 1]);
});

test("relaxed: a task that waits has its turn in time, also where the store answers at once", async () => {
  const process = new StoredFlowProcess({
    durability: RELAXED,
    work: (n, ctx) => {
      if (n === 1) ctx.emit("item", { n: 2 }, { delayMs: 500 });
    },
  });
  process.flow.connect("worker", "item", "worker", "input");
  const job = process.start([1]);
  await process.timers.advance(1_000);
  assertEquals([job.status, process.begun], ["completed", [1, 2]]);
});

for (const [name, createStore] of Object.entries({ "at once": memoryStore, later: lateStore })) {
  test(`C559 relaxed: what comes while a write takes long is stored after it, also where no task ends: a store that answers ${name}`, async () => {
    const store = heldStore(createStore());
    const process = new StoredFlowProcess({ store, durability: RELAXED, work: () => new Promise(() => {}) });
    const job = process.start([1]);
    await process.timers.advance(100);
    const revision = (await store.find("job"))?.revision ?? 0;
    store.hold();
    process.flow.deliver(job, "worker", "input", { n: 2 });
    await process.timers.advance(60);
    process.flow.deliver(job, "worker", "input", { n: 3 });
    await process.timers.advance(100);
    store.release();
    await process.timers.advance(100);
    assertEquals((await store.find("job"))?.revision, revision + 2);
  });
}
