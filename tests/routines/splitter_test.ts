import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { Engine, Flow } from "../../mod.ts";
import { Splitter } from "../../src/routines/mod.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { addFunction } from "../support/function_routine.ts";
import { moveJob, outputsOf, passAllTime, trialFlow, tryRoutine } from "../support/try_routine.ts";
import { plainError } from "../support/plain_error.ts";

const events = ["item"];
const newEngine = () => new Engine({ timers: manualTimers(), ids: manualIds() });

test("a splitter sends the items of a list one by one, with their places", async () => {
  const { job, outputs } = await tryRoutine(new Splitter(), [{ data: { items: ["a", { b: 1 }, null] } }], { events });
  assertEquals(outputs.map(({ data }) => data), [
    { item: "a", index: 0, list: "id-1/2/0", count: 3 },
    { item: { b: 1 }, index: 1, list: "id-1/2/0", count: 3 },
    { item: null, index: 2, list: "id-1/2/0", count: 3 },
  ]);
  assertEquals(job.status, "completed");
});

test("C413 a splitter says of each list how many items it has, none included", async () => {
  const lists = [{ data: { items: [] } }, { data: { items: [1, 2] } }];
  const { job, outputs } = await tryRoutine(new Splitter(), lists, { events: ["list", "item"] });
  assertEquals([job.status, outputs.map(({ event, data }) => [event, data])], ["completed", [
    ["list", { list: "id-1/2/0", count: 0 }],
    ["list", { list: "id-1/3/0", count: 2 }],
    ["item", { item: 1, index: 0, list: "id-1/3/0", count: 2 }],
    ["item", { item: 2, index: 1, list: "id-1/3/0", count: 2 }],
  ]]);
});

test("items that JSON alone cannot hold arrive as they were, also after a move", async () => {
  const items = [new Date(5), new Set([1n]), new Uint8Array([1, 2])];
  const { outputs } = await tryRoutine(new Splitter(), [{ data: { items } }], { events, moved: true });
  assertEquals(outputs.map(({ data }) => (data as { item: unknown }).item), items);
});

test("a mapping gives another key the name items", async () => {
  const flow = new Flow({ id: "flow", engine: newEngine() });
  const source = addFunction(flow, "source", (_data: unknown, ctx) => ctx.emit("output", { lines: [1, 2] }));
  const splitter = flow.addRoutine(new Splitter<number>(), "splitter");
  flow.connect("source", "output", "splitter", "input", { mapping: { lines: "items" } });
  const seen: unknown[] = [];
  addFunction(flow, "sink", ({ item }: { item: number }) => void seen.push(item));
  flow.connect("splitter", "item", "sink", "trigger");
  const job = await flow.run(source.trigger);
  assertEquals([job.status, seen, splitter.item.params], ["completed", [1, 2], ["item", "index", "list", "count"]]);
});

test("what has no list is the splitter's error, in words", async () => {
  for (const data of [{}, { items: 5 }, { items: "text" }, { items: { length: 2 } }, 5, null]) {
    const { job } = await tryRoutine(new Splitter(), [{ data }], { events });
    assertEquals([job.status, plainError(job)], ["failed", {
      name: "TypeError",
      message: "Cannot split: the data must have a list under the key items",
    }]);
  }
});

/** The most items that wait for a slow consumer at any time. */
async function mostWaiting(highWater: number, count: number): Promise<{ most: number; got: number[] }> {
  const flow = new Flow({ id: "flow", engine: newEngine(), limits: { highWater } });
  const splitter = flow.addRoutine(new Splitter<number>(), "splitter");
  const got: number[] = [];
  addFunction(flow, "sink", async ({ item }: { item: number }) => {
    got.push(item);
    await Promise.resolve();
  });
  flow.connect("splitter", "item", "sink", "trigger");
  let most = 0;
  const job = flow.create(splitter.input, { items: Array.from({ length: count }, (_, n) => n) });
  flow.resume(job);
  await flow.waitUntil(job, ({ pendingTasks }) => {
    most = Math.max(most, pendingTasks.filter(({ routine }) => routine === "sink").length);
    return false;
  });
  assertEquals(job.status, "completed");
  return { most, got };
}

test("a splitter sends no faster than its items are worked off", async () => {
  for (const highWater of [1, 5, 64]) {
    const { most, got } = await mostWaiting(highWater, 300);
    assertEquals(got, Array.from({ length: 300 }, (_, n) => n));
    assertEquals(most, highWater, `highWater ${highWater}`);
  }
});

test("paused in the middle and moved, a splitter goes on at the item it had reached", async () => {
  const engine = newEngine();
  const flow = trialFlow(new Splitter(), engine, { events });
  const items = Array.from({ length: 200 }, (_, n) => n);
  const job = flow.execute("feed", { items: [{ data: { items } }] });
  await flow.waitUntil(job, ({ outputLog }) => {
    if (outputLog.length < 100) return false;
    void flow.pause(job);
    return true;
  });
  await flow.waitForCompletion(job);
  const before = outputsOf(job).length;
  assertEquals(before >= 100 && before < 200, true, `${before} items before the pause`);
  const task = job.pendingTasks.find(({ routine }) => routine === "subject");
  assertEquals([task?.progress, task?.parked], [{ list: "id-1/2/0", next: task?.step }, true]);

  const there = moveJob(JSON.stringify({ flow, job }), 0);
  assertEquals(there.job.status, "paused");
  there.flow.resume(there.job);
  await passAllTime(there.timers);
  assertEquals(there.job.status, "completed");
  assertEquals(outputsOf(there.job).map(({ data }) => (data as { item: number }).item), items);
});
