import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import type { QueueOptions } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { createLatch } from "../support/latch.ts";
import { lateStore } from "../support/late_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

// A queue that has no place for a job does not hold back what is asked of the job: that is carried out, and no handler runs for it.

const STORES = { "a store that answers at once": memoryStore, "a store that answers later": lateStore };

/** Queues that have a place for one of three jobs. */
const FULL: Readonly<Record<string, Omit<QueueOptions, "name">>> = {
  globalConcurrency: { globalConcurrency: 1 },
  rate: { rate: { count: 1, perMs: 3_600_000 } },
  concurrency: { concurrency: 1 },
  "both limits": { concurrency: 1, globalConcurrency: 1 },
};

async function start(process: StoredFlowProcess): Promise<void> {
  const items = [0, 1, 2].map((n) => ({ jobId: `mail ${n}`, queue: "mail", params: { items: [n] } }));
  await process.flow.startMany("source", items);
}

const statusesOf = async ({ engine }: StoredFlowProcess) =>
  (await engine.list({ queue: "mail" })).jobs.map(({ status, owner }) => [status, owner !== undefined]);

for (const [name, createStore] of Object.entries(STORES)) {
  for (const [limit, limits] of Object.entries(FULL)) {
    test(
      `C530 a job is cancelled, paused and resumed while its queue is full by its ${limit}, with ${name}`,
      async () => {
        const gate = createLatch();
        const process = new StoredFlowProcess({ store: createStore(), work: () => gate.passed });
        await start(process);
        // Only what is told wakes it.
        const worker = process.engine.work({ queues: [{ name: "mail", ...limits }], pollMs: 3_500_000 });
        await process.timers.advance(1_000);
        assertEquals(await statusesOf(process), [["running", true], ["pending", false], ["pending", false]]);
        await process.engine.handle("mail 1").cancel();
        await process.engine.handle("mail 2").pause();
        await process.timers.advance(1_000);
        assertEquals(await statusesOf(process), [["running", true], ["cancelled", false], ["paused", false]]);
        await process.engine.handle("mail 2").resume();
        await process.timers.advance(1_000);
        assertEquals(await statusesOf(process), [["running", true], ["cancelled", false], ["running", false]]);
        assertEquals([process.begun, worker.size], [[0], 1]);
        gate.open();
        await process.timers.advance(3_600_000);
        assertEquals((await statusesOf(process)).map(([status]) => status), ["completed", "cancelled", "completed"]);
        assertEquals(process.begun, [0, 2]);
        await worker.stop();
      },
    );
  }

  test(`C530 a worker without room carries out what is asked of other jobs, with ${name}`, async () => {
    const gate = createLatch();
    const process = new StoredFlowProcess({ store: createStore(), work: () => gate.passed });
    await start(process);
    const worker = process.engine.work({ concurrency: 1 });
    await process.timers.advance(1_000);
    await process.engine.handle("mail 1").cancel();
    await process.timers.advance(100);
    assertEquals(await statusesOf(process), [["running", true], ["cancelled", false], ["pending", false]]);
    gate.open();
    await process.timers.advance(1_000);
    assertEquals([process.begun, worker.size], [[0, 2], 0]);
    await worker.stop();
  });

  test(`C530 an answer is taken in while the queue of its job is full, and is in time, with ${name}`, async () => {
    const gate = createLatch();
    const process = new StoredFlowProcess({
      store: createStore(),
      work: (n, ctx) => n === 0 ? ctx.expect("input", { timeoutMs: 60_000 }) : n === 1 ? gate.passed : undefined,
    });
    await start(process);
    const queues = [{ name: "mail", globalConcurrency: 1 }];
    const worker = process.engine.work({ queues, idleMs: 100, pollMs: 3_500_000 });
    await process.timers.advance(1_000);
    assertEquals([process.begun, worker.size], [[0, 1], 1]);
    const handle = process.engine.handle("mail 0");
    await handle.deliver({ routine: "worker", slot: "input" }, { n: 7 }, { key: "answer" });
    await process.timers.advance(1_000);
    assertEquals(await handle.command("answer"), { status: "done" });
    assertEquals([process.begun, worker.size], [[0, 1], 1]);
    await process.timers.advance(120_000);
    gate.open();
    await process.timers.advance(1_000);
    assertEquals([(await handle.read()).status, process.begun], ["completed", [0, 1, 2, 7]]);
    await worker.stop();
  });

  test(`C530 a job whose answer was lost when it was taken without a place runs no handler, with ${name}`, async () => {
    const inner = createStore();
    const timers = manualTimers();
    const gate = createLatch();
    let losses = 1;
    const store: Store = {
      ...inner,
      async take(query) {
        const answer = await inner.take(query);
        if (query.unread === true && answer.jobs.length > 0 && losses-- > 0) throw new Error("the answer is lost");
        return answer;
      },
    };
    const process = new StoredFlowProcess({ store, timers, work: () => gate.passed });
    await start(process);
    const worker = process.engine.work({ queues: [{ name: "mail", globalConcurrency: 1 }] });
    await timers.advance(1_000);
    await process.engine.handle("mail 1").resume({ key: "resume" });
    await timers.advance(120_000);
    assertEquals([losses, await process.engine.handle("mail 1").command("resume")], [0, { status: "done" }]);
    assertEquals([process.begun, worker.size], [[0], 1]);
    gate.open();
    await timers.advance(60_000);
    assertEquals([...process.begun].sort(), [0, 1, 2]);
    assert((await statusesOf(process)).every(([status]) => status === "completed"));
    await worker.stop();
  });

  test(`C530 many jobs of a full queue are cancelled together, whatever its rate, with ${name}`, async () => {
    const store = createStore();
    const timers = manualTimers();
    const [one, other] = [new StoredFlowProcess({ store, timers }), new StoredFlowProcess({ store, timers })];
    const items = Array.from({ length: 50 }, (_, n) => ({ jobId: `mail ${n}`, queue: "mail", params: { items: [n] } }));
    await one.flow.startMany("source", items);
    const queues = [{ name: "mail", rate: { count: 1, perMs: 3_600_000 } }];
    const workers = [one, other].map(({ engine }) => engine.work({ queues }));
    await timers.advance(2_000);
    for (const { jobId } of items) await one.engine.handle(jobId).cancel().catch(() => {});
    await timers.advance(5_000);
    const count = async (status: string) => await one.engine.count({ status });
    assertEquals([await count("completed"), await count("cancelled")], [1, 49]);
    await Promise.all(workers.map((it) => it.stop()));
  });
}

