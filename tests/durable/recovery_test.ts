import { assert, assertEquals, assertGreater, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type Context, Engine, ErrorHandler, FencedError, PoisonError, Registry, StateError } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { CrashingStore } from "../support/crashing_store.ts";
import { lateStore } from "../support/late_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";
import { tickingTimers } from "../support/ticking_timers.ts";

const STORES = { "a store that answers at once": memoryStore, "a store that answers later": lateStore };
const OWNER = { owner: "worker", takeOver: "at once" } as const;

/** A process that dies with a job in its hands: the store has what it wrote before its n-th write. */
async function die(data = memoryStore(), write = 4, durability = {}): Promise<StoredFlowProcess> {
  const store = new CrashingStore(data, { write, isWritten: false }, true);
  const process = new StoredFlowProcess({ store, durability });
  process.start([1, 2, 3]);
  await process.settle();
  assert(store.isDead);
  return process;
}

test("a job whose process has died goes on where it stood when its lease has ended, and not before", async () => {
  const data = memoryStore();
  const dead = await die(data);
  assertEquals(dead.begun, [1, 2, 3]);
  const process = new StoredFlowProcess({ store: data });
  assertEquals(await process.engine.recover(), { jobs: [], errors: [] });
  await process.timers.advance(30_000);
  const { jobs } = await process.engine.recover();
  assertEquals(jobs.map(({ job }) => job.jobId), ["job"]);
  const [{ flow, job } = assert(false) as never] = jobs;
  assertEquals(await flow.waitForCompletion(job), true);
  assertEquals(job.sharedData, { sum: 6 });
  assertEquals((await data.find("job"))?.epoch, 2);
});

test("a process of the same name takes its jobs over at once where it is told to, else when the lease has ended", async () => {
  const data = memoryStore();
  await die(data, 4, { owner: "worker 1" });
  const careful = new StoredFlowProcess({ store: data, durability: { owner: "worker 1" } });
  assertEquals(await careful.engine.recover(), { jobs: [], errors: [] });
  const process = new StoredFlowProcess({ store: data, durability: { owner: "worker 1", takeOver: "at once" } });
  const { jobs } = await process.engine.recover();
  assertEquals(jobs.length, 1);
  await process.settle();
  assertEquals(jobs[0]?.job.status, "completed");

  const other = memoryStore();
  await die(other, 4, { owner: "worker 2" });
  const late = new StoredFlowProcess({ store: other, durability: { owner: "worker 2" } });
  await late.timers.advance(29_999);
  assertEquals((await late.engine.recover()).jobs.length, 0);
  await late.timers.advance(1);
  assertEquals((await late.engine.recover()).jobs.length, 1);
});

test("a process that takes jobs over at once may open and resume them before it has done anything else", async () => {
  const data = memoryStore();
  await die(data, 4, OWNER);
  const process = new StoredFlowProcess({ store: data, durability: OWNER });
  const { flow, job } = await process.engine.open("job");
  flow.resume(job);
  assertEquals(await flow.waitForCompletion(job), true);
  assertEquals(job.sharedData, { sum: 6 });
});

test("a live owner keeps its claim, however long the job takes", async () => {
  const store = memoryStore();
  const durability = { commandPollMs: 3_600_000 };
  const process = new StoredFlowProcess({ store, durability, work: (_n, ctx) => void ctx.expect("input") });
  const job = process.start([1]);
  // Longer than a hundred leases.
  await process.timers.advance(3_600_000);
  const other = new StoredFlowProcess({ store, timers: process.timers });
  assertEquals((await other.engine.recover()).jobs, []);
  assertEquals(job.status, "running");
});

test("started twice under one id it is one job: live, ended, in another process, after a crash", async () => {
  const store = memoryStore();
  const process = new StoredFlowProcess({ store });
  const first = process.start([1, 2]);
  const second = process.start([5]);
  await process.settle();
  assertEquals([first.sharedData, second.sharedData, process.begun], [{ sum: 3 }, { sum: 3 }, [1, 2]]);
  const third = process.start([7]);
  assertEquals(await process.flow.waitForCompletion(third), true);
  assertEquals([third.status, third.sharedData], ["completed", { sum: 3 }]);

  const data = memoryStore();
  await die(data, 4, OWNER);
  const heir = new StoredFlowProcess({ store: data, durability: OWNER });
  const again = heir.start([9, 9]);
  assertEquals(await heir.flow.waitForCompletion(again), true);
  assertEquals(again.sharedData, { sum: 6 });
});

