import { test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type Context,
  Engine,
  ErrorHandler,
  Flow,
  JobState,
  Registry,
  Routine,
  SerializationError,
  StateError,
  StepLimitError,
} from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { lateStore } from "../support/late_store.ts";
import { createTestFlow, type TestFlow } from "../support/test_flow.ts";

interface Item {
  readonly n: number;
}

/** Sends items to a worker that fails for those above 10, of which some are called temporary. */
class Source extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly item = this.addEvent<Item>("item");
  send({ items }: { readonly items: readonly number[] }, ctx: Context): void {
    for (const n of items) ctx.emit(this.item, { n });
  }
}

class Worker extends Routine {
  static broken = true;
  readonly input = this.addSlot("input", this.work);
  readonly noted = this.addSlot("noted", this.note);
  work({ n }: Item, ctx: Context): void {
    if (Worker.broken && n > 10) {
      throw Object.assign(new RangeError(`not ${n}`), { code: n % 2 === 0 ? "EVEN" : "ODD" });
    }
    ctx.output("n", [n, ctx.idempotencyKey]);
  }
  note(_failure: unknown): void {}
}

const CONTINUE = new ErrorHandler({ strategy: "continue" });

function createShop(errorHandler: ErrorHandler = CONTINUE, strategy: "sequential" | "concurrent" = "sequential") {
  Worker.broken = true;
  const setup: TestFlow = createTestFlow({
    errorHandler,
    executionStrategy: strategy,
    registry: new Registry({ Source, Worker }),
  });
  const source = setup.flow.addRoutine(new Source(), "source");
  const worker = setup.flow.addRoutine(new Worker(), "worker");
  setup.flow.connect(source.item, worker.input);
  return { ...setup, source, worker };
}

const failed = (job: JobState) => job.failures.map(({ task }) => task.id);
const done = (job: JobState) => job.outputLog.map(({ data }) => (data as [number, string])[0]);

test("C434 a redrive puts back the failures of some tasks; the others stay", async () => {
  const { flow, source, timers } = createShop();
  const job = await flow.run(source.trigger, { items: [1, 11, 12, 13] });
  assertEquals([job.status, failed(job)], ["completed", [3, 4, 5]]);
  Worker.broken = false;
  flow.resume(job, { redrive: [4] });
  await timers.flush();
  assertEquals([job.status, failed(job), done(job)], ["completed", [3, 5], [1, 12]]);
  flow.resume(job, { redrive: ({ error, task }) => error.code === "ODD" && task.id > 3 });
  await timers.flush();
  assertEquals([failed(job), done(job)], [[3], [1, 12, 13]]);
  flow.resume(job, { redrive: true });
  await timers.flush();
  assertEquals([failed(job), done(job), job.routineStates["worker"]?.status], [[], [1, 12, 13, 11], "completed"]);
});

test("C435 a task that starts over with other data is a new one, with a key of its own", async () => {
  for (const strategy of ["sequential", "concurrent"] as const) {
    const { flow, source, timers } = createShop(CONTINUE, strategy);
    const job = await flow.run(source.trigger, { items: [11, 12, 13] });
    flow.resume(job, { redrive: [{ taskId: 2, data: { n: 1 } }, 3] });
    await timers.flush();
    assertEquals([job.status, failed(job), done(job)], ["completed", [4, 3], [1]], strategy);
    flow.resume(job, { redrive: ({ task }) => task.id === 3 && { data: { n: 2 } } });
    await timers.flush();
    const keys = job.outputLog.map(({ data }) => (data as [number, string])[1]);
    assertEquals([failed(job), done(job), new Set(keys).size], [[4], [1, 2], 2], strategy);
    assertEquals(JobState.fromText(job.toText(), flow.registry).toText(), job.toText());
  }
});

test("C436 failures are dropped: all, those of some tasks, or those that a function chooses", async () => {
  const { flow, source } = createShop();
  const job = await flow.run(source.trigger, { items: [11, 12, 13, 14] });
  flow.discard(job, [2]);
  assertEquals(failed(job), [3, 4, 5]);
  flow.discard(job, ({ error }) => error.code === "EVEN");
  assertEquals([failed(job), job.status], [[4], "completed"]);
  flow.discard(job, true);
  assertEquals(failed(job), []);
  assertThrows(() => flow.resume(job, { redrive: true }), StateError, "it has no failures, and nothing is pending");
});

