import { assertEquals } from "@std/assert";
import { test } from "node:test";
import type { Context } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { FamilyProcess } from "../support/family_process.ts";
import { createLatch } from "../support/latch.ts";
import { lateStore } from "../support/late_store.ts";

// A child that is started while its parent is being deleted goes with it, as the other children do.

const STORES = { "at once": memoryStore, "later": lateStore };

const asking = (_n: number, ctx: Context) => ctx.expect("answer");

/** A process whose first child is created when `gate` opens: `isLate` says that only the answer waits for that. */
function heldBack(data: Store, isLate = false, detached = false) {
  const gate = createLatch();
  const store: Store = {
    ...data,
    create: async (jobs) => {
      if (jobs.some(({ parentId }) => parentId !== undefined)) {
        store.create = data.create;
        if (!isLate) await gate.passed;
        const answers = await data.create(jobs);
        await gate.passed;
        return answers;
      }
      return await data.create(jobs);
    },
  };
  const process = new FamilyProcess(manualTimers(), { store, work: asking });
  const start = () => process.flow.start("sum", { items: [1], detached }, { jobId: "job" });
  const remove = (jobId = "job") => removeFrom(data, jobId);
  return { process, gate, start, remove };
}

async function removeFrom(store: Store, jobId: string): Promise<void> {
  const record = await store.find(jobId);
  assertEquals(record && await store.delete(record), true);
}

async function childOf(store: Store) {
  const { status, dueAt, owner } = await store.find("job/1/0/0") ?? {};
  return [status, dueAt, owner];
}

