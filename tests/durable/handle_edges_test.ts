import { assert, assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import {
  type Context,
  Engine,
  Flow,
  Registry,
  Routine,
  SchemaError,
  type StandardSchema,
  StateError,
  TimeoutError,
} from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { createLatch } from "../support/latch.ts";
import { lateStore } from "../support/late_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

// Handles of flows, handles in processes without the classes of a job, and targets that are slots.

const INPUT = { routine: "worker", slot: "input" };
const askFirst = (n: number, ctx: Context) => {
  if (n === 1) ctx.expect("input");
  ctx.output("item", n);
};

/** A process whose job waits, and an engine on the same store that has none of its classes. */
async function setUp() {
  const process = new StoredFlowProcess({ work: askFirst });
  const job = process.start([1]);
  await process.settle();
  const { store, timers } = process;
  const bare = new Engine({ store, timers, registry: new Registry() });
  return { process, job, store, timers, bare };
}

/** Takes positive numbers only. */
const positive: StandardSchema<number, number> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      typeof value === "number" && value > 0 ? { value } : { issues: [{ message: "expected a positive number" }] },
  },
};

class Account extends Routine {
  readonly amounts: number[] = [];
  readonly amount = this.addSlot("amount", this.add, { schema: positive });
  add(n: number, ctx: Context): void {
    this.amounts.push(n);
    if (n === 1) ctx.expect(this.amount);
  }
}

test("data for a slot with a schema is checked when a job is started, and when a handle delivers", async () => {
  const registry = new Registry({ Account });
  const [store, timers] = [memoryStore(), manualTimers()];
  const engine = new Engine({ store, timers, registry });
  const flow = new Flow({ id: "bank", registry, engine });
  const { amount } = flow.addRoutine(new Account(), "account");
  await assertRejects(() => flow.start(amount, 0), SchemaError, 'params for slot "amount"');
  const handle = await flow.start(amount, 1, { jobId: "job" });
  const worker = engine.work();
  await timers.advance(2_000);
  await assertRejects(() => handle.deliver(amount, -1), SchemaError, 'data for slot "amount" of routine "account"');
  assertEquals([await engine.count(), (await store.find("job"))?.sent], [1, 0]);
  await handle.deliver(amount, 2);
  await timers.advance(2_000);
  assertEquals((await handle.ended()).status, "completed");
  await worker.stop();
});

test("a handle refuses what is no slot, and a slot whose routine is in no flow", async () => {
  const { process, store } = await setUp();
  const handle = process.engine.handle("job");
  await assertRejects(
    () => Reflect.apply(handle.deliver, handle, ["worker", {}]),
    TypeError,
    'Cannot deliver to job "job": expected a slot or { routine, slot }, got "worker"',
  );
  await assertRejects(() => handle.deliver(new Account().amount, 1), TypeError, "which is in no flow");
  assertEquals((await store.find("job"))?.sent, 0);
});

test("a flow's handle reaches jobs of that flow only", async () => {
  const { process, store, timers } = await setUp();
  const handle = process.flow.handle("job");
  assertEquals([handle.jobId, (await handle.read()).status], ["job", "running"]);
  const { engine, registry } = process;
  const other = new Flow({ id: "other", registry, engine }).handle("job");
  const error = await assertRejects(() => other.cancel(), StateError, 'a job of flow "workshop", not of "other"');
  assert(error instanceof StateError);
  assertEquals([error.reason, (await store.find("job"))?.sent], ["taken", 0]);
  await handle.cancel();
  await timers.advance(2_000);
  assertEquals((await handle.ended()).status, "cancelled");
});

test("a process without the classes of a job reads it, and delivers to the slots that its document has", async () => {
  const { process, job, timers, bare } = await setUp();
  const handle = bare.handle("job");
  assertEquals((await handle.read()).outputLog.map(({ data }) => data), [1]);
  for (const target of [{ ...INPUT, routine: "nobody" }, { ...INPUT, slot: "toString" }]) {
    await assertRejects(
      () => handle.deliver(target, {}),
      TypeError,
      `its flow "workshop" has no slot "${target.slot}" of routine "${target.routine}"`,
    );
  }
  await handle.deliver(INPUT, { n: 2 });
  await timers.advance(2_000);
  assertEquals([job.status, process.begun], ["completed", [1, 2]]);
});

test("a job that is deleted while a handle asks for its slots is told to be unknown", async () => {
  const { process, job, store, timers } = await setUp();
  process.flow.cancel(job);
  await process.settle();
  const load: typeof store.load = async (jobId) => {
    await process.engine.delete(jobId);
    return await store.load(jobId);
  };
  const engine = new Engine({ store: { ...store, load }, timers, registry: new Registry() });
  const handle = engine.handle("job");
  await assertRejects(
    () => handle.deliver(INPUT, { n: 2 }),
    StateError,
    "the store has none of this id, or it was deleted",
  );
});

test("a key that was used for something else is refused, and named", async () => {
  const { process, store } = await setUp();
  const handle = process.engine.handle("job");
  await process.engine.shutdown();
  await handle.deliver(INPUT, { n: 2 }, { key: "answer" });
  const why = 'something else was asked of it with this key, "answer"';
  await assertRejects(() => handle.deliver(INPUT, { n: 3 }, { key: "answer" }), StateError, why);
  assertEquals((await store.find("job"))?.sent, 1);
});