test("C436 a job that failed goes on without the task that failed it", async () => {
  const { flow, source, timers } = createShop(new ErrorHandler());
  const job = await flow.run(source.trigger, { items: [11, 1] });
  assertEquals([job.status, failed(job), job.pendingTasks.length], ["failed", [2], 1]);
  flow.discard(job, [2]);
  flow.resume(job, { redrive: true });
  await timers.flush();
  assertEquals([job.status, done(job)], ["completed", [1]]);
});

test("C436 failures of a job are dropped while it runs", async () => {
  const { flow, source, timers } = createShop();
  const job = flow.execute(source.trigger, { items: [11, 12] });
  const seen: unknown[] = [];
  void flow.waitUntil(job, () => {
    if (job.failures.length > 0) flow.discard(job, true);
    seen.push(failed(job).length);
    return false;
  });
  await timers.flush();
  assertEquals([job.status, failed(job), seen.includes(1)], ["completed", [], false]);
});

test("C437 handled failures are put back only when they are chosen", async () => {
  const { flow, source, worker, timers } = createShop();
  flow.connectFailure(worker.input, worker.noted);
  const job = await flow.run(source.trigger, { items: [11] });
  assertEquals(job.failures[0]?.handled, true);
  assertThrows(
    () => flow.resume(job, { redrive: true }),
    StateError,
    "all its failures are handled, and nothing is pending",
  );
  Worker.broken = false;
  flow.resume(job, { redrive: [2] });
  await timers.flush();
  assertEquals([job.status, failed(job), done(job)], ["completed", [], [11]]);
});

for (const strategy of ["sequential", "concurrent"] as const) {
  test(`C437 a handled failure that is put back is worked, and handled, by keys of its own: ${strategy}`, async () => {
    const keys: string[] = [];
    class Charge extends Routine {
      readonly input = this.addSlot("input", this.charge);
      readonly failed = this.addSlot("failed", this.undo);
      charge(_: object, ctx: Context): void {
        keys.push(ctx.idempotencyKey);
        throw new Error("declined");
      }
      undo(_: unknown, ctx: Context): void {
        keys.push(ctx.idempotencyKey);
      }
    }
    const { flow } = createTestFlow({ executionStrategy: strategy, registry: new Registry({ Charge }) });
    const charge = flow.addRoutine(new Charge(), "charge");
    flow.connectFailure(charge.input, charge.failed);
    const job = await flow.run(charge.input, {});
    await flow.waitForCompletion(flow.resume(job, { redrive: [1] }));
    assertEquals([keys.length, new Set(keys).size], [4, 4]);
  });
}

test("C438 what cannot be repaired is refused, and nothing changes", async () => {
  const { flow, source, engine } = createShop();
  const job = await flow.run(source.trigger, { items: [11, 12] });
  const before = job.toText();
  const redrive = (choice: unknown) => () => flow.resume(job, { redrive: choice as true });
  const has = "it has failures of the tasks 2, 3";
  assertThrows(redrive([2, 9]), StateError, `it has no failure of task 9; ${has}`);
  assertThrows(() => flow.discard(job, [9]), StateError, `Cannot discard failures of job "id-1" in status "completed"`);
  assertThrows(redrive("all"), TypeError, 'expected true, the ids of tasks or a function, got "all"');
  assertThrows(redrive(["2"]), TypeError, 'expected the id of a task or { taskId, data }, got "2"');
  assertThrows(redrive([{ taskId: 2, dato: 1 }]), TypeError, 'unknown option "dato"; did you mean "data"?');
  assertThrows(
    redrive([{ taskId: 2, data: () => {} }]),
    SerializationError,
    "data is a function; send what it stands for instead",
  );
  assertThrows(redrive(() => "yes"), TypeError, 'must answer with true, false or { data }, got "yes"');
  assertThrows(redrive(() => Promise.resolve(true)), TypeError, "must answer with true, false or { data }");
  assertThrows(redrive([]), StateError, "nothing is pending");
  const small = new Flow({ id: "flow", registry: flow.registry, engine, limits: { steps: 3 } });
  small.connect(small.addRoutine(new Source(), "source").item, small.addRoutine(new Worker(), "worker").input);
  const copy = JobState.fromText(before, flow.registry);
  assertThrows(() => small.resume(copy, { redrive: [{ taskId: 2, data: {} }] }), StepLimitError);
  assertEquals([job.toText(), copy.toText()], [before, before]);
  const running = flow.execute(source.trigger, { items: [] });
  assertThrows(() => flow.resume(running, { redrive: [] }), StateError, "it is live already");
});

