import { assert, assertEquals, assertGreater, assertLessOrEqual, assertThrows } from "@std/assert";
import { test } from "node:test";
import { Engine, Registry, type WorkOptions } from "../../mod.ts";
import { permit, type Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { type ManualTimers, manualTimers } from "../../src/testing/mod.ts";
import { createLatch } from "../support/latch.ts";
import { lateStore } from "../support/late_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

// Queues with limits over all workers: never more jobs at a time, nor more starts within a span; and nobody waits for another queue.

const STORES = { "a store that answers at once": memoryStore, "a store that answers later": lateStore };

/** Jobs whose handlers take a second, and what is seen of them. */
class Watched {
  readonly timers: ManualTimers = manualTimers();
  running = 0;
  most = 0;
  readonly starts: number[] = [];
  readonly #ms: number;

  constructor(ms = 1_000) {
    this.#ms = ms;
  }

  process(store: Store, timers = this.timers, attempts = 1_000): StoredFlowProcess {
    const work = async () => {
      this.starts.push(timers.now());
      this.most = Math.max(this.most, ++this.running);
      await new Promise<void>((resolve) => timers.after(this.#ms, resolve));
      this.running--;
    };
    return new StoredFlowProcess({ store, timers, work, durability: { attempts } });
  }

  /** The most starts within a span. */
  mostWithin(ms: number): number {
    return Math.max(...this.starts.map((from) => this.starts.filter((at) => at >= from && at < from + ms).length));
  }
}

async function start(process: StoredFlowProcess, queue: string, count: number): Promise<void> {
  const items = Array.from({ length: count }, (_, n) => ({ jobId: `${queue} ${n}`, queue, params: { items: [n] } }));
  await process.flow.startMany("source", items);
}

const ended = (process: StoredFlowProcess, queue: string) => process.engine.count({ queue, status: "completed" });

for (const [name, createStore] of Object.entries(STORES)) {
  test(
    "C468 workers together have no more jobs of a queue than its limit, and use all of it, with " + name,
    async () => {
      const store = createStore();
      const watched = new Watched();
      const processes = [1, 2, 3].map(() => watched.process(store));
      const [first] = processes;
      assert(first !== undefined);
      await start(first, "mail", 20);
      const queues = [{ name: "mail", globalConcurrency: 4 }];
      // Only what is told wakes them.
      const workers = processes.map(({ engine }) => engine.work({ queues, pollMs: 3_600_000 }));
      await watched.timers.advance(5_500);
      assertEquals([watched.most, await ended(first, "mail")], [4, 20]);
      const summaries = await Promise.all(workers.map((it) => it.stop()));
      assertEquals(summaries.reduce((sum, { taken }) => sum + taken, 0), 20);
    },
  );

  test("C469 workers together take no more jobs of a queue within a span than its rate, with " + name, async () => {
    const store = createStore();
    const watched = new Watched(10);
    const processes = [1, 2].map(() => watched.process(store));
    const [first] = processes;
    assert(first !== undefined);
    await start(first, "mail", 30);
    const queues = [{ name: "mail", rate: { count: 3, perMs: 1_000 } }];
    const workers = processes.map(({ engine }) => engine.work({ queues, pollMs: 3_600_000 }));
    await watched.timers.advance(9_500);
    assertEquals([watched.mostWithin(1_000), await ended(first, "mail")], [3, 30]);
    await Promise.all(workers.map((it) => it.stop()));
  });

  test(
    "C472 a worker has no more jobs of a queue than it is given, and fills its room with others, with " + name,
    async () => {
      const store = createStore();
      const watched = new Watched();
      const process = watched.process(store);
      await start(process, "mail", 9);
      await start(process, "bills", 9);
      await start(process, "other", 1);
      const worker = process.engine.work({
        concurrency: 5,
        queues: [{ name: "mail", concurrency: 2 }, { name: "bills" }],
      });
      await watched.timers.advance(500);
      const running = async (queue: string) => await process.engine.count({ queue, status: "running" });
      assertEquals([await running("mail"), await running("bills"), await running("other")], [2, 3, 0]);
      await watched.timers.advance(5_500);
      assertEquals([watched.most, await ended(process, "mail"), await ended(process, "bills")], [5, 9, 9]);
      await worker.stop();
    },
  );

  test("C468 the permits of an engine that has died are free at the end of its lease, with " + name, async () => {
    const store = createStore();
    const watched = new Watched();
    const dead = watched.process(store, manualTimers());
    const next = watched.process(store);
    await start(dead, "mail", 3);
    const queues = [{ name: "mail", globalConcurrency: 2 }];
    dead.engine.work({ queues });
    await dead.settle();
    assertEquals(watched.running, 2);
    watched.running = 0;
    const worker = next.engine.work({ queues });
    await watched.timers.advance(29_500);
    assertEquals([watched.running, await ended(next, "mail")], [0, 0]);
    await watched.timers.advance(4_500);
    assertEquals(await ended(next, "mail"), 3);
    await worker.stop();
  });

  test("C472 a queue that is full or floods the store keeps no other one waiting, with " + name, async () => {
    const store = createStore();
    const watched = new Watched();
    const [other, process] = [watched.process(store), watched.process(store)];
    await start(process, "full", 5);
    const keeps = other.engine.work({ queues: [{ name: "full", globalConcurrency: 1 }] });
    await watched.timers.advance(100);
    await start(process, "flood", 50);
    await start(process, "rare", 2);
    const worker = process.engine.work({
      concurrency: 1,
      queues: [{ name: "full", globalConcurrency: 1 }, { name: "flood", concurrency: 1 }, {
        name: "rare",
        concurrency: 1,
      }],
    });
    await watched.timers.advance(4_500);
    assertEquals(await ended(process, "rare"), 2);
    assertGreater(await ended(process, "flood"), 0);
    assertGreater(await ended(process, "full"), 1);
    assertLessOrEqual(watched.most, 2);
    const stopped = Promise.all([worker.stop(), keeps.stop()]);
    await watched.timers.advance(12_000);
    await stopped;
  });

  test(
    "C471 a job that only waits needs no permit: when it was let go of, another one is taken, with " + name,
    async () => {
      const store = createStore();
      const process = new StoredFlowProcess({
        store,
        work: (_n, ctx) => ctx.expect("input", { timeoutMs: 3_600_000 }),
      });
      await start(process, "ask", 3);
      const worker = process.engine.work({ idleMs: 1_000, queues: [{ name: "ask", globalConcurrency: 1 }] });
      await process.timers.advance(500);
      assertEquals([worker.size, process.begun.length], [1, 1]);
      await process.timers.advance(3_500);
      assertEquals([worker.size, process.begun.length], [0, 3]);
      await worker.stop();
    },
  );

  for (const isDone of [true, false]) {
    const what = isDone
      ? "takes jobs, and whose answer is lost, keeps"
      : "arrives after it was given up takes jobs without";
    test(
      "C470 a call that is late, or whose answer is lost: one that " + `${what} a permit, with ${name}`,
      async () => {
        const inner = createStore();
        const watched = new Watched();
        let late: (() => ReturnType<Store["take"]>) | undefined;
        const store: Store = {
          ...inner,
          async take(query) {
            if (late !== undefined) return inner.take(query);
            late = () => inner.take(query);
            if (isDone) await late();
            throw new Error("the answer is lost");
          },
        };
        const [unsure, other] = [watched.process(store), watched.process(inner)];
        await start(other, "mail", 4);
        const queues = [{ name: "mail", globalConcurrency: 2 }];
        const worker = unsure.engine.work({ concurrency: 1, queues });
        await unsure.settle();
        const next = other.engine.work({ queues });
        await watched.timers.advance(500);
        assertEquals([watched.running, worker.size], [2, isDone ? 1 : 0]);
        if (!isDone) assertEquals((await late?.())?.jobs, []);
        await watched.timers.advance(3_000);
        assertEquals([watched.most, await ended(other, "mail")], [2, 4]);
        await Promise.all([worker.stop(), next.stop()]);
      },
    );
  }

  test(
    "C470 an engine that has lost its lease has only those jobs again for which there is room, with " + name,
    async () => {
      const inner = createStore();
      const watched = new Watched(90_000);
      const store: Store = { ...inner };
      const [first, other] = [watched.process(store), watched.process(inner)];
      await start(first, "mail", 5);
      const queues = [{ name: "mail", globalConcurrency: 3 }];
      const worker = first.engine.work({ queues });
      await watched.timers.advance(100);
      assertEquals(watched.running, 3);
      await other.flow.start("source", { items: [9] }, { jobId: "urgent", queue: "mail", priority: "high" });
      const fails = () => {
        throw new Error("down");
      };
      const { claim, enter, renew } = store;
      Object.assign(store, { claim: fails, enter: fails, renew: fails });
      const next = other.engine.work({ concurrency: 1, queues });
      await watched.timers.advance(35_000);
      assertEquals([next.size, watched.running], [1, 4]);
      let failures = 1;
      const claimLater: Store["claim"] = (query) => failures-- > 0 ? fails() : claim(query);
      Object.assign(store, { claim: claimLater, enter, renew });
      await watched.timers.advance(45_000);
      const { jobs } = await inner.list();
      assertEquals([jobs.filter(({ heldUntil = 0 }) => heldUntil > watched.timers.now()).length, worker.size], [3, 2]);
      await watched.timers.advance(400_000);
      assertEquals(await ended(other, "mail"), 6);
      await Promise.all([worker.stop(), next.stop()]);
    },
  );

  test("C471 a permit that could not be given back is given back later, with " + name, async () => {
    const inner = createStore();
    const watched = new Watched();
    let isBlind = false;
    const store: Store = {
      ...inner,
      nextDueAt: (query) => isBlind ? undefined : inner.nextDueAt(query),
      permit(query) {
        if (query.wanted === 0 && watched.timers.now() < 1_500) throw new Error("down");
        return inner.permit?.(query) ?? { now: query.now, granted: 0, freeAt: undefined };
      },
    };
    const [process, other] = [watched.process(store), watched.process(inner)];
    await start(process, "mail", 2);
    const queues = [{ name: "mail", globalConcurrency: 1 }];
    const worker = process.engine.work({ queues });
    await watched.timers.advance(100);
    isBlind = true;
    const next = other.engine.work({ queues, pollMs: 3_600_000 });
    await watched.timers.advance(1_000);
    assertEquals([await ended(other, "mail"), watched.running], [1, 0]);
    await watched.timers.advance(4_000);
    assertEquals([await ended(other, "mail"), next.size], [2, 0]);
    await Promise.all([worker.stop(), next.stop()]);
  });

  test(
    "C471 a job keeps its permit as long as its handlers run, also when it was cancelled, with " + name,
    async () => {
      const store = createStore();
      const timers = manualTimers();
      const { promise, resolve } = Promise.withResolvers<void>();
      const work = () => promise;
      const process = new StoredFlowProcess({ store, timers, work });
      const other = new StoredFlowProcess({ store, timers });
      await start(process, "mail", 2);
      const options = { queues: [{ name: "mail", globalConcurrency: 1 }], pollMs: 3_600_000 };
      const worker = process.engine.work({ ...options, concurrency: 1 });
      await process.settle();
      const next = other.engine.work(options);
      await process.engine.handle("mail 0").cancel();
      await timers.advance(5_000);
      assertEquals([process.begun, other.begun], [[0], []]);
      resolve();
      await timers.advance(500);
      assertEquals([...process.begun, ...other.begun], [0, 1]);
      await Promise.all([worker.stop(), next.stop()]);
    },
  );

  test(
    "C471 a job that has ended keeps its permit until it is stored that it was let go of, with " + name,
    async () => {
      const inner = createStore();
      const timers = manualTimers();
      const handler = createLatch();
      const letGo = createLatch();
      let [running, most, isAway] = [0, 0, false];
      const work = async () => {
        most = Math.max(most, ++running);
        await handler.passed;
        await new Promise<void>((resolve) => timers.after(20_000, resolve));
        running--;
      };
      const store: Store = {
        ...inner,
        async append(...call) {
          if (isAway && call[3]?.releases === true) await letGo.passed;
          return await inner.append(...call);
        },
      };
      const process = new StoredFlowProcess({ store, timers, work });
      const other = new StoredFlowProcess({ store: inner, timers, work });
      await start(process, "mail", 2);
      const queues = [{ name: "mail", globalConcurrency: 1 }];
      const worker = process.engine.work({ queues, pollMs: 3_600_000, concurrency: 1 });
      await process.settle();
      const next = other.engine.work({ queues });
      await process.engine.handle("mail 0").cancel();
      await timers.advance(1_000);
      isAway = true;
      handler.open();
      await timers.advance(21_000);
      await other.engine.handle("mail 0").redrive();
      // The lease is renewed, and what the engine has is looked for.
      await timers.advance(10_000);
      assertEquals([most, other.begun], [1, []]);
      letGo.open();
      await timers.advance(90_000);
      assertEquals([most, await ended(process, "mail")], [1, 2]);
      await Promise.all([worker.stop(), next.stop()]);
    },
  );

  test(
    "C470 a worker goes on when the store has failed to give permits, or to take them back, with " + name,
    async () => {
      const inner = createStore();
      const watched = new Watched();
      const { permit } = inner;
      let calls = 0;
      const store: Store = {
        ...inner,
        async permit(query) {
          calls++;
          if (calls <= 2) throw new Error("down");
          const answer = await permit?.(query) ?? { now: query.now, granted: 0, freeAt: undefined };
          if (calls % 3 === 0) throw new Error("the answer was lost");
          return answer;
        },
      };
      const [process, other] = [watched.process(store), watched.process(inner)];
      await start(process, "mail", 6);
      const queues = [{ name: "mail", globalConcurrency: 2 }];
      const workers = [process.engine.work({ queues }), other.engine.work({ queues })];
      await watched.timers.advance(20_000);
      assertEquals([watched.most, await ended(process, "mail")], [2, 6]);
      assertGreater(process.told("engine_error").length, 2);
      await Promise.all(workers.map((it) => it.stop()));
    },
  );

  test("C470 a job that an engine has lost, and has in the store, keeps its permit, with " + name, async () => {
    const inner = createStore();
    const watched = new Watched();
    let failures = 0;
    const store: Store = {
      ...inner,
      append(...call) {
        if (watched.starts.length === 1 && watched.running === 0 && failures++ < 2) throw new Error("down");
        return inner.append(...call);
      },
    };
    const [process, other] = [watched.process(store, watched.timers, 2), watched.process(inner)];
    await start(process, "mail", 2);
    const queues = [{ name: "mail", globalConcurrency: 1 }];
    const worker = process.engine.work({ queues });
    await process.settle();
    const next = other.engine.work({ queues });
    await watched.timers.advance(60_000);
    assertEquals([watched.most, await ended(other, "mail"), process.told("lost").length], [1, 2, 1]);
    await Promise.all([worker.stop(), next.stop()]);
  });

  test(
    "C470 a job that could not go on, nor be let go, keeps its permit until it is let go, with " + name,
    async () => {
      const inner = createStore();
      const watched = new Watched();
      const kept: number[] = [];
      let failures = 1;
      const store: Store = {
        ...inner,
        append(...call) {
          if (failures-- > 0) throw new Error("down");
          return inner.append(...call);
        },
        permit(query) {
          kept.push(query.kept);
          return inner.permit?.(query) ?? { now: query.now, granted: 0, freeAt: undefined };
        },
      };
      const other = watched.process(inner);
      await start(other, "mail", 1);
      const queues = [{ name: "mail", globalConcurrency: 1 }];
      const stranger = new Engine({ store, registry: new Registry(), timers: watched.timers, observer: () => {} });
      const worker = stranger.work({ queues });
      await watched.timers.advance(100);
      assertEquals(kept.slice(0, 2), [0, 1]);
      const next = other.engine.work({ queues });
      await watched.timers.advance(3_000);
      assertEquals(await ended(other, "mail"), 1);
      await Promise.all([worker.stop(), next.stop()]);
    },
  );

  test(
    "C471 a worker whose clock is ahead of the store's asks for permits now and then only, with " + name,
    async () => {
      const inner = createStore();
      const watched = new Watched(10);
      let calls = 0;
      const store: Store = {
        ...inner,
        take: (query) => inner.take({ ...query, now: query.now - 100 }),
        permit(query) {
          calls++;
          return inner.permit?.(query) ?? { now: query.now, granted: 0, freeAt: undefined };
        },
      };
      const process = watched.process(store);
      await process.flow.start("source", { items: [1] }, { jobId: "job", queue: "mail", at: 1_000 });
      const worker = process.engine.work({ queues: [{ name: "mail", globalConcurrency: 1 }] });
      await watched.timers.advance(1_500);
      assertEquals([watched.starts.length, await ended(process, "mail")], [1, 1]);
      assertLessOrEqual(calls, 16);
      await worker.stop();
    },
  );
}

test("a worker whose clock is ahead of the store's leaves a queue alone for a moment when nothing is due there yet", async () => {
  const inner = memoryStore();
  let calls = 0;
  const store: Store = {
    ...inner,
    take: (query) => inner.take({ ...query, now: query.now - 500 }),
    async permit(query) {
      calls++;
      return await inner.permit?.(query) ?? { now: query.now, granted: 0, freeAt: undefined };
    },
  };
  const process = new StoredFlowProcess({ store });
  await process.flow.start("source", { items: [1] }, { queue: "mail", at: 1_000 });
  const worker = process.engine.work({ queues: [{ name: "mail", globalConcurrency: 1 }], pollMs: 3_600_000 });
  await process.timers.advance(1_000);
  const before = calls;
  // Each of these wakes the worker.
  for (let n = 0; n < 5; n++) await process.flow.start("source", {}, { queue: "other" });
  await process.settle();
  assertEquals([calls - before, process.begun], [0, []]);
  await process.timers.advance(600);
  assertEquals(process.begun, [1]);
  await worker.stop();
});

test("C469 a clock that was set back does not keep a queue with a rate waiting", () => {
  const query = { owner: "a", incarnation: 1, queue: "mail", kept: 0, limits: { rate: { count: 1, perMs: 1_000 } } };
  const day = 86_400_000;
  const first = permit(undefined, { ...query, now: day, call: 1, started: 0, wanted: 1 }, day, () => undefined);
  const used = permit(first.state, { ...query, now: day, call: 2, started: 1, wanted: 0 }, day, () => undefined);
  const back = permit(used.state, { ...query, now: 5, call: 3, started: 0, wanted: 1 }, 5, () => undefined);
  assertEquals([first.granted, back.granted, back.freeAt], [1, 0, 1_005]);
  const later = permit(back.state, { ...query, now: 1_005, call: 4, started: 0, wanted: 1 }, 1_005, () => undefined);
  assertEquals(later.granted, 1);
});

test("C473 the limits of a worker are checked when it begins", () => {
  const process = new StoredFlowProcess();
  const refuses = (queues: unknown, kind: typeof TypeError | typeof RangeError, message: string) =>
    assertThrows(() => process.engine.work({ queues } as WorkOptions), kind, message);
  refuses("mail", TypeError, 'queues must be a list of names or of objects with a name, got "mail"');
  refuses([7], TypeError, "queues[0] must be a name or an object with a name, got 7");
  refuses(["a", {}], TypeError, "queues[1] must be a name or an object with a name, got an object");
  refuses([""], TypeError, "the queues[0].name must be a non-empty string");
  refuses(["a", { name: "a" }], TypeError, 'the queue "a" is in queues twice');
  refuses([{ name: "a", globalConcurency: 1 }], TypeError, 'unknown option "queues[0].globalConcurency"; did you mean');
  for (const value of [0, -1, 1.5, NaN, Infinity, "3"]) {
    for (const key of ["concurrency", "globalConcurrency"]) {
      refuses([{ name: "a", [key]: value }], RangeError, `queues[0].${key} must be an integer of at least 1`);
    }
    refuses([{ name: "a", rate: { count: value, perMs: 1 } }], RangeError, "queues[0].rate.count must be an integer");
    refuses([{ name: "a", rate: { count: 1, perMs: value } }], RangeError, "queues[0].rate.perMs must be an integer");
  }
  refuses([{ name: "a", rate: 5 }], TypeError, "queues[0].rate must be an object with count and perMs, got 5");
  refuses([{ name: "a", rate: { count: 1, perMs: 1, per: 1 } }], TypeError, 'unknown option "queues[0].rate.per"');
  const { permit: _, ...store } = memoryStore();
  const other = new StoredFlowProcess({ store });
  for (const limits of [{ globalConcurrency: 1 }, { rate: { count: 1, perMs: 1 } }]) {
    const work = () => other.engine.work({ queues: [{ name: "a", ...limits }] });
    assertThrows(work, TypeError, `queue "a" has a ${Object.keys(limits)[0]}, and this store has no permits`);
  }
  void other.engine.work({ queues: [{ name: "a", concurrency: 1 }] }).stop();
});

for (const [name, createStore] of Object.entries(STORES)) {
  test(
    "C519 an engine that cannot build a flow does not use up the rate of its queue again and again, with " + name,
    async () => {
      const store = createStore();
      const timers = manualTimers();
      const able = new StoredFlowProcess({ store, timers });
      await start(able, "mail", 1);
      let started = 0;
      const { permit: ask } = store;
      assert(ask !== undefined);
      const counting: Store = { ...store, permit: (query) => (started += query.started, ask(query)) };
      const registry = new Registry({});
      const unable = new Engine({ store: counting, timers, registry, durability: { owner: "unable" } });
      const queues = [{ name: "mail", rate: { count: 10, perMs: 1_000 } }];
      const worker = unable.work({ queues });
      await timers.advance(600_000);
      assertEquals([started, await ended(able, "mail")], [1, 0]);
      registry.merge(able.registry);
      await timers.advance(120_000);
      assertEquals(await ended(able, "mail"), 1, "it is built as soon as its classes are registered");
      await worker.stop();
    },
  );
}
