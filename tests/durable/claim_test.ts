import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  type Context,
  Engine,
  ErrorHandler,
  type ErrorStrategy,
  FencedError,
  Flow,
  JobState,
  Registry,
  Routine,
  SerializationError,
  StateError,
  StoreError,
} from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { claimJob, claimOf, enter } from "../../src/testing/store_contract/sample_jobs.ts";
import { createLatch } from "../support/latch.ts";
import { heldStore } from "../support/held_store.ts";
import { lateStore } from "../support/late_store.ts";
import { CrashingStore } from "../support/crashing_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

const OWNER = { owner: "worker", takeOver: "at once", maxRecoveries: 3 } as const;

/** A handler that returns when it is told to. */
function untilAborted(_n: number, { signal }: Context): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

/** Processes that die with the job in their hands, one after the other; each has begun with one item. */
async function dieOften(
  data: Store,
  times: number,
  { workers, strategy = "continue" }: { readonly workers?: number; readonly strategy?: ErrorStrategy } = {},
): Promise<void> {
  for (let death = 0; death < times; death++) {
    const store = new CrashingStore(data, undefined, true);
    const process = new StoredFlowProcess({ store, durability: OWNER, work: () => void (store.isDead = true) });
    process.flow.setErrorHandler(new ErrorHandler({ strategy }));
    process.flow.execute("source", { items: [1, 2] }, {
      jobId: "job",
      ...(workers === undefined ? {} : { strategy: "concurrent", maxWorkers: workers }),
    });
    await process.settle();
  }
}

test("what is asked of a job before the store has let it begin is done when it has", async () => {
  const process = new StoredFlowProcess({ work: (_n, ctx) => void ctx.expect("input") });
  const job = process.start([]);
  process.flow.deliver(job, "worker", "input", { n: 7 });
  assertEquals(job.pendingTasks.length, 1);
  await process.settle();
  assertEquals([job.status, process.begun], ["running", [7]]);
});

test("a job that is cancelled before it has begun ends then, once, and takes nothing more", async () => {
  const process = new StoredFlowProcess();
  const job = process.start([1]);
  process.flow.cancel(job, { reason: "first" });
  process.flow.cancel(job, { reason: "second" });
  process.flow.deliver(job, "worker", "input", { n: 7 });
  assertEquals(await process.flow.waitForCompletion(job), true);
  assertEquals([job.status, job.error?.message], ["cancelled", "The job was cancelled: first"]);
  assertEquals([job.pendingTasks.map(({ routine }) => routine), process.begun], [["source"], []]);
  assertEquals((await process.store.load("job"))?.entries.length, 1);
});

test("a flow that cannot travel cannot be kept: the waits reject, with the reason", async () => {
  const process = new StoredFlowProcess();
  const flow = new Flow({ id: "nameless", registry: new Registry(), engine: process.engine });
  flow.addRoutine(new (process.registry.classOf("Source") as new () => never)(), "source");
  const job = flow.execute("source", {}, { jobId: "job" });
  await assertRejects(() => flow.waitForCompletion(job), TypeError, "its class is not registered");
  assertEquals(await process.store.find("job"), undefined);
});

test("what a routine throws while its flow is written down is the reason, also when it is no error", async () => {
  class Meter extends Routine {
    readonly trigger = this.addSlot("trigger", () => {});
    constructor() {
      super();
      this.addSerializableFields("value");
    }
    get value(): number {
      throw "out of order";
    }
  }
  const { engine } = new StoredFlowProcess();
  const flow = new Flow({ id: "meters", registry: new Registry({ Meter }), engine });
  const job = flow.execute(flow.addRoutine(new Meter(), "meter"));
  const { name, message, cause } = await assertRejects(() => flow.waitForCompletion(job), Error);
  assertEquals([name, message, cause], ["Error", "out of order", "out of order"]);
});

