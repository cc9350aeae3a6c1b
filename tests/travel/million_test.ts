import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Context, type Flow, type JobState, Registry, Routine } from "../../mod.ts";
import { amountOf } from "../support/gate_amount.ts";
import { pack, unpack } from "../support/move_job.ts";
import { pauseWhen } from "../support/pause_when.ts";
import { createTestFlow } from "../support/test_flow.ts";

const ITEMS = amountOf(200_000, 1_000_000);
const HIGH_WATER = 64;

/** A host with a source of many items, and a consumer that takes `cost` turns for each. */
function createHost() {
  const seen = { first: -1, last: -1, count: 0, gaps: 0 };
  class Source extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly output = this.addEvent<{ item: number }>("output");
    *send({ items }: { readonly items: number }, ctx: Context<number>): Generator<number, void, void> {
      for (let item = ctx.progress ?? 0; item < items; item++) {
        ctx.emit(this.output, { item });
        yield item + 1;
      }
    }
  }
  class Consumer extends Routine {
    readonly input = this.addSlot("input", this.take);
    take({ item }: { readonly item: number }): void {
      if (seen.count > 0 && item !== seen.last + 1) seen.gaps++;
      if (seen.count === 0) seen.first = item;
      seen.last = item;
      seen.count++;
    }
  }
  return { seen, Source, Consumer, registry: new Registry({ Source, Consumer }) };
}

/** Watches how many tasks wait at the most, and pauses the job once a number of items has been consumed. */
async function watch(flow: Flow, job: JobState, seen: { readonly count: number }, pauseAt: number): Promise<number> {
  let most = 0;
  const paused = pauseWhen(flow, job, () => seen.count >= pauseAt);
  await flow.waitForCompletion(job, { onProgress: ({ pending }) => void (most = Math.max(most, pending)) });
  await paused;
  return most;
}

test(`Seen to hold: ${ITEMS} items from a generator, at most highWater waiting, paused in the middle and moved`, {
  timeout: 300_000,
}, async () => {
  const a = createHost();
  const { flow } = createTestFlow({
    id: "million",
    registry: a.registry,
    limits: { highWater: HIGH_WATER, history: 10 },
  });
  const source = flow.addRoutine(new a.Source(), "source");
  const consumer = flow.addRoutine(new a.Consumer(), "consumer");
  flow.connect(source.output, consumer.input);
  const job = flow.execute(source.trigger, { items: ITEMS });
  const mostA = await watch(flow, job, a.seen, ITEMS / 2);
  assertEquals([job.status, a.seen], ["paused", { first: 0, last: ITEMS / 2 - 1, count: ITEMS / 2, gaps: 0 }]);
  const text = pack(flow, job);
  assertEquals(text.length < 30_000, true, `${text.length} characters`);

  const host = createHost();
  const b = unpack(text, host.registry);
  const [{ parked, progress } = {}, ...waiting] = b.job.pendingTasks;
  assertEquals([parked, progress, waiting.length], [true, ITEMS / 2 + waiting.length, waiting.length]);
  b.flow.resume(b.job);
  const mostB = await watch(b.flow, b.job, host.seen, Infinity);
  assertEquals(host.seen, { first: ITEMS / 2, last: ITEMS - 1, count: ITEMS / 2, gaps: 0 });
  assertEquals([b.job.status, b.job.pendingTasks], ["completed", []]);
  // The generator itself is one more that has not ended.
  assertEquals([mostA, mostB], [HIGH_WATER + 1, HIGH_WATER + 1]);
});

test("Seen to hold: the generator goes on at the item it had reached, nothing is emitted twice or left out", async () => {
  const items = 500;
  let host = createHost();
  const { flow, timers } = createTestFlow({ id: "million", registry: host.registry, limits: { highWater: 3 } });
  const source = flow.addRoutine(new host.Source(), "source");
  const consumer = flow.addRoutine(new host.Consumer(), "consumer");
  flow.connect(source.output, consumer.input);
  let here = { flow, job: flow.execute(source.trigger, { items }), timers };
  const counts: number[] = [];
  let next = 0;
  for (let pauses = 0, isOver = false; !isOver; pauses++) {
    await watch(here.flow, here.job, host.seen, pauses % 9 + 1);
    assertEquals([host.seen.first, host.seen.gaps], [next, 0]);
    next = host.seen.last + 1;
    counts.push(host.seen.count);
    isOver = here.job.status === "completed";
    if (isOver) break;
    host = createHost();
    here = unpack(pack(here.flow, here.job), host.registry);
    here.flow.resume(here.job);
  }
  assertEquals([counts.reduce((sum, count) => sum + count), next, counts.length > 90], [items, items, true]);
});
