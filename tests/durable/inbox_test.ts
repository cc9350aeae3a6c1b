import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import { SerializationError, StateError } from "../../mod.ts";
import { encodeCommand } from "../../src/documents/command.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { sendNew } from "../../src/testing/store_contract/sample_jobs.ts";
import { createLatch } from "../support/latch.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

const INPUT = { routine: "worker", slot: "input" };

/** Its worker asks for another delivery after each odd item. */
function createProcess(store: Store = memoryStore()) {
  return new StoredFlowProcess({
    store,
    work: (n, ctx) => n % 2 === 1 ? void ctx.expect("input") : ctx.output("even", n),
  });
}

test("a command of somebody else is carried out by the owner, once for each key", async () => {
  const store = memoryStore();
  const owner = createProcess(store);
  const job = owner.start([1]);
  await owner.settle();
  const other = createProcess(store);
  await other.engine.handle("job").deliver(INPUT, { n: 3 }, { key: "a" });
  await other.engine.handle("job").deliver(INPUT, { n: 3 }, { key: "a" });
  await owner.settle();
  assertEquals(owner.begun, [1, 3]);
  await other.engine.handle("job").deliver(INPUT, { n: 3 }, { key: "a" });
  await other.engine.handle("job").deliver(INPUT, { n: 2 });
  await owner.settle();
  assertEquals([owner.begun, job.status], [[1, 3, 2], "completed"]);
  assertEquals((await store.find("job"))?.consumed, 2);
});

test("without a watch, commands are seen when they are next asked for", async () => {
  const { watch: _, ...store } = memoryStore();
  const owner = createProcess(store);
  const job = owner.start([1]);
  await owner.settle();
  await createProcess(store).engine.handle("job").cancel({ reason: "no longer needed" });
  await owner.settle();
  assertEquals(job.status, "running");
  await owner.timers.advance(1_000);
  assertEquals([job.status, job.error?.message], ["cancelled", "The job was cancelled: no longer needed"]);
});

test("a job is paused, and resumed by whoever recovers it", async () => {
  const store = memoryStore();
  const owner = createProcess(store);
  const job = owner.start([1]);
  await owner.settle();
  const other = createProcess(store);
  await other.engine.handle("job").pause({ reason: "night", checkpoint: { by: "guard" } });
  await owner.timers.advance(2_000);
  assertEquals([job.status, job.pausePoints[0]?.reason], ["paused", "night"]);
  await other.engine.handle("job").resume();
  const { jobs } = await other.engine.recover();
  await other.settle();
  assertEquals(jobs.map(({ job: { status } }) => status), ["running"]);
  assertEquals((await other.engine.recover()).jobs, []);
});

test("a delivery to a paused job waits in it; a cancelled one stays cancelled", async () => {
  const store = memoryStore();
  const owner = createProcess(store);
  const job = owner.start([1]);
  await owner.settle();
  await owner.flow.pause(job);
  const other = createProcess(store);
  await other.engine.handle("job").deliver(INPUT, { n: 4 });
  assertEquals((await other.engine.recover()).jobs, []);
  const { job: found } = await other.engine.open("job");
  assertEquals([found.status, found.pendingTasks.map(({ data }) => data)], ["paused", [{ n: 4 }]]);
  await other.engine.handle("job").cancel();
  assertEquals((await other.engine.recover()).errors, []);
  assertEquals((await store.find("job"))?.status, "cancelled");
});

test("a command that cannot be carried out is told to the observer, and consumed", async () => {
  const process = createProcess();
  const job = process.start([1]);
  await process.settle();
  const unknown = encodeCommand({ type: "deliver", routine: "nobody", slot: "input", data: undefined });
  await sendNew(process.store, "job", unknown, "k");
  await process.engine.handle("job").redrive({ key: "again" });
  await sendNew(process.store, "job", "no JSON", "bad");
  await sendNew(process.store, "job", '{"format":"routilux/command","version":1,"type":"dance"}', "worse");
  await process.settle();
  assertEquals(process.told("command_error").map(({ key, error }) => [key, (error as Error).name]), [
    ["k", "TypeError"],
    ["again", "StateError"],
    ["bad", "SyntaxError"],
    ["worse", "SerializationError"],
  ]);
  assertEquals([job.status, (await process.store.find("job"))?.consumed], ["running", 4]);
});

test("a command for nobody, or with data that cannot travel, is refused when it is sent", async () => {
  const process = createProcess();
  await assertRejects(
    () => process.engine.handle("nothing").cancel(),
    StateError,
    'Cannot cancel job "nothing": the store has none of this id',
  );
  process.start([1]);
  const sent = process.engine.handle("job").deliver(INPUT, { f: () => {} });
  await assertRejects(() => sent, SerializationError, "data.f is a function; send what it stands for instead");
});

test("commands that arrive while an inbox is read are carried out at once, each once", async () => {
  const store = memoryStore();
  const { inbox } = store;
  store.inbox = async (...args) => {
    const commands = await inbox(...args);
    await Promise.resolve();
    return commands;
  };
  const owner = createProcess(store);
  owner.start([1]);
  await owner.settle();
  const other = createProcess(store);
  await Promise.all([
    other.engine.handle("job").deliver(INPUT, { n: 3 }),
    other.engine.handle("job").deliver(INPUT, { n: 5 }),
  ]);
  await other.engine.handle("job").deliver(INPUT, { n: 7 });
  await owner.settle();
  assertEquals([owner.begun, (await store.find("job"))?.consumed], [[1, 3, 5, 7], 3]);
});

