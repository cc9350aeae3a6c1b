import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type Context, Engine, FencedError, Flow, Registry, StateError } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { createLatch } from "../support/latch.ts";
import { lateStore } from "../support/late_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";
import { wrapStore } from "../support/wrapped_store.ts";

// Jobs that are started go to whoever works: as many as there is room for, the most urgent first, and none is held that only waits.

const STORES = { "a store that answers at once": memoryStore, "a store that answers later": lateStore };
const INPUT = { routine: "worker", slot: "input" };
const ask = (n: number, ctx: Context) => {
  if (n === 1) ctx.expect("input", { timeoutMs: 3_600_000 });
};

for (const [name, createStore] of Object.entries(STORES)) {
  test(`a job that is started runs where somebody works, with ${name}`, async () => {
    const store = createStore();
    const web = new StoredFlowProcess({ store });
    const started = await web.flow.start("source", { items: [1, 2] }, { jobId: "job", tags: { customer: "7" } });
    const again = await web.flow.start("source", { items: [9] }, { jobId: "job" });
    assertEquals([started.isNew, again.isNew, started.jobId], [true, false, "job"]);
    assertEquals([(await store.find("job"))?.status, web.begun], ["pending", []]);
    const process = new StoredFlowProcess({ store, timers: web.timers });
    const worker = process.engine.work();
    const ended = started.ended();
    await web.timers.advance(2_000);
    assertEquals([(await ended).sharedData.sum, process.begun, worker.size], [3, [1, 2], 0]);
    const { taken, refused } = await worker.stop();
    assertEquals([taken, refused, await web.engine.count({ tags: { customer: "7" } })], [1, 0, 1]);
  });

  test(`a worker that is told of a job takes it without a pause, with ${name}`, async () => {
    const process = new StoredFlowProcess({ store: createStore() });
    const worker = process.engine.work({ pollMs: 3_600_000 });
    await process.timers.advance(5_000);
    await process.flow.start("source", { items: [1] });
    await process.timers.advance(0);
    assertEquals(process.begun, [1]);
    await worker.stop();
  });

  test(`a worker takes the urgent ones first, and no more than it has room for, with ${name}`, async () => {
    const store = createStore();
    const process = new StoredFlowProcess({ store, work: ask });
    const jobs = ["low", "normal", "high"] as const;
    for (const priority of jobs) await process.flow.start("source", { items: [1] }, { jobId: priority, priority });
    const worker = process.engine.work({ concurrency: 1, idleMs: Infinity });
    await process.timers.advance(5_000);
    assertEquals([worker.size, (await store.find("high"))?.status], [1, "running"]);
    assertEquals([(await store.find("normal"))?.status, (await store.find("low"))?.status], ["pending", "pending"]);
    await worker.stop();
    assertEquals((await store.find("high"))?.owner, undefined);
  });

  test(`a worker lets go of a job that waits, and whoever waits for it here goes on waiting, with ${name}`, async () => {
    const store = createStore();
    const process = new StoredFlowProcess({ store, work: ask });
    const worker = process.engine.work({ idleMs: 5_000 });
    const job = await process.flow.start("source", { items: [1] }, { jobId: "job" });
    const ended = job.ended();
    await process.timers.advance(4_000);
    assertEquals(worker.size, 1);
    await process.timers.advance(3_000);
    const record = await store.find("job");
    assertEquals([worker.size, record?.owner, record?.status], [0, undefined, "running"]);
    assert(record?.dueAt !== undefined && record.dueAt > process.timers.now(), "its deadline");
    assertEquals(process.told("released").map(({ jobId }) => jobId), ["job"]);
    await job.deliver(INPUT, { n: 2 });
    await process.timers.advance(2_000);
    assertEquals([(await ended).status, process.begun], ["completed", [1, 2]]);
    await worker.stop();
  });

  test(`a job whose last handler returns while its worker stops is ended by the next one, with ${name}`, async () => {
    const store = createStore();
    const { promise, resolve } = Promise.withResolvers<void>();
    const process = new StoredFlowProcess({ store, work: () => promise });
    const worker = process.engine.work({ drainMs: 0 });
    await process.flow.start("source", { items: [1] }, { jobId: "job" });
    await process.timers.advance(2_000);
    assertEquals(process.begun, [1]);
    const stopped = worker.stop();
    await process.timers.advance(500);
    resolve();
    await process.timers.advance(0);
    await stopped;
    const next = new StoredFlowProcess({ store, timers: process.timers });
    const nextWorker = next.engine.work();
    await next.timers.advance(2_000);
    assertEquals([(await store.find("job"))?.status, next.begun], ["completed", []]);
    await nextWorker.stop();
  });

  test(`a worker lets go of a job that does not end, as something has come for it meanwhile, with ${name}`, async () => {
    const { watch: _, ...store } = createStore();
    const { promise, resolve } = Promise.withResolvers<void>();
    const process = new StoredFlowProcess({
      store,
      durability: { commandPollMs: 1_000_000 },
      work: async (n, ctx) => n === 1 ? await promise : void ctx.expect("input"),
    });
    const worker = process.engine.work({ drainMs: 60_000, idleMs: 5_000 });
    const job = await process.flow.start("source", { items: [1] }, { jobId: "job" });
    await process.timers.advance(2_000);
    await job.deliver(INPUT, { n: 2 });
    const stopped = worker.stop();
    await process.timers.advance(500);
    resolve();
    await process.timers.advance(1_000);
    await stopped;
    const record = await store.find("job");
    assertEquals([record?.owner, record?.status, process.begun], [undefined, "running", [1, 2]]);
  });

  test(`a job begins at its instant, and one that waits is taken when it is due, with ${name}`, async () => {
    const store = createStore();
    const process = new StoredFlowProcess({ store });
    const at = process.timers.now() + 3_600_000;
    await process.flow.start("source", { items: [1] }, { jobId: "job", at });
    const worker = process.engine.work();
    await process.timers.advance(3_599_999);
    assertEquals([process.begun, (await store.find("job"))?.status], [[], "pending"]);
    await process.timers.advance(1_000);
    assertEquals([process.begun, (await store.find("job"))?.status], [[1], "completed"]);
    await worker.stop();
  });

  test(`workers take only jobs of their queues and flows, with ${name}`, async () => {
    const store = createStore();
    const process = new StoredFlowProcess({ store });
    await process.flow.start("source", { items: [1] }, { jobId: "mail", queue: "mail" });
    await process.flow.start("source", { items: [2] }, { jobId: "bills", queue: "bills" });
    const worker = process.engine.work({ queues: ["bills"] });
    const others = process.engine.work({ flows: ["another"] });
    await process.timers.advance(3_000);
    assertEquals([process.begun, await process.engine.count({ status: "pending" })], [[2], 1]);
    await Promise.all([worker.stop(), others.stop()]);
  });

  test(`many jobs are stored by one call, and closing the engine loses none, with ${name}`, async () => {
    const store = createStore();
    const process = new StoredFlowProcess({ store: { ...store, close: () => {} }, work: ask });
    const items = Array.from({ length: 30 }, (_, n) => ({ jobId: `job ${n}`, params: { items: [n % 3] } }));
    const started = await process.flow.startMany("source", items);
    assertEquals([started.length, started.every(({ isNew }) => isNew)], [30, true]);
    process.engine.work({ concurrency: 8 });
    await process.timers.advance(500);
    const closed = process.engine.close();
    await process.timers.advance(20_000);
    await closed;
    assertThrows(() => process.engine.work(), TypeError, "its engine is closed");
    const { jobs } = await store.list();
    assertEquals(jobs.filter(({ owner }) => owner !== undefined), []);
    const next = new StoredFlowProcess({ store, timers: process.timers, work: ask });
    next.engine.work();
    await process.timers.advance(3_000);
    const asking = (await next.engine.list({ status: "running" })).jobs;
    for (const { jobId } of asking) await next.engine.handle(jobId).deliver(INPUT, { n: 0 });
    await process.timers.advance(3_000);
    assertEquals(await next.engine.count({ status: "completed" }), 30);
  });
}

