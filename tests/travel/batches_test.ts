import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Collected, type Context, type FlowOptions, Registry, Routine } from "../../mod.ts";
import { amountOf } from "../support/gate_amount.ts";
import { pack, unpack } from "../support/move_job.ts";
import { pauseWhen } from "../support/pause_when.ts";
import { type Random, seededRandom } from "../support/seeded_random.ts";
import { createTestFlow } from "../support/test_flow.ts";

const ITEMS = 60;
const LONG = { timeout: 60_000 };

/** A host whose aggregators take turns of chance: what they clear must be what they have seen. */
function createHost(random: Random) {
  const wait = async () => {
    for (let turns = random.integer(8); turns > 0; turns--) await Promise.resolve();
  };
  class Source extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly output = this.addEvent<{ item: number }>("output");
    async *send(_data: unknown, ctx: Context<number>): AsyncGenerator<number, void, void> {
      for (let item = ctx.progress ?? 0; item < ITEMS; item++) {
        await wait();
        ctx.emit(this.output, { item });
        yield item + 1;
      }
    }
  }
  class Aggregator extends Routine {
    readonly input = this.addSlot("input", this.gather, { merge: "append" });
    readonly store = this.addSlot("store", null, { merge: "append" });
    readonly tick = this.addSlot("tick", this.look);
    async gather({ item }: { readonly item: Collected<number> }, ctx: Context): Promise<void> {
      await wait();
      if (item.length < 4) return;
      ctx.output("batch", item);
      ctx.clear("input");
      await wait();
    }
    async look(_data: unknown, ctx: Context): Promise<void> {
      const { item } = (ctx.slotData("store") ?? {}) as { readonly item?: Collected<number> };
      await wait();
      if (item === undefined || item.length < 3) return;
      ctx.output("shelf", item);
      ctx.clear("store");
      await wait();
    }
  }
  return { Source, Aggregator, registry: new Registry({ Source, Aggregator }) };
}

type Lists = Readonly<
  Record<
    string,
    {
      readonly lists?: readonly {
        readonly cleared?: number;
        readonly start?: number;
        readonly items: readonly unknown[];
      }[];
    }
  >
>;

for (const executionStrategy of ["sequential", "concurrent"] as const) {
  test(
    `Seen to hold: batches that an aggregator clears lose nothing on their way, ${executionStrategy}`,
    LONG,
    async () => {
      const seeds = amountOf(25, 250);
      for (let seed = 1; seed <= seeds; seed++) {
        const random = seededRandom(seed);
        const first = createHost(random);
        const options: Omit<FlowOptions, "engine"> = executionStrategy === "concurrent" ? { maxWorkers: 6 } : {};
        const { flow, timers } = createTestFlow({
          id: "batches",
          registry: first.registry,
          executionStrategy,
          ...options,
        });
        const source = flow.addRoutine(new first.Source(), "source");
        const aggregator = flow.addRoutine(new first.Aggregator(), "aggregator");
        for (const slot of [aggregator.input, aggregator.store, aggregator.tick]) {
          flow.connect("source", "output", "aggregator", slot.name);
        }
        let here = { flow, timers, job: flow.execute(source.trigger, {}) };
        for (let moves = 0; moves < 6; moves++) {
          const at = here.job.executionHistory.length + 1 + random.integer(30);
          const rested = pauseWhen(here.flow, here.job, ({ executionHistory: { length } }) => length >= at, {
            graceMs: random.pick([0, 1_000]),
          });
          await here.timers.flush();
          await here.timers.flush();
          await rested;
          if (here.job.status === "completed") break;
          here = unpack(pack(here.flow, here.job), createHost(random).registry);
          here.flow.resume(here.job);
        }
        await here.timers.flush();
        await here.flow.waitForCompletion(here.job);
        const { job } = here;
        assertEquals(job.status, "completed", `seed ${seed}`);
        const { slots } = job.toJSON();
        const left = (slot: string) => {
          const [list] = (slots?.["aggregator"] as Lists | undefined)?.[slot]?.lists ?? [];
          return list?.items.slice((list.cleared ?? list.start ?? 0) - (list.start ?? 0)) ?? [];
        };
        const put = (type: string) =>
          new Set(job.outputLog.filter((it) => it.type === type).flatMap(({ data }) => data));
        for (const [type, slot] of [["batch", "input"], ["shelf", "store"]] as const) {
          const all = new Set([...put(type), ...left(slot)]);
          assertEquals(all.size, ITEMS, `seed ${seed}: items are lost between ${type} and ${slot}`);
        }
      }
    },
  );
}
