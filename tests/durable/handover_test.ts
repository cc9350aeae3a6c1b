import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type Context, StateError, StoreError } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { createLatch } from "../support/latch.ts";
import { lateStore } from "../support/late_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

// A call or a command that comes while a job is being started, given up or taken over has its effect, or is told to be refused.

const STORES = { "a store that answers at once": memoryStore, "a store that answers later": lateStore };
const INPUT = { routine: "worker", slot: "input" };
const add = (n: number, ctx: Context) => ctx.shared.update("sum", (sum) => Number(sum ?? 0) + n);
const pausing = (n: number, ctx: Context) => {
  if (n === 1) ctx.pause("for a person");
  add(n, ctx);
};
const asking = (n: number, ctx: Context) => {
  if (n === 1) ctx.expect("input");
  add(n, ctx);
};

for (const [name, createStore] of Object.entries(STORES)) {
  test(`a paused job goes on by a delivery and a resume in its inbox with ${name}`, async () => {
    const store = createStore();
    const owner = new StoredFlowProcess({ store, work: pausing });
    const { timers } = owner;
    owner.start([1]);
    await owner.settle();
    await owner.engine.handle("job").deliver({ routine: "source", slot: "trigger" }, { items: [2] });
    await owner.engine.handle("job").resume();
    const worker = new StoredFlowProcess({ store, timers, work: pausing });
    const { jobs } = await worker.engine.recover();
    await worker.settle();
    assertEquals(jobs.map(({ job }) => [job.status, job.sharedData.sum]), [["completed", 3]]);
    assertEquals((await store.find("job"))?.status, "completed");
  });

  test(`calls on a job that execute found live elsewhere are refused with ${name}`, async () => {
    const store = createStore();
    const owner = new StoredFlowProcess({ store, work: asking, durability: { owner: "first" } });
    owner.start([1]);
    await owner.settle();
    const other = new StoredFlowProcess({ store, timers: owner.timers, work: asking });
    const job = other.start([1]);
    await other.settle();
    const text = 'it is live in the engine of owner "first"';
    assertThrows(() => other.flow.deliver(job, "worker", "input", { n: 2 }), StateError, text);
    assertThrows(() => other.flow.cancel(job), StateError, text);
  });

  test(`a pause holds though the end that came first does not count, with ${name}`, async () => {
    const { watch: _, ...store } = createStore();
    const { promise, reject } = Promise.withResolvers<void>();
    const owner = new StoredFlowProcess({
      store,
      durability: { commandPollMs: 1_000_000 },
      work: async (n) => n === 1 ? await promise : undefined,
    });
    const job = owner.start([1]);
    await owner.settle();
    await owner.engine.handle("job").deliver({ routine: "worker", slot: "input" }, { n: 2 });
    const paused = owner.flow.pause(job, { reason: "lunch" });
    reject(new Error("failed"));
    await owner.timers.advance(1_000);
    await paused;
    assertEquals([job.status, job.pausePoints.map(({ reason }) => reason), owner.begun], ["paused", ["lunch"], [1]]);
  });

  test(`a delivery before the job begins reaches a job that its inbox pauses with ${name}`, async () => {
    const store = createStore();
    const owner = new StoredFlowProcess({ store, work: asking });
    const { timers } = owner;
    owner.start([1]);
    await owner.settle();
    await owner.engine.shutdown();
    await owner.engine.handle("job").pause();
    const worker = new StoredFlowProcess({ store, timers, work: asking });
    const { job } = await worker.engine.open("job");
    const { flow } = await worker.engine.open("job");
    flow.resume(job);
    flow.deliver(job, "worker", "input", { n: 2 });
    await worker.settle();
    assertEquals([job.status, worker.told("command_error").length], ["paused", 0]);
    assertEquals((await store.find("job"))?.owner, undefined);
    const next = new StoredFlowProcess({ store, timers, work: asking });
    const found = await next.engine.open("job");
    found.flow.resume(found.job);
    await next.settle();
    assertEquals([found.job.status, found.job.sharedData.sum], ["completed", 3]);
  });

  test(`a cancel before the job begins reaches a job that its inbox pauses with ${name}`, async () => {
    const store = createStore();
    const owner = new StoredFlowProcess({ store, work: asking });
    owner.start([1]);
    await owner.settle();
    await owner.engine.shutdown();
    await owner.engine.handle("job").pause();
    const worker = new StoredFlowProcess({ store, timers: owner.timers, work: asking });
    const { flow, job } = await worker.engine.open("job");
    flow.resume(job);
    flow.cancel(job);
    await worker.settle();
    assertEquals((await store.find("job"))?.status, "cancelled");
  });

  test(`a delivery before the job turns out to be live elsewhere is told to be refused with ${name}`, async () => {
    const store = createStore();
    const owner = new StoredFlowProcess({ store, work: asking });
    owner.start([1]);
    await owner.settle();
    const other = new StoredFlowProcess({ store, timers: owner.timers, work: asking });
    const job = other.start([1]);
    other.flow.deliver(job, "worker", "input", { n: 2 });
    await other.settle();
    assertEquals(other.told("command_error").map(({ key }) => key), ["deliver"]);
  });

  test(`a resume in the inbox outlasts an engine that is being shut down with ${name}`, async () => {
    const store = createStore();
    const owner = new StoredFlowProcess({ store, work: pausing });
    const { timers } = owner;
    owner.start([1]);
    await owner.settle();
    await owner.engine.handle("job").resume();
    const leaving = new StoredFlowProcess({ store, timers, work: pausing });
    const recovery = leaving.engine.recover();
    await leaving.engine.shutdown();
    await recovery;
    await leaving.settle();
    const worker = new StoredFlowProcess({ store, timers, work: pausing });
    const { jobs } = await worker.engine.recover();
    await worker.settle();
    assertEquals(jobs.map(({ job }) => job.status), ["completed"]);
  });

  test(`a recovery takes up nothing when its engine is shut down meanwhile, with ${name}`, async () => {
    const store = createStore();
    const owner = new StoredFlowProcess({ store, work: asking });
    const items = Array.from({ length: 60 }, (_, n) => ({ jobId: `job ${n}`, params: { items: [1] } }));
    await owner.flow.startMany("source", items);
    const recovery = owner.engine.recover();
    const end = owner.engine.shutdown({ drain: false });
    await owner.timers.advance(2_000);
    const [{ errors }] = await Promise.all([recovery, end]);
    const { jobs } = await store.list();
    assertEquals([errors, jobs.filter(({ owner }) => owner !== undefined).length], [[], 0]);
    await assertRejects(() => owner.engine.recover(), TypeError, "the engine has been shut down");
    const next = new StoredFlowProcess({ store, timers: owner.timers, work: asking });
    assertEquals((await next.engine.recover()).jobs.length, 60);
  });

  test(`a pause in the inbox of a job that is being let go of pauses it later with ${name}`, async () => {
    const store = createStore();
    const untilAborted = (_n: number, { signal }: Context) =>
      new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    const owner = new StoredFlowProcess({ store, work: untilAborted });
    const { timers } = owner;
    owner.start([1, 2]);
    await owner.settle();
    const end = owner.engine.shutdown({ drain: false });
    await owner.engine.handle("job").pause({ reason: "for a person" });
    await owner.settle();
    await timers.advance(2_000);
    await end;
    const worker = new StoredFlowProcess({ store, timers, work: add });
    await worker.engine.recover();
    await worker.settle();
    const record = await store.find("job");
    assertEquals([record?.status, record?.owner], ["paused", undefined]);
  });

  test(`a recovery leaves a job alone that is started meanwhile with ${name}`, async () => {
    const store = createStore();
    const first = new StoredFlowProcess({ store, work: () => new Promise<void>(() => {}) });
    first.start([1]);
    await first.settle();
    const other = new StoredFlowProcess({ store, work: asking });
    await other.timers.advance(60_000);
    const recovery = other.engine.recover();
    for (let turn = 0; turn < (name.endsWith("later") ? 12 : 2); turn++) await undefined;
    other.start([1]);
    await other.settle();
    assertEquals((await recovery).errors, []);
    assertEquals(other.begun, [1]);
  });

  test(`commands that were sent after a cancel are consumed with it, and told to be refused with ${name}`, async () => {
    const store = createStore();
    const owner = new StoredFlowProcess({ store, work: asking });
    owner.start([1]);
    await owner.settle();
    await owner.engine.shutdown();
    await owner.engine.handle("job").cancel();
    await owner.engine.handle("job").redrive({ key: "redrive" });
    await owner.engine.handle("job").deliver(INPUT, { n: 2 }, { key: "deliver" });
    const worker = new StoredFlowProcess({ store, timers: owner.timers, work: asking });
    await worker.engine.recover();
    await worker.settle();
    const { job } = await worker.engine.open("job");
    assertEquals([job.status, job.sharedData.sum], ["cancelled", 1]);
    assertEquals(worker.told("command_error").map(({ key }) => key), ["redrive", "deliver"]);
    const record = await store.find("job");
    assertEquals([record?.owner, record?.dueAt, record?.consumed], [undefined, undefined, 3]);
    await assertRejects(() => worker.engine.handle("job").deliver(INPUT, { n: 2 }), StateError, "it has ended");
  });

  test(`a cancel counts whenever a refused command comes, and the job is claimed by nobody, with ${name}`, async () => {
    for (let turns = 0; turns < 30; turns++) {
      const store = createStore();
      const owner = new StoredFlowProcess({ store, work: asking });
      const job = owner.start([1]);
      await owner.settle();
      const sent = owner.engine.handle("job").resume().catch((error) => assertInstanceOf(error, StateError));
      for (let turn = 0; turn < turns; turn++) await undefined;
      owner.flow.cancel(job);
      await sent;
      await owner.settle();
      const record = await store.find("job");
      const found = [turns, record?.status, record?.owner, record?.dueAt, record?.consumed];
      assertEquals(found, [turns, "cancelled", undefined, undefined, record?.sent]);
    }
  });

  test(`a pause is carried out once though an observer resumes the job at once with ${name}`, async () => {
    const owner = new StoredFlowProcess({ store: createStore(), work: asking });
    const { events } = owner;
    const job = owner.start([1]);
    await owner.settle();
    events.push = (...added) => {
      if (added.some((event) => event.type === "status" && event.to === "paused")) owner.flow.resume(job);
      return Array.prototype.push.apply(events, added);
    };
    await Promise.all([owner.engine.handle("job").pause(), owner.engine.handle("job").deliver(INPUT, { n: 2 })]);
    await owner.settle();
    assertEquals([job.status, job.sharedData.sum, job.pausePoints.length], ["completed", 3, 1]);
    assertEquals([owner.told("command_error"), owner.timers.size], [[], 0]);
  });
}