for (const [name, createStore] of Object.entries(STORES)) {
  for (
    const [when, isLate, ms] of [
      ["before it is created", false, 0],
      ["before that is known", true, 0],
      ["and its engine has found that out", false, 60_000],
    ] as const
  ) {
    test(`C556 a child goes with its parent that is deleted ${when}: a store that answers ${name}`, async () => {
      const data = createStore();
      const { process, gate, start, remove } = heldBack(data, isLate);
      const { engine, timers } = process;
      const worker = engine.work({ idleMs: 500 });
      await start();
      await timers.advance(1_000);
      await remove();
      await timers.advance(ms);
      gate.open();
      await timers.advance(60_000);
      assertEquals(await childOf(data), ["cancelled", undefined, undefined]);
      process.begun.length = 0;
      await start();
      await timers.advance(5_000);
      assertEquals([process.begun, process.ends, await childOf(data)], [[1], [], ["running", undefined, undefined]]);
      await worker.stop();
    });
  }

  test(`C556 a detached child stays that was started as its parent was deleted: a store that answers ${name}`, async () => {
    const data = createStore();
    const { process, gate, start, remove } = heldBack(data, false, true);
    const worker = process.engine.work({ idleMs: 500 });
    await start();
    await process.timers.advance(1_000);
    await remove();
    gate.open();
    await process.timers.advance(60_000);
    assertEquals(await childOf(data), ["running", undefined, undefined]);
    await worker.stop();
  });

  test(`C556 a child that a process has started just before it died, of a parent that was deleted, makes room for one of the next: a store that answers ${name}`, async () => {
    const data = createStore();
    const { process: { engine, timers }, start, remove } = heldBack(data, true);
    engine.work({ flows: ["sum"] });
    await start();
    await timers.advance(1_000);
    await remove();
    assertEquals(await childOf(data), ["pending", 0, undefined]);
    // The first process hears of nothing any more.
    const next = new FamilyProcess(manualTimers(timers.now()), { store: data, work: asking });
    const worker = next.engine.work({ idleMs: 500 });
    await next.timers.advance(5_000);
    assertEquals([next.begun, await childOf(data)], [[1], ["running", undefined, undefined]]);
    await next.flow.start("sum", { items: [1] }, { jobId: "job" });
    await next.timers.advance(5_000);
    assertEquals([next.begun, next.ends, await childOf(data)], [[1, 1], [], ["running", undefined, undefined]]);
    await worker.stop();
  });

  for (
    const [what, isLater] of [
      ["C556 a child of the next job", true],
      ["C557 a child of the next job, which was made at the same instant,", false],
    ] as const
  ) {
    test(`${what} is left alone by an engine that finds out late that the former one was deleted: a store that answers ${name}`, async () => {
      const data = createStore();
      const { process: { engine, timers, events }, start, remove, gate } = heldBack(data);
      gate.open();
      const former = engine.work({ flows: ["sum"], idleMs: Infinity });
      await start();
      await timers.advance(1_000);
      await remove();
      await remove("job/1/0/0");
      const next = new FamilyProcess(manualTimers(isLater ? timers.now() : 0), { store: data, work: asking });
      const worker = next.engine.work({ idleMs: 500 });
      await next.flow.start("sum", { items: [2] }, { jobId: "job" });
      await next.timers.advance(5_000);
      await timers.advance(15_000);
      assertEquals(events.filter(({ type }) => type === "lost").length, 1);
      await next.timers.advance(5_000);
      assertEquals([next.begun, await childOf(data)], [[2], ["running", undefined, undefined]]);
      await worker.stop();
      await former.stop();
    });
  }

  test(`C556 a detached child that was not started yet when its parent was deleted has the labels of that: a store that answers ${name}`, async () => {
    const data = createStore();
    const { process: { engine, timers, flow } } = heldBack(data);
    engine.work({ queues: ["night"] });
    const labels = { queue: "night", priority: "low", tags: { customer: "7" } } as const;
    await flow.start("sum", { items: [1], detached: true }, { jobId: "job", ...labels });
    await timers.advance(1_000);
    // The lease of the first process is over.
    const operator = new FamilyProcess(manualTimers(timers.now() + 60_000), { store: data });
    assertEquals(await operator.engine.delete("job"), true);
    const { queue, priority, tags } = await data.find("job/1/0/0") ?? {};
    assertEquals([queue, priority, tags], ["night", 2, { customer: "7" }]);
  });

  for (const [what, work] of [["runs", asking], ["has ended", () => {}]] as const) {
    test(`C557 a child of the next job that ${what} is left alone by an engine that starts those of the former one late: a store that answers ${name}`, async () => {
      const data = createStore();
      const { process, gate, start, remove } = heldBack(data);
      const former = process.engine.work({ flows: ["sum"] });
      await start();
      await process.timers.advance(1_000);
      await remove();
      const next = new FamilyProcess(manualTimers(2_000), { store: data, work });
      const worker = next.engine.work({ idleMs: 500 });
      await next.flow.start("sum", { items: [2] }, { jobId: "job" });
      await next.timers.advance(5_000);
      const child = await data.find("job/1/0/0");
      gate.open();
      await process.timers.advance(20_000);
      await next.timers.advance(5_000);
      const { life, sent } = await data.find("job/1/0/0") ?? {};
      assertEquals([life, sent, next.begun], [child?.life, child?.sent, [2]]);
      await worker.stop();
      await former.stop();
    });
  }

  test(`C556 a child goes with its deleted parent though the store has failed each time that it was asked to create it: a store that answers ${name}`, async () => {
    const data = createStore();
    const { process: { engine, timers, store }, start, remove } = heldBack(data);
    const gate = createLatch();
    store.create = async (jobs) => {
      if (jobs.every(({ parentId }) => parentId === undefined)) return await data.create(jobs);
      await gate.passed;
      await data.create(jobs);
      throw new Error("the connection was lost");
    };
    const worker = engine.work({ idleMs: 500, flows: ["sum"] });
    await start();
    await timers.advance(1_000);
    await remove();
    await timers.advance(11_000);
    gate.open();
    await timers.advance(60_000);
    const { sent } = await data.find("job/1/0/0") ?? {};
    assertEquals(sent, 1);
    await worker.stop();
  });

  test(`C560 a child of the next job is left alone by the cancel of a former one that comes late: a store that answers ${name}`, async () => {
    const data = createStore();
    const gate = createLatch();
    const store: Store = {
      ...data,
      send: async (to, command) => {
        if (to.jobId === "job/1/0/0") await gate.passed;
        return await data.send(to, command);
      },
    };
    const { engine, flow, timers } = new FamilyProcess(manualTimers(), { store, work: asking });
    const former = engine.work({ idleMs: 500 });
    await flow.start("sum", { items: [1] }, { jobId: "job" });
    await timers.advance(1_000);
    void flow.handle("job").cancel();
    await timers.advance(1_000);
    for (const jobId of ["job", "job/1/0/0"]) await removeFrom(data, jobId);
    const next = new FamilyProcess(manualTimers(5_000), { store: data, work: asking });
    const worker = next.engine.work({ idleMs: 500 });
    await next.flow.start("sum", { items: [2] }, { jobId: "job" });
    await next.timers.advance(5_000);
    gate.open();
    await timers.advance(20_000);
    await next.timers.advance(5_000);
    assertEquals([next.begun, await childOf(data)], [[2], ["running", undefined, undefined]]);
    await worker.stop();
    await former.stop();
  });
}
