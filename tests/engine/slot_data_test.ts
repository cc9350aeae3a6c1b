import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { type Collected, type Context, ErrorHandler, Registry, Routine } from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { createTestFlow } from "../support/test_flow.ts";

const items = (count: number) => Array.from({ length: count }, (_, item) => ({ item }));

function itemsOf(data: unknown): number[] {
  return [...(data as { readonly item?: Collected<number> } | undefined)?.item ?? []];
}

class Batcher extends Routine<{ size: number }> {
  readonly input = this.addSlot("input", this.take, { merge: "append" });
  readonly output = this.addEvent<{ batch: number[] }>("output");
  take({ item }: { readonly item: Collected<number> }, ctx: Context): void {
    if (item.length < this.getConfig("size", 3)) return;
    ctx.emit(this.output, { batch: item.toArray() });
    ctx.clear("input");
  }
}

test("C290 batches that an aggregator clears lose nothing, in sequential and in concurrent mode", async () => {
  for (const maxWorkers of [1, 4]) {
    const { flow } = createTestFlow({ executionStrategy: "concurrent", maxWorkers });
    const batches: number[][] = [];
    addSource(flow, "source", items(20));
    addFunction(flow, "work", async (data: { item: number }, ctx) => {
      for (let turns = data.item % 5; turns > 0; turns--) await Promise.resolve();
      ctx.emit("output", data);
    });
    flow.addRoutine(new Batcher(), "batcher");
    addFunction(flow, "sink", ({ batch }: { batch: number[] }) => void batches.push(batch));
    link(flow, "source", "work");
    flow.connect("work", "output", "batcher", "input");
    link(flow, "batcher", "sink");
    const job = await flow.run("source");
    const lists = job.toJSON().slots?.batcher?.input?.lists?.[0];
    assertEquals([batches.map(({ length }) => length), lists?.items.length], [Array(6).fill(3), 2]);
    const all = [...batches.flat(), ...lists?.items ?? []].map(Number).toSorted((a, b) => a - b);
    assertEquals(all, items(20).map(({ item }) => item));
  }
});

test("clear() of an async aggregator drops what it could see; what has been merged since stays", async () => {
  class Slow extends Routine {
    readonly input = this.addSlot("input", this.take, { merge: "append" });
    readonly handlers = new WaitingHandlers();
    readonly seen: number[][] = [];
    async take({ item }: { readonly item: Collected<number> }, ctx: Context): Promise<void> {
      await this.handlers.wait(item.at(-1));
      if (item.at(-1) !== 1 && item.at(-1) !== 3) return;
      this.seen.push(itemsOf(ctx.slotData("input")), item.toArray());
      ctx.clear("input");
      this.seen.push(itemsOf(ctx.slotData("input")));
    }
  }
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 3 });
  addSource(flow, "source", items(5));
  const slow = flow.addRoutine(new Slow(), "slow");
  flow.connect("source", "output", "slow", "input");
  const job = flow.execute("source");
  const held = () => job.toJSON().slots?.slow?.input?.lists;
  await timers.flush();
  assertEquals([slow.handlers.waiting, held()], [[0, 1, 2], [{ items: [0, 1, 2], key: "item" }]]);
  slow.handlers.release(1);
  await timers.flush();
  assertEquals(slow.seen.splice(0), [[0, 1], [0, 1], []]);
  assertEquals([slow.handlers.waiting, held()], [[0, 2, 3], [{ cleared: 2, items: [0, 1, 2, 3], key: "item" }]]);
  slow.handlers.release(2);
  slow.handlers.release(0);
  await timers.flush();
  assertEquals(held(), [{ items: [2, 3, 4], key: "item", start: 2 }]);
  slow.handlers.release(3);
  await timers.flush();
  assertEquals(slow.seen, [[2, 3], [2, 3], []]);
  slow.handlers.release(4);
  await timers.flush();
  assertEquals([job.status, held()], ["completed", [{ items: [4], key: "item", start: 4 }]]);
});

