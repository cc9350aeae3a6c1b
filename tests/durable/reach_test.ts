import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type Context, FencedError, Flow, type JobState, Registry, Routine, StateError } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { createLatch } from "../support/latch.ts";
import { lateStore } from "../support/late_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

// A call reaches a job that is live here. A job of the store that is not is never changed past whoever has it.

const STORES = { "a store that answers at once": memoryStore, "a store that answers later": lateStore };
const INPUT = { routine: "worker", slot: "input" };
const askFirst = (n: number, ctx: Context) => {
  if (n === 1) ctx.expect("input");
  ctx.shared.update("sum", (sum) => Number(sum ?? 0) + n);
};

async function openIn(process: StoredFlowProcess): Promise<JobState> {
  return (await process.engine.open("job")).job;
}

/** Leaves a job to whoever takes it when the lease of its process has ended. */
async function leaveRunning(store: Store, jobId: string): Promise<void> {
  const process = new StoredFlowProcess({ store, work: () => new Promise<void>(() => {}) });
  process.start([1], jobId);
  await process.settle();
}

for (const [name, createStore] of Object.entries(STORES)) {
  test(`C483 deliver and cancel on an opened job are refused with ${name}, and a command reaches it`, async () => {
    const store = createStore();
    const owner = new StoredFlowProcess({ store, work: askFirst });
    owner.start([1]);
    await owner.settle();
    await owner.engine.shutdown();
    const web = new StoredFlowProcess({ store, timers: owner.timers, work: askFirst });
    const job = await openIn(web);
    const before = await store.find("job");
    const text = 'it is in the store, and not live here; engine.handle("job") reaches it';
    assertThrows(() => web.flow.deliver(job, "worker", "input", { n: 2 }), StateError, text);
    assertThrows(() => web.flow.cancel(job), StateError, text);
    await web.settle();
    assertEquals(await store.find("job"), before);
    await web.engine.handle("job").deliver(INPUT, { n: 2 });
    const worker = new StoredFlowProcess({ store, timers: owner.timers, work: askFirst });
    const { jobs } = await worker.engine.recover();
    await worker.settle();
    assertEquals([jobs.length, jobs[0]?.job.status, jobs[0]?.job.sharedData.sum], [1, "completed", 3]);
  });

  test(`C492 a job that is live in another engine is not taken away by resume with ${name}`, async () => {
    const store = createStore();
    const owner = new StoredFlowProcess({ store, work: askFirst, durability: { owner: "first" } });
    const job = owner.start([1]);
    await owner.settle();
    const other = new StoredFlowProcess({ store, timers: owner.timers, work: askFirst });
    const opened = await openIn(other);
    const text = 'it is live in the engine of owner "first"';
    assertThrows(() => other.flow.resume(opened), StateError, text);
    assertThrows(() => other.flow.deliver(opened, "worker", "input", { n: 2 }), StateError, text);
    assertThrows(() => other.flow.cancel(opened), StateError, text);
    owner.flow.deliver(job, "worker", "input", { n: 2 });
    await owner.settle();
    assertEquals([job.status, other.begun], ["completed", []]);
  });

  test(`C484 a job that was lost takes no calls, and all who wait are told the same with ${name}`, async () => {
    const store = createStore();
    const owner = new StoredFlowProcess({ store, work: askFirst, durability: { leaseMs: 3_000 } });
    const job = owner.start([1]);
    await owner.settle();
    const before = owner.flow.waitForCompletion(job);
    const other = new StoredFlowProcess({ store, work: askFirst });
    await other.timers.advance(10_000);
    const { jobs } = await other.engine.recover();
    await other.settle();
    const lost = assertRejects(() => before, FencedError);
    await owner.timers.advance(1_000);
    await lost;
    await assertRejects(() => owner.flow.waitForCompletion(job), FencedError);
    await assertRejects(() => owner.flow.waitUntil(job, () => true), FencedError);
    await assertRejects(() => owner.flow.settle(job), FencedError);
    assertThrows(() => owner.flow.deliver(job, "worker", "input", { n: 2 }), StateError);
    assertThrows(() => owner.flow.cancel(job), StateError);
    assertEquals(owner.told("lost").map(({ jobId, error }) => [jobId, error instanceof FencedError]), [["job", true]]);
    assertEquals(jobs.map(({ job }) => job.status), ["running"]);
  });

  test(`C486 recoveries that overlap run each handler once with ${name}`, async () => {
    const store = createStore();
    const first = new StoredFlowProcess({ store, work: () => new Promise<void>(() => {}) });
    first.start([1]);
    await first.settle();
    await first.timers.advance(100);
    const other = new StoredFlowProcess({ store, work: askFirst });
    await other.timers.advance(60_000);
    const found = await Promise.all([other.engine.recover(), other.engine.recover(), other.engine.recover()]);
    await other.settle();
    const after = await other.engine.recover();
    assertEquals([...found, after].map(({ jobs, errors }) => [jobs.length, errors.length]), [[1, 0], [0, 0], [0, 0], [
      0,
      0,
    ]]);
    assertEquals(other.begun, [1]);
    await other.engine.handle("job").deliver(INPUT, { n: 2 });
    await other.settle();
    assertEquals((await openIn(other)).status, "completed");
  });

  test(`C486 an answer that comes when the job has gone on here by a later claim is dropped, with ${name}`, async () => {
    const data = createStore();
    const gate = createLatch();
    const store: Store = {
      ...data,
      take: async (query) => {
        const answer = await data.take(query);
        await gate.passed;
        return answer;
      },
    };
    await leaveRunning(data, "job-1");
    const other = new StoredFlowProcess({ store, work: askFirst });
    await other.timers.advance(60_000);
    const recovery = other.engine.recover();
    await other.settle();
    const { flow, job } = await other.engine.open("job-1");
    flow.resume(job);
    await other.settle();
    gate.open();
    await other.settle();
    assertEquals([(await recovery).jobs, other.begun, job.status], [[], [1], "running"]);
  });

  test(`C486 a job that has gone on here while those before it were taken up is not taken up again, with ${name}`, async () => {
    const data = createStore();
    const gate = createLatch();
    let isSlow = true;
    const store: Store = {
      ...data,
      append: async (claim, ...args) => {
        if (claim.jobId === "job-1" && isSlow) await gate.passed;
        return await data.append(claim, ...args);
      },
    };
    const owner = new StoredFlowProcess({ store: data, work: (_, ctx) => ctx.pause() });
    owner.start([1], "job-1");
    await owner.settle();
    await leaveRunning(data, "job-2");
    const other = new StoredFlowProcess({ store, work: askFirst });
    await other.timers.advance(60_000);
    // That is carried out before the other job is taken up.
    await other.engine.handle("job-1").cancel();
    const recovery = other.engine.recover();
    await other.settle();
    const { flow, job } = await other.engine.open("job-2");
    flow.resume(job);
    await other.settle();
    isSlow = false;
    gate.open();
    await other.settle();
    assertEquals([(await recovery).jobs.map(({ job }) => job.jobId), other.begun, job.status], [[], [1], "running"]);
  });

  for (const held of ["claim", "inbox", "append"] as const) {
    test(`C482 what is delivered while a job is paused, and a resume at once after it, both count: ${held} is slow, with ${name}`, async () => {
      const data = createStore();
      const store = { ...data };
      const owner = new StoredFlowProcess({ store, work: askFirst });
      const job = owner.start([1]);
      await owner.settle();
      const gate = createLatch();
      let isServing = false;
      const waits = async (method: typeof held) => {
        if (isServing && method === held) await gate.passed;
      };
      store.claim = async (query) => {
        isServing = true;
        const answer = await data.claim(query);
        await waits("claim");
        return answer;
      };
      store.inbox = async (...args) => {
        await waits("inbox");
        return await data.inbox(...args);
      };
      let isPausing = false;
      store.append = async (claim, revision, entries, head) => {
        if (head?.status === "paused" && !isPausing) {
          isPausing = true;
          // The engine lets go of the job, and claims it again for this.
          await owner.engine.handle("job").deliver(INPUT, { n: 2 });
        }
        await waits("append");
        return await data.append(claim, revision, entries, head);
      };
      await owner.flow.pause(job);
      owner.flow.resume(job);
      await owner.settle();
      gate.open();
      await owner.flow.waitForCompletion(job);
      assertEquals([job.status, job.sharedData.sum, owner.begun], ["completed", 3, [1, 2]]);
      assertEquals((await store.find("job"))?.status, "completed");
    });
  }

  test(`C485 an answer that was stored in time counts, though its deadline has passed when a process looks, with ${name}`, async () => {
    const store = createStore();
    const ask = (n: number, ctx: Context) => {
      if (n === 1) ctx.expect("input", { timeoutMs: 3_600_000 });
      ctx.shared.update("sum", (sum) => Number(sum ?? 0) + n);
    };
    const owner = new StoredFlowProcess({ store, work: ask });
    const { timers } = owner;
    owner.start([1]);
    await owner.settle();
    await owner.engine.shutdown();
    await timers.advance(1_800_000);
    const web = new StoredFlowProcess({ store, timers, work: ask });
    await web.engine.handle("job").deliver(INPUT, { n: 2 }, { key: "click" });
    await timers.advance(7_200_000);
    const worker = new StoredFlowProcess({ store, timers, work: ask });
    const { jobs } = await worker.engine.recover();
    await worker.settle();
    assertEquals(jobs.map(({ job }) => [job.status, job.sharedData.sum, job.error]), [["completed", 3, undefined]]);
  });

  test(`C485 a live job looks into its inbox before a deadline is decided with ${name}`, async () => {
    const inner = createStore();
    const { watch: _, ...store } = inner;
    const ask = (n: number, ctx: Context) => {
      if (n === 1) ctx.expect("input", { timeoutMs: 2_000 });
      ctx.shared.update("sum", (sum) => Number(sum ?? 0) + n);
    };
    const owner = new StoredFlowProcess({ store, work: ask });
    const job = owner.start([1]);
    await owner.timers.advance(1_000);
    const web = new StoredFlowProcess({ store, timers: owner.timers, work: ask });
    await web.engine.handle("job").deliver(INPUT, { n: 2 });
    await owner.timers.advance(1_500);
    assertEquals([job.status, job.sharedData.sum], ["completed", 3]);
  });

  test(`C495 commands are carried out in turn, each recorded with its effect, with ${name}`, async () => {
    const store = createStore();
    const pausing = (n: number, ctx: Context) => {
      if (n === 1) ctx.pause("for a person");
      askFirst(n, ctx);
    };
    const owner = new StoredFlowProcess({ store, work: pausing });
    const { timers } = owner;
    const job = owner.start([1]);
    await owner.flow.waitForCompletion(job);
    await owner.engine.handle("job").resume();
    await owner.engine.handle("job").deliver(INPUT, { n: 2 });
    const worker = new StoredFlowProcess({ store, timers, work: pausing });
    const { jobs, errors } = await worker.engine.recover();
    await worker.settle();
    assertEquals([errors, jobs.map(({ job }) => [job.status, job.sharedData.sum])], [[], [["completed", 3]]]);
    const opened = await openIn(new StoredFlowProcess({ store, work: pausing }));
    assertEquals([opened.status, opened.sharedData.sum, worker.told("command_error")], ["completed", 3, []]);
  });

  test(`a command after a pause waits until the job rests with ${name}`, async () => {
    const store = createStore();
    const gate = createLatch();
    const owner = new StoredFlowProcess({
      store,
      work: async (n, ctx) => {
        if (n === 1) await gate.passed;
        ctx.shared.update("sum", (sum) => Number(sum ?? 0) + n);
      },
    });
    owner.start([1, 2]);
    await owner.settle();
    await owner.engine.handle("job").pause({ graceMs: 60_000 });
    await owner.engine.handle("job").resume();
    await owner.settle();
    assertEquals((await store.find("job"))?.consumed, 0, "neither has had an effect");
    gate.open();
    await owner.settle();
    const opened = await openIn(owner);
    assertEquals([opened.status, opened.sharedData.sum, opened.pausePoints.length], ["completed", 3, 1]);
    assertEquals(owner.told("command_error"), []);
  });

  test(`a job that a command has resumed is let go when later ones find it at rest, with ${name}`, async () => {
    const { watch: _, ...store } = createStore();
    const owner = new StoredFlowProcess({ store, work: askFirst });
    owner.start([1]);
    await owner.settle();
    const handle = owner.engine.handle("job");
    await handle.pause();
    await handle.resume();
    await owner.timers.advance(2_000);
    assertEquals((await store.find("job"))?.status, "running");
    await handle.pause();
    await handle.deliver({ routine: "source", slot: "trigger" }, { items: [] });
    await owner.timers.advance(2_000);
    const record = await store.find("job");
    assertEquals([record?.owner, record?.status, record?.consumed], [undefined, "paused", 4]);
  });
}