test("send does not wait for what a live job has not stored", async () => {
  const { append, ...store } = memoryStore();
  let isDown = false;
  const owner = new StoredFlowProcess({
    store: {
      ...store,
      append: (...args) => {
        if (isDown) throw new Error("down");
        return append(...args);
      },
    },
    work: asking,
  });
  const job = owner.start([1]);
  await owner.settle();
  isDown = true;
  owner.flow.deliver(job, "worker", "input", { n: 2 });
  let isSent = false;
  void owner.engine.handle("job").deliver(INPUT, { n: 3 }).then(() => isSent = true);
  await owner.timers.advance(60_000);
  assertEquals([isSent, owner.told("lost").length], [true, 1]);
});

test("calls before a job begins that its store refuses are told", async () => {
  const down = () => {
    throw new Error("down");
  };
  const never = new StoredFlowProcess({ store: { ...memoryStore(), create: down } });
  const job = never.start([1]);
  never.flow.cancel(job);
  const ended = assertRejects(() => never.flow.waitForCompletion(job), StoreError);
  await never.timers.advance(60_000);
  await ended;
  const store = memoryStore();
  const owner = new StoredFlowProcess({ store, work: asking });
  owner.start([1]);
  await owner.settle();
  await owner.engine.handle("job").pause();
  await owner.engine.shutdown();
  const lost = new StoredFlowProcess({ store: { ...store, append: down }, timers: owner.timers, work: asking });
  const opened = await lost.engine.open("job");
  opened.flow.resume(opened.job);
  opened.flow.deliver(opened.job, "worker", "input", { n: 2 });
  await lost.timers.advance(60_000);
  const told = [never, lost].map((process) => process.told("command_error").map(({ key }) => key));
  assertEquals([told, never.timers.size, lost.timers.size], [[["cancel"], ["deliver"]], 0, 0]);
});

