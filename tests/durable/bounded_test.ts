import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Context, Engine, Flow, Registry, Routine } from "../../mod.ts";
import { Ownership } from "../../src/engine/durable/ownership.ts";
import { resolveDurability } from "../../src/engine/durable/durability_settings.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { createLatch } from "../support/latch.ts";
import { lateStore } from "../support/late_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

// What an engine keeps does not grow with what it has done: counted, not weighed.

const STORES = { "a store that answers at once": memoryStore, "a store that answers later": lateStore };
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const INPUT = { routine: "worker", slot: "input" };
const SHORT = { snapshotLength: 2_000 };

/** Returns how many characters of entries a store has of a job beyond what its snapshot has. */
async function excessOf({ store }: StoredFlowProcess): Promise<number> {
  const { entries = [], snapshot = "" } = await store.load("job") ?? {};
  return entries.join("").length - Math.max(SHORT.snapshotLength, snapshot.length);
}

for (const [name, createStore] of Object.entries(STORES)) {
  test(`the journal of a job that is let go each time stays as short as that of one that is not, with ${name}`, async () => {
    const work = (n: number, ctx: Context) => ctx.emit("item", { n: n + 1 }, { delayMs: MINUTE_MS });
    const process = new StoredFlowProcess({ store: createStore(), durability: SHORT, work });
    const { flow, engine, timers } = process;
    flow.connect("worker", "item", "worker", "input");
    const worker = engine.work();
    await flow.start("source", { items: [1] }, { jobId: "job" });
    let most = 0;
    for (let minute = 0; minute < 40; minute++) {
      await timers.advance(MINUTE_MS);
      most = Math.max(most, await excessOf(process));
    }
    assert(process.told("released").length >= 38 && process.begun.length >= 38, `${process.begun.length} times`);
    assert(most < 1_500, `${most} characters too many`);
    await worker.stop();
  });

  test(`the journal of a job at rest stays as short, however many commands it is sent, with ${name}`, async () => {
    const process = new StoredFlowProcess({ store: createStore(), durability: SHORT });
    const { engine } = process;
    const job = process.flow.execute("source", { items: [1] }, { jobId: "job" });
    process.flow.pause(job);
    await process.settle();
    const handle = engine.handle("job");
    let most = 0;
    for (let n = 0; n < 60; n++) {
      await handle.deliver(INPUT, { n });
      await engine.recover();
      most = Math.max(most, await excessOf(process));
    }
    assertEquals((await handle.read()).pendingTasks.length >= 60, true);
    assert(most < 1_500, `${most} characters too many`);
  });
}

test("C506 an engine keeps the flows of stored jobs that it has used last ready, and no others", async () => {
  let made = 0;
  class Customer extends Routine {
    readonly trigger = this.addSlot("trigger", this.greet);
    constructor() {
      super();
      made++;
    }
    greet(): void {}
  }
  const registry = new Registry({ Customer });
  const engine = new Engine({ registry, store: memoryStore(), timers: manualTimers(), ids: manualIds() });
  const many = 200;
  for (let n = 0; n < many; n++) {
    const flow = new Flow({ id: `flow ${n}`, registry, engine });
    await flow.start(flow.addRoutine(new Customer(), "customer"), {}, { jobId: `job ${n}` });
  }
  const open = async (n: number) => {
    const before = made;
    await engine.open(`job ${n}`);
    return made - before;
  };
  assertEquals([await open(0), await open(0)], [1, 0]);
  for (let n = 1; n < many; n++) assertEquals(await open(n), 1);
  assertEquals([await open(many - 1), await open(0)], [0, 1]);
});

test("an engine that enters again and again remembers its last thousand incarnations", async () => {
  const [store, timers] = [memoryStore(), manualTimers()];
  const nothing = () => {};
  const callbacks = { onOver: nothing, onEntered: nothing, onRenewed: nothing, onReplaced: nothing, onError: nothing };
  let ids = 0;
  const ownership = new Ownership(store, resolveDurability({}, "engine"), timers, () => `${++ids}`, callbacks);
  for (let n = 0; n < 1_100; n++) {
    await ownership.enter();
    await timers.advance(60_000);
  }
  const { incarnation } = await ownership.enter();
  assertEquals([incarnation, ownership.incarnations.size, ownership.incarnations.has(incarnation)], [
    1_101,
    1_000,
    true,
  ]);
});

