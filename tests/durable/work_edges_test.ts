import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  Engine,
  type EngineEvent,
  type EngineOptions,
  Flow,
  SerializationError,
  StateError,
  type WorkOptions,
} from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

// Workers and engines at their limits: jobs that cannot go on here, jobs that were taken up meanwhile, and engines that are closed.

/** An engine beside a process, with its classes and its clock, and what its observer is told. */
function createBeside(process: StoredFlowProcess, options: EngineOptions = {}) {
  const { store, timers, registry } = process;
  return new Engine({ store, timers, registry, ...options });
}

test("an engine that has been shut down begins no work", async () => {
  const { engine } = new StoredFlowProcess();
  await engine.shutdown();
  assertThrows(() => engine.work(), TypeError, "Cannot work: the engine has been shut down; make a new one");
});

test("C494 a worker refuses what would take nothing, look without end, or is none", () => {
  const { engine } = new StoredFlowProcess();
  const wrong: readonly [unknown, ErrorConstructor, string][] = [
    [{ flows: [] }, TypeError, "flows is empty, so nothing would be taken; leave it out to take from all"],
    [{ queues: [] }, TypeError, "queues is empty, so nothing would be taken; leave it out to take from all"],
    [{ pollMs: 0 }, RangeError, "pollMs must be a number of milliseconds, between 1 and"],
    [{ queues: null }, TypeError, "queues must be a list of names or of objects with a name, got null"],
    [{ flows: null }, TypeError, "flows must be a list of names or flows, got null"],
    [null, TypeError, "options must be an object, got null"],
    [5, TypeError, "options must be an object, got 5"],
  ];
  for (const [options, Type, message] of wrong) {
    assertThrows(() => engine.work(options as WorkOptions), Type, `Cannot work: ${message}`);
  }
});

test("an engine is closed once, and one without a store has none to close", async () => {
  await new Engine().close();
  let closed = 0;
  const { engine } = new StoredFlowProcess({ store: { ...memoryStore(), close: () => void closed++ } });
  await engine.close();
  await engine.close();
  assertEquals(closed, 1);
});

test("C528 who closes an engine a second time waits until its lease and its store are closed, and is told that it failed", async () => {
  for (const fails of [false, true]) {
    const timers = manualTimers();
    const told: string[] = [];
    const later = () => new Promise<void>((resolve) => timers.after(500, resolve));
    const inner = memoryStore();
    const store: Store = {
      ...inner,
      async leave(owner) {
        await later();
        await inner.leave(owner);
        told.push("left");
      },
      async close() {
        await later();
        told.push("closed");
        if (fails) throw new Error("the disk is gone");
      },
    };
    const { engine, flow } = new StoredFlowProcess({ store, timers });
    engine.work();
    await flow.start("source", { items: [1] });
    await timers.flush();
    const note = () => told.push("told");
    const end = () => engine.close().then(note, (error: Error) => told.push(error.message));
    const first = [end(), end()];
    await timers.advance(2_000);
    await Promise.all(first);
    await end();
    const outcome = fails ? "the disk is gone" : "told";
    assertEquals(told, ["left", "closed", outcome, outcome, outcome]);
  }
});

test("an id that is taken by a job of another flow starts nothing", async () => {
  const process = new StoredFlowProcess();
  await process.flow.start("source", {}, { jobId: "job" });
  const { engine, registry } = process;
  const other = Flow.fromJSON({ ...process.flow.toJSON(), id: "other" }, registry, { engine });
  await assertRejects(
    () => other.start("source", {}, { jobId: "job" }),
    StateError,
    'Cannot start job "job" of flow "other": there is one of flow "workshop" already',
  );
  assertEquals(await engine.count(), 1);
});

test("no more ended jobs are purged than the limit says", async () => {
  const process = new StoredFlowProcess();
  for (const jobId of ["first", "second", "third"]) process.start([1], jobId);
  await process.timers.advance(1_000);
  const endedBefore = process.timers.now();
  assertEquals(await process.engine.purge({ endedBefore, limit: 2 }), 2);
  assertEquals(await process.engine.purge({ endedBefore, limit: 2 }), 1);
});

test("a job that is resumed while jobs that were taken with it are taken up goes on once", async () => {
  const process = new StoredFlowProcess();
  for (const jobId of ["first", "second"]) await process.flow.start("source", { items: [1] }, { jobId });
  let onTaken: ((event: EngineEvent) => void) | undefined;
  const engine = createBeside(process, { observer: (event) => void (event.type === "taken" && onTaken?.(event)) });
  const { flow, job } = await engine.open("second");
  onTaken = () => {
    onTaken = undefined;
    flow.resume(job);
  };
  const { jobs, errors } = await engine.recover();
  await process.timers.advance(2_000);
  assertEquals([jobs.map(({ job }) => job.jobId), errors], [["first"], []]);
  const records = await engine.list();
  assertEquals(records.jobs.map(({ status }) => status), ["completed", "completed"]);
  assertEquals(process.begun, [1, 1]);
});

test("a job that cannot be read here is told once, and again when it has gone on elsewhere since", async () => {
  const store = memoryStore();
  const process = new StoredFlowProcess({ store, work: (n, ctx) => void (n === 1 && ctx.expect("input")) });
  const refused: string[] = [];
  const take: typeof store.take = async (query) => {
    const answer = await store.take(query);
    return { ...answer, jobs: answer.jobs.map((taken) => ({ ...taken, snapshot: "{}" })) };
  };
  const engine = createBeside(process, {
    store: { ...store, take },
    observer: (event) => void (event.type === "refused" && refused.push(event.jobId)),
  });
  await process.flow.start("source", { items: [1] }, { jobId: "first" });
  for (let count = 0; count < 2; count++) {
    const { errors: [refusal] } = await engine.recover({ limit: 1 });
    assertEquals([refusal?.jobId, refusal?.error instanceof SerializationError], ["first", true]);
    await process.timers.advance(1_500);
  }
  assertEquals(refused, ["first"]);
  await process.engine.recover();
  await process.timers.advance(10_000);
  await process.flow.start("source", {}, { jobId: "second" });
  await process.engine.shutdown();
  assertEquals((await engine.recover({ limit: 1 })).errors.map(({ jobId }) => jobId), ["second"]);
  await process.engine.handle("first").deliver({ routine: "worker", slot: "input" }, { n: 2 });
  assertEquals((await engine.recover({ limit: 2 })).errors.map(({ jobId }) => jobId), ["first"]);
  assertEquals(refused, ["first", "second", "first"]);
});
