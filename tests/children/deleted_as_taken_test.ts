import { assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { type Context, StateError } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { FamilyProcess } from "../support/family_process.ts";
import { createLatch } from "../support/latch.ts";
import { lateStore } from "../support/late_store.ts";

// A job is deleted while another engine looks for jobs that are due: one of both has it.

const CHILD = "job/1/0/0";
const asking = (_n: number, ctx: Context) => ctx.expect("answer");

/** A parent whose child is due, an engine that takes it, and one that deletes it. */
async function withChild(createStore: () => Store) {
  const data = createStore();
  const timers = manualTimers();
  const parent = new FamilyProcess(timers, { store: data });
  const worker = parent.engine.work({ flows: ["sum"], idleMs: Infinity });
  await parent.flow.start("sum", { items: [1] }, { jobId: "job" });
  await timers.advance(1_000);
  const store: Store = { ...data };
  const deleter = new FamilyProcess(timers, { store });
  const taker = new FamilyProcess(timers, { store: data, work: asking });
  return { data, timers, parent, worker, store, deleter, taker };
}

for (const [name, createStore] of Object.entries({ "at once": memoryStore, "later": lateStore })) {
  test(`C567 a job that another engine takes just before it is deleted is refused, and goes on: a store that answers ${name}`, async () => {
    const { data, timers, parent, worker, store, deleter, taker } = await withChild(createStore);
    store.find = async (jobId) => {
      store.find = data.find;
      const record = await data.find(jobId);
      await taker.engine.recover();
      return record;
    };
    const why = `Cannot delete job "${CHILD}": another engine has just taken it; cancel it first`;
    await assertRejects(() => deleter.engine.delete(CHILD), StateError, why);
    await timers.advance(1_000);
    assertEquals([taker.begun, (await data.find(CHILD))?.status, parent.ends], [[1], "running", []]);
    await worker.stop();
  });

  test(`C567 a job that is being deleted is taken by nobody, and is free again when it cannot be: a store that answers ${name}`, async () => {
    for (const isDeleted of [true, false]) {
      const { data, timers, parent, worker, store, deleter, taker } = await withChild(createStore);
      const gate = createLatch();
      store.send = async (to, command) => {
        await gate.passed;
        if (!isDeleted) throw new Error("the store has failed");
        return await data.send(to, command);
      };
      const deleting = deleter.engine.delete(CHILD).catch((error: unknown) => error instanceof StateError);
      // Longer than a lease.
      await timers.advance(45_000);
      assertEquals([(await taker.engine.recover()).jobs, taker.begun], [[], []]);
      gate.open();
      await timers.advance(60_000);
      assertEquals(await deleting, true);
      await taker.engine.recover();
      await timers.flush();
      assertEquals((await data.find(CHILD))?.status, isDeleted ? undefined : "running");
      assertEquals([taker.begun, parent.ends.length], isDeleted ? [[], 1] : [[1], 0]);
      await worker.stop();
    }
  });
}