test("a job with a command waiting is left to its owner while that one has it", async () => {
  const { watch: _, ...store } = memoryStore();
  const owner = createProcess(store);
  const job = owner.start([1]);
  await owner.settle();
  const other = new StoredFlowProcess({ store, timers: owner.timers });
  await other.engine.handle("job").cancel();
  assertEquals(await other.engine.recover(), { jobs: [], errors: [] });
  assertEquals(await owner.engine.recover(), { jobs: [], errors: [] });
  assertEquals([(await store.find("job"))?.epoch, job.status], [1, "running"]);
  await owner.timers.advance(1_000);
  assertEquals(job.status, "cancelled");
});

test("C483 a command that came when nobody had the job is carried out by whoever takes it", async () => {
  const store = memoryStore();
  const owner = createProcess(store);
  owner.start([1]);
  await owner.settle();
  const other = createProcess(store);
  await owner.engine.shutdown();
  await other.engine.handle("job").deliver(INPUT, { n: 3 });
  const { jobs } = await other.engine.recover();
  await other.settle();
  assertEquals([jobs.length, other.begun], [1, [3]]);
});

test("C495 a commit says up to which command it goes", async () => {
  const process = createProcess();
  process.start([1]);
  await process.settle();
  await process.engine.handle("job").deliver(INPUT, { n: 3 });
  await process.settle();
  const { entries = [] } = await process.store.load("job") ?? {};
  const consumed = entries.map((text) => JSON.parse(text)).map(({ kind, consumed }) => [kind, consumed]);
  assertEquals(consumed.filter(([kind]) => kind === "deliver"), [["deliver", 1]]);
});

test("a job that is live here is opened as it lives", async () => {
  const process = createProcess();
  const job = process.start([1]);
  await process.settle();
  const { flow, job: found } = await process.engine.open("job");
  flow.deliver(found, "worker", "input", { n: 2 });
  await process.settle();
  assertEquals([process.begun, job.status, found.status], [[1, 2], "completed", "completed"]);
  assertStrictEquals((await process.engine.open("job")).flow, flow, "jobs of one text share their flow");
});

test("keys and names of commands are checked when they are sent, and as many jobs are taken as are asked for", async () => {
  const process = createProcess();
  for (const jobId of ["first", "second"]) process.start([1], jobId);
  await process.settle();
  await process.engine.shutdown();
  await assertRejects(() => process.engine.handle("first").cancel({ key: "" }), TypeError, "key");
  const handle = process.engine.handle("first");
  await assertRejects(() => handle.deliver({ routine: "worker", slot: "" }, {}), TypeError, "slot must be");
  await assertRejects(() => handle.deliver({ routine: "", slot: "" }, {}), TypeError, "routine must be");
  const other = createProcess(process.store);
  for (const jobId of ["first", "second"]) await other.engine.handle(jobId).cancel();
  const { errors } = await other.engine.recover({ limit: 1 });
  await other.settle();
  const records = await Promise.all(["first", "second"].map((jobId) => process.store.find(jobId)));
  assertEquals([errors, records.map((record) => record?.status)], [[], ["cancelled", "running"]]);
});

test("a command that is sent while the inbox is being read is not left till commands are next asked for", async () => {
  const store = memoryStore();
  const { inbox } = store;
  const gate = createLatch();
  store.inbox = async (...args) => {
    const commands = await inbox(...args);
    await gate.passed;
    return commands;
  };
  const owner = createProcess(store);
  owner.start([1]);
  await owner.settle();
  await owner.engine.handle("job").deliver(INPUT, { n: 3 });
  await owner.settle();
  await owner.engine.handle("job").deliver(INPUT, { n: 5 });
  gate.open();
  await owner.settle();
  assertEquals([owner.begun, owner.timers.now()], [[1, 3, 5], 0]);
});

test("a command that comes while the store takes a job in is carried out when the job begins", async () => {
  const store = memoryStore();
  const { create } = store;
  const gate = createLatch();
  store.create = async (...args) => {
    const isNew = await create(...args);
    await gate.passed;
    return isNew;
  };
  const owner = createProcess(store);
  const job = owner.start([1]);
  await owner.settle();
  await createProcess(store).engine.handle("job").cancel({ reason: "too late" });
  await owner.settle();
  assertEquals(job.status, "running");
  gate.open();
  await owner.settle();
  assertEquals([job.status, owner.timers.now()], ["cancelled", 0], "not when commands are next asked for");
  assertEquals(owner.events.filter(({ type }) => type.endsWith("_error")), []);
});

test("a command that is sent while the inbox of a job that was taken is read for the first time is carried out at once", async () => {
  const store = memoryStore();
  const first = createProcess(store);
  first.start([1]);
  await first.settle();
  await first.engine.shutdown();
  const handle = first.engine.handle("job");
  await handle.deliver({ routine: "worker", slot: "input" }, { n: 3 });
  const [gate, isReading] = [createLatch(), createLatch()];
  const inbox: Store["inbox"] = async (...args) => {
    const answer = await store.inbox(...args);
    isReading.open();
    await gate.passed;
    return answer;
  };
  const taker = createProcess({ ...store, inbox });
  const recovered = taker.engine.recover();
  await isReading.passed;
  await handle.deliver({ routine: "worker", slot: "input" }, { n: 5 });
  gate.open();
  await recovered;
  await taker.settle();
  assertEquals([taker.begun, taker.timers.now()], [[3, 5], 0], "not when commands are next asked for");
});
