import { assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { SerializationError, StateError } from "../../mod.ts";
import { memoryStore } from "../../src/adapters/memory_store.ts";
import { Process } from "../support/workshop.ts";

/** Its worker asks for another delivery after each odd item. */
function createProcess(store = memoryStore()) {
  return new Process({ store, work: (n, ctx) => n % 2 === 1 ? void ctx.expect("input") : ctx.output("even", n) });
}

test("a command of somebody else is carried out by the owner, once for each key", async () => {
  const store = memoryStore();
  const owner = createProcess(store);
  const job = owner.start([1]);
  await owner.settle();
  const other = createProcess(store);
  const deliver = { type: "deliver", routineId: "worker", slotName: "input", data: { n: 3 } } as const;
  await other.engine.send("job", deliver, { key: "a" });
  await other.engine.send("job", deliver, { key: "a" });
  await owner.settle();
  assertEquals(owner.begun, [1, 3]);
  await other.engine.send("job", deliver, { key: "a" });
  await other.engine.send("job", { ...deliver, data: { n: 2 } });
  await owner.settle();
  assertEquals([owner.begun, job.status], [[1, 3, 2], "completed"]);
  assertEquals((await store.find("job"))?.consumed, 2);
});

test("without a watch, commands are seen when the claim is renewed", async () => {
  const { watch: _, ...store } = memoryStore();
  const owner = createProcess(store);
  const job = owner.start([1]);
  await owner.settle();
  await createProcess(store).engine.send("job", { type: "cancel", reason: "no longer needed" });
  await owner.settle();
  assertEquals(job.status, "running");
  await owner.timers.advance(10_000);
  assertEquals([job.status, job.error?.message], ["cancelled", "The job was cancelled: no longer needed"]);
});

test("a job is paused, and resumed by whoever recovers it", async () => {
  const store = memoryStore();
  const owner = createProcess(store);
  const job = owner.start([1]);
  await owner.settle();
  const other = createProcess(store);
  await other.engine.send("job", { type: "pause", reason: "night", checkpoint: { by: "guard" } });
  await owner.timers.advance(2_000);
  assertEquals([job.status, job.pausePoints[0]?.reason], ["paused", "night"]);
  await other.engine.send("job", { type: "resume" });
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
  await other.engine.send("job", { type: "deliver", routineId: "worker", slotName: "input", data: { n: 4 } });
  assertEquals((await other.engine.recover()).jobs, []);
  const { job: found } = await other.engine.open("job");
  assertEquals([found.status, found.pendingTasks.map(({ data }) => data)], ["paused", [{ n: 4 }]]);
  await other.engine.send("job", { type: "cancel" });
  assertEquals((await other.engine.recover()).errors, []);
  assertEquals((await store.find("job"))?.status, "cancelled");
});

test("a command that cannot be carried out is told to the observer, and consumed", async () => {
  const process = createProcess();
  const job = process.start([1]);
  await process.settle();
  await process.engine.send("job", { type: "deliver", routineId: "nobody", slotName: "input" }, { key: "k" });
  await process.engine.send("job", { type: "resume", redrive: true });
  await process.store.send("job", "no JSON", "bad");
  await process.store.send("job", '{"format":"routilux/command","version":1,"type":"dance"}', "worse");
  await process.settle();
  assertEquals(process.told("command_error").map(({ key, error }) => [key, (error as Error).name]), [
    ["k", "TypeError"],
    ["id-2", "StateError"],
    ["bad", "SyntaxError"],
    ["worse", "SerializationError"],
  ]);
  assertEquals([job.status, (await process.store.find("job"))?.consumed], ["running", 4]);
});

test("a command for nobody, or with data that cannot travel, is refused when it is sent", async () => {
  const process = createProcess();
  await assertRejects(
    () => process.engine.send("nothing", { type: "cancel" }),
    StateError,
    'Cannot send to job "nothing": the store has none of this id',
  );
  const deliver = { type: "deliver", routineId: "worker", slotName: "input", data: { f: () => {} } } as const;
  await assertRejects(() => process.engine.send("job", deliver), SerializationError, "data.f is a function");
});
