import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { Engine, ErrorHandler, FencedError, Flow, StateError, StoreError } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { heldStore } from "../support/held_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

test("a write that fails is tried again, later and later, and the job goes on", async () => {
  const store = heldStore();
  const process = new StoredFlowProcess({ store, durability: { commandPollMs: 10_000 } });
  const job = process.start([1, 2]);
  store.fail(4);
  await process.settle();
  assertEquals([job.status, process.begun], ["running", []]);
  const instants: number[] = [];
  while (job.status === "running") {
    assert(await process.timers.advanceToNext());
    instants.push(process.timers.now());
  }
  assertEquals(instants.slice(0, 4), [100, 300, 700, 1_500]);
  assertEquals([job.status, job.sharedData], ["completed", { sum: 3 }]);
  assertEquals(
    process.told("store_error").map(({ error }) => (error as Error).message),
    Array(4).fill("the disk is full"),
  );
});

test("a store that keeps failing stops the job: nothing runs ahead, waits reject, and what is stored goes on later", async () => {
  const data = memoryStore();
  const store = heldStore(data);
  const process = new StoredFlowProcess({ store, durability: { attempts: 3, owner: "worker" } });
  const job = process.start([1, 2]);
  store.fail(3);
  const wait = assertRejects(() => process.flow.waitForCompletion(job), StoreError, "the store failed 3 times");
  const idle = assertRejects(() => process.flow.settle(job), StoreError);
  const condition = assertRejects(() => process.flow.waitUntil(job, () => false), StoreError);
  await process.timers.advance(1_000);
  await Promise.all([wait, idle, condition]);
  assertEquals([job.status, process.begun], ["running", []], "its children have not run");
  assertEquals((await data.load("job"))?.entries.length, 0);
  assertEquals((await process.engine.recover()).jobs, [], "its lease has not ended");
  await process.timers.advance(30_000);
  const { jobs } = await process.engine.recover();
  await process.settle();
  assertEquals(jobs.map((found) => [found.job.status, found.job.sharedData]), [["completed", { sum: 3 }]]);
});

test("a job that its store has stopped goes on with the next renewal of an engine that has others", async () => {
  const store = heldStore();
  const process = new StoredFlowProcess({
    store,
    durability: { attempts: 1 },
    work: (n, ctx) => n === 9 ? void ctx.expect("input") : ctx.shared.set("n", n),
  });
  process.start([9], "other");
  await process.settle();
  const job = process.start([1]);
  store.fail(1);
  await assertRejects(() => process.flow.waitForCompletion(job), StoreError);
  await process.timers.advance(10_000);
  assertEquals((await store.find("job"))?.status, "completed");
  process.flow.cancel((await process.engine.open("other")).job);
});

test("an engine that has no registry lets go of such a job with its next renewal, for others", async () => {
  const other = new StoredFlowProcess({
    store: heldStore(),
    work: (n, ctx) => n === 9 ? void ctx.expect("input") : undefined,
  });
  const { store, timers, registry } = other;
  const engine = new Engine({ store, timers, durability: { attempts: 1 } });
  const flow = Flow.fromJSON(other.flow.toJSON(), registry, { engine });
  const idle = flow.execute("source", { items: [9] }, { jobId: "idle" });
  await timers.flush();
  const { append } = store;
  store.append = () => {
    throw new Error("down");
  };
  const job = flow.execute("source", { items: [1] }, { jobId: "job" });
  await assertRejects(() => flow.waitForCompletion(job), StoreError);
  store.append = append;
  await timers.advance(10_000);
  assertEquals([(await store.find("job"))?.owner, idle.status], [undefined, "running"]);
  assertEquals((await other.engine.recover()).jobs.map((found) => found.job.jobId), ["job"]);
  await timers.flush();
  assertEquals((await store.find("job"))?.status, "completed");
  flow.cancel(idle);
});

test("a start that the store refuses rejects the waits, and starting again goes on", async () => {
  const process = new StoredFlowProcess({ durability: { attempts: 2 } });
  const { create } = process.store;
  process.store.create = () => {
    throw new Error("no connection");
  };
  const job = process.start([1]);
  const wait = assertRejects(() => process.flow.waitForCompletion(job), StoreError, "2 times");
  await process.timers.advance(1_000);
  await wait;
  process.store.create = create;
  process.flow.resume(job);
  assertEquals(await process.flow.waitForCompletion(job), true);
  assertEquals(job.sharedData, { sum: 1 });
});

test("C537 who starts a job is told what has become of it when the store keeps failing", async () => {
  const down = () => {
    throw new Error("no connection");
  };
  const told = async (store: Store) => {
    const { flow, timers } = new StoredFlowProcess({ store, durability: { attempts: 2 } });
    const calls = [
      () => flow.start("source", {}, { jobId: "job" }),
      () => flow.waitForCompletion(flow.execute("source", {}, { jobId: "job" })),
    ];
    return await Promise.all(calls.map(async (call) => {
      const refused = assertRejects(call, StoreError);
      await timers.advance(1_000);
      return (await refused).message;
    }));
  };
  const says = (outcome: string) => Array(2).fill(`Cannot store job "job": the store failed 2 times; ${outcome}`);
  const unknown = "it may be stored or not; start it again under this id, which makes it one job";
  assertEquals(await told({ ...memoryStore(), create: down }), says(unknown));
  assertEquals(await told({ ...memoryStore(), time: down }), says("nothing was stored; start it again"));
});

