import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  type Context,
  Engine,
  Flow,
  JobState,
  Registry,
  Routine,
  StateError,
  StepLimitError,
  StoreError,
} from "../../mod.ts";
import type { StoredCommand } from "../../src/ports/mod.ts";
import { PendingCalls } from "../../src/ports/store_kit.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

const INPUT = { routine: "worker", slot: "input" };

test("an engine with settings for a store and no store is refused", () => {
  const message = "Cannot create engine: durability is about a store";
  assertThrows(() => new Engine({ durability: { owner: "a" } }), TypeError, message);
});

test("C491 a fork to the id of a stored job is refused, and makes none", async () => {
  const process = new StoredFlowProcess();
  for (const jobId of ["job", "taken"]) process.start([1], jobId);
  await process.settle();
  const before = await process.store.load("taken");
  const fork = () => process.engine.fork("job", 0, { jobId: "taken" });
  await assertRejects(fork, StateError, 'the store has a job "taken" already');
  assertEquals(await process.store.load("taken"), before);
});

test("a journal from which entries are missing is refused by whoever reads it", async () => {
  const store = memoryStore();
  const process = new StoredFlowProcess({ store });
  process.start([1, 2]);
  await process.settle();
  const { load } = store;
  store.load = async (jobId) => {
    const stored = await load(jobId);
    return stored && { ...stored, entries: stored.entries.slice(0, -1) };
  };
  const { engine } = new StoredFlowProcess({ store });
  const reads = [
    () => engine.open("job"),
    () => engine.handle("job").read(),
    () => engine.fork("job", 1),
    () => engine.history("job").next(),
  ];
  for (const read of reads) {
    const error = await assertRejects(async () => await read(), StoreError);
    assertStringIncludes(String(error.cause), "entries from revision 0 to");
  }
});

test("C492 a job that another engine has claimed since it was opened is left to that one", async () => {
  const store = memoryStore();
  const work = (_n: number, ctx: Context) => void ctx.expect("input");
  const owner = new StoredFlowProcess({ store, work });
  const { timers } = owner;
  owner.start([1]);
  await owner.settle();
  await owner.engine.shutdown();
  const [early, late] = [1, 2].map(() => new StoredFlowProcess({ store, timers, work }));
  if (early === undefined || late === undefined) throw new Error("unreachable");
  const { flow, job } = await late.engine.open("job");
  const first = await early.engine.open("job");
  first.flow.resume(first.job);
  await early.settle();
  const record = await store.find("job");
  flow.resume(job);
  await assertRejects(() => flow.waitForCompletion(job), StateError, "another engine has claimed it since it was read");
  assertEquals([await store.find("job"), record?.epoch], [record, 2]);
});

test("a store that answers with commands that were carried out before has no effect by it", async () => {
  const store = memoryStore();
  const { inbox } = store;
  const all: StoredCommand[] = [];
  store.inbox = async (...args) => {
    const { now, commands } = await inbox(...args);
    all.push(...commands);
    return { now, commands: [...all] };
  };
  const process = new StoredFlowProcess({
    store,
    work: (n, ctx: Context) => {
      ctx.expect("input");
      ctx.shared.update("sum", (sum) => Number(sum ?? 0) + n);
    },
  });
  const job = process.start([1]);
  await process.settle();
  for (const n of [2, 3]) {
    await process.engine.handle("job").deliver(INPUT, { n });
    await process.settle();
  }
  assertEquals([job.sharedData.sum, process.begun], [6, [1, 2, 3]]);
});