test("a job that works elsewhere is left alone by a second start: the wait ends, as for a job at rest", async () => {
  const store = memoryStore();
  const owner = new StoredFlowProcess({ store, work: (_n, ctx) => void ctx.expect("input") });
  owner.start([1]);
  await owner.settle();
  const other = new StoredFlowProcess({ store, timers: owner.timers });
  const job = other.start([2]);
  assertEquals(await other.flow.waitForCompletion(job), false);
  assertEquals([job.status, job.pendingTasks.length, other.begun], ["running", 1, []]);
});

test("C491 a job of another flow under the same id is an error", async () => {
  const process = new StoredFlowProcess();
  process.start([1]);
  await process.settle();
  const { Flow } = await import("../../mod.ts");
  const flow = new Flow({ id: "other", registry: process.registry, engine: process.engine });
  flow.addRoutine(new (process.registry.classOf("Source") as new () => never)(), "source");
  const job = flow.execute("source", {}, { jobId: "job" });
  await assertRejects(() => flow.waitForCompletion(job), StateError, 'there is one of flow "workshop" already');
});

test("a zombie's next renewal fails: its job is detached, its handlers are aborted, its waits reject", async () => {
  const store = memoryStore();
  let reason: unknown;
  const zombie = new StoredFlowProcess({
    store,
    work: (_n, ctx) =>
      new Promise<void>((resolve) => {
        ctx.signal.addEventListener("abort", () => {
          reason = ctx.signal.reason;
          resolve();
        });
      }),
  });
  const job = zombie.start([1]);
  await zombie.settle();
  const wait = assertRejects(() => zombie.flow.waitForCompletion(job), FencedError, "its lease has ended");
  const outputs = assertRejects(async () => await zombie.flow.outputs(job).next(), FencedError);
  const heir = new StoredFlowProcess({ store });
  await heir.timers.advance(40_000);
  assertEquals((await heir.engine.recover()).jobs.length, 1);
  await heir.settle();
  await zombie.timers.advance(10_000);
  await Promise.all([wait, outputs]);
  assert(reason instanceof FencedError);
  assertEquals([job.status, job.sharedData], ["running", {}], "as it was stored");
  assertEquals((await store.find("job"))?.status, "completed");
  await assertRejects(() => zombie.flow.pause(job), StateError, "not live here");
});

test("a snapshot of a job that the store has in another state is refused, in the same state it goes on", async () => {
  const store = memoryStore();
  const { JobState } = await import("../../mod.ts");
  const process = new StoredFlowProcess({ store });
  const job = process.start([1, 2]);
  await process.flow.pause(job);
  const text = JSON.stringify(job);
  const other = new StoredFlowProcess({ store });
  const copy = JobState.fromJSON(JSON.parse(text), other.registry);
  other.flow.resume(copy);
  assertEquals(await other.flow.waitForCompletion(copy), true);
  const late = JobState.fromJSON(JSON.parse(text), process.registry);
  process.flow.resume(late);
  await assertRejects(() => process.flow.waitForCompletion(late), FencedError);
});

test("a job whose classes are not registered here is an error of the recovery, and is left to others as it is", async () => {
  const data = memoryStore();
  const { timers } = await die(data, 4, OWNER);
  const before = await data.load("job");
  const engine = new Engine({ registry: new Registry(), store: data, durability: OWNER, timers });
  const { jobs, errors } = await engine.recover();
  assertEquals([jobs.length, errors.map(({ jobId }) => jobId)], [0, ["job"]]);
  const { record, ...texts } = await data.load("job") ?? {};
  assertEquals({ ...texts, record: before?.record }, before);
  assertEquals([record?.revision, record?.status, record?.owner], [before?.record.revision, "running", undefined]);
  assertEquals(await engine.recover({ limit: 1 }), { jobs: [], errors: [] }, "it leaves the job to others for a while");
  const process = new StoredFlowProcess({ store: data, durability: OWNER, timers });
  assertEquals((await process.engine.recover()).jobs.length, 1);
});