test("no try waits longer than ten seconds for the one before, whatever it asks of the store", async () => {
  for (const method of ["create", "append"] as const) {
    const process = new StoredFlowProcess({ durability: { attempts: 10, retryDelayMs: 1_000 } });
    process.store[method] = () => {
      throw new Error("no connection");
    };
    const job = process.start([1, 2]);
    const wait = assertRejects(() => process.flow.waitForCompletion(job), StoreError, "10 times");
    await process.timers.advance(100_000);
    await wait;
    const instants = process.told("store_error").map(({ at }) => at);
    const delays = instants.slice(1).map((at, index) => at - (instants[index] ?? at));
    assertEquals(delays, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000, 10_000, 10_000], method);
  }
});

test("a store that is tried without a pause may fail any number of times", async () => {
  const process = new StoredFlowProcess({ durability: { attempts: 2_000, retryDelayMs: 0 } });
  const { append } = process.store;
  let failures = 0;
  process.store.append = (...args) => {
    if (++failures < 1_500) throw new Error("no connection");
    return append(...args);
  };
  const job = process.start([1]);
  await process.timers.advance(1);
  assertEquals([job.status, job.sharedData, process.told("store_error").length], ["completed", { sum: 1 }, 1_499]);
});

test("a write that failed, but has arrived, is found to be one's own", async () => {
  const store = heldStore();
  const process = new StoredFlowProcess({ store });
  const job = process.start([1, 2]);
  store.fail(1, new Error("the connection was lost"), true);
  await process.timers.advance(1_000);
  assertEquals([job.status, job.sharedData, process.begun], ["completed", { sum: 3 }, [1, 2]]);
});

test("a write that failed, and another's that came meanwhile, is lost to the other", async () => {
  const data = memoryStore();
  const store = heldStore(data);
  const process = new StoredFlowProcess({ store });
  const job = process.start([1, 2]);
  store.fail(1);
  const wait = assertRejects(() => process.flow.waitForCompletion(job), FencedError);
  await process.settle();
  const record = await data.find("job");
  if (record !== undefined) await data.append(record, 0, ["an entry of somebody else"]);
  await process.timers.advance(1_000);
  await wait;
  assertEquals(process.begun, []);
});

test("a snapshot that cannot be written is told, and tried again with more", async () => {
  const throws = () => {
    throw new Error("too large");
  };
  for (const fails of [throws, () => Promise.reject(new Error("too large"))]) {
    const store: Store = memoryStore();
    const { compact } = store;
    let calls = 0;
    store.compact = (...args) => ++calls === 1 ? fails() : compact(...args);
    const process = new StoredFlowProcess({ store, durability: { snapshotLength: 10 } });
    const job = process.start([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    await process.flow.waitForCompletion(job);
    await process.settle();
    assertEquals(process.told("store_error").length, 1);
    assert(calls > 1);
    assertEquals(JSON.stringify((await process.engine.open("job")).job), JSON.stringify(job));
  }
});

test("C501 a store that fails with a job's last commit rejects the waits, and the job goes on from what is stored", async () => {
  const store = heldStore();
  const process = new StoredFlowProcess({ store, durability: { attempts: 1, owner: "worker" } });
  const job = process.start([1, 2]);
  const wait = assertRejects(() => process.flow.waitForCompletion(job), StoreError, "the store failed 1 times");
  const pause = assertRejects(() => process.flow.pause(job), StoreError);
  store.fail(1);
  await process.settle();
  await Promise.all([wait, pause]);
  await process.timers.advance(30_000);
  const { jobs } = await process.engine.recover();
  await process.settle();
  assertEquals(jobs.map((found) => [found.job.status, found.job.sharedData]), [["completed", { sum: 3 }]]);

  const last = process.start([1], "last");
  store.hold();
  await process.settle();
  store.fail(1);
  const end = assertRejects(() => process.flow.waitForCompletion(last), StoreError);
  store.release();
  await process.settle();
  await end;
  await process.engine.shutdown();
});

test("C438 a redrive of a job that has not ended in the store is refused, and the job goes on from what is stored", async () => {
  const store = heldStore();
  const work = (n: number) => {
    throw new Error(`item ${n} fails`);
  };
  const durability = { attempts: 1, owner: "worker" };
  const process = new StoredFlowProcess({ store, work, durability });
  for (const routine of process.flow.routines.values()) {
    routine.setErrorHandler(new ErrorHandler({ strategy: "continue" }));
  }
  const job = process.start([1, 2]);
  const lost = assertRejects(() => process.flow.waitForCompletion(job), StoreError);
  // The first failure is stored, and the end is not.
  const { append } = store;
  store.append = (claim, revision, entries, head) => {
    if (head?.endedAt !== undefined) store.fail(1);
    return append(claim, revision, entries, head);
  };
  await process.settle();
  await lost;
  store.append = append;
  assertEquals([job.status, (await store.find("job"))?.status], ["completed", "running"]);

  process.flow.resume(job, { redrive: true });
  const refused = await assertRejects(() => process.flow.waitForCompletion(job), StateError);
  assertStringIncludes(refused.message, "only a job that has ended can be redriven");
  assertEquals([job.status, process.begun], ["running", [1, 2]]);
  await process.engine.recover();
  await process.settle();
  const { status, failures } = await process.engine.handle("job").read();
  assertEquals([status, failures.length, process.begun.filter((n) => n === 1)], ["completed", 2, [1]]);
});

test("a watch that cannot be ended is a failure of the store, and the job ends all the same", async () => {
  const failure = new Error("no such channel");
  const stops = [() => Promise.reject(failure), () => {
    throw failure;
  }];
  for (const stop of stops) {
    const process = new StoredFlowProcess({ store: { ...memoryStore(), watch: () => stop } });
    const job = process.start([1]);
    assertEquals(await process.flow.waitForCompletion(job), true);
    await process.settle();
    assertEquals([job.status, process.told("store_error").map(({ error }) => error)], ["completed", [failure]]);
  }
});
