import { assert, assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { type Context, StateError } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import type { Store } from "../../src/ports/mod.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { FamilyProcess } from "../support/family_process.ts";
import { lateStore } from "../support/late_store.ts";

// A job that is deleted leaves nobody waiting: to its parent it has ended, and its children are cancelled.

const STORES = { "a store that answers at once": memoryStore, "a store that answers later": lateStore };

/** Waits for a person before it is done. */
const asking = (_n: number, ctx: Context) => ctx.expect("answer");

for (const [name, createStore] of Object.entries(STORES)) {
  test(`C531 a parent is told of a child that is deleted while nobody has it, wherever it is, with ${name}`, async () => {
    const timers = manualTimers();
    const store = createStore();
    const [process, other] = [1, 2].map(() => new FamilyProcess(timers, { store, work: asking }));
    assert(process !== undefined && other !== undefined);
    const worker = process.engine.work({ idleMs: Infinity, flows: ["sum"] });
    const ofChildren = other.engine.work({ idleMs: 1_000, flows: ["square"] });
    const job = await process.flow.start("sum", { items: [1, 2] }, { jobId: "job" });
    await timers.advance(10_000);
    assertEquals([worker.size, ofChildren.size], [1, 0], "the parent is live, its children wait");
    assertEquals(await other.engine.delete("job/1/0/0"), true);
    await ofChildren.stop();
    await other.engine.handle("job/1/0/1").pause();
    assertEquals(await other.engine.delete("job/1/0/1"), true);
    assertEquals(await other.engine.delete("job/1/0/1"), false);
    await timers.advance(10_000);
    assertEquals(await job.result(), 0);
    assertEquals(process.ends.map((it) => [it.jobId, it.status, it.status === "completed" || it.error?.message]), [
      ["job/1/0/0", "cancelled", "The job was cancelled: it was deleted"],
      ["job/1/0/1", "cancelled", "The job was cancelled: it was deleted"],
    ]);
    await worker.stop();
  });

  test(`C531 the children of a job that is deleted are cancelled, but those that are detached, with ${name}`, async () => {
    const process = new FamilyProcess(manualTimers(), { store: createStore(), work: asking });
    const worker = process.engine.work({ idleMs: 1_000 });
    await process.flow.start("sum", { items: [1] }, { jobId: "job" });
    await process.flow.start("sum", { items: [2], detached: true }, { jobId: "free" });
    await process.timers.advance(10_000);
    assertEquals(await process.engine.delete("job"), true);
    assertEquals(await process.engine.delete("free"), true);
    await process.timers.advance(10_000);
    const { jobs } = await process.engine.list();
    assertEquals(jobs.map(({ jobId, status, dueAt }) => [jobId, status, dueAt]), [
      ["free/1/0/0", "running", undefined],
      ["job/1/0/0", "cancelled", undefined],
    ]);
    await worker.stop();
  });

  test(`C531 a child that has ended and could not tell its parent tells it before it is deleted, with ${name}`, async () => {
    const process = new FamilyProcess(manualTimers(), {
      store: createStore(),
      durability: { inboxLimit: 1, attempts: 3 },
    });
    const elder = process.engine.work({ flows: ["sum"] });
    const job = await process.flow.start("sum", { items: [3] }, { jobId: "job" });
    await process.timers.advance(60_000);
    await elder.stop();
    await job.pause();
    const younger = process.engine.work({ flows: ["square"] });
    await process.timers.advance(60_000);
    const stopped = younger.stop();
    await process.timers.advance(20_000);
    await stopped;
    const [child] = (await process.engine.list({ parentId: "job" })).jobs;
    assertEquals([child?.status, child?.dueAt === undefined], ["completed", false]);
    const refused = assertRejects(
      () => process.engine.delete("job/1/0/0"),
      StateError,
      'Cannot delete job "job/1/0/0": its parent or its children cannot be told',
    );
    await process.timers.advance(60_000);
    await refused;
    assertEquals(await process.engine.purge({ endedBefore: Infinity }), 0);
    const again = process.engine.work({ flows: ["sum"] });
    await process.timers.advance(1_000);
    assertEquals(await process.engine.delete("job/1/0/0"), true);
    await process.timers.advance(1_000);
    await job.resume();
    await process.timers.advance(60_000);
    assertEquals(await job.result(), 9);
    await again.stop();
  });

  test(`C531 a parent is told of the deletion of a child that cannot be read, with ${name}`, async () => {
    const inner = createStore();
    const process = new FamilyProcess(manualTimers(), { store: inner, work: asking });
    const worker = process.engine.work({ idleMs: 1_000 });
    const job = await process.flow.start("sum", { items: [1] }, { jobId: "job" });
    await process.timers.advance(10_000);
    const store: Store = {
      ...inner,
      async claim(query) {
        const answer = await inner.claim(query);
        return { ...answer, jobs: answer.jobs.map((it) => ({ ...it, snapshot: "{" })) };
      },
    };
    const operator = new FamilyProcess(process.timers, { store });
    assertEquals(await operator.engine.delete("job/1/0/0"), true);
    await process.timers.advance(10_000);
    assertEquals([await job.result(), process.ends.map(({ status }) => status)], [0, ["cancelled"]]);
    await worker.stop();
  });
}