test("C485 a deadline waits for a store that cannot read the inbox, and the answer in it counts", async () => {
  const { watch: _, ...store } = memoryStore();
  const { inbox } = store;
  let isDown = false;
  store.inbox = (...args) => {
    if (isDown) throw new Error("down");
    return inbox(...args);
  };
  const owner = new StoredFlowProcess({
    store,
    work: (n, ctx) => n === 1 ? void ctx.expect("input", { timeoutMs: 2_000 }) : ctx.shared.set("seen", n),
  });
  const job = owner.start([1]);
  await owner.timers.advance(1_000);
  await owner.engine.handle("job").deliver(INPUT, { n: 2 });
  isDown = true;
  await owner.timers.advance(5_000);
  assertEquals([job.status, job.sharedData.seen], ["running", undefined]);
  isDown = false;
  await owner.timers.advance(2_000);
  assertEquals([job.status, job.sharedData.seen], ["completed", 2]);
});

test("C491 execute with the id of another flow's live job is refused, and with that of its own joins it", async () => {
  const process = new StoredFlowProcess({ work: askFirst });
  const job = process.start([1]);
  class Other extends Routine {
    readonly trigger = this.addSlot("trigger", this.go);
    go(): void {}
  }
  const foreign = new Flow({ id: "foreign", engine: process.engine, registry: new Registry({ Other }) });
  foreign.addRoutine(new Other(), "other");
  const taken = 'its id is taken by a job of flow "workshop"';
  assertThrows(() => foreign.execute("other", {}, { jobId: "job" }), StateError, taken);
  await process.settle();
  const outputs: unknown[] = [];
  const controller = new AbortController();
  const again = process.flow.execute("source", {}, {
    jobId: "job",
    onOutput: (output) => void outputs.push(output.type),
    signal: controller.signal,
  });
  assertEquals([again.jobId, again.status], ["job", job.status]);
  controller.abort(new Error("enough"));
  await process.settle();
  assertEquals(job.status, "cancelled");
});
