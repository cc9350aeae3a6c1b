import { assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { lateStore } from "../support/late_store.ts";
import { StoredFlowProcess, type Work } from "../support/stored_flow_process.ts";

// Whoever closes an engine says for how long, also where workers have the jobs.

const STEP_MS = 400;

/** A process whose worker has begun with the first of ten items, each of which takes a while. */
async function working(store: Store): Promise<StoredFlowProcess> {
  const timers = manualTimers();
  const work = () => new Promise<void>((resolve) => void timers.after(STEP_MS, resolve));
  const process = new StoredFlowProcess({ store, timers, work });
  await process.flow.start("source", { items: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }, { jobId: "job" });
  process.engine.work();
  await timers.advance(STEP_MS / 2);
  assertEquals(process.begun, [1]);
  return process;
}

for (const [name, createStore] of [["at once", memoryStore], ["later", lateStore]] as const) {
  test(`C561 no handler begins after an engine is closed without draining, with a store that answers ${name}`, async () => {
    const process = await working(createStore());
    const closed = process.engine.close({ drain: false });
    await process.timers.advance(STEP_MS / 2);
    await closed;
    assertEquals([process.begun, process.told("released").length, process.timers.size], [[1], 1, 0]);
  });

  test(`C561 workers drain no longer than the engine is given, nor than they are themselves, with a store that answers ${name}`, async () => {
    const process = await working(createStore());
    const closed = process.engine.close({ timeoutMs: STEP_MS });
    await process.timers.advance(2 * STEP_MS);
    await closed;
    assertEquals(process.begun, [1, 2]);
    const patient = await working(createStore());
    const closing = patient.engine.close({ timeoutMs: 60_000 });
    await patient.timers.advance(10_000);
    await closing;
    assertEquals(patient.begun.length, 10);
  });

  test(`C561 a signal ends the wait for workers with its reason, and another call closes the engine, with a store that answers ${name}`, async () => {
    const process = await working(createStore());
    const abort = new AbortController();
    const closed = assertRejects(() => process.engine.close({ signal: abort.signal }), RangeError, "long enough");
    await process.timers.advance(STEP_MS);
    abort.abort(new RangeError("long enough"));
    await closed;
    assertEquals((await process.store.find("job"))?.status, "running", "the store is open");
    const again = process.engine.close({ drain: false });
    await process.timers.advance(STEP_MS);
    await again;
    assertEquals(process.begun, [1, 2]);
  });

  test(`C566 a flow that is shut down lets go of its jobs in a store, and another engine goes on at once, with a store that answers ${name}`, async () => {
    const store = createStore();
    const first = new StoredFlowProcess({ store, work: (_, ctx) => ctx.expect("input") });
    const job = first.start([1]);
    await first.settle();
    const down = first.flow.shutdown();
    await first.settle();
    await down;
    assertEquals([job.status, job.pausePoints, first.told("released").length], ["running", [], 1]);
    const second = new StoredFlowProcess({ store, timers: first.timers });
    second.engine.work();
    await second.engine.handle("job").deliver({ routine: "worker", slot: "input" }, { n: 2 });
    await first.timers.advance(1_000);
    assertEquals([(await store.find("job"))?.status, second.begun], ["completed", [2]]);
  });

  test(`C561 an engine that is closed once more asks nothing of its store, with a store that answers ${name}`, async () => {
    const work: Work = (_, { signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const process = new StoredFlowProcess({ store: createStore(), work });
    process.start([1]);
    await process.settle();
    const closed = process.engine.close({ drain: false });
    await process.timers.advance(1_000);
    await closed;
    await process.settle();
    await process.engine.close();
    assertEquals(process.told("engine_error"), []);
  });
}
