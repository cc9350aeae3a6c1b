import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { heldStore } from "../support/held_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

const HOUR = 3_600_000;
const NOON = 12 * HOUR;

for (const [how, by] of [["back", -HOUR], ["forward", HOUR]] as const) {
  test(`C493 the clock is set ${how}: an owner renews its lease in time, by the new clock`, async () => {
    const timers = manualTimers(NOON);
    const process = new StoredFlowProcess({
      store: heldStore(),
      timers,
      durability: { owner: "worker", leaseMs: 30_000 },
      work: () => new Promise(() => {}),
    });
    const job = process.start([1]);
    await timers.advance(1_000);
    await timers.setClock(timers.now() + by);
    await timers.advance(9_000);
    for (let round = 0; round < 10; round++) {
      const { owner, heldUntil = 0 } = await process.store.find("job") ?? {};
      assertEquals([owner, job.status, process.told("lost")], ["worker", "running", []]);
      const left = heldUntil - timers.now();
      assertEquals(left > 19_000 && left <= 30_000, true, `${left} ms are left`);
      await timers.advance(9_000);
    }
    process.flow.cancel(job);
  });

  test(`C493 the clock is set ${how}: a store with a clock of its own has the lease all the same, and no job is lost`, async () => {
    const timers = manualTimers(NOON);
    const store = memoryStore();
    const storeNow = () => timers.elapsed();
    const process = new StoredFlowProcess({
      store: {
        ...store,
        enter: (query) => store.enter({ ...query, now: storeNow() }),
        renew: (owner, leaseMs) => store.renew(owner, leaseMs, storeNow()),
        take: (query) => store.take({ ...query, now: storeNow() }),
        claim: (query) => store.claim({ ...query, now: storeNow() }),
      },
      timers,
      work: () => new Promise<void>((resolve) => void timers.after(1_500, resolve)),
    });
    const job = process.start([1, 2, 3]);
    await timers.advance(1_000);
    await timers.setClock(timers.now() + by);
    await timers.advance(10_000);
    assertEquals([job.status, process.begun, process.told("lost")], ["completed", [1, 2, 3], []]);
  });

  test(`the clock is set ${how}: a write that has failed is tried again in time`, async () => {
    const timers = manualTimers(NOON);
    const store = heldStore();
    const process = new StoredFlowProcess({ store, timers, durability: { retryDelayMs: 100 } });
    const job = process.start([1]);
    store.fail(1);
    await timers.flush();
    assertEquals(process.told("store_error").length, 1);
    await timers.setClock(timers.now() + by);
    await timers.advance(99);
    assertEquals(job.status, "running");
    await timers.advance(1);
    assertEquals(job.status, "completed");
  });

  test(`the clock is set ${how}: the first call of a store that fails is tried again in time`, async () => {
    const timers = manualTimers(NOON);
    const inner = heldStore();
    let tries = 0;
    const store = {
      ...inner,
      create: async (job: Parameters<typeof inner.create>[0]) => {
        if (++tries === 1) throw new Error("the store is away");
        return await inner.create(job);
      },
    };
    const process = new StoredFlowProcess({ store, timers, durability: { retryDelayMs: 100 } });
    const job = process.start([1]);
    await timers.flush();
    await timers.setClock(timers.now() + by);
    await timers.advance(99);
    assertEquals([tries, job.status], [1, "running"]);
    await timers.advance(1);
    assertEquals([tries, job.status], [2, "completed"]);
  });

  test(`C505 the clock is set ${how}, relaxed: what was done is stored in time, and no handler runs too far ahead`, async () => {
    const timers = manualTimers(NOON);
    const store = heldStore();
    const process = new StoredFlowProcess({
      store,
      timers,
      durability: { mode: "relaxed", flushMs: 50 },
      work: () => new Promise<void>((resolve) => void timers.after(20, resolve)),
    });
    const job = process.start(Array.from({ length: 20 }, (_, n) => n));
    await timers.advance(25);
    await timers.setClock(timers.now() + by);
    const before = store.appends.length;
    await timers.advance(60);
    assertEquals(store.appends.length > before, true);
    store.hold();
    await timers.advance(60);
    await timers.setClock(timers.now() - by);
    const begun = process.begun.length;
    await timers.advance(10_000);
    assertEquals(process.begun.length <= begun + 3, true, `${process.begun.length - begun} more have begun`);
    store.release();
    await timers.advance(1_000);
    assertEquals(job.status, "completed");
  });
}

test("a job whose owner's clock was set forward is due for others when its deadline passes, not later", async () => {
  const timers = manualTimers(NOON);
  const store = memoryStore();
  const process = new StoredFlowProcess({
    // By its clock, the deadline has not passed.
    store: { ...store, inbox: (life, after) => store.inbox(life, after, NOON) },
    timers,
    work: (_n, ctx) => void ctx.expect("input", { timeoutMs: 60_000 }),
  });
  const worker = process.engine.work({ drainMs: 0 });
  await process.flow.start("source", { items: [1] }, { jobId: "job" });
  await timers.advance(100);
  const [waiting] = (await process.engine.handle("job").read()).pendingTasks;
  await timers.setClock(timers.now() + HOUR);
  const stopped = worker.stop();
  await timers.advance(100);
  await stopped;
  const { dueAt, owner } = await store.find("job") ?? {};
  assertEquals([dueAt, owner], [Date.parse(waiting?.awaiting?.until ?? ""), undefined]);
});
