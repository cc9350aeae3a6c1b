import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import { Engine, Registry, StateError } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test("the history has a job's states commit by commit, the last as it is", async () => {
  const process = new StoredFlowProcess();
  const job = process.start([1, 2]);
  await process.flow.waitForCompletion(job);
  const states = await collect(process.engine.history("job"));
  assertEquals(states.map(({ revision, job: { status, sharedData } }) => [revision, status, sharedData.sum]), [
    [0, "running", undefined],
    [1, "running", undefined],
    [2, "running", 1],
    [3, "running", 3],
    [4, "completed", 3],
  ]);
  assertEquals(states.map(({ entry }) => (entry as { kind?: string } | undefined)?.kind), [
    ...[undefined, "step", "step", "step", "status"],
  ]);
  assertEquals(JSON.stringify(states.at(-1)?.job), JSON.stringify(job));
});

test("a fork goes on from an earlier state as a job of its own", async () => {
  const process = new StoredFlowProcess();
  await process.flow.waitForCompletion(process.start([1, 2]));
  const { flow, job } = await process.engine.fork("job", 2, { jobId: "fork" });
  assertEquals(await flow.waitForCompletion(job), true);
  assertEquals([job.jobId, job.sharedData, process.begun], ["fork", { sum: 3 }, [1, 2, 2]]);
  assertEquals((await process.store.find("job"))?.revision, 4, "the first is as it was");
  assertEquals((await process.store.find("fork"))?.status, "completed");
});

test("what is not kept, has ended or is not there cannot be forked", async () => {
  const process = new StoredFlowProcess({ durability: { snapshotLength: 1 } });
  await process.flow.waitForCompletion(process.start([1, 2, 3, 4]));
  const { snapshotRevision = 0 } = await process.store.load("job") ?? {};
  assert(snapshotRevision > 0);
  const { engine } = process;
  await assertRejects(() => engine.fork("job", 0), RangeError, `its revisions ${snapshotRevision} to 6 are kept`);
  await assertRejects(() => engine.fork("job", 7), RangeError, "current value is 7");
  await assertRejects(() => engine.fork("job", 1.5), RangeError, "revision must be an integer");
  await assertRejects(() => engine.fork("job", 6), StateError, "at revision 6 it had ended");
  await assertRejects(() => engine.fork("nothing", 0), StateError, "the store has none of this id");
  await assertRejects(() => collect(engine.history("nothing")), StateError, "the store has none of this id");
  await assertRejects(() => engine.open("nothing"), StateError, "the store has none of this id");
});

test("without a store or a registry the calls on stored jobs say what is missing", () => {
  assertThrows(() => new Engine().recover(), TypeError, "Cannot recover: the engine has no store");
  assertThrows(() => new Engine({ store: memoryStore() }).open("job"), TypeError, "the engine has no registry");
  assertThrows(() => new Engine({ registry: new Registry() }).history("job"), TypeError, "has no store");
});

test("options of durability are checked", () => {
  const create = (durability: object) => () => new Engine({ store: memoryStore(), durability });
  assertThrows(create({ mode: "eventual" }), TypeError, 'durability.mode must be one of "strict", "relaxed"');
  assertThrows(create({ leaseMs: 0 }), RangeError, "durability.leaseMs must be a number of milliseconds, between 10");
  assertThrows(create({ owner: "" }), TypeError, "durability.owner");
  assertThrows(create({ attempts: 0 }), RangeError, "durability.attempts");
  assertThrows(create({ snapshotLength: -1 }), RangeError, "durability.snapshotLength");
});

test("a fork from a compacted journal begins where it says", async () => {
  const process = new StoredFlowProcess({ durability: { snapshotLength: 1 } });
  await process.flow.waitForCompletion(process.start([1, 2, 3, 4]));
  const states = await collect(process.engine.history("job"));
  const alive = states.filter(({ job }) => job.status === "running");
  assert(alive.length > 0 && (alive[0]?.revision ?? 0) > 0);
  for (const { revision, job: { sharedData, pendingTasks } } of alive) {
    const { flow, job } = await process.engine.fork("job", revision, { jobId: `fork ${revision}` });
    assertEquals([job.sharedData, job.pendingTasks.length], [sharedData, pendingTasks.length]);
    await flow.waitForCompletion(job);
    assertEquals(job.sharedData, { sum: 10 });
  }
});
