import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { CrashingStore } from "../support/crashing_store.ts";
import { FamilyProcess } from "../support/family_process.ts";
import { STRIDE } from "../support/gate_amount.ts";
import { lateStore } from "../support/late_store.ts";

// Children are jobs of their own: each starts once, its end is delivered once, and the parent waits for all of them.

const STORES = { "a store that answers at once": memoryStore, "a store that answers later": lateStore };

for (const [name, createStore] of Object.entries(STORES)) {
  test("C449 a job waits for its children and adds up their results, with " + name, async () => {
    const process = new FamilyProcess(manualTimers(), { store: createStore() });
    const worker = process.engine.work();
    const job = await process.flow.start("sum", { items: [1, 2, 3] }, { jobId: "job", queue: "q", tags: { of: "7" } });
    const result = job.result();
    await process.timers.advance(10_000);
    assertEquals(await result, 14);
    assertEquals(process.ends.map(({ status }) => status), ["completed", "completed", "completed"]);
    const { jobs } = await process.engine.list({ parentId: "job" });
    assertEquals(jobs.map(({ queue, tags, status, dueAt }) => [queue, tags, status, dueAt]), [
      ["q", { of: "7" }, "completed", undefined],
      ["q", { of: "7" }, "completed", undefined],
      ["q", { of: "7" }, "completed", undefined],
    ]);
    await worker.stop();
    await process.engine.close();
  });
}

for (const isAsync of [false, true]) {
  for (const isWritten of [false, true]) {
    const how = `${isWritten ? "after" : "before"} any write, with a store that answers ${
      isAsync ? "later" : "at once"
    }`;
    test("C450 each child runs once for its parent when a process dies " + how, async () => {
      let write = 0;
      for (let isOver = false; !isOver;) {
        write += STRIDE;
        const store = memoryStore();
        const crashing = new CrashingStore(store, { write, isWritten }, isAsync);
        const first = new FamilyProcess(manualTimers(), { store: crashing });
        first.engine.work();
        const starter = new FamilyProcess(first.timers, { store });
        await starter.flow.start("sum", { items: [1, 2, 3] }, { jobId: "job" });
        await first.timers.advance(10_000);
        isOver = !crashing.isDead;
        const second = new FamilyProcess(first.timers, { store });
        // The parent goes on before any child does.
        const elder = second.engine.work({ flows: ["sum"] });
        await first.timers.advance(60_000);
        const worker = second.engine.work();
        await first.timers.advance(60_000);
        const { jobs } = await second.engine.list();
        const open = jobs.filter(({ status, dueAt }) => status !== "completed" || dueAt !== undefined);
        assertEquals([jobs.length, open], [4, []], `write ${write}`);
        const job = await second.flow.handle("job").read();
        assertEquals([job.result, job.history().length], [14, 4], `write ${write}`);
        await Promise.all([elder.stop(), worker.stop()]);
      }
      assert(write > 20, `${write} writes`);
    });

    test("C454 each detached child runs once when a process dies " + how, async () => {
      let write = 0;
      for (let isOver = false; !isOver;) {
        write += STRIDE;
        const store = memoryStore();
        const crashing = new CrashingStore(store, { write, isWritten }, isAsync);
        const first = new FamilyProcess(manualTimers(), { store: crashing });
        first.engine.work();
        const starter = new FamilyProcess(first.timers, { store });
        await starter.flow.start("sum", { items: [1, 2, 3], detached: true }, { jobId: "job" });
        await first.timers.advance(10_000);
        isOver = !crashing.isDead;
        const second = new FamilyProcess(first.timers, { store });
        const worker = second.engine.work();
        await first.timers.advance(60_000);
        const { jobs } = await second.engine.list();
        const open = jobs.filter(({ status, dueAt }) => status !== "completed" || dueAt !== undefined);
        assertEquals([jobs.length, open], [4, []], `write ${write}`);
        const results = await Promise.all(
          jobs.map(async ({ jobId }) => (await second.engine.handle(jobId).read()).result),
        );
        assertEquals(results.sort(), [0, 1, 4, 9], `write ${write}`);
        await worker.stop();
      }
      assert(write > 10, `${write} writes`);
    });
  }
}