test("a command to a job that has ended is refused when it is sent, except one that redrives it", async () => {
  const process = new StoredFlowProcess({
    work: (_n, { signal }) => new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
  });
  const { engine, flow, store, timers } = process;
  const job = process.start([1]);
  await process.settle();
  flow.cancel(job);
  await process.settle();
  await assertRejects(
    () => engine.handle("job").cancel(),
    StateError,
    "it has ended; a redrive lets one go on that has failed or was cancelled",
  );
  await assertRejects(
    () => engine.handle("job").deliver(INPUT, { n: 2 }),
    StateError,
    "it has ended; a redrive lets one go on that has failed or was cancelled",
  );
  await assertRejects(
    () => engine.handle("job").resume(),
    StateError,
    "it has ended; a redrive lets one go on that has failed or was cancelled",
  );
  assertEquals((await store.find("job"))?.sent, 0);
  await engine.handle("job").redrive();
  const other = new StoredFlowProcess({ store, timers });
  const { jobs: [found] } = await other.engine.recover();
  await other.settle();
  assertEquals([found?.job.status, found?.job.sharedData.sum], ["completed", 1]);
});

test("jobs of more flows than an engine keeps ready are opened all the same", async () => {
  class Act extends Routine {
    readonly trigger = this.addSlot("trigger", this.act);
    act(): void {}
  }
  const registry = new Registry({ Act });
  const store = memoryStore();
  const engine = new Engine({ store, registry });
  for (let i = 0; i < 70; i++) {
    const flow = new Flow({ id: `flow ${i}`, engine, registry });
    flow.addRoutine(new Act(), "act");
    await flow.run("act", {}, { jobId: `job ${i}` });
  }
  const other = new Engine({ store, registry });
  const opened: string[] = [];
  for (let i = 0; i < 70; i++) opened.push((await other.open(`job ${i}`)).flow.id);
  assertEquals([opened.length, (await other.open("job 0")).flow.id], [70, "flow 0"]);
});

test("pending calls are empty when all have ended, however they end", async () => {
  const calls = new PendingCalls();
  assertEquals(calls.isEmpty, true);
  const [done, failed] = [calls.add(Promise.resolve(1)), calls.add(Promise.reject(new Error("down")))];
  assertEquals(calls.isEmpty, false);
  await calls.finished();
  await Promise.allSettled([done, failed]);
  assertEquals(calls.isEmpty, true);
});

test("a command that is sent by the engine that has just started a job comes after the job is in the store", async () => {
  const process = new StoredFlowProcess({ work: (_n, ctx) => void ctx.expect("input") });
  const job = process.start([1]);
  await process.engine.handle("job").cancel({ reason: "at once" });
  await process.settle();
  assertEquals([job.status, (await process.store.find("job"))?.consumed], ["cancelled", 1]);
});

test("a job that hit its step limit in a version without details is held to the tasks that it has made", async () => {
  class Twice extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly item = this.addTimer("item", this.send);
    send(_data: unknown, ctx: Context): void {
      ctx.emit(this.item, {});
    }
  }
  const registry = new Registry({ Twice });
  const build = (steps: number) => {
    const flow = new Flow({ id: "endless", registry, limits: { steps } });
    flow.addRoutine(new Twice(), "twice");
    return flow;
  };
  const job = await build(5).run("twice");
  assertEquals(job.error?.name, "StepLimitError");
  const document = JSON.parse(job.toText());
  delete document.error.details;
  const old = JobState.fromJSON(document, registry);
  assertThrows(() => build(5).resume(old, { redrive: true }), StepLimitError);
  const larger = build(9);
  larger.resume(old, { redrive: true });
  await larger.waitForCompletion(old);
  assertEquals(old.error?.name, "StepLimitError");
});

test("a list that is delivered to a slot which awaits it is frozen when the handler sees it", async () => {
  const seen: unknown[] = [];
  class Ask extends Routine {
    readonly trigger = this.addSlot("trigger", this.ask);
    readonly answer = this.addSlot("answer", this.take);
    ask(_data: unknown, ctx: Context): void {
      ctx.expect("answer");
    }
    take({ list }: { list: number[] }): void {
      seen.push(Object.isFrozen(list), ...list);
    }
  }
  const flow = new Flow({ id: "ask", engine: new Engine({ timers: manualTimers() }) });
  const ask = flow.addRoutine(new Ask(), "ask");
  const job = flow.execute(ask.trigger);
  await flow.settle(job);
  flow.deliver(job, ask.answer, { list: [1, 2] });
  await flow.waitForCompletion(job);
  assertEquals(seen, [true, 1, 2]);
});