for (const [name, createStore] of Object.entries({ "at once": memoryStore, later: lateStore })) {
  test(`a handle redrives a completed job, and chooses by a function once per key, with a store that answers ${name}`, async () => {
    Worker.broken = true;
    const timers = manualTimers();
    const registry = new Registry({ Source, Worker });
    const engine = new Engine({ timers, ids: manualIds(), registry, store: createStore() });
    const flow = new Flow({ id: "shop", registry, engine, errorHandler: new ErrorHandler({ strategy: "continue" }) });
    const [source, worker] = [flow.addRoutine(new Source(), "source"), flow.addRoutine(new Worker(), "worker")];
    flow.connect(source.item, worker.input);
    const handle = await flow.start(source.trigger, { items: [11, 12, 13] }, { jobId: "job" });
    engine.work();
    await timers.advance(2_000);
    const read = async () => {
      await timers.advance(2_000);
      const job = await handle.read();
      return [job.status, failed(job), done(job)];
    };
    const ids = [2, 3, 4];
    assertEquals(await read(), ["completed", ids, []]);
    const repair = () => handle.redrive({ failures: ({ task }) => task.id === 2 && { data: { n: 1 } }, key: "repair" });
    const drop = () => handle.discard(({ task }) => task.id === 3, { key: "drop" });
    await repair();
    assertEquals(await read(), ["completed", [3, 4], [1]]);
    await repair();
    await drop();
    assertEquals(await read(), ["completed", [4], [1]]);
    await drop();
    Worker.broken = false;
    await handle.redrive();
    assertEquals(await read(), ["completed", [], [1, 13]]);
    await assertRejects(() => handle.redrive(), StateError, "it has no failures, and nothing is pending");
    const dropAll = () => handle.discard(true, { key: "drop all" });
    await dropAll();
    await assertRejects(() => handle.discard([4], { key: "drop all" }), StateError, "something else was asked of it");
    await Promise.all([engine.close(), timers.advance(10_000)]);
  });
}

for (const [name, createStore] of Object.entries({ "at once": memoryStore, later: lateStore })) {
  test(
    "C439 a handle redrives and drops failures wherever the job is, once per key, with a store that answers " + name,
    async () => {
      Worker.broken = true;
      const store = createStore();
      const timers = manualTimers();
      const registry = new Registry({ Source, Worker });
      const engineOf = (id: string) => new Engine({ timers, ids: manualIds(id), registry, store });
      const [web, owner] = [engineOf("web"), engineOf("owner")];
      const flow = new Flow({ id: "shop", registry, engine: web });
      const [source, worker] = [flow.addRoutine(new Source(), "source"), flow.addRoutine(new Worker(), "worker")];
      flow.connect(source.item, worker.input);
      const handle = await flow.start(source.trigger, { items: [11, 12, 13] }, { jobId: "job" });
      owner.work();
      await timers.advance(2_000);
      const read = async () => {
        await timers.advance(2_000);
        const job = await handle.read();
        return [job.status, failed(job), done(job)];
      };
      assertEquals(await read(), ["failed", [2], []]);
      await handle.redrive({ failures: [{ taskId: 2, data: { n: 1 } }], key: "repair" });
      assertEquals(await read(), ["failed", [3], []]);
      await handle.redrive({ failures: [{ taskId: 2, data: { n: 1 } }], key: "repair" });
      await handle.discard(({ error }) => error.code === "EVEN", { key: "drop" });
      assertEquals(await read(), ["failed", [], []]);
      await handle.discard([3], { key: "drop" });
      await assertRejects(() => handle.discard([3]), StateError, "it has no failure of task 3; it has no failures");
      await assertRejects(() => handle.redrive({ failures: [3] }), StateError, "it has no failure of task 3");
      Worker.broken = false;
      await handle.redrive();
      assertEquals(await read(), ["completed", [], [13, 1]]);
      await Promise.all([owner.close(), timers.advance(10_000)]);
    },
  );
}