test("a job that is deleted while it is started is lost to whoever deleted it", async () => {
  const store = memoryStore();
  const { create } = store;
  store.create = async (jobs) => {
    const answers = await create(jobs);
    for (const { record } of answers) await store.delete(record);
    return answers.map(({ record }) => ({ isNew: false, record }));
  };
  const process = new StoredFlowProcess({ store });
  const job = process.start([1]);
  await assertRejects(() => process.flow.waitForCompletion(job), FencedError);
});

test("an inbox that cannot be read is told, and read again when commands are next asked for", async () => {
  const { watch: _, ...store } = memoryStore();
  const { inbox } = store;
  store.inbox = () => {
    throw new Error("no connection");
  };
  const durability = { commandPollMs: 5_000 };
  const process = new StoredFlowProcess({ store, durability, work: (_n, ctx) => void ctx.expect("input") });
  const job = process.start([1]);
  await process.settle();
  await process.engine.handle("job").cancel();
  await process.timers.advance(5_000);
  assertEquals(process.told("store_error").map(({ error }) => (error as Error).message), ["no connection"]);
  store.inbox = inbox;
  await process.timers.advance(5_000);
  assertEquals(job.status, "cancelled");
});

test("commands that arrive when the job has been lost are left to its new owner", async () => {
  const { watch: _, ...store } = heldStore();
  const { inbox } = store;
  let answer = () => {};
  store.inbox = async (...args) => {
    await new Promise<void>((resolve) => answer = resolve);
    return await inbox(...args);
  };
  const process = new StoredFlowProcess({ store, work: (_n, ctx) => void ctx.expect("input") });
  const job = process.start([1]);
  await process.settle();
  await process.engine.handle("job").cancel();
  await process.timers.advance(1_000);
  store.fail(1, new FencedError("job", 2, 3));
  process.flow.deliver(job, "worker", "input", { n: 2 });
  await process.settle();
  answer();
  await process.settle();
  assertEquals([job.status, process.told("command_error"), (await store.find("job"))?.consumed], ["running", [], 0]);
});

test("a command that does not fit a job at rest is told by whoever finds it, and consumed", async () => {
  const process = new StoredFlowProcess({ work: (_n, ctx) => void ctx.expect("input") });
  const job = process.start([1]);
  await process.settle();
  await process.flow.pause(job);
  const before = await process.store.find("job");
  await process.engine.handle("job").pause({ key: "again" });
  await process.engine.handle("job").redrive({ key: "late" });
  assertEquals(await process.engine.recover(), { jobs: [], errors: [] });
  await process.settle();
  assertEquals(process.told("command_error").map(({ key, error }) => [key, (error as Error).message]), [
    ["late", 'Cannot redrive job "job" in status "paused": only a job that has ended can be redriven'],
  ]);
  const after = await process.store.find("job");
  assertEquals([after?.consumed, after?.status, after?.owner], [2, "paused", undefined]);
  assertEquals(after?.revision, before?.revision, "the head says it, no entry");
  assertEquals((await process.engine.open("job")).job.status, "paused");
});

test("a task that no recovery gets any further fails by its error handler: others go on", async () => {
  const data = memoryStore();
  await dieOften(data, 3);
  const process = new StoredFlowProcess({ store: data, durability: OWNER });
  const { jobs: [found] } = await process.engine.recover();
  await process.settle();
  assertEquals(process.begun, [2]);
  assertEquals([found?.job.status, found?.job.sharedData, found?.job.failures.length], ["completed", { sum: 2 }, 1]);
  assertEquals(found?.job.routineStates["worker"]?.status, "error_continued");
});

test("of several such tasks that would stop the job the first does", async () => {
  const data = memoryStore();
  await dieOften(data, 3, { workers: 2, strategy: "stop" });
  const process = new StoredFlowProcess({ store: data, durability: OWNER });
  const job = process.flow.execute("source", {}, { jobId: "job" });
  await process.settle();
  assertEquals([job.status, job.failures.length, job.pendingTasks.length], ["failed", 1, 1]);
  const { status, owner } = await data.find("job") ?? {};
  assertEquals([status, owner], ["failed", undefined]);
  assertEquals(process.begun, []);
});