test("C494 a job that no process here can build is left to others, and told once", async () => {
  const store = memoryStore();
  const process = new StoredFlowProcess({ store });
  await process.flow.start("source", { items: [1] }, { jobId: "job" });
  const events: string[] = [];
  const engine = new Engine({
    store,
    timers: process.timers,
    registry: new Registry(),
    observer: ({ type }) => void events.push(type),
  });
  const lost = engine.work();
  await process.timers.advance(900);
  assertEquals(events.filter((it) => it === "refused").length, 1);
  const record = await store.find("job");
  assertEquals([record?.owner, record?.status], [undefined, "pending"]);
  const worker = process.engine.work();
  await process.timers.advance(2_000);
  assertEquals([process.begun, (await store.find("job"))?.status], [[1], "completed"]);
  await Promise.all([lost.stop(), worker.stop()]);
});

test("a worker that looks often takes what becomes due", async () => {
  const process = new StoredFlowProcess();
  const worker = process.engine.work({ pollMs: 5 });
  await process.timers.advance(100);
  await process.flow.start("source", { items: [1] }, { jobId: "job" });
  await process.timers.advance(1_000);
  assertEquals([process.begun, (await process.store.find("job"))?.status], [[1], "completed"]);
  await worker.stop();
});

test("a start refuses what it cannot keep", async () => {
  const { flow, engine } = new StoredFlowProcess();
  await flow.start("source", {}, { jobId: "job" });
  const refused = async (options: object, kind: new (...args: never[]) => Error, text: string) => {
    const error = await assertRejects(() => flow.start("source", {}, options));
    assert(error instanceof kind && error.message.includes(text), String(error));
  };
  await refused({ jobId: "job", ifExists: "throw" }, StateError, "there is one already");
  await refused({ ifExists: "ignore" }, TypeError, "ifExists");
  await refused({ priority: "urgent" }, TypeError, "priority");
  await refused({ queue: "" }, TypeError, "queue");
  await refused({ tags: { a: 1 } }, TypeError, "tags.a");
  await refused({ at: NaN }, RangeError, "at");
  await assertRejects(() => new Flow({ id: "alone" }).start("source"), TypeError, "no engine with a store");
  assertThrows(() => engine.work({ concurrency: 0 }), RangeError, "concurrency");
  assertThrows(() => new Engine().work(), TypeError, "the engine has no store");
});

