import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Collected, type Context, Routine } from "../../mod.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createTestFlow } from "../support/test_flow.ts";

type Lists = { readonly [key: string]: Collected<unknown> };

const listsOf = (data: unknown) =>
  Object.fromEntries(Object.entries((data ?? {}) as Lists).map(([key, list]) => [key, list.toArray()]));

class Keyed extends Routine {
  readonly input = this.addSlot("input", this.take, { merge: "append" });
  readonly handlers = new WaitingHandlers();
  readonly seen: unknown[] = [];
  async take(lists: Lists, ctx: Context): Promise<void> {
    const name = Object.keys(lists).join();
    await this.handlers.wait(name);
    this.seen.push([name, listsOf(lists), listsOf(ctx.slotData("input"))]);
    ctx.clear("input");
  }
}

test("the own slot is seen as it was right after the merge, under other keys too: later items are not dropped", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 3 });
  const keyed = flow.addRoutine(new Keyed(), "keyed");
  const job = flow.execute(keyed.input, { b: 0 });
  await timers.flush();
  flow.deliver(job, "keyed", "input", { a: 1 });
  await timers.flush();
  flow.deliver(job, "keyed", "input", { b: 2, c: 3 });
  await timers.flush();
  assertEquals(keyed.handlers.waiting, ["b", "a", "b,c"]);
  const held = () => {
    const lists = job.toJSON().slots?.keyed?.input?.lists ?? [];
    return Object.fromEntries(
      lists.map(({ key, items, start = 0, cleared = start }) => [key, items.slice(cleared - start)]),
    );
  };
  keyed.handlers.release("a");
  await timers.flush();
  assertEquals(held(), { b: [2], c: [3] });
  keyed.handlers.release("b");
  await timers.flush();
  assertEquals(held(), { b: [2], c: [3] });
  keyed.handlers.release("b,c");
  await timers.flush();
  assertEquals([job.status, held()], ["completed", {}]);
  assertEquals(keyed.seen, [
    ["a", { a: [1] }, { a: [1], b: [0] }],
    ["b", { b: [0] }, {}],
    ["b,c", { b: [0, 2], c: [3] }, { b: [2], c: [3] }],
  ]);
});

class Desk extends Routine {
  readonly latest = this.addSlot<unknown>("latest", null);
  readonly notes = this.addSlot<{ note: unknown }>("notes", null, { merge: "append" });
  readonly trigger = this.addSlot("trigger", this.sweep);
  readonly handlers = new WaitingHandlers();
  readonly seen: unknown[] = [];
  async sweep(_params: unknown, ctx: Context): Promise<void> {
    this.seen.push(ctx.slotData("latest"), listsOf(ctx.slotData("notes")));
    for (const slot of ["latest", "notes"]) ctx.clear(slot);
    await this.handlers.wait("sweep");
  }
}

test("clear drops what could be seen when it was called, not what comes before the commit", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 2 });
  const desk = flow.addRoutine(new Desk(), "desk");
  const job = flow.create("desk");
  flow.resume(job);
  await flow.pause(job);
  for (const note of [1, 2]) {
    flow.deliver(job, desk.latest, note);
    flow.deliver(job, desk.notes, { note });
  }
  flow.resume(job);
  await timers.flush();
  desk.handlers.release("sweep");
  await timers.flush();
  assertEquals([job.status, desk.seen.splice(0)], ["completed", [undefined, {}]], "the sweep came first");
  assertEquals(job.toJSON().slots?.desk, { latest: { value: 2 }, notes: { lists: [{ items: [1, 2], key: "note" }] } });
});

test("the same with something to see: a later value, even an equal one, stays", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 2 });
  const desk = flow.addRoutine(new Desk(), "desk");
  const when = new Date(7);
  const job = flow.execute(desk.latest, "old");
  flow.deliver(job, desk.notes, { note: when });
  flow.deliver(job, desk.trigger, {});
  await timers.flush();
  assertEquals(desk.seen, ["old", { note: [when] }]);
  flow.deliver(job, desk.latest, "old");
  flow.deliver(job, desk.notes, { note: "new" });
  await timers.flush();
  desk.handlers.release("sweep");
  await timers.flush();
  assertEquals(job.status, "completed");
  const slots = job.toJSON().slots?.desk;
  assertEquals([slots?.latest?.value, slots?.notes?.lists?.[0]?.items], ["old", ["new"]]);
});