test("a job that somebody else has claimed since it was taken is lost, and nothing changes in the store", async () => {
  const data = memoryStore();
  await dieOften(data, 3);
  const { revision } = await data.find("job") ?? {};
  const late = {
    ...data,
    append: () => {
      throw new FencedError("job", revision ?? 0, (revision ?? 0) + 1);
    },
  };
  const process = new StoredFlowProcess({ store: late, durability: OWNER });
  assertEquals((await process.engine.recover()).errors, []);
  await process.settle();
  assertEquals([process.begun, process.told("lost").length], [[], 1]);
  assertEquals((await data.find("job"))?.revision, revision);
});

test("relaxed: a job that is lost leaves no timer behind", async () => {
  const store = heldStore();
  const process = new StoredFlowProcess({
    store,
    durability: { mode: "relaxed", flushMs: 50 },
    work: async (n, ctx) => {
      await new Promise<void>((resolve) => void process.timers.setTimer(n * 30, resolve));
      ctx.expect("input");
    },
  });
  const job = process.flow.execute("source", { items: [1, 2, 3] }, {
    jobId: "job",
    strategy: "concurrent",
    maxWorkers: 3,
  });
  const wait = assertRejects(() => process.flow.waitForCompletion(job), FencedError);
  store.hold();
  await process.timers.advance(70);
  store.fail(1, new FencedError("job", 0, 1));
  store.release();
  await wait;
  assertEquals([process.begun.length, store.appends.length], [3, 1]);
  await process.timers.advance(1_000);
  assertEquals([process.timers.size, store.appends.length], [0, 1]);
});

test("a job that is deleted under its owner is lost, also after a write that failed", async () => {
  const data = memoryStore();
  const store = heldStore(data);
  const process = new StoredFlowProcess({ store });
  const job = process.start([1, 2]);
  store.fail(1);
  const wait = assertRejects(() => process.flow.waitForCompletion(job), FencedError);
  await process.settle();
  const record = await data.find("job");
  assertEquals(record && await data.delete(record), true);
  await process.timers.advance(1_000);
  await wait;
  assertEquals(process.begun, []);
});

test("a job that is deleted under its owner is lost when that one next renews its lease", async () => {
  const store = memoryStore();
  const process = new StoredFlowProcess({ store, work: (_n, ctx) => void ctx.expect("input") });
  const [job, other] = ["job", "other"].map((jobId) => process.start([1], jobId));
  await process.settle();
  const record = await store.find("job");
  assertEquals(record && await store.delete(record), true);
  await process.timers.advance(10_000);
  assertEquals(process.told("lost").map(({ jobId }) => jobId), ["job"]);
  assertThrows(() => process.flow.cancel(job as JobState), StateError);
  assertEquals(other?.status, "running");
});

test("a job that was stopped by its store goes on from what is stored when it is resumed", async () => {
  const store = heldStore();
  const process = new StoredFlowProcess({ store, durability: { attempts: 1 } });
  const job = process.start([1, 2]);
  await process.timers.flush();
  const other = process.start([3], "other");
  store.fail(1);
  await assertRejects(() => process.flow.waitForCompletion(other), StoreError, "failed 1 times");
  assertEquals([job.status, other.status, process.begun], ["completed", "running", [1, 2]]);
  process.flow.resume(other);
  assertEquals(await process.flow.waitForCompletion(other), true);
  assertEquals([other.sharedData, process.begun], [{ sum: 3 }, [1, 2, 3]]);
});