test("a pause that comes while a job is being let go of pauses it later, whenever it comes", async () => {
  for (let turns = 0; turns < 24; turns++) {
    const store = lateStore();
    const owner = new StoredFlowProcess({ store, work: asking });
    owner.start([1]);
    await owner.settle();
    const sent = owner.engine.handle("job").pause();
    for (let turn = 0; turn < turns; turn++) await undefined;
    await Promise.all([sent, owner.engine.shutdown()]);
    await owner.settle();
    await new StoredFlowProcess({ store, timers: owner.timers, work: asking }).engine.recover();
    await owner.settle();
    const record = await store.find("job");
    assertEquals([turns, record?.status, record?.owner, record?.consumed], [turns, "paused", undefined, 1]);
  }
});

for (const [name, createStore] of Object.entries(STORES)) {
  test(`a job that is paused again while a handler still runs is kept until that has returned, with ${name}`, async () => {
    const store = createStore();
    const { promise, resolve } = Promise.withResolvers<void>();
    const process = new StoredFlowProcess({ store, work: () => promise });
    const other = new StoredFlowProcess({ store });
    process.start([1]);
    await process.settle();
    const handle = other.engine.handle("job");
    for (const key of ["first", "second"]) {
      await handle.pause({ graceMs: 50, key });
      await handle.resume({ key: `after the ${key}` });
    }
    await handle.pause({ graceMs: 50, key: "third" });
    await process.timers.advance(2_000);
    const { owner, status } = await store.find("job") ?? {};
    assertEquals([owner === undefined, status], [false, "paused"]);
    resolve();
    await process.timers.advance(1_000);
    assertEquals((await store.find("job"))?.owner, undefined);
  });
}

for (const [name, createStore] of Object.entries(STORES)) {
  test(`a job that was resumed and paused again is kept until each of its handlers has returned, with ${name}`, async () => {
    for (const order of [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]]) {
      const store = createStore();
      const gates = [createLatch(), createLatch(), createLatch()];
      let calls = 0;
      const process = new StoredFlowProcess({ store, work: () => gates[calls++]?.passed });
      process.start([1]);
      await process.settle();
      const handle = process.engine.handle("job");
      for (const key of ["first", "second", "third"]) {
        await handle.pause({ graceMs: 0, key });
        await process.timers.advance(2_000);
        if (key !== "third") await handle.resume({ key: `after the ${key}` });
        await process.timers.advance(2_000);
      }
      assertEquals(calls, 3);
      for (const [index, call] of order.entries()) {
        const { owner, status } = await store.find("job") ?? {};
        assertEquals([owner !== undefined, status], [true, "paused"], `${order}: ${index} of 3 have returned`);
        gates[call]?.open();
        await process.timers.advance(1_000);
      }
      assertEquals((await store.find("job"))?.owner, undefined);
    }
  });
}