test("what engines have left in the store, and in the clock, is gone when they are closed", async () => {
  const [store, timers] = [memoryStore(), manualTimers()];
  let watchers = 0;
  const counted = {
    ...store,
    close: () => {},
    watch(...args: Parameters<NonNullable<typeof store.watch>>) {
      watchers++;
      const stop = store.watch?.(...args);
      return () => {
        watchers--;
        stop?.();
      };
    },
  };
  const signal = new AbortController().signal;
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  for (let n = 0; n < 20; n++) {
    const process = new StoredFlowProcess({
      store: counted,
      timers,
      work: (_, ctx) => ctx.expect("input", { timeoutMs: HOUR_MS }),
    });
    const worker = process.engine.work({ signal });
    const job = await process.flow.start("source", { items: [1] }, { jobId: `job ${n}` });
    const ended = job.ended({ signal });
    await timers.advance(10_000);
    await job.cancel();
    await timers.advance(2_000);
    await ended;
    await Promise.all([worker.stop(), timers.advance(1_000)]);
    await process.engine.close();
    assertEquals([watchers, listeners, timers.size], [0, 0, 0], `after engine ${n}`);
  }
});

test("a job that was taken up, and let go, while its engine asked what it holds is not claimed again", async () => {
  const store = memoryStore();
  const gate = createLatch();
  const late: Store = {
    ...store,
    async take(query) {
      const answer = await store.take(query);
      if (answer.jobs.length > 0) await gate.passed;
      return answer;
    },
  };
  const process = new StoredFlowProcess({ store: late });
  const { engine, timers } = process;
  const worker = engine.work();
  await process.flow.start("source", { items: [1] }, { jobId: "job" });
  // By now the lease has been renewed, and the answer about the job has not come.
  await timers.advance(15_000);
  assertEquals([(await store.find("job"))?.epoch, process.begun], [1, []]);
  gate.open();
  await timers.advance(1_000);
  const { status, epoch } = await store.find("job") ?? {};
  assertEquals([status, epoch, process.begun, process.told("taken").length], ["completed", 1, [1], 1]);
  await worker.stop();
});

for (const [name, createStore] of Object.entries(STORES)) {
  test(`C476 what a store keeps of a job that puts out and emits large texts stays short, with ${name}`, async () => {
    const store = createStore();
    const text = "x".repeat(20_000);
    class Writer extends Routine {
      readonly trigger = this.addSlot("trigger", this.write);
      readonly next = this.addEvent<{ n: number; text: string }>("next");
      write({ n }: { n: number }, ctx: Context): void {
        ctx.output("page", { n, text });
        ctx.log({ n, text });
        if (n < 150) ctx.emit(this.next, { n: n + 1, text });
      }
    }
    const registry = new Registry({ Writer });
    const engine = new Engine({ timers: manualTimers(), ids: manualIds(), registry, store, durability: SHORT });
    const flow = new Flow({ id: "pages", registry, engine, limits: { keptLength: 100_000 } });
    const writer = flow.addRoutine(new Writer(), "writer");
    flow.connect(writer.next, writer.trigger);
    const job = await flow.run(writer.trigger, { n: 1 }, { jobId: "job" });
    const stored = await engine.handle("job").read();
    const { outputLog, executionHistory, sharedLog, dropped } = stored;
    assertEquals([outputLog.length, sharedLog.length, dropped.outputLog, dropped.sharedLog], [4, 4, 146, 146]);
    assert(executionHistory.length < 12 && dropped.executionHistory > 250, `${executionHistory.length}`);
    assertEquals(stored.toText(), job.toText());
    const { snapshot = "", entries = [] } = await store.load("job") ?? {};
    // The journal holds entries of the length of a snapshot before it is replaced: 60,000 characters each.
    assert(
      snapshot.length < 350_000 && entries.join("").length < 450_000,
      `${snapshot.length}, ${entries.join("").length}`,
    );
    await engine.close();
  });
}
