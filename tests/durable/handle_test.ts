import { assert, assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import {
  type Context,
  type JobHandle,
  SerializationError,
  StateError,
  TimeoutError,
  UnknownOutcomeError,
} from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { lateStore } from "../support/late_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

// A handle reaches a job wherever it is: what it has accepted is carried out once, by whoever has the job.

const STORES = { "a store that answers at once": memoryStore, "a store that answers later": lateStore };
const INPUT = { routine: "worker", slot: "input" };

/** The first item asks for another one, with time to answer. */
const askFirst = (n: number, ctx: Context) => {
  if (n === 1) ctx.expect("input", { timeoutMs: 60_000 });
  ctx.output("item", n);
  ctx.shared.update("sum", (sum) => Number(sum ?? 0) + n);
};

/** A process that works on the job, and one beside it that only asks. */
async function setUp(createStore: () => Store) {
  const store = createStore();
  const owner = new StoredFlowProcess({ store, work: askFirst });
  const job = owner.start([1]);
  await owner.settle();
  const web = new StoredFlowProcess({ store, timers: owner.timers, work: askFirst });
  return { store, owner, job, web, handle: web.engine.handle("job") };
}

for (const [name, createStore] of Object.entries(STORES)) {
  test(`a handle delivers to a job that is live in another process, once per key, with ${name}`, async () => {
    const { owner, job, handle } = await setUp(createStore);
    await handle.deliver(INPUT, { n: 4 }, { key: "answer" });
    await handle.deliver(INPUT, { n: 4 }, { key: "answer" });
    await owner.timers.advance(1_000);
    assertEquals([job.status, job.sharedData.sum, owner.begun], ["completed", 5, [1, 4]]);
  });

  test(`a handle pauses, resumes and cancels a job wherever it is, with ${name}`, async () => {
    const { owner, store, handle } = await setUp(createStore);
    await handle.pause({ reason: "lunch" });
    await owner.timers.advance(1_000);
    assertEquals((await store.find("job"))?.status, "paused");
    await handle.resume();
    await owner.engine.recover();
    assertEquals((await handle.read()).status, "running");
    await handle.cancel({ reason: "enough" });
    await owner.timers.advance(1_000);
    const { status, error } = await handle.read();
    assertEquals([status, error?.message], ["cancelled", "The job was cancelled: enough"]);
  });

  test(`a handle's waits and outputs follow a job over processes, with ${name}`, async () => {
    const { owner, store, handle } = await setUp(createStore);
    const ended = handle.ended();
    const outputs: unknown[] = [];
    const read = (async () => {
      for await (const { data } of handle.outputs()) outputs.push(data);
    })();
    await owner.timers.advance(1_000);
    assertEquals(outputs, [1]);
    await owner.engine.shutdown();
    const next = new StoredFlowProcess({ store, timers: owner.timers, work: askFirst });
    await handle.deliver(INPUT, { n: 2 });
    await next.engine.recover();
    await owner.timers.advance(1_000);
    assertEquals([(await ended).status, outputs], ["completed", [1, 2]]);
    await read;
    const again: unknown[] = [];
    for await (const { data } of handle.outputs({ from: 1 })) again.push(data);
    assertEquals(again, [2], "the list of an ended job is the same for everybody");
  });

  test(`who waits for a job that is to be redriven does not get its former end, with ${name}`, async () => {
    const { owner, handle } = await setUp(createStore);
    await handle.cancel();
    await owner.timers.advance(1_000);
    await handle.redrive();
    let status: string | undefined;
    const ended = handle.ended().then((job) => status = job.status);
    await owner.timers.advance(3_000);
    assertEquals(status, undefined);
    await owner.engine.recover();
    await handle.deliver(INPUT, { n: 2 });
    await owner.timers.advance(2_000);
    assertEquals(await ended, "completed");
  });

  test(`what a handle cannot ask is refused, and nothing is stored, with ${name}`, async () => {
    const { owner, store, web, handle } = await setUp(createStore);
    const refused = async (ask: () => Promise<unknown>, kind: new (...args: never[]) => Error, text: string) => {
      const error = await assertRejects(ask);
      assert(error instanceof kind, String(error));
      assert(error.message.includes(text), error.message);
    };
    await refused(
      () => web.engine.handle("none").pause(),
      StateError,
      `Cannot pause job "none": the store has none of this id`,
    );
    await refused(() => handle.deliver({ routine: "nobody", slot: "input" }, 1), TypeError, '"nobody"');
    await refused(() => handle.deliver({ routine: "worker", slot: "other" }, 1), TypeError, '"other"');
    await refused(() => handle.deliver(INPUT, () => {}), SerializationError, "data");
    await refused(() => handle.redrive(), StateError, "only a job that has ended can be redriven");
    await refused(() => web.engine.handle("job").pause({ graceMs: -1 }), RangeError, "graceMs");
    await refused(() => Reflect.apply(handle.pause, handle, [{ reason: 5 }]), TypeError, "the reason must be a string");
    await refused(() => Reflect.apply(handle.cancel, handle, [{ reason: {} }]), TypeError, "must be a string");
    await refused(() => handle.ended({ timeoutMs: NaN }), RangeError, "timeoutMs");
    assertEquals((await store.find("job"))?.sent, 0);
    await handle.cancel();
    await owner.timers.advance(1_000);
    await refused(
      () => handle.deliver(INPUT, { n: 1 }),
      StateError,
      "it has ended; a redrive lets one go on that has failed or was cancelled",
    );
    await refused(() => handle.cancel(), StateError, "it has ended");
  });

  test(`a handle stays with the job that it found: another one of the same id is not reached, with ${name}`, async () => {
    const { owner, store, handle } = await setUp(createStore);
    const first = await handle.read();
    await handle.cancel();
    await owner.timers.advance(1_000);
    assertEquals([first.jobId, await owner.engine.delete("job")], ["job", true]);
    owner.start([1]);
    await owner.settle();
    const error = await assertRejects(() => handle.cancel(), StateError);
    assert(error.message.includes("its id is another job's"), error.message);
    assertEquals((await store.find("job"))?.sent, 0);
  });

  test(`a wait of a handle ends with its time, and with its signal, with ${name}`, async () => {
    const { owner, handle } = await setUp(createStore);
    const late = assertRejects(() => handle.ended({ timeoutMs: 2_500 }), TimeoutError);
    await owner.timers.advance(2_500);
    await late;
    const stop = new AbortController();
    const stopped = assertRejects(() => handle.ended({ signal: stop.signal }), Error, "enough");
    const outputs = handle.outputs({ from: 1, signal: stop.signal });
    const read = assertRejects(() => outputs.next(), Error, "enough");
    await owner.settle();
    stop.abort(new Error("enough"));
    await Promise.all([stopped, read]);
  });

  test(`the waits of a handle outlive a store that fails, but not their time and their signal, with ${name}`, async () => {
    const { owner, store } = await setUp(createStore);
    const failing = new Set<"find" | "load">();
    const guard = <R>(call: "find" | "load", ask: () => R): R => {
      if (failing.has(call)) throw new Error(`no ${call}`);
      return ask();
    };
    const web = new StoredFlowProcess({
      store: {
        ...store,
        find: (jobId) => guard("find", () => store.find(jobId)),
        load: (jobId) => guard("load", () => store.load(jobId)),
      },
      timers: owner.timers,
    });
    const handle = web.engine.handle("job");
    const [ended, outputs] = [handle.ended(), handle.outputs()];
    failing.add("load");
    const first = outputs.next();
    await owner.engine.handle("job").cancel();
    await owner.timers.advance(3_000);
    failing.clear();
    await owner.timers.advance(20_000);
    assertEquals([(await ended).status, (await first).value?.data, (await outputs.next()).done], [
      "cancelled",
      1,
      true,
    ]);
    failing.add("find");
    const stop = new AbortController();
    const late = assertRejects(() => handle.ended({ timeoutMs: 2_500 }), TimeoutError);
    const stopped = assertRejects(() => handle.ended({ signal: stop.signal }), Error, "enough");
    await owner.timers.advance(5_000);
    stop.abort(new Error("enough"));
    await Promise.all([late, stopped]);
  });

  test(`what was sent after a pause is done once though the job first came to an end that does not count, with ${name}`, async () => {
    const { watch: _, ...store } = createStore();
    const { promise, reject } = Promise.withResolvers<void>();
    const owner = new StoredFlowProcess({ store, work: async (n) => n === 1 ? await promise : undefined });
    owner.start([1]);
    await owner.settle();
    const handle = owner.engine.handle("job");
    await handle.pause({ graceMs: 60_000 });
    await handle.deliver(INPUT, { n: 10 });
    await handle.deliver(INPUT, { n: 100 });
    await owner.timers.advance(2_000);
    reject(new Error("failed"));
    await owner.timers.advance(2_000);
    const { status, pendingTasks } = await handle.read();
    assertEquals([status, pendingTasks.map(({ data }) => data)], ["paused", [{ n: 1 }, { n: 10 }, { n: 100 }]]);
  });

  test(`a reader of a handle's outputs that has ended is told nothing more, with ${name}`, async () => {
    const { owner, handle } = await setUp(createStore);
    const outputs = handle.outputs({ from: 1 });
    const next = outputs.next();
    await owner.settle();
    await outputs.return?.();
    await owner.settle();
    assertEquals([(await next).done, (await outputs.next()).done], [true, true]);
  });
}

test("what may be stored or not is told as such, with the key that makes it count once", async () => {
  const { owner, store, job } = await setUp(memoryStore);
  let fails = true;
  const failing: Store = {
    ...store,
    async send(...sent) {
      const answer = await store.send(...sent);
      if (fails) throw new Error("the connection is gone");
      return answer;
    },
  };
  const web = new StoredFlowProcess({ store: failing, timers: owner.timers, work: askFirst });
  const handle = web.engine.handle("job");
  const unknown = assertRejects(() => handle.deliver(INPUT, { n: 4 }, { key: "answer" }), UnknownOutcomeError);
  await owner.timers.advance(60_000);
  const error = await unknown;
  assert(error instanceof UnknownOutcomeError);
  assertEquals([error.code, error.jobId, error.key], ["OUTCOME_UNKNOWN", "job", "answer"]);
  fails = false;
  await handle.deliver(INPUT, { n: 4 }, { key: "answer" }).catch(() => {});
  assertEquals([job.status, job.sharedData.sum, owner.begun], ["completed", 5, [1, 4]]);
});

/** Asks for things while nobody has the job, which another process takes then. */
async function askAndTake(createStore: () => Store, ask: (handle: JobHandle) => Promise<void>, isEnded = false) {
  const { owner, store, handle, web } = await setUp(createStore);
  if (isEnded) await handle.cancel();
  await owner.settle();
  await owner.engine.shutdown();
  await ask(handle);
  const stored = await Promise.all(["1", "2", "3", "4"].map((key) => handle.command(key)));
  const taker = new StoredFlowProcess({ store, timers: owner.timers, work: askFirst });
  await taker.engine.recover();
  await taker.settle();
  const told = await Promise.all(["1", "2", "3", "4"].map((key) => web.engine.handle("job").command(key)));
  return { handle, stored, told, errors: taker.told("command_error").map(({ key }) => key) };
}

for (const [name, createStore] of Object.entries(STORES)) {
  test(`whoever has asked for something is told what has become of it, with ${name}`, async () => {
    const { handle, stored, told, errors } = await askAndTake(createStore, async (handle) => {
      assertEquals(await handle.command("1"), undefined);
      await handle.deliver(INPUT, { n: 4 }, { key: "1" });
      await handle.cancel({ key: "2" });
      await handle.pause({ key: "3" });
    });
    assertEquals(stored, [{ status: "stored" }, { status: "stored" }, { status: "stored" }, undefined]);
    const reason = 'Cannot carry out a command to job "job": it was cancelled by one that was sent before';
    assertEquals(told, [{ status: "done" }, { status: "done" }, { status: "refused", reason }, undefined]);
    assertEquals(errors, ["3"]);
    await assertRejects(() => handle.command(""), TypeError, "key");
  });
}

test("what a job cannot carry out is refused, and what comes after it is not", async () => {
  const { told, errors } = await askAndTake(memoryStore, async (handle) => {
    await handle.pause({ key: "1" });
    await handle.pause({ key: "2" });
    await handle.redrive({ key: "3" });
    await handle.resume({ key: "4" });
  });
  assertEquals(told.map((it) => it?.status), ["done", "done", "refused", "done"]);
  assertEquals(errors, ["3"]);
});

test("what is asked of a job after a redrive that finds nothing to do is refused as for one that has ended", async () => {
  const store = memoryStore();
  const owner = new StoredFlowProcess({ store });
  owner.start([1]);
  await owner.settle();
  await owner.engine.shutdown();
  const handle = owner.engine.handle("job");
  await handle.redrive({ key: "1" });
  await handle.pause({ key: "2" });
  await handle.cancel({ key: "3" });
  const taker = new StoredFlowProcess({ store, timers: owner.timers });
  await taker.engine.recover();
  await taker.settle();
  const told = await Promise.all(["1", "2", "3"].map((key) => handle.command(key)));
  assertEquals(told.map((it) => it?.status === "refused" ? it.reason : it?.status), [
    'Cannot redrive job "job" in status "completed": it has no failures, and nothing is pending',
    'Cannot pause job "job" in status "completed": it has ended already',
    'Cannot cancel job "job" in status "completed": it has ended already',
  ]);
  assertEquals((await handle.read()).status, "completed");
});

test("what was not stored, and finds the inbox full at the next try, may have been stored for all one knows", async () => {
  const store = memoryStore();
  const owner = new StoredFlowProcess({ store, work: askFirst });
  owner.start([1]);
  await owner.settle();
  await owner.engine.shutdown();
  let fails = true;
  const failing: Store = {
    ...store,
    send(job, command) {
      if (!fails) return store.send(job, command);
      fails = false;
      throw new Error("the connection is gone");
    },
  };
  const web = new StoredFlowProcess({ store: failing, timers: owner.timers, durability: { inboxLimit: 1 } });
  const call = assertRejects(() => web.engine.handle("job").cancel({ key: "off" }), UnknownOutcomeError);
  await web.settle();
  await owner.engine.handle("job").deliver(INPUT, { n: 2 });
  await owner.timers.advance(1_000);
  const error = await call;
  assert(error instanceof UnknownOutcomeError);
  assertEquals([error.key, String(error.cause).includes("its inbox is full")], ["off", true]);
  assertEquals((await store.find("job"))?.sent, 1);
});

test("what is asked of a job after a redrive that nobody has carried out yet is accepted", async () => {
  const { told } = await askAndTake(memoryStore, async (handle) => {
    await handle.redrive({ key: "1" });
    await handle.pause({ key: "2" });
  }, true);
  assertEquals(told.slice(0, 2), [{ status: "done" }, { status: "done" }]);
});

test("a call whose signal is aborted does not wait for the next try", async () => {
  const { owner, store } = await setUp(memoryStore);
  const send = () => {
    throw new Error("the connection is gone");
  };
  const web = new StoredFlowProcess({ store: { ...store, send }, timers: owner.timers });
  const controller = new AbortController();
  const call = assertRejects(() => web.engine.handle("job").cancel({ signal: controller.signal }), Error, "enough");
  await owner.settle();
  const { size } = owner.timers;
  controller.abort(new Error("enough"));
  await call;
  assertEquals(owner.timers.size, size - 1);
});

test("of a job that is not there, nobody is told what has become of a command", async () => {
  const { web } = await setUp(memoryStore);
  await assertRejects(() => web.engine.handle("other").command("1"), StateError, "the store has none");
});

test("an inbox that is full says so", async () => {
  const store = memoryStore();
  const owner = new StoredFlowProcess({ store, work: askFirst, durability: { inboxLimit: 2 } });
  owner.start([1]);
  await owner.settle();
  await owner.engine.shutdown();
  const handle = owner.engine.handle("job");
  await handle.deliver(INPUT, { n: 2 });
  await handle.deliver(INPUT, { n: 3 });
  const error = await assertRejects(() => handle.deliver(INPUT, { n: 4 }), StateError);
  assert(error.message.includes("its inbox is full"), error.message);
  assertEquals((await store.find("job"))?.sent, 2);
});