test("a job goes on hearing of commands when another one of its engine has ended", async () => {
  const process = new StoredFlowProcess({ work: (_n, ctx) => void ctx.expect("input") });
  const [first, second] = ["first", "second"].map((jobId) => process.start([1], jobId));
  await process.settle();
  await process.engine.handle("first").cancel();
  await process.settle();
  await process.engine.handle("second").cancel();
  await process.settle();
  assertEquals([first?.status, second?.status], ["cancelled", "cancelled"]);
});

test("a fork has an id of its own where none is given, and a text that is damaged is named", async () => {
  const process = new StoredFlowProcess();
  await process.flow.waitForCompletion(process.start([1]));
  const { job } = await process.engine.fork("job", 1);
  assertMatch(job.jobId, /^id-/);
  const record = await process.store.find("job");
  const taken = record && await claimJob(process.store, await enter(process.store, "another"), record);
  if (taken !== undefined) await process.store.append(claimOf(taken), taken.record.revision, ["{ no JSON"]);
  const engine = new Engine({ store: process.store, registry: process.registry });
  const error = await assertRejects(() => engine.open("job"), SerializationError, "the text is no JSON");
  assertEquals(error.document, "routilux/commit");
  assertInstanceOf(error.cause, SyntaxError);
});

test("processes that let go of a job in time are not suspected, however many they are", async () => {
  const store = memoryStore();
  for (let round = 0; round < 5; round++) {
    const process = new StoredFlowProcess({ store, durability: OWNER, work: untilAborted });
    process.start([1]);
    await process.settle();
    const down = process.engine.shutdown({ drain: false });
    await process.timers.advance(1_000);
    await down;
  }
  const process = new StoredFlowProcess({ store, durability: OWNER });
  const job = process.start([1]);
  await process.settle();
  assertEquals([job.status, job.sharedData], ["completed", { sum: 1 }]);
});

test("a job whose handler does not heed the shutdown is let go when that handler has returned, and not before", async () => {
  const store = memoryStore();
  const gate = createLatch();
  const first = new StoredFlowProcess({ store, durability: { leaseMs: 3_000 }, work: () => gate.passed });
  const { timers } = first;
  first.start([1]);
  await first.settle();
  const down = first.engine.shutdown({ drain: false });
  await timers.advance(1_000);
  await down;
  await timers.advance(60_000);
  const second = new StoredFlowProcess({ store, timers });
  assertEquals((await second.engine.recover()).jobs, []);
  gate.open();
  await first.settle();
  assertEquals((await store.find("job"))?.owner, undefined);
  assertEquals((await second.engine.recover()).jobs.length, 1);
  await second.settle();
  assertEquals([(await store.find("job"))?.status, timers.size], ["completed", 0]);
});

test("a snapshot of a running job is refused while its owner has it, and goes on when the lease has ended", async () => {
  const store = memoryStore();
  const work = (n: number, ctx: Context) => n === 1 ? void ctx.expect("input") : undefined;
  const owner = new StoredFlowProcess({ store, work });
  const job = owner.start([1]);
  await owner.settle();
  const text = JSON.stringify(job);
  const other = new StoredFlowProcess({ store, work });
  const early = JobState.fromJSON(JSON.parse(text), other.registry);
  other.flow.resume(early);
  await assertRejects(() => other.flow.waitForCompletion(early), FencedError);
  assertEquals((await store.find("job"))?.epoch, 1);
  await other.timers.advance(40_000);
  const late = other.start([]);
  await other.settle();
  other.flow.deliver(late, "worker", "input", { n: 2 });
  assertEquals(await other.flow.waitForCompletion(late), true);
  assertEquals([other.begun, (await store.find("job"))?.epoch], [[2], 2]);
});

