import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  type Context,
  Engine,
  FencedError,
  Flow,
  type JsonObject,
  PreflightError,
  Registry,
  Routine,
  StateError,
  StoreError,
} from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { createLatch } from "../support/latch.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

// Starts that come to nothing, and commands to jobs that are just being let go of.

const asking = (_n: number, ctx: Context) => void ctx.expect("input");

/** A store with a paused job, and a process that has opened it. */
async function openPaused() {
  const store = memoryStore();
  const owner = new StoredFlowProcess({ store, work: asking });
  const made = owner.start([1]);
  await owner.settle();
  await owner.flow.pause(made);
  const process = new StoredFlowProcess({ store, timers: owner.timers, work: asking });
  return { store, process, ...await process.engine.open("job") };
}

test("a job that was deleted since it was opened is lost when it is resumed", async () => {
  const { store, process, flow, job } = await openPaused();
  assertEquals(await process.engine.delete("job"), true);
  flow.resume(job);
  await assertRejects(() => flow.waitForCompletion(job), FencedError);
  assertEquals(await store.find("job"), undefined);
});

test("a job that was claimed and cannot be read is let go, and its waits reject", async () => {
  const { store, flow, job } = await openPaused();
  const { claim } = store;
  store.claim = async (query) => {
    const answer = await claim(query);
    return { ...answer, jobs: answer.jobs.map((it) => ({ ...it, entries: it.entries.slice(1) })) };
  };
  flow.resume(job);
  await assertRejects(() => flow.waitForCompletion(job), StoreError);
  const { owner, status } = await store.find("job") ?? {};
  assertEquals([owner, status], [undefined, "paused"]);
});

test("a job that is live here as another object says so to whoever steers the first one", async () => {
  const { process, flow, job } = await openPaused();
  const second = await process.engine.open("job");
  flow.resume(second.job);
  await process.settle();
  const deliver = () => flow.deliver(job, "worker", "input", { n: 2 });
  assertThrows(deliver, StateError, "it is live here, as another JobState");
  flow.cancel(second.job);
  await process.settle();
});

test("a job whose state cannot be brought to the version here is an error of the recovery, and is let go", async () => {
  class Counter extends Routine {
    readonly trigger = this.addSlot("trigger", this.count);
    count(_data: unknown, ctx: Context): void {
      ctx.state.set("count", 1);
      ctx.expect("trigger");
    }
  }
  class NewCounter extends Counter {
    static override readonly version = 2;
    static override migrate(json: JsonObject): unknown {
      return json;
    }
    static override migrateState(): unknown {
      throw new Error("no way");
    }
  }
  const [store, timers] = [memoryStore(), manualTimers()];
  const [old, present] = [Counter, NewCounter].map((Class) => {
    const registry = new Registry({ Counter: Class });
    return { registry, engine: new Engine({ store, timers, registry }) };
  });
  if (old === undefined || present === undefined) throw new Error("unreachable");
  const flow = new Flow({ id: "counters", ...old });
  flow.execute(flow.addRoutine(new Counter(), "counter"), {}, { jobId: "job" });
  await timers.flush();
  await old.engine.shutdown();
  await present.engine.handle("job").deliver({ routine: "counter", slot: "trigger" }, {});
  const { jobs, errors: [refused] } = await present.engine.recover();
  assertEquals([jobs.length, refused?.jobId, refused?.error instanceof PreflightError], [0, "job", true]);
  await timers.flush();
  const { owner, status, consumed } = await store.find("job") ?? {};
  assertEquals([owner, status, consumed], [undefined, "running", 0]);
});

test("a job whose end the store has refused, and that cannot be read again, is lost", async () => {
  const { watch: _, ...store } = memoryStore();
  const latch = createLatch();
  const process = new StoredFlowProcess({ store, durability: { attempts: 1 }, work: () => latch.passed });
  const job = process.start([1]);
  await process.settle();
  await process.engine.handle("job").deliver({ routine: "worker", slot: "input" }, { n: 2 });
  store.load = () => {
    throw new Error("no connection");
  };
  const wait = assertRejects(() => process.flow.waitForCompletion(job), StoreError);
  latch.open();
  await process.settle();
  await wait;
  assertEquals([process.begun, (await store.find("job"))?.status], [[1], "running"]);
  await assertRejects(
    () => process.flow.waitForCompletion(job),
    StoreError,
    undefined,
    "who asks later hears the same",
  );
});

