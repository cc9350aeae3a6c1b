import { assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { createLatch } from "../support/latch.ts";
import { lateStore } from "../support/late_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

// Several engines of one process have one store object: whoever closes first closes nothing that the others need.

const STORES: Readonly<Record<string, () => Store>> = { "at once": memoryStore, "later": lateStore };

for (const [when, createStore] of Object.entries(STORES)) {
  test(`C539 an engine goes on when another one is closed that has the same store, which answers ${when}`, async () => {
    const store = createStore();
    let closes = 0;
    const shared = { ...store, close: () => (closes++, store.close()) };
    const timers = manualTimers();
    const latch = createLatch();
    const first = new StoredFlowProcess({ store: shared, timers });
    const second = new StoredFlowProcess({ store: shared, timers, work: () => latch.passed });
    await first.flow.run("source", { items: [1] }, { jobId: "of the first" });
    const job = second.flow.execute("source", { items: [2] }, { jobId: "of the second" });
    await second.settle();
    await first.engine.close();
    await first.engine.close();
    assertEquals(closes, 0);
    await timers.advance(60_000);
    latch.open();
    await second.flow.waitForCompletion(job);
    const worker = second.engine.work();
    const { status } = await (await second.flow.start("source", { items: [3] })).read();
    assertEquals([status, job.status, second.told("lost"), second.told("engine_error")], [
      "pending",
      "completed",
      [],
      [],
    ]);
    await worker.stop();
    await assertRejects(() => first.flow.start("source"), TypeError, "its engine is closed; make a new one");
    await second.engine.close();
    assertEquals(closes, 1);
    await assertRejects(async () => await shared.find("of the first"), Error, "closed");
  });

  test(`C539 a job whose handler outlives its closed engine is free for another one with the same store, which answers ${when}`, async () => {
    const store = createStore();
    const timers = manualTimers();
    const latch = createLatch();
    const first = new StoredFlowProcess({ store, timers, work: () => latch.passed });
    const second = new StoredFlowProcess({ store, timers });
    first.flow.execute("source", { items: [1] }, { jobId: "job" });
    await first.settle();
    const closing = first.engine.close({ drain: false, timeoutMs: 0 });
    await timers.advance(5_000);
    await closing;
    const worker = second.engine.work();
    await timers.advance(60_000);
    assertEquals([(await store.find("job"))?.status, second.begun], ["completed", [1]]);
    latch.open();
    await first.settle();
    assertEquals((await store.find("job"))?.status, "completed");
    await worker.stop();
    await second.engine.close();
  });
}