test("a copy of a stored job reads running while the store is asked, and as it was when it is refused", async () => {
  const store = memoryStore();
  const process = new StoredFlowProcess({ store, work: (_n, ctx) => void ctx.expect("input") });
  const job = process.start([1]);
  await process.settle();
  await process.flow.pause(job);
  const { registry, flow } = process;
  const [early, late] = [1, 2].map(() => JobState.fromText(job.toText(), registry));
  assert(early !== undefined && late !== undefined);
  flow.resume(early);
  assertEquals(early.status, "running");
  assertThrows(() => flow.resume(early), StateError, 'in status "running": it is live already');
  flow.deliver(early, "worker", "input", { n: 2 });
  await process.settle();
  assertEquals([early.status, process.begun], ["running", [1, 2]]);
  assertThrows(() => flow.resume(late), StateError, "it is live already, as another JobState");
  await flow.pause(early);
  flow.resume(late);
  assertEquals(late.status, "running");
  await assertRejects(() => flow.waitForCompletion(late), FencedError);
  assertEquals([late.status, late.pendingTasks.length], ["paused", 1], "nothing has changed");
});

test("a copy that another engine creates first is lost to that one", async () => {
  const store = memoryStore();
  const { create } = store;
  store.create = async (jobs) => {
    const claim = await enter(store, "another", { now: 0 });
    return (await create(jobs.map((job) => ({ ...job, claim })))).map(({ record }) => ({ isNew: false, record }));
  };
  const process = new StoredFlowProcess({ store });
  const copy = JobState.fromText(new StoredFlowProcess().flow.create("source", {}).toText(), process.registry);
  process.flow.resume(copy);
  await assertRejects(() => process.flow.waitForCompletion(copy), FencedError);
  assertEquals(process.begun, []);
});

test("a job that goes on under the same id has worked as long as it had", async () => {
  const store = memoryStore();
  const first = new StoredFlowProcess({ store, work: untilAborted });
  first.start([1]);
  await first.settle();
  const down = first.engine.shutdown({ drain: false });
  await first.timers.advance(1_000);
  await down;
  const second = new StoredFlowProcess({ store, timers: first.timers });
  const job = second.start([]);
  await second.settle();
  assertEquals([job.status, job.toJSON().ranMs], ["completed", 1_000]);
});

test("the failure of a task that no recovery gets any further is told", async () => {
  const data = memoryStore();
  await dieOften(data, 3);
  const process = new StoredFlowProcess({ store: data, durability: OWNER });
  await process.engine.recover();
  await process.settle();
  assertEquals(process.told("task").map(({ task, outcome }) => [task, outcome]), [[2, "continue"], [3, "done"]]);
});

for (const [name, createStore] of Object.entries({ "at once": memoryStore, "later": lateStore })) {
  test(`C551 a job that waits to be taken up does not run by that claim when it was had by a newer one meanwhile: a store that answers ${name}`, async () => {
    const store = createStore();
    const owner = new StoredFlowProcess({ store, work: (_n, ctx) => void ctx.expect("input") });
    const paused = owner.start([1], "first");
    await owner.settle();
    await owner.flow.pause(paused);
    await owner.engine.handle("first").deliver({ routine: "worker", slot: "input" }, { n: 2 });
    await owner.flow.start("source", { items: [7] }, { jobId: "second" });
    const latch = createLatch();
    const process = new StoredFlowProcess({
      timers: owner.timers,
      store: {
        ...store,
        inbox: async (life, ...rest) => {
          if (life.jobId === "first") await latch.passed;
          return await store.inbox(life, ...rest);
        },
      },
    });
    // Both are claimed at once, and the first one is being taken up.
    const recovered = process.engine.recover();
    await process.settle();
    assertEquals((await store.find("second"))?.epoch, 1);
    const { flow, job } = await process.engine.open("second");
    flow.resume(job);
    assertEquals(await flow.waitForCompletion(job), true);
    latch.open();
    const { jobs } = await recovered;
    await process.settle();
    const { epoch, owner: last, status } = await store.find("second") ?? {};
    assertEquals([epoch, last, status], [2, undefined, "completed"]);
    assertEquals([jobs.length, process.begun, process.told("lost")], [0, [7], []]);
  });
}