const RETRY = new ErrorHandler({ strategy: "retry", maxRetries: 1, retryDelayMs: 10, isCritical: false });
const attempts = (job: JobState) => job.failures.map(({ task }) => [task.id, task.attempt ?? 0]);

test("C467 a redrive may say how often its tasks are tried again; the next one leaves it to the error handler", async () => {
  const { flow, source, timers } = createShop(RETRY);
  const job = flow.execute(source.trigger, { items: [11, 12] });
  await timers.advance(1_000);
  assertEquals([job.status, attempts(job)], ["completed", [[2, 1], [3, 1]]]);
  flow.resume(job, { redrive: [3, { taskId: 2, data: { n: 13 } }], maxRetries: 4 });
  await timers.advance(15);
  const moved = JobState.fromText(job.toText(), flow.registry);
  assertEquals(moved.pendingTasks.map(({ id, maxRetries }) => [id, maxRetries]), [[3, 4], [4, 4]]);
  await timers.advance(1_000);
  assertEquals([job.status, attempts(job)], ["completed", [[3, 4], [4, 4]]]);
  flow.resume(job, { redrive: [3], maxRetries: 0 });
  await timers.flush();
  assertEquals([job.status, attempts(job)], ["completed", [[4, 4], [3, 0]]]);
  flow.resume(job, { redrive: true });
  await timers.advance(1_000);
  assertEquals(attempts(job), [[3, 1], [4, 1]]);
  const refused = (options: object, Class: typeof RangeError | typeof TypeError) =>
    assertThrows(() => flow.resume(job, options), Class).message;
  assertEquals(
    refused({ redrive: true, maxRetries: -1 }, RangeError),
    'Cannot redrive job "id-1": maxRetries must be an integer of at least 0, current value is -1',
  );
  assertEquals(
    refused({ maxRetries: 1 }, TypeError),
    "Cannot resume job: maxRetries is about failures that become tasks again; give redrive, too",
  );
});

for (const [name, createStore] of Object.entries({ "at once": memoryStore, later: lateStore })) {
  test(`C467 a handle says it wherever the job is, with a store that answers ${name}`, async () => {
    Worker.broken = true;
    const timers = manualTimers();
    const registry = new Registry({ Source, Worker });
    const engine = new Engine({ timers, ids: manualIds(), registry, store: createStore() });
    const flow = new Flow({ id: "shop", registry, engine, errorHandler: RETRY });
    const [source, worker] = [flow.addRoutine(new Source(), "source"), flow.addRoutine(new Worker(), "worker")];
    flow.connect(source.item, worker.input);
    const handle = await flow.start(source.trigger, { items: [11] }, { jobId: "job" });
    const working = engine.work();
    await timers.advance(2_000);
    await handle.redrive({ maxRetries: 5 });
    await timers.advance(20_000);
    const job = await handle.read();
    assertEquals([job.status, attempts(job)], ["completed", [[2, 5]]]);
    await assertRejects(() => handle.redrive({ maxRetries: 0.5 }), RangeError, "maxRetries must be an integer");
    await working.stop();
  });
}

test("C570 a redrive of none of the failures is refused, and says so", async () => {
  const { flow, source } = createShop();
  const job = await flow.run(source.trigger, { items: [11, 12] });
  flow.discard(job, [3]);
  for (const redrive of [[], () => false]) {
    assertThrows(
      () => flow.resume(job, { redrive }),
      StateError,
      "none of its failures is chosen, and nothing is pending",
    );
  }
});

test("C572 a failure that is chosen twice, with other data, is refused: one of the two would be lost", async () => {
  const { flow, source, timers } = createShop();
  const job = await flow.run(source.trigger, { items: [11] });
  const changed = { taskId: 2, data: { n: 1 } };
  for (const redrive of [[changed, 2], [2, changed], [changed, { taskId: 2, data: { n: 2 } }]]) {
    assertThrows(() => flow.resume(job, { redrive }), TypeError, "task 2 is chosen twice, with other data");
  }
  flow.resume(job, { redrive: [2, 2] });
  await timers.flush();
  assertEquals([job.status, failed(job)], ["completed", [2]]);
});