test("a job that cannot go on here is let go, and is due when it was", async () => {
  const process = new StoredFlowProcess();
  const { timers, store, registry } = process;
  await process.flow.start("source", { items: [1] }, { jobId: "job" });
  const { dueAt } = await store.find("job") ?? {};
  await timers.advance(5_000);
  const engine = new Engine({ registry: new Registry(), store, timers });
  assertEquals((await engine.recover()).errors.length, 1);
  assertEquals((await store.find("job"))?.dueAt, dueAt);
  const knowing = new Engine({ registry, store, timers });
  assertEquals((await knowing.recover()).jobs.length, 1);
});

for (const strategy of ["stop", "retry"] as const) {
  test(`C490 a task with which processes die again and again counts as failed, with the strategy ${strategy}`, async () => {
    const data = memoryStore();
    const durability = { ...OWNER, maxRecoveries: 3 };
    let deaths = 0;
    for (; deaths < 10; deaths++) {
      const store = new CrashingStore(data, undefined, true);
      const process = new StoredFlowProcess({
        store,
        durability,
        work: () => {
          store.isDead = true;
        },
      });
      process.flow.setErrorHandler(new ErrorHandler({ strategy, retryDelayMs: 0 }));
      process.start([1, 2]);
      await process.settle();
      if (!store.isDead) break;
    }
    assertEquals(deaths, 3);
    const { job } = await new StoredFlowProcess({ store: data, durability }).engine.open("job");
    assertEquals([job.status, job.error?.name, job.error?.code], ["failed", "PoisonError", "POISON"]);
    assertEquals(job.failures.length, 1);
    assertEquals(new PoisonError(3).recoveries, 3);
  });
}

for (const [name, createStore] of Object.entries(STORES)) {
  test(`C490 a task that ends its process each time counts, however long it has worked before, with ${name}`, async () => {
    for (const livesMs of [1_000, 15_000, 120_000]) {
      const store = createStore();
      let now = 0;
      let lives = 0;
      for (; lives < 10; lives++) {
        // The clock of a process that was killed stands still.
        const timers = manualTimers(now);
        const durability = { ...OWNER, maxRecoveries: 3 };
        const process = new StoredFlowProcess({ store, timers, durability, work: () => new Promise<void>(() => {}) });
        if (lives === 0) process.start([1]);
        else await process.engine.recover();
        await timers.advance(livesMs);
        now = timers.now() + 1_000;
        if ((await process.engine.open("job")).job.status === "failed") break;
      }
      const { job } = await new StoredFlowProcess({ store }).engine.open("job");
      assertEquals([lives, job.error?.name, livesMs], [3, "PoisonError", livesMs]);
    }
  });
}

test("shutdown lets go of what is left, for others at once", async () => {
  const store = memoryStore();
  const process = new StoredFlowProcess({ store, work: (_n, ctx) => void ctx.expect("input") });
  const job = process.start([1]);
  await process.engine.shutdown();
  assertEquals([job.status, (await store.find("job"))?.owner], ["running", undefined]);
  assertThrows(() => process.start([1], "other"), StateError, "its engine has been shut down");
  const heir = new StoredFlowProcess({ store });
  const { job: found } = await heir.engine.open("job");
  assertEquals(found.status, "running");
});

test("C488 a recovery of many jobs lets the host's event loop come round between them", async () => {
  const store = memoryStore();
  const options = {
    store,
    durability: OWNER,
    work: (_n: number, ctx: Context) => void ctx.expect("input"),
  };
  const dead = new StoredFlowProcess(options);
  for (let n = 0; n < 40; n++) dead.start([n], `job ${n}`);
  await dead.settle();
  // Each look at the clock takes a millisecond, and a slice four.
  const timers = { ...manualTimers(), ...tickingTimers() };
  const process = new StoredFlowProcess({ ...options, timers });
  let rounds = 0;
  let isOver = false;
  const count = (): void => {
    rounds++;
    if (!isOver) timers.soon(count);
  };
  timers.soon(count);
  const { jobs, errors } = await process.engine.recover();
  isOver = true;
  assertEquals([jobs.length, errors], [40, []]);
  assertGreater(rounds, 5);
});