for (const [name, createStore] of Object.entries(STORES)) {
  test(`C530 a cancel from here of a job without a place that the store refuses is told to the observer, with ${name}`, async () => {
    const inner = createStore();
    const [gate, begins] = [createLatch(), createLatch()];
    let pauses = 1;
    const store: Store = {
      ...inner,
      async append(claim, revision, entries, head) {
        if (claim.jobId === "mail 1") await begins.passed;
        // A command comes before the job could end.
        if (head?.endedAt !== undefined && pauses-- > 0) await process.engine.handle("mail 1").pause();
        return await inner.append(claim, revision, entries, head);
      },
    };
    const process: StoredFlowProcess = new StoredFlowProcess({ store, work: () => gate.passed });
    await start(process);
    const worker = process.engine.work({ queues: [{ name: "mail", globalConcurrency: 1 }], pollMs: 3_500_000 });
    await process.timers.advance(1_000);
    await process.engine.handle("mail 1").deliver({ routine: "worker", slot: "input" }, { n: 7 });
    await process.timers.advance(1_000);
    const { flow, job } = await process.engine.open("mail 1");
    flow.cancel(job);
    begins.open();
    await process.timers.advance(5_000);
    assertEquals(process.told("command_error").map(({ key }) => key), ["cancel"]);
    assertEquals([(await inner.find("mail 1"))?.status, process.begun], ["paused", [0]]);
    gate.open();
    await process.timers.advance(1_000);
    await worker.stop();
  });
}