test("C484 a job whose start has failed takes no calls: the store may have it", async () => {
  const store = memoryStore();
  const { create } = store;
  store.create = (jobs) => {
    create(jobs);
    throw new Error("no answer");
  };
  const process = new StoredFlowProcess({ store, durability: { attempts: 1 }, work: asking });
  const job = process.start([1]);
  await assertRejects(() => process.flow.waitForCompletion(job), StoreError);
  await assertRejects(() => process.flow.waitForCompletion(job), StoreError);
  assertThrows(
    () => process.flow.deliver(job, "worker", "input", { n: 2 }),
    StateError,
    "may be in the store all the same",
  );
  assertThrows(() => process.flow.cancel(job), StateError, "may be in the store all the same");
  assertEquals((await store.find("job"))?.status, "running");
});

test("a job that fails as it begins has ended for what was asked of it before", async () => {
  const store = memoryStore();
  const durability = { owner: "worker", takeOver: "at once", maxRecoveries: 1 } as const;
  const died = new StoredFlowProcess({ store, durability, work: () => new Promise(() => {}) });
  died.start([1]);
  await died.settle();
  const process = new StoredFlowProcess({ store, durability, timers: died.timers });
  const { flow, job } = await process.engine.open("job");
  flow.resume(job);
  flow.cancel(job);
  await process.settle();
  assertEquals(job.status, "failed");
  assertEquals(process.told("command_error").map(({ error }) => error instanceof Error && error.message), [
    'Cannot cancel job "job" in status "failed": it has ended already',
  ]);
});

for (const command of ["pause", "resume"] as const) {
  test(`C483 a ${command} that comes while a shutdown waits for a handler is left to whoever has the job next`, async () => {
    const store = memoryStore();
    const latch = createLatch();
    const owner = new StoredFlowProcess({ store, work: () => latch.passed });
    owner.start([1]);
    await owner.settle();
    const down = owner.engine.shutdown({ drain: false });
    await owner.timers.advance(10_000);
    await owner.engine.handle("job")[command]();
    await owner.settle();
    assertEquals([(await store.find("job"))?.consumed, owner.told("command_error")], [0, []]);
    latch.open();
    await Promise.all([down, owner.settle()]);
    const heir = new StoredFlowProcess({ store, timers: owner.timers });
    await heir.engine.recover();
    await heir.settle();
    const { status, consumed } = await store.find("job") ?? {};
    assertEquals([status, consumed], [command === "pause" ? "paused" : "completed", 1]);
  });
}

test("a job that is started is due from its creation on, also when the clock goes on meanwhile", async () => {
  const timers = manualTimers();
  let now = 0;
  const { flow, store } = new StoredFlowProcess({ timers: { ...timers, now: () => ++now } });
  await flow.start("source", {}, { jobId: "job" });
  const { createdAt, dueAt } = await store.find("job") ?? {};
  assertEquals(dueAt, createdAt);
});

test("a job that is claimed again for a command which came as it was let go is left to another object of it that is started meanwhile", async () => {
  const { store, process, flow, job } = await openPaused();
  const { append, claim } = store;
  const second = await process.engine.open("job");
  const latch = createLatch();
  let isPaused = false;
  store.append = async (by, revision, entries, head) => {
    if (head?.releases === true) {
      isPaused = true;
      await latch.passed;
    }
    return await append(by, revision, entries, head);
  };
  flow.resume(job);
  await process.settle();
  flow.pause(job, { graceMs: 0 }).catch(() => {});
  await process.settle();
  assertEquals(isPaused, true);
  store.append = append;
  let starts = 0;
  store.claim = async (query) => {
    const answer = await claim(query);
    if (++starts === 1) flow.resume(second.job);
    return answer;
  };
  await process.engine.handle("job").resume();
  await process.settle();
  latch.open();
  await process.timers.advance(30_000);
  // The command has had its effect, though the other object has not been given the job.
  const { status, consumed, sent } = await store.find("job") ?? {};
  assertEquals([starts, status, consumed, sent, process.told("lost")], [2, "running", 1, 1, []]);
  await process.engine.handle("job").cancel();
  await process.settle();
  assertEquals((await store.find("job"))?.status, "cancelled");
});
