import { assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { type Context, FencedError } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { heldStore } from "../support/held_store.ts";
import { createLatch } from "../support/latch.ts";
import { lateStore } from "../support/late_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

// `execute` and `run` of an id that the store has: the caller follows the one job there is, whoever of its own engine is taking it.

const STORES: Readonly<Record<string, () => Store>> = { "at once": memoryStore, "later": lateStore };

/** More turns than a worker takes to find a job, to claim it and to take it up. */
const TURNS = 45;

for (const [when, createStore] of Object.entries(STORES)) {
  test(`C538 whoever executes a stored job follows it to its end, at whatever moment a worker takes it, with a store that answers ${when}`, async () => {
    for (let turn = 0; turn < TURNS; turn++) {
      const latch = createLatch();
      const work = async (n: number, ctx: Context) => {
        await latch.passed;
        ctx.output("done", { n });
      };
      const process = new StoredFlowProcess({ store: createStore(), work });
      const outputs: unknown[] = [];
      await process.flow.start("source", { items: [1] }, { jobId: "job" });
      const worker = process.engine.work();
      for (let i = 0; i < turn; i++) await Promise.resolve();
      const run = process.flow.run("source", { items: [7] }, {
        jobId: "job",
        onOutput: ({ data }) => void outputs.push(data),
      });
      await process.settle();
      latch.open();
      const job = await run;
      const told = process.events.filter(({ type }) => type === "lost" || type.endsWith("error")).map(({ type }) =>
        type
      );
      const { status } = await process.engine.handle("job").read();
      assertEquals(
        { turn, status: job.status, stored: status, begun: process.begun, outputs, told },
        { turn, status: "completed", stored: "completed", begun: [1], outputs: [{ n: 1 }], told: [] },
      );
      await worker.stop();
    }
  });

  test(`C538 a stored job that nobody has taken goes on where it is executed, with a store that answers ${when}`, async () => {
    const process = new StoredFlowProcess({ store: createStore() });
    await process.flow.start("source", { items: [1, 2] }, { jobId: "job" });
    const { status, sharedData } = await process.flow.run("source", {}, { jobId: "job" });
    assertEquals([status, sharedData["sum"], process.begun], ["completed", 3, [1, 2]]);
  });

  test(`C544 of two engines that execute a stored job at once, one runs it and the other shows it, with a store that answers ${when}`, async () => {
    for (let turn = 0; turn < TURNS; turn++) {
      const store = createStore();
      const latch = createLatch();
      const work = () => latch.passed;
      const first = new StoredFlowProcess({ store, work });
      const second = new StoredFlowProcess({ store, work, timers: first.timers });
      await first.flow.start("source", { items: [1] }, { jobId: "job" });
      const runs = [first.flow.run("source", {}, { jobId: "job" })];
      for (let i = 0; i < turn; i++) await Promise.resolve();
      runs.push(second.flow.run("source", {}, { jobId: "job" }));
      await first.settle();
      latch.open();
      const ran = (await Promise.all(runs)).filter(({ status }) => status === "completed");
      assertEquals({ turn, ran: ran.length, begun: [...first.begun, ...second.begun] }, { turn, ran: 1, begun: [1] });
    }
  });

  test(`C543 whoever executes a paused job whose resume is accepted follows it to its end, at whatever moment that is carried out, with a store that answers ${when}`, async () => {
    for (const works of [false, true]) {
      for (let turn = 0; turn < TURNS; turn++) {
        let pauses = true;
        const work = (_n: number, ctx: Context) => {
          if (pauses) ctx.pause("a person looks");
          pauses = false;
        };
        const process = new StoredFlowProcess({ store: createStore(), work });
        const paused = await process.flow.run("source", { items: [1, 2] }, { jobId: "job" });
        assertEquals(paused.status, "paused");
        const worker = works ? process.engine.work() : undefined;
        await process.settle();
        await process.engine.handle("job").resume();
        for (let i = 0; i < turn; i++) await Promise.resolve();
        const job = await process.flow.run("source", { items: [7] }, { jobId: "job" });
        const found = { works, turn, status: job.status, begun: process.begun };
        assertEquals(found, { works, turn, status: "completed", begun: [1, 2] });
        await worker?.stop();
      }
    }
  });
}

test("C545 a paused job that was sent a redrive, which is for jobs that have ended, stays paused where it is executed", async () => {
  const work = (_n: number, ctx: Context) => ctx.pause("a person looks");
  const process = new StoredFlowProcess({ store: lateStore(), work });
  await process.flow.run("source", { items: [1, 2] }, { jobId: "job" });
  await process.settle();
  await process.engine.handle("job").redrive({ key: "once" });
  const { status } = await process.flow.run("source", { items: [7] }, { jobId: "job" });
  assertEquals([status, process.begun], ["paused", [1]]);
});

test("a paused job whose inbox has a command that nobody can read stays paused where it is executed", async () => {
  const store = memoryStore();
  const process = new StoredFlowProcess({ store, work: (_n, ctx) => ctx.pause("a person looks") });
  await process.flow.run("source", { items: [1] }, { jobId: "job" });
  const unreadable = {
    key: "odd",
    text: "{",
    reopens: false,
    now: process.timers.now(),
    keyRetentionMs: 60_000,
    room: 10,
  };
  await store.send({ jobId: "job" }, unreadable);
  const { status } = await process.flow.run("source", { items: [7] }, { jobId: "job" });
  assertEquals([status, process.begun], ["paused", [1]]);
});

for (const [when, createStore] of Object.entries(STORES)) {
  test(`C538 a job that its owner has paused with its last write stays paused, whoever executes it by what it read before, with a store that answers ${when}`, async () => {
    for (const turns of [0, TURNS, 10 * TURNS]) {
      const store = createStore();
      const held = heldStore(store);
      const durability = { owner: "only one", takeOver: "at once" } as const;
      const work = (_n: number, ctx: Context) => void ctx.expect("input");
      const before = new StoredFlowProcess({ store: held, durability, work });
      const job = before.start([1]);
      await before.settle();
      held.hold();
      const paused = before.flow.pause(job, { graceMs: 0 });
      await before.settle();
      const load: Store["load"] = async (jobId) => {
        const stored = await store.load(jobId);
        held.release();
        await paused;
        for (let turn = 0; turn < turns; turn++) await before.settle();
        return stored;
      };
      const after = new StoredFlowProcess({ store: { ...store, load }, durability, work });
      const found = await after.flow.run("source", { items: [7] }, { jobId: "job" });
      await after.settle();
      const { status, owner } = await store.find("job") ?? {};
      assertEquals([found.status, status, owner, after.begun], ["paused", "paused", undefined, []]);
      after.flow.resume(found);
      await after.settle();
      assertEquals([found.status, after.begun], ["running", []]);
    }
  });
}

for (const [what, isDamaged] of [["does not go on where it is executed", false], ["cannot be read", true]] as const) {
  test(`C550 a paused job that ${what} stays with its engine until its handlers have returned`, async () => {
    const store = memoryStore();
    const latch = createLatch();
    const process = new StoredFlowProcess({ store: { ...store }, work: () => latch.passed });
    const { flow } = process;
    const paused = process.start([1]);
    await process.settle();
    await flow.pause(paused, { graceMs: 0 });
    if (isDamaged) {
      process.store.claim = async (query) => {
        const answer = await store.claim(query);
        return { ...answer, jobs: answer.jobs.map((it) => ({ ...it, entries: it.entries.slice(1) })) };
      };
      flow.resume(paused);
    } else process.start([7]);
    await process.settle();
    const { owner } = await store.find("job") ?? {};
    assertEquals([paused.status, owner === undefined, process.begun], ["paused", false, [1]]);
    latch.open();
    await process.settle();
    const { owner: last, status } = await store.find("job") ?? {};
    assertEquals([status, last], ["paused", undefined]);
    // It is no longer kept here.
    process.store.claim = store.claim;
    assertEquals(await process.flow.run("source", {}, { jobId: "job" }).then(({ status }) => status), "paused");
    flow.resume(paused);
    assertEquals([await flow.waitForCompletion(paused), process.begun], [true, [1, 1]]);
  });
}

test("C543 a paused job that is deleted while its engine looks whether it was resumed is lost to whoever executes it", async () => {
  const store = memoryStore();
  const work = (_n: number, ctx: Context) => ctx.pause("a person looks");
  const before = new StoredFlowProcess({ store, work });
  const { timers } = before;
  await before.flow.run("source", { items: [1] }, { jobId: "job" });
  await before.engine.handle("job").resume();
  const latch = createLatch();
  const inbox: Store["inbox"] = async (...query) => {
    await latch.passed;
    return await store.inbox(...query);
  };
  const process = new StoredFlowProcess({ store: { ...store, inbox }, timers, work });
  const job = process.start([7]);
  const lost = assertRejects(() => process.flow.waitForCompletion(job), FencedError);
  await process.settle();
  const record = await store.find("job");
  assertEquals([record?.epoch, record && await store.delete(record)], [2, true]);
  await timers.advance(15_000);
  latch.open();
  await timers.advance(1_000);
  await lost;
  assertEquals([process.begun, await store.find("job")], [[], undefined]);
});
