import { assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { type Context, FencedError } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { lateStore } from "../support/late_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

// A job that was deleted and created anew under its id is another one: who has the former one does not get the present one for it.

const STORES = { "at once": memoryStore, "later": lateStore };
const START = { jobId: "job" };

const asking = (n: number, ctx: Context) => n === 1 ? void ctx.expect("input") : undefined;

async function recreate(store: Store, items: readonly number[], timers: StoredFlowProcess["timers"]) {
  const former = await store.find("job");
  if (former !== undefined) await store.delete(former);
  const process = new StoredFlowProcess({ store, timers, work: asking });
  await process.flow.start("source", { items }, START);
  return process;
}

/** A store with a paused job of epoch 1, and a process that has opened it. */
async function openPaused(createStore: () => Store) {
  const store = createStore();
  const owner = new StoredFlowProcess({ store, work: asking });
  const made = owner.start([1]);
  await owner.settle();
  await owner.flow.pause(made);
  await owner.settle();
  const process = new StoredFlowProcess({ store: { ...store }, timers: owner.timers, work: asking });
  return { data: store, process, ...await process.engine.open("job") };
}

for (const [name, createStore] of Object.entries(STORES)) {
  test(`C549 a job that was read goes on only in the life that it had then: a store that answers ${name}`, async () => {
    const { data, process, flow, job } = await openPaused(createStore);
    const { timers } = process;
    const next = await recreate(data, [2], timers);
    await next.engine.recover();
    await timers.flush();
    const before = await data.find("job");
    assertEquals([before?.epoch, before?.status], [1, "completed"]);
    flow.resume(job);
    const lost = assertRejects(() => flow.waitForCompletion(job), FencedError, "the store has none of it");
    await timers.flush();
    await lost;
    assertEquals([await data.find("job"), process.begun, next.begun], [before, [], [2]]);
  });

  test(`C549 a claim that is repeated as its answer was lost is one of the same life: a store that answers ${name}`, async () => {
    const { data, process, flow, job } = await openPaused(createStore);
    const { timers, store } = process;
    store.claim = async ({ owner, incarnation, now }) => {
      store.claim = data.claim;
      // The engine has the present job by a take whose answer is under way.
      await recreate(data, [2], timers);
      await data.take({ owner, incarnation, now, limit: 1 });
      throw new Error("the connection was lost");
    };
    flow.resume(job);
    const lost = assertRejects(() => flow.waitForCompletion(job), FencedError, "the store has none of it");
    await timers.advance(1_000);
    await lost;
    const { epoch, revision, status } = await data.find("job") ?? {};
    assertEquals([epoch, revision, status, process.begun], [1, 0, "pending", []]);
  });

  test(`C549 whoever executes a job by an id that is deleted and created anew just then follows the present one: a store that answers ${name}`, async () => {
    const { data, process } = await openPaused(createStore);
    const { timers, store } = process;
    await recreate(data, [1], timers);
    store.claim = async (query) => {
      store.claim = data.claim;
      await recreate(data, [2], timers);
      return await data.claim(query);
    };
    const job = process.start([3]);
    await timers.flush();
    assertEquals([job.status, process.begun], ["completed", [2]]);
    assertEquals((await data.find("job"))?.status, "completed");
  });
}
