import { assert, assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { FencedError, StoreError } from "../../mod.ts";
import { memoryStore } from "../../src/adapters/memory_store.ts";
import { heldStore } from "../support/held_store.ts";
import { Process } from "../support/workshop.ts";

test("a write that fails is tried again, later and later, and the job goes on", async () => {
  const store = heldStore();
  const process = new Process({ store });
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
  const process = new Process({ store, durability: { attempts: 3, owner: "worker" } });
  const job = process.start([1, 2]);
  store.fail(3);
  const wait = assertRejects(() => process.flow.waitForCompletion(job), StoreError, "the store failed 3 times");
  const idle = assertRejects(() => process.flow.settle(job), StoreError);
  const condition = assertRejects(() => process.flow.waitUntil(job, () => false), StoreError);
  await process.timers.advance(1_000);
  await Promise.all([wait, idle, condition]);
  assertEquals([job.status, process.begun], ["running", []], "its children have not run");
  assertEquals((await data.load("job"))?.entries.length, 0);
  const { jobs } = await process.engine.recover();
  await process.settle();
  assertEquals(jobs.map((found) => [found.job.status, found.job.sharedData]), [["completed", { sum: 3 }]]);
});

test("a start that the store refuses rejects the waits, and starting again goes on", async () => {
  const process = new Process({ durability: { attempts: 2 } });
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

test("a write that failed, but has arrived, is found to be one's own", async () => {
  const store = heldStore();
  const process = new Process({ store });
  const job = process.start([1, 2]);
  store.fail(1, new Error("the connection was lost"), true);
  await process.timers.advance(1_000);
  assertEquals([job.status, job.sharedData, process.begun], ["completed", { sum: 3 }, [1, 2]]);
});

test("a write that failed, and another's that came meanwhile, is lost to the other", async () => {
  const data = memoryStore();
  const store = heldStore(data);
  const process = new Process({ store });
  const job = process.start([1, 2]);
  store.fail(1);
  const wait = assertRejects(() => process.flow.waitForCompletion(job), FencedError);
  await process.settle();
  await data.append("job", 0, ["an entry of somebody else"]);
  await process.timers.advance(1_000);
  await wait;
  assertEquals(process.begun, []);
});

test("a snapshot that cannot be written is told, and tried again with more", async () => {
  const store = memoryStore();
  const { compact } = store;
  let calls = 0;
  store.compact = (...args) => {
    if (++calls === 1) throw new Error("too large");
    return compact(...args);
  };
  const process = new Process({ store, durability: { snapshotLength: 10 } });
  const job = process.start([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  await process.flow.waitForCompletion(job);
  assertEquals(process.told("store_error").length, 1);
  assert(calls > 1);
  assertEquals(JSON.stringify((await process.engine.open("job")).job), JSON.stringify(job));
});
