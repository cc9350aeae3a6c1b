import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import type { WorkOptions } from "../../mod.ts";
import type { NextDueQuery, Store, StoreEvent } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { type ManualTimers, manualTimers } from "../../src/testing/mod.ts";
import { createLatch } from "../support/latch.ts";
import { lateStore } from "../support/late_store.ts";
import { StoredFlowProcess, type Work } from "../support/stored_flow_process.ts";

// Workers that have nothing to do tell each other that they have looked: together they ask the store as often as one of them would, and
// what nobody was told of is found as soon.

const STORES = { "a store that answers at once": memoryStore, "a store that answers later": lateStore };
const MINUTE_MS = 60_000;
/** The longest interval of a worker with `pollMs: 1_000`. */
const LONGEST_MS = 1_250;
const JOB = { jobId: "job" };

/** What a process makes of the store that it shares with others. */
interface View {
  /** Which events reach it. */
  hears?(event: StoreEvent): boolean;
  /** Whether asking fails while others would be told. */
  fails?(): boolean;
}

/** Processes that share a store, each of which has a worker, and how often each of them asks it. */
class Fleet {
  readonly timers: ManualTimers = manualTimers();
  readonly #store: Store;
  /** How often each process has asked what is due. */
  readonly looks: number[] = [];
  /** What was asked last. */
  asked: NextDueQuery | undefined;
  /** All calls, except those that renew leases. */
  calls = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  start(
    options: WorkOptions = {},
    { hears = () => true, fails = () => false }: View = {},
    work?: Work,
  ): StoredFlowProcess {
    const { looks } = this;
    const number = looks.push(0) - 1;
    const count = <A extends unknown[], R>(call: (...args: A) => R) => (...args: A): R => {
      this.calls++;
      return call(...args);
    };
    const inner = this.#store;
    const process = new StoredFlowProcess({
      store: {
        ...inner,
        take: count((query) => inner.take(query)),
        commands: count((owner, now) => inner.commands(owner, now)),
        nextDueAt: count((query) => {
          looks[number] = (looks[number] ?? 0) + 1;
          this.asked = query;
          if (query.tells !== undefined && fails()) throw new Error("Nobody can be told");
          return inner.nextDueAt(query);
        }),
        watch: (onEvent) => inner.watch?.((event) => hears(event) && onEvent(event)) ?? (() => {}),
      },
      timers: this.timers,
      ...(work && { work }),
    });
    process.engine.work(options);
    return process;
  }

  /** Lets a minute pass; returns how often the store was asked. */
  async minute(): Promise<number> {
    const before = this.calls;
    await this.timers.advance(MINUTE_MS);
    return this.calls - before;
  }
}