test("an engine refuses limits, instants and lists of names that are none", async () => {
  const { engine, flow, store } = new StoredFlowProcess();
  await flow.start("source", {}, { jobId: "job", queue: "bill" });
  assertThrows(() => Reflect.apply(engine.work, engine, [{ queues: "bills" }]), TypeError, "queues must be a list");
  assertThrows(() => Reflect.apply(engine.work, engine, [{ flows: [1] }]), TypeError, "flows must be a list");
  for (const limit of [NaN, -1, 1.5]) {
    await assertRejects(() => engine.recover({ limit }), RangeError, "limit");
    await assertRejects(() => engine.purge({ endedBefore: 0, limit }), RangeError, "limit");
  }
  await assertRejects(() => engine.purge({ endedBefore: new Date("yesterday") }), RangeError, "endedBefore");
  assertEquals((await store.find("job"))?.epoch, 0);
});

test("a hundred jobs that sleep cost a worker one look at the store a second", async () => {
  const store = memoryStore();
  let calls = 0;
  const counted = wrapStore(store, (call) => (...args) => {
    calls++;
    return call(...args);
  });
  const process = new StoredFlowProcess({ store: counted, work: ask });
  const worker = process.engine.work();
  await process.flow.startMany("source", Array.from({ length: 100 }, () => ({ params: { items: [1] } })));
  await process.timers.advance(60_000);
  assertEquals(worker.size, 0);
  calls = 0;
  await process.timers.advance(100_000);
  assert(calls <= 150, `${calls} calls in 100 seconds`);
  await worker.stop();
});

