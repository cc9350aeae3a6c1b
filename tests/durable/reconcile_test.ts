import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { reconcile } from "../../src/engine/durable/reconcile.ts";
import type { StoreSession } from "../../src/engine/durable/store_session.ts";
import { hostOf } from "../../src/engine/execution/engine_host.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { createLatch, type Latch } from "../support/latch.ts";
import { lateStore } from "../support/late_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

// What an engine finds out about the jobs that the store has as its own.

/** An engine that has, by a take whose answer was lost, a job of which it does not know. */
async function withUnknownJob(store: Store): Promise<{ process: StoredFlowProcess; look: () => Promise<boolean> }> {
  const process = new StoredFlowProcess({ store, work: (n, ctx) => n === 1 ? void ctx.expect("input") : undefined });
  process.start([1], "known");
  await process.settle();
  await process.flow.start("source", { items: [1] }, { jobId: "job" });
  const session = sessionOf(process);
  const lease = await session.ownership.enter();
  await store.take({ ...lease, now: process.timers.now(), limit: 1 });
  return { process, look: () => session.reconcile() };
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

function sessionOf({ engine }: StoredFlowProcess): StoreSession {
  const { store } = hostOf(engine, "Cannot test");
  if (store === undefined) throw new TypeError("the engine has no store");
  return store.session;
}

test("a job that an engine has and does not know is taken up, and from the next look on all are known", async () => {
  const { process, look } = await withUnknownJob(memoryStore());
  assertEquals(await look(), false);
  await process.settle();
  assertEquals(sessionOf(process).liveJob("job")?.status, "running");
  assertEquals(await look(), true);
});

test("a job that another look of the same engine has claimed is not known before it was taken up", async () => {
  const data = memoryStore();
  const store: Store = { ...data };
  const { process, look } = await withUnknownJob(store);
  const lease = await sessionOf(process).ownership.enter();
  const claimed = async () => {
    const record = await data.find("job");
    await data.claim({ ...lease, now: process.timers.now(), jobs: record === undefined ? [] : [record] });
  };
  // Between its two looks, and between the second one and its claim.
  let looks = 0;
  store.held = async (owner) => {
    if (++looks === 2) await claimed();
    return await data.held(owner);
  };
  assertEquals(await look(), false);
  store.held = data.held;
  store.claim = async (query) => {
    await claimed();
    return await data.claim(query);
  };
  assertEquals(await look(), false);
  await process.settle();
  assertEquals(sessionOf(process).liveJob("job"), undefined);
  store.claim = data.claim;
  assertEquals([await look(), await look()], [false, true]);
});

test("without a lease, with a new one, or with a store that fails it is not known which jobs an engine has", async () => {
  const data = memoryStore();
  const store: Store = { ...data };
  const { process, look } = await withUnknownJob(store);
  const session = sessionOf(process);
  store.held = () => {
    throw new Error("the connection was lost");
  };
  assertEquals(await look(), false);
  assertEquals(process.told("engine_error").length, 1);
  const { lease } = session.ownership;
  for (const last of [1, 2, 3]) {
    let calls = 0;
    // The lease is another one from the second, the third, the fourth question on.
    session.ownership.lease = (...args) => {
      const now = Reflect.apply(lease, session.ownership, args);
      return calls++ < last ? now : undefined;
    };
    store.held = data.held;
    assertEquals(await reconcile(session, [], () => []), false);
  }
  session.ownership.lease = () => undefined;
  assertEquals(await look(), false);
});

for (const [name, createStore] of Object.entries({ "at once": memoryStore, "later": lateStore })) {
  test(`a job stays with its engine while that reads again what it is, as the store has refused its end at rest: a store that answers ${name}`, async () => {
    const inner = createStore();
    let reading: Latch | undefined;
    let before: (() => Promise<void>) | undefined;
    const process = new StoredFlowProcess({
      store: {
        ...inner,
        append: async (claim, revision, entries, head) => {
          if (head?.status === "cancelled") await before?.();
          return await inner.append(claim, revision, entries, head);
        },
        load: async (jobId) => {
          await reading?.passed;
          return await inner.load(jobId);
        },
      },
    });
    const { flow, engine, timers } = process;
    // Its lease is renewed, and it looks for what it has.
    const worker = engine.work({ queues: ["other"] });
    const handle = await flow.start("source", { items: [1] }, { jobId: "job" });
    await handle.pause();
    // The cancel is carried out when the job rests, and another command comes before it is stored.
    const job = flow.execute("source", {}, { jobId: "job" });
    flow.cancel(job);
    before = async () => {
      before = undefined;
      reading = createLatch();
      await handle.resume();
    };
    await timers.advance(15_000);
    assertEquals([reading !== undefined, (await inner.find("job"))?.status], [true, "paused"]);
    const told = () => process.events.flatMap((it) => it.type === "lost" || it.type === "taken" ? [it.type] : []);
    assertEquals(told(), []);
    reading?.open();
    await timers.advance(60_000);
    assertEquals([told(), process.events.filter(({ type }) => type === "command_error").length], [[], 1]);
    await engine.recover();
    await timers.advance(1_000);
    assertEquals((await handle.read()).status, "completed");
    await worker.stop();
  });
}

for (const [name, createStore] of Object.entries({ "at once": memoryStore, "later": lateStore })) {
  test(`C542 an engine gives up a job that was deleted, and takes up the one that it has under the id since then: a store that answers ${name}`, async () => {
    const store = createStore();
    const process = new StoredFlowProcess({ store, work: (n, ctx) => n === 1 ? untilAborted(ctx.signal) : undefined });
    process.start([1]);
    await process.settle();
    const former = await store.find("job");
    if (former === undefined) throw new TypeError("the job is not stored");
    await store.delete(former);
    await new StoredFlowProcess({ store, timers: process.timers }).flow.start("source", { items: [2] }, {
      jobId: "job",
    });
    // The answer to this call has been lost.
    const { owner = "", incarnation = 0 } = former;
    const present = await store.find("job");
    const claim = { owner, incarnation, now: process.timers.now(), jobs: present === undefined ? [] : [present] };
    assertEquals((await store.claim(claim)).jobs.length, 1);
    await process.timers.advance(60_000);
    assertEquals([process.begun, (await store.find("job"))?.status], [[1, 2], "completed"]);
    assertEquals(process.told("lost").map(({ jobId }) => jobId), ["job"]);
  });
}