test("the same holds for a value: one that has been merged since is not dropped", async () => {
  class Sums extends Routine {
    readonly input = this.addSlot("input", this.take, { merge: this.add });
    readonly handlers = new WaitingHandlers();
    add(old: number | undefined, next: number): number {
      return (old ?? 0) + next;
    }
    async take(total: number, ctx: Context): Promise<void> {
      await this.handlers.wait(total);
      ctx.clear("input");
    }
  }
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 2 });
  addSource(flow, "source", [1, 10, 100]);
  const sums = flow.addRoutine(new Sums(), "sums");
  flow.connect("source", "output", "sums", "input");
  const job = flow.execute("source");
  const held = () => job.toJSON().slots?.sums?.input?.value;
  await timers.flush();
  assertEquals([sums.handlers.waiting, held()], [[1, 11], 11]);
  sums.handlers.release(11);
  await timers.flush();
  assertEquals([sums.handlers.waiting, held()], [[1, 100], 100], "11 was cleared, 100 came since");
  sums.handlers.release(1);
  await timers.flush();
  assertEquals(held(), 100, "the handler of 1 never saw 100");
  sums.handlers.release(100);
  await timers.flush();
  assertEquals([job.status, held()], ["completed", undefined]);
});

test("clear(name, key) drops one list, the others stay", async () => {
  class Keyed extends Routine {
    readonly input = this.addSlot("input", this.take, { merge: "append" });
    readonly seen: unknown[] = [];
    take({ a }: { readonly a: Collected<number>; readonly b: Collected<number> }, ctx: Context): void {
      if (a.length < 2) return;
      ctx.clear("input", "a");
      ctx.clear("input", "unknown");
      const rest = ctx.slotData("input") as { readonly [key: string]: Collected<number> };
      this.seen.push(Object.entries(rest).map(([key, list]) => [key, ...list]));
    }
  }
  const { flow } = createTestFlow();
  addSource(flow, "source", [1, 2, 3].map((n) => ({ a: n, b: -n })));
  const keyed = flow.addRoutine(new Keyed(), "keyed");
  flow.connect("source", "output", "keyed", "input");
  const job = await flow.run("source");
  assertEquals([job.status, keyed.seen], ["completed", [[["b", -1, -2]]]]);
  const lists = job.toJSON().slots?.keyed?.input?.lists ?? [];
  assertEquals(Object.fromEntries(lists.map(({ key, items }) => [key, items])), { a: [3], b: [-1, -2, -3] });
});

class Desk extends Routine {
  readonly input = this.addSlot<{ note: unknown }>("input", null, { merge: "append" });
  readonly latest = this.addSlot<unknown>("latest", null);
  readonly read = this.addSlot("read", this.look);
  readonly seen: unknown[] = [];
  look(_params: unknown, ctx: Context): void {
    const notes = ctx.slotData("input") as { readonly note?: Collected<unknown> } | undefined;
    this.seen.push([...notes?.note ?? []], ctx.slotData("latest"));
    assertThrows(
      () => ctx.slotData("nowhere"),
      TypeError,
      'has no slot "nowhere" of its own; it has "input", "latest"',
    );
    assertThrows(() => ctx.clear("nowhere"), TypeError, 'has no slot "nowhere" of its own');
    ctx.clear("latest");
  }
}

test("a slot without a handler only merges; ctx.slotData reads and ctx.clear drops", async () => {
  const { flow } = createTestFlow({ registry: new Registry({ Desk }) });
  const desk = flow.addRoutine(new Desk(), "desk");
  addFunction(flow, "source", (_data, ctx) => {
    ctx.emit("output", { note: 1 });
    ctx.emit("output", { note: "two" });
  });
  addSource(flow, "bell", [{}]);
  flow.connect("source", "output", "desk", "input");
  flow.connect("source", "output", "desk", "latest");
  link(flow, "source", "bell");
  flow.connect("bell", "output", "desk", "read");
  const job = await flow.run("source");
  assertEquals([job.status, job.error], ["completed", undefined]);
  assertEquals(desk.seen, [[1, "two"], { note: "two" }, [1, "two"], undefined]);
  assertEquals(job.toJSON().slots?.desk, { input: { lists: [{ items: [1, "two"], key: "note" }] } });
});

test("after a checkpoint a handler looks anew: it sees and drops what has come since", async () => {
  class Poller extends Routine {
    readonly latest = this.addSlot<number>("latest", null);
    readonly trigger = this.addSlot("trigger", this.poll);
    readonly handlers = new WaitingHandlers();
    readonly seen: unknown[] = [];
    async poll(_params: unknown, ctx: Context): Promise<void> {
      for (const round of [1, 2, 3]) {
        await this.handlers.wait(round);
        this.seen.push(ctx.slotData("latest"));
        if (round < 3) ctx.clear("latest");
        await ctx.checkpoint();
      }
    }
  }
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 2 });
  const poller = flow.addRoutine(new Poller(), "poller");
  const job = flow.execute("poller");
  for (const round of [1, 2, 3]) {
    flow.deliver(job, poller.latest, round * 10);
    await timers.flush();
    poller.handlers.release(round);
    await timers.flush();
  }
  assertEquals([job.status, poller.seen], ["completed", [10, 20, 30]]);
  assertEquals(job.toJSON().slots?.poller?.latest, { value: 30 });
});