test("ended jobs are purged, and one that is live is not deleted", async () => {
  const process = new StoredFlowProcess({ work: ask });
  const { engine, timers } = process;
  process.start([2], "done");
  process.start([1], "waits");
  await process.settle();
  await assertRejects(() => engine.delete("waits"), StateError, "it is live here");
  assertEquals([await engine.delete("none"), await engine.count()], [false, 2]);
  await timers.advance(1_000);
  assertEquals(await engine.purge({ endedBefore: new Date(timers.now()) }), 1);
  assertEquals((await engine.list()).jobs.map(({ jobId }) => jobId), ["waits"]);
});

for (const [name, createStore] of Object.entries(STORES)) {
  test(`jobs whose taking is answered late are not claimed again by a renewal meanwhile, with ${name}`, async () => {
    const latch = createLatch();
    const store = createStore();
    const take: typeof store.take = async (query) => {
      const answer = await store.take(query);
      if (answer.jobs.length > 0) await latch.passed;
      return answer;
    };
    const process = new StoredFlowProcess({ store: { ...store, take } });
    const worker = process.engine.work();
    const jobs = await process.flow.startMany("source", [{ params: { items: [1] } }, { params: { items: [2] } }]);
    // Two renewals of the lease.
    await process.timers.advance(21_000);
    assertEquals([process.told("taken").length, process.begun], [0, []]);
    latch.open();
    await process.timers.advance(1_000);
    const ended = await Promise.all(jobs.map((job) => job.ended()));
    assertEquals(ended.map(({ status }) => status), ["completed", "completed"]);
    assertEquals([process.told("taken").length, process.told("lost").length, worker.size], [2, 0, 0]);
    await worker.stop();
  });

  test(`an engine closes its store though a job is lost meanwhile, with ${name}`, async () => {
    const store = createStore();
    let isFenced = false;
    const append: typeof store.append = (...args) => {
      if (isFenced) throw new FencedError("job", args[1], args[1] + 1);
      return store.append(...args);
    };
    let isClosed = false;
    const close = () => void (isClosed = true);
    const process = new StoredFlowProcess({ store: { ...store, append, close }, work: ask });
    process.start([1]);
    await process.settle();
    isFenced = true;
    await process.engine.close();
    assertEquals([isClosed, process.told("lost").length], [true, 1]);
  });
}

test("C493 an engine whose name another one takes is told so once, also while it has no jobs", async () => {
  const store = memoryStore();
  const first = new StoredFlowProcess({ store, durability: { owner: "site" } });
  const { timers } = first;
  const worker = first.engine.work();
  await timers.advance(1_000);
  const second = new StoredFlowProcess({ store, timers, durability: { owner: "site" } });
  const other = second.engine.work();
  await timers.advance(60_000);
  assertEquals([first.told("replaced").map(({ owner }) => owner), second.told("replaced")], [["site"], []]);
  await Promise.all([worker.stop(), other.stop()]);
});

test("an engine closes though its store fails when it leaves and a handler goes on, and does nothing more", async () => {
  const store = memoryStore();
  const { promise, resolve } = Promise.withResolvers<void>();
  const failing = {
    ...store,
    leave: () => {
      throw new Error("no leave");
    },
  };
  const idle = new StoredFlowProcess({ store: failing });
  await idle.engine.recover();
  await idle.engine.close();
  assertEquals(idle.told("engine_error").map(({ error }) => String(error)), ["Error: no leave"]);
  const process = new StoredFlowProcess({ work: () => promise });
  process.start([1]);
  await process.settle();
  const closed = process.engine.close({ drain: false });
  await process.timers.advance(1_000);
  await closed;
  assertEquals(process.timers.size, 0);
  resolve();
  await process.timers.advance(60_000);
  assertEquals([process.told("store_error"), process.told("engine_error"), process.timers.size], [[], [], 0]);
});