for (const [name, createStore] of Object.entries(STORES)) {
  test(`C514 four workers with nothing to do ask as often as one, with ${name}`, async () => {
    const fleet = new Fleet(createStore());
    for (let n = 0; n < 4; n++) fleet.start();
    await fleet.minute();
    const calls = await fleet.minute();
    assert(calls <= MINUTE_MS / 750, `${calls} calls in a minute`);
    assert(calls >= MINUTE_MS / LONGEST_MS, `only ${calls} calls in a minute`);
  });

  test(`C514 a thousand jobs that sleep cost no call more, with ${name}`, async () => {
    const store = createStore();
    const fleet = new Fleet(store);
    const [first] = Array.from({ length: 4 }, () => fleet.start());
    assert(first !== undefined);
    const at = fleet.timers.now() + 100 * MINUTE_MS;
    const jobs = Array.from({ length: 1_000 }, (_, n) => ({ jobId: `job ${n}`, params: { items: [] } }));
    await first.flow.startMany("source", jobs.map((job) => ({ ...job, at })));
    await fleet.minute();
    const calls = await fleet.minute();
    assert(calls <= MINUTE_MS / 750, `${calls} calls in a minute`);
    assertEquals(await store.count({ status: "pending" }), 1_000);
  });

  test(`C540 a worker that has many jobs names none of them when it asks what is due, with ${name}`, async () => {
    const store = createStore();
    const fleet = new Fleet(store);
    const { passed, open } = createLatch();
    const { begun, engine, flow } = fleet.start({ concurrency: 60 }, {}, () => passed);
    await flow.startMany(
      "source",
      Array.from({ length: 50 }, (_, n) => ({ jobId: `job ${n}`, params: { items: [n] } })),
    );
    await fleet.minute();
    assertEquals(begun.length, 50);
    const before = fleet.looks[0] ?? 0;
    await fleet.minute();
    const looks = (fleet.looks[0] ?? 0) - before;
    assert(looks <= MINUTE_MS / 750, `${looks} looks in a minute`);
    assertEquals(fleet.asked?.exceptJobs?.size, 0);
    const { record } = await store.load("job 0") ?? {};
    assertEquals(fleet.asked?.exceptIncarnation, record?.incarnation);
    assertEquals(fleet.asked?.tells, undefined, "another one may have to take them");
    open();
    await fleet.minute();
    assertEquals(await store.count({ status: "completed" }), 50);
    await engine.close();
  });

  test(`C515 a job that nobody was told of begins as soon as with one worker, with ${name}`, async () => {
    const store = createStore();
    const fleet = new Fleet(store);
    const isLost = ({ type }: StoreEvent) => type !== "due" && type !== "command";
    const processes = Array.from({ length: 4 }, () => fleet.start({}, { hears: isLost }));
    for (let n = 0; n < 20; n++) {
      await fleet.timers.advance(1_000 + 37 * n);
      const { flow } = new StoredFlowProcess({ store, timers: fleet.timers });
      await flow.start("source", { items: [n] });
      await fleet.timers.advance(LONGEST_MS + 100);
      assert(processes.some(({ begun }) => begun.includes(n)), `job ${n} has not begun`);
    }
  });

  test(`C515 a worker that hears nothing any more looks itself, with ${name}`, async () => {
    let isDeaf = false;
    const fleet = new Fleet(createStore());
    for (let n = 0; n < 3; n++) fleet.start({ flows: ["others"] });
    fleet.start({ flows: ["others"] }, { hears: () => !isDeaf });
    await fleet.minute();
    const before = fleet.looks[3] ?? 0;
    await fleet.minute();
    const shared = (fleet.looks[3] ?? 0) - before;
    isDeaf = true;
    await fleet.minute();
    const alone = (fleet.looks[3] ?? 0) - before - shared;
    assert(
      shared < 40 && alone >= MINUTE_MS / LONGEST_MS,
      `${shared} looks when it hears, and ${alone} when it does not`,
    );
  });

  test(`C515 what others tell is not taken on trust for ever, with ${name}`, async () => {
    const fleet = new Fleet(createStore());
    // One looks so often that the other is never the first.
    fleet.start({ pollMs: 50 });
    const process = fleet.start({ pollMs: 1_000 });
    await fleet.timers.advance(LONGEST_MS);
    const before = fleet.looks[1] ?? 0;
    await fleet.minute();
    const looks = (fleet.looks[1] ?? 0) - before;
    assert(looks >= 4 && looks <= 10, `${looks} looks in a minute`);
    await process.engine.close();
  });

  test(`C515 a worker that looks for other jobs looks itself, with ${name}`, async () => {
    const store = createStore();
    const fleet = new Fleet(store);
    fleet.start({ queues: ["mail"], pollMs: 50 }, { hears: () => false });
    const process = fleet.start({}, { hears: ({ type }) => type === "looked" });
    await fleet.timers.advance(2_000);
    await process.flow.start("source", { items: [1] }, JOB);
    await fleet.timers.advance(LONGEST_MS);
    assertEquals(process.begun, [1]);
  });

  test(`C515 a worker that leaves something out tells nobody that there is nothing, with ${name}`, async () => {
    const store = createStore();
    const told: StoreEvent[] = [];
    store.watch?.((event) => event.type === "looked" && told.push(event));
    const process = new StoredFlowProcess({ store, work: (_, ctx) => void ctx.expect("input") });
    process.engine.work({ idleMs: Infinity });
    await process.timers.advance(10_000);
    assert(told.length > 0);
    await process.flow.start("source", { items: [1] }, JOB);
    await process.timers.advance(2_000);
    told.length = 0;
    await process.timers.advance(10_000);
    assertEquals(told, [], "it has a job, which it leaves out when it looks");
  });

  test(`C515 a worker that can tell nobody finds what is due all the same, with ${name}`, async () => {
    const store = createStore();
    const fleet = new Fleet(store);
    const process = fleet.start({}, { fails: () => true, hears: () => false });
    await fleet.timers.advance(10_000);
    await process.flow.start("source", { items: [1] }, JOB);
    await fleet.timers.advance(2 * LONGEST_MS);
    assertEquals(process.begun, [1]);
    assert(process.told("engine_error").length > 0);
  });
}

test("C516 a worker that is told of a command takes the job without a pause", async () => {
  const process = new StoredFlowProcess({ work: (n, ctx) => n === 1 ? void ctx.expect("input") : undefined });
  process.engine.work({ idleMs: 1_000, pollMs: 3_600_000 });
  const job = await process.flow.start("source", { items: [1] }, JOB);
  await process.timers.advance(10_000);
  assertEquals((await process.store.find("job"))?.owner, undefined);
  await job.deliver({ routine: "worker", slot: "input" }, { n: 2 });
  await process.timers.advance(0);
  assertEquals(process.begun, [1, 2]);
});