test("items keep their types: each read of a Date gives a new one", async () => {
  class Dates extends Routine {
    readonly input = this.addSlot("input", this.take, { merge: "append" });
    readonly seen: unknown[] = [];
    take({ at }: { readonly at: Collected<Date> }): void {
      this.seen.push(at.toArray(), at.at(0) === at.at(0));
    }
  }
  const { flow } = createTestFlow();
  addSource(flow, "source", [{ at: new Date(1) }, { at: new Date(2) }]);
  const dates = flow.addRoutine(new Dates(), "dates");
  flow.connect("source", "output", "dates", "input");
  await flow.run("source");
  assertEquals(dates.seen, [[new Date(1)], false, [new Date(1), new Date(2)], false]);
});

test("any mix of workers, batch sizes and endings: every item is in one batch or still in the slot", async () => {
  const seed = 77;
  const random = seededRandom(seed);
  for (let run = 0; run < 30; run++) {
    const [count, size, maxWorkers] = [random.integer(25), 1 + random.integer(6), 1 + random.integer(5)];
    const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers });
    const handlers = new WaitingHandlers();
    const batches: number[][] = [];
    addSource(flow, "source", items(count));
    addFunction(flow, "work", async (data: { item: number }, ctx) => {
      await handlers.wait(data.item);
      ctx.emit("output", data);
    });
    flow.addRoutine(new Batcher().setConfig({ size }), "batcher");
    addFunction(flow, "sink", ({ batch }: { batch: number[] }) => void batches.push(batch));
    link(flow, "source", "work");
    flow.connect("work", "output", "batcher", "input");
    link(flow, "batcher", "sink");
    const job = flow.execute("source");
    for (await timers.flush(); handlers.waiting.length > 0; await timers.flush()) {
      handlers.release(handlers.waiting[random.integer(handlers.waiting.length)]);
    }
    const left = job.toJSON().slots?.batcher?.input?.lists?.[0]?.items ?? [];
    const message = `seed ${seed}, run ${run}: ${count} items, batches of ${size}, ${maxWorkers} workers`;
    assertEquals(job.status, "completed", message);
    assertEquals(left.length, count % size, message);
    assertEquals([...batches.flat(), ...left], handlers.finished, message);
  }
});

test("clear() of a slot that is cleared altogether already changes nothing", async () => {
  class Twice extends Routine {
    readonly input = this.addSlot("input", this.take, { merge: "append" });
    take(_lists: unknown, ctx: Context): void {
      ctx.clear("input");
      ctx.clear("input", "item");
      ctx.clear("input");
    }
  }
  const { flow } = createTestFlow();
  const twice = flow.addRoutine(new Twice(), "twice");
  const job = await flow.run(twice.input, { item: 1 });
  assertEquals([job.status, job.toJSON().slots], ["completed", undefined]);
});

test("what failed keeps the items that it got, though others have cleared them, for a redrive", async () => {
  const got: unknown[] = [];
  let isBroken = true;
  class Failing extends Routine {
    readonly input = this.addSlot("input", this.take, { merge: "append" });
    take({ item }: { readonly item: Collected<number> }, ctx: Context): void {
      got.push(item.toArray());
      if (item.at(-1) === 0 && isBroken) throw new Error("not yet");
      ctx.clear("input");
    }
  }
  const { flow } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "continue" }) });
  flow.addRoutine(new Failing(), "failing");
  addSource(flow, "source", items(3));
  flow.connect("source", "output", "failing", "input");
  const job = await flow.run("source");
  isBroken = false;
  const { nextTaskId } = job.toJSON();
  flow.resume(job, { redrive: true });
  assertEquals(job.toJSON().nextTaskId, nextTaskId, "no id is given twice");
  await flow.waitForCompletion(job);
  assertEquals([job.status, got], ["completed", [[0], [0, 1], [2], [0]]]);
  assertEquals(job.toJSON().slots, undefined);
});