test("nothing is asked of a job with a signal that is aborted", async () => {
  const { process, store } = await setUp();
  const signal = AbortSignal.abort(new Error("enough"));
  await assertRejects(() => process.engine.handle("job").cancel({ signal }), Error, "enough");
  assertEquals((await store.find("job"))?.sent, 0);
});

test("who reads the outputs of a job that is live here is told of each as soon as it is stored", async () => {
  const { process, job } = await setUp();
  const outputs = process.engine.handle("job").outputs();
  assertEquals((await outputs.next()).value?.data, 1);
  const next = outputs.next();
  await process.settle();
  process.flow.deliver(job, "worker", "input", { n: 2 });
  await process.settle();
  assertEquals([(await next).value?.data, (await outputs.next()).done], [2, true]);
});

test("the outputs of a job that has ended are read to their end while its handler goes on", async () => {
  const latch = createLatch();
  const process = new StoredFlowProcess({
    work: async (n, ctx) => {
      if (n === 2) return await latch.passed;
      ctx.output("item", n);
    },
  });
  const job = process.start([1, 2]);
  await process.settle();
  process.flow.cancel(job, { reason: "enough" });
  await process.settle();
  const outputs = process.engine.handle("job").outputs();
  assertEquals([(await outputs.next()).value?.data, (await outputs.next()).done], [1, true]);
  latch.open();
  await process.settle();
  assertEquals(process.told("engine_error"), []);
});

test("a reader of the outputs of a job that is live here may stop before it has ended", async () => {
  const { process, job } = await setUp();
  const outputs = process.engine.handle("job").outputs({ from: 1 });
  const next = outputs.next();
  await process.settle();
  await outputs.return?.();
  process.flow.deliver(job, "worker", "input", { n: 2 });
  await process.timers.advance(2_000);
  assertEquals([(await next).done, (await outputs.next()).done, job.status], [true, true, "completed"]);
});

test("a job that this engine is just taking up is not deleted, and goes on", async () => {
  const { process, store, timers } = await setUp();
  await process.engine.shutdown();
  await process.engine.handle("job").deliver(INPUT, { n: 2 });
  const answer = createLatch();
  const take: Store["take"] = async (query) => {
    const taken = await store.take(query);
    if (taken.jobs.length > 0) await answer.passed;
    return taken;
  };
  const next = new StoredFlowProcess({ store: { ...store, take }, timers, work: askFirst });
  const recovering = next.engine.recover();
  await timers.flush();
  await assertRejects(() => next.engine.delete("job"), StateError, 'Cannot delete job "job": it is live here');
  answer.open();
  await recovering;
  await timers.flush();
  assertEquals((await next.engine.handle("job").ended()).outputLog.map(({ data }) => data), [1, 2]);
});

test("a job that somebody deletes, or starts anew, while it is being deleted is gone already", async () => {
  for (const isStartedAnew of [false, true]) {
    const { process, store, timers } = await setUp();
    await process.engine.shutdown();
    const other = new StoredFlowProcess({ store, timers, work: askFirst });
    const claim: Store["claim"] = async (query) => {
      assert(await other.engine.delete("job"));
      if (isStartedAnew) await other.flow.start("source", { items: [1] }, { jobId: "job" });
      return await store.claim(query);
    };
    const engine = new Engine({ store: { ...store, claim }, timers, registry: new Registry() });
    assertEquals(await engine.delete("job"), false);
    assertEquals((await store.find("job"))?.status, isStartedAnew ? "pending" : undefined);
  }
});

test("a job whose flow cannot be read is read within the limits of any flow", async () => {
  const { store, timers } = await setUp();
  for (const flow of ["", '{"type":"flow","version":1000}']) {
    const load: Store["load"] = async (jobId) => {
      const stored = await store.load(jobId);
      return stored && { ...stored, flow };
    };
    const bare = new Engine({ store: { ...store, load }, timers, registry: new Registry() });
    assertEquals((await bare.handle("job").read()).outputLog.map(({ data }) => data), [1]);
  }
});

for (const [name, createStore] of Object.entries({ "at once": memoryStore, "later": lateStore })) {
  test(`who waits for a job hears of its end also where its failures are only to be discarded, with a store that answers ${name}`, async () => {
    const work = (): never => {
      throw new RangeError("no paper");
    };
    const process = new StoredFlowProcess({ store: createStore(), work });
    const { store, timers } = process;
    process.start([1]);
    await process.settle();
    await process.engine.shutdown({ drain: false });
    const handle = new Engine({ store, timers, registry: new Registry() }).handle("job");
    await handle.discard(true);
    const heard: string[] = [];
    const ended = handle.ended().then(({ status }) => heard.push(status));
    const read = (async () => {
      for await (const { data } of handle.outputs()) heard.push(String(data));
      heard.push("no more outputs");
    })();
    await timers.flush();
    assertEquals(heard.toSorted(), ["failed", "no more outputs"]);
    await Promise.all([ended, read]);
    await handle.redrive();
    const late = assertRejects(() => handle.ended({ timeoutMs: 3_000 }), TimeoutError);
    for (let n = 0; n < 5; n++) await timers.advance(1_000);
    await late;
  });
}
