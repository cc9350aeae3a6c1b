import { assert, assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { StoreError, UnknownOutcomeError } from "../../mod.ts";
import type { StoreTransaction } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { createCountedSignal } from "../support/counted_signal.ts";
import { createLatch } from "../support/latch.ts";
import { silentStore } from "../support/silent_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

const messageOf = (error: unknown): unknown => error instanceof Error ? error.message : error;

/** The methods that an engine calls by itself. */
const METHODS = ["create", "enter", "renew", "append", "take", "nextDueAt", "held", "commands"] as const;

for (const isCarriedOut of [false, true]) {
  const what = isCarriedOut ? "carried out and not" : "neither carried out nor";
  test(`C481 a job goes on when one call of any method of its store is ${what} answered`, async () => {
    for (const method of METHODS) {
      const store = silentStore(memoryStore());
      const process = new StoredFlowProcess({ store });
      process.engine.work();
      await process.settle();
      store.silence(method, 1, isCarriedOut);
      const job = process.start([1, 2]);
      await process.timers.advance(120_000);
      assertEquals([job.status, process.begun, job.sharedData], ["completed", [1, 2], { sum: 3 }], method);
      await process.engine.close();
    }
  });

  test(`C481 commands are carried out once when one look for them, or a call that sends one, is ${what} answered`, async () => {
    for (const method of ["inbox", "send", "find", "load"] as const) {
      const store = silentStore(memoryStore());
      const process = new StoredFlowProcess({
        store,
        work: (n, ctx) => n === 0 ? void ctx.expect("input") : undefined,
      });
      const job = process.start([0]);
      await process.settle();
      store.silence(method, 1, isCarriedOut);
      const handle = process.engine.handle("job");
      const asked = handle.deliver({ routine: "worker", slot: "input" }, { n: 7 }, { key: "once" }).catch((error) =>
        error
      );
      await process.timers.advance(60_000);
      // A question may be asked again by whoever has asked it.
      if (await asked instanceof Error) {
        await handle.deliver({ routine: "worker", slot: "input" }, { n: 7 }, { key: "once" });
      }
      await process.timers.advance(60_000);
      assertEquals([job.status, process.begun], ["completed", [0, 7]], method);
    }
  });
}

test("a job is lost with an error that says why when its store never answers a write, and others go on with it", async () => {
  const data = memoryStore();
  const timers = manualTimers();
  const store = silentStore({ ...data, close: () => {} });
  const process = new StoredFlowProcess({ store, timers, durability: { attempts: 3, answerTimeoutMs: 5_000 } });
  const job = process.start([1, 2]);
  store.silence("append", Infinity, false);
  const wait = assertRejects(() => process.flow.waitForCompletion(job), StoreError, "the store failed 3 times");
  await timers.advance(15_300);
  assertEquals(
    messageOf((await wait).cause),
    'The store has not answered "append" within 5000 ms; it may carry it out all the same',
  );
  assertEquals(process.begun, [], "nothing runs ahead of what is stored");
  await process.engine.close();
  const other = new StoredFlowProcess({ store: data, timers });
  other.engine.work();
  await timers.advance(60_000);
  assertEquals([(await data.find("job"))?.status, other.begun], ["completed", [1, 2]]);
});

test("an engine whose renewal is not answered sends it again while its lease runs", async () => {
  const store = silentStore(memoryStore());
  const process = new StoredFlowProcess({ store, work: (_, ctx) => void ctx.expect("input") });
  process.start([1]);
  await process.settle();
  const before = (await store.find("job"))?.heldUntil ?? 0;
  store.silence("renew", 1, false);
  await process.timers.advance(25_000);
  const record = await store.find("job");
  assert((record?.heldUntil ?? 0) > before, `held until ${record?.heldUntil}, before ${before}`);
  assertEquals([record?.epoch, process.told("lost")], [1, []], "nobody has claimed it again");
});

test("a transaction that begins too late is undone: nobody would end it", async () => {
  const store = memoryStore();
  let undone = 0;
  const latch = createLatch();
  const begin = async (): Promise<StoreTransaction> => {
    await latch.passed;
    return { client: undefined, attempt: async (run) => await run(), rollback: () => void undone++ };
  };
  const errors: unknown[] = [];
  const process = new StoredFlowProcess({
    store: { ...store, begin },
    work: async (_, ctx) => await ctx.transact(() => {}).catch((error) => void errors.push(messageOf(error))),
  });
  process.start([1]);
  await process.timers.advance(31_000);
  assertEquals(errors, ['The store has not answered "begin" within 30000 ms; it may carry it out all the same']);
  assertEquals(undone, 0);
  latch.open();
  await process.settle();
  assertEquals(undone, 1);
});

test("an engine closes although its store does not answer when it leaves", async () => {
  const store = silentStore(memoryStore());
  const process = new StoredFlowProcess({ store });
  process.start([1]);
  await process.settle();
  store.silence("leave", 1, false);
  let isClosed = false;
  void process.engine.close().then(() => isClosed = true);
  await process.timers.advance(31_000);
  assert(isClosed);
});

test("C481 whoever waits for a store that does not answer is let go by a signal at once, and nothing listens any more", async () => {
  const store = silentStore(memoryStore());
  const process = new StoredFlowProcess({ store, work: (_, ctx) => void ctx.expect("input") });
  process.start([1]);
  await process.settle();
  const handle = process.engine.handle("job");
  const reason = new Error("enough");
  const calls = {
    ended: (signal: AbortSignal) => handle.ended({ signal }),
    result: (signal: AbortSignal) => handle.result({ signal }),
    pause: (signal: AbortSignal) => handle.pause({ signal }),
    cancel: (signal: AbortSignal) => handle.cancel({ signal }),
    resume: (signal: AbortSignal) => handle.resume({ signal }),
    outputs: (signal: AbortSignal) => handle.outputs({ signal }).next(),
  };
  for (const method of ["find", "send"] as const) {
    for (const [name, call] of Object.entries(calls)) {
      if (method === "send" && ["ended", "result", "outputs"].includes(name)) continue;
      store.silence(method, 1, false);
      const { controller, signal, listeners } = createCountedSignal();
      const error = call(signal).then(() => "an answer", (error: unknown) => error);
      await process.settle();
      controller.abort(reason);
      await process.settle();
      assertEquals(await error, reason, `${name} while ${method} is not answered`);
      assertEquals(listeners.size, 0, name);
    }
  }
});

test("a command of which nobody knows whether it was stored says so", async () => {
  const store = silentStore(memoryStore());
  const process = new StoredFlowProcess({
    store,
    work: (_, ctx) => void ctx.expect("input"),
    durability: { attempts: 2 },
  });
  process.start([1]);
  await process.settle();
  store.silence("send", 2, true);
  const cancel = assertRejects(() => process.engine.handle("job").cancel(), UnknownOutcomeError);
  await process.timers.advance(61_000);
  await cancel;
  await process.timers.advance(1_000);
  assertEquals((await store.find("job"))?.status, "cancelled");
});

test("a store that takes its time is waited for, as long as the engine is told to", async () => {
  for (const [answerTimeoutMs, told] of [[30_000, 1], [60_000, 0], [Infinity, 0]] as const) {
    const store = silentStore(memoryStore());
    const process = new StoredFlowProcess({ store, durability: { answerTimeoutMs } });
    const job = process.start([1]);
    const answer = store.silence("append", 1, true);
    await process.timers.advance(31_000);
    answer();
    await process.settle();
    assertEquals([job.status, process.told("store_error").length], ["completed", told], `${answerTimeoutMs}`);
  }
});
