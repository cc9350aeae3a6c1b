import { assertEquals } from "@std/assert";
import { test } from "node:test";
import type { Context } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { FamilyProcess } from "../support/family_process.ts";
import { lateStore } from "../support/late_store.ts";

// A job that was deleted or purged, and is started again under its id, starts its children again.

const STORES = { "a store that answers at once": memoryStore, "a store that answers later": lateStore };

const asking = (_n: number, ctx: Context) => ctx.expect("answer");
const answer = { routine: "square", slot: "answer" };

for (const [name, createStore] of Object.entries(STORES)) {
  test(`C532 a parent that was deleted, or purged, and is started again starts its children again, with ${name}`, async () => {
    let fails = true;
    const work = (n: number, ctx: Context) => {
      if (n === 2 && fails) throw new Error("not yet");
      ctx.result(n * n);
    };
    const process = new FamilyProcess(manualTimers(), { store: createStore(), work });
    const { engine, timers } = process;
    engine.work({ idleMs: 500 });
    const run = async (detached: boolean) => {
      const job = await process.flow.start("sum", { items: [1, 2, 3], detached }, { jobId: "job" });
      await timers.advance(5_000);
      return await job.result();
    };
    assertEquals(await run(false), 10);
    assertEquals(await engine.purge({ endedBefore: timers.now(), status: "completed" }), 3);
    fails = false;
    assertEquals(await run(false), 14);
    assertEquals(await engine.delete("job"), true);
    process.begun.length = 0;
    await run(true);
    assertEquals(process.begun, [1, 2, 3], "detached");
    assertEquals(await engine.delete("job"), true);
    await run(true);
    assertEquals([process.begun.length, await engine.count({ status: "completed" })], [6, 4], "detached, again");
  });

  test(`C532 a parent that is deleted while it waits, and started again at once, has new children, with ${name}`, async () => {
    for (let turns = 0; turns < 30; turns += 5) {
      const process = new FamilyProcess(manualTimers(), { store: createStore(), work: asking });
      const { engine, timers } = process;
      engine.work({ idleMs: 500 });
      await process.flow.start("sum", { items: [1, 2] }, { jobId: "job" });
      await timers.advance(5_000);
      assertEquals(await engine.delete("job"), true);
      for (let turn = 0; turn < turns; turn++) await undefined;
      const job = await process.flow.start("sum", { items: [1, 2] }, { jobId: "job" });
      await timers.advance(10_000);
      assertEquals(process.begun, [1, 2, 1, 2], `${turns}`);
      for (const { jobId } of (await job.read()).children) await engine.handle(jobId).deliver(answer, { n: 5 });
      await timers.advance(5_000);
      assertEquals([await job.result(), process.ends.map(({ status }) => status)], [10, ["completed", "completed"]]);
    }
  });
}

// A process that has died has its children for a lease of 30 seconds.
for (const [within, statuses] of [[1_000, []], [40_000, []], [70_000, ["failed", "failed"]]] as const) {
  test(`C532 children of a former job that are about to end are waited for, for a while: ${within} ms`, async () => {
    const process = new FamilyProcess(manualTimers(), { work: asking });
    const { engine, timers, flow } = process;
    const both = engine.work({ idleMs: 500 });
    await flow.start("sum", { items: [1, 2] }, { jobId: "job" });
    await timers.advance(5_000);
    await both.stop();
    assertEquals(await engine.delete("job"), true);
    engine.work({ flows: ["sum"] });
    await flow.start("sum", { items: [1, 2] }, { jobId: "job" });
    await timers.advance(within);
    assertEquals(process.begun, [1, 2], "the cancels have not been carried out");
    engine.work({ flows: ["square"] });
    await timers.advance(5_000);
    assertEquals([process.ends.map(({ status }) => status), process.begun.length], [
      statuses,
      statuses.length === 0 ? 4 : 2,
    ]);
  });
}

test("C532 a child of a former job that goes on is not replaced: the new one has failed, and a detached one goes on", async () => {
  const process = new FamilyProcess(manualTimers(), { work: asking });
  const { engine, timers, store } = process;
  engine.work({ idleMs: 500 });
  await process.flow.start("sum", { items: [1], detached: true }, { jobId: "job" });
  await timers.advance(5_000);
  for (const detached of [false, true]) {
    assertEquals(await engine.delete("job"), true);
    await process.flow.start("sum", { items: [1], detached }, { jobId: "job" });
    await timers.advance(5_000);
  }
  assertEquals(process.ends.map((end) => end.status === "failed" && end.error.message), [
    'Cannot start child "job/1/0/0": there is a job of this id already, which a former job "job" has started and which has not ended; ' +
    "delete it first",
  ]);
  assertEquals([process.begun, (await store.find("job/1/0/0"))?.status], [[1], "running"]);
});
