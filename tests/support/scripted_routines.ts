import { type Collected, type Context, Registry, Routine } from "../../mod.ts";
import { describe, makeValue, Point } from "./sample_values.ts";
import { check, joinItems, lastOf, mix, validateItem, valueOf } from "./script.ts";
import type { Batch, Folded, Hooks, Item, Joined, Lists, Op, Script } from "./script.ts";

/**
 * Makes a registry of routines whose handlers do what their config says: every way of handling and of merging there is.
 * The classes are new at each call, as on another host.
 */
export function scriptedRegistry(hooks: Hooks): Registry {
  abstract class Scripted extends Routine<Script> {
    readonly output = this.addEvent<Item>("output");
    readonly other = this.addEvent<Item>("other");
    readonly whole = this.addEvent<Item>("whole");
    readonly late = this.addSlot("late", this.receive);

    get ops(): readonly Op[] {
      return this.getConfig("ops", []);
    }

    perform(op: Op, item: Item, ctx: Context<never>, index: number, merged?: unknown): void {
      hooks.onOp();
      if (item.seed % op.every !== 0) return;
      switch (op.op) {
        case "emit":
          if (item.n <= 0) return;
          for (let i = 0; i < op.times; i++) {
            const seed = mix(item.seed, index * 16 + i);
            const { delayMs, priority, value: kind } = op;
            ctx.emit(op.event, { n: item.n - 1, seed, kind, v: makeValue(kind, seed) }, { delayMs, priority });
          }
          return;
        case "whole":
          return ctx.emit(this.whole, item);
        case "note":
          return ctx.log({ seed: item.seed, value: describe(valueOf(item)), slot: ctx.slotName });
        case "output":
          return ctx.output(item.kind, valueOf(item));
        case "now":
          return ctx.shared.set("now", ctx.now());
        case "key":
          return ctx.output("key", ctx.idempotencyKey);
        case "pause":
          return ctx.pause("from inside", { seed: item.seed });
        case "sum":
          return ctx.shared.update<number>("sum", (sum = 0) => (sum + item.seed) % 1_000_003);
        case "tally":
          return ctx.state.update<number>("tally", (tally = 0) => tally + 1);
        case "drop":
          return ctx.state.set("tally", undefined);
        case "merged":
          return ctx.output("merged", merged);
        case "keep":
          return (op.where === "shared" ? ctx.shared : ctx.state).set(
            `kept ${op.value}`,
            makeValue(op.value, item.seed),
          );
        case "fail":
          if (ctx.attempt >= op.attempts) return;
          throw Object.assign(new Error(`failed ${item.seed}`, { cause: new Error("by script") }), { name: op.name });
        case "expect":
          return ctx.expect("late", { timeoutMs: op.timeoutMs });
        case "sleep":
          return;
      }
    }

    performAll(item: Item, ctx: Context<never>, merged?: unknown): void {
      check(item);
      this.ops.forEach((op, index) => this.perform(op, item, ctx, index, merged));
    }

    receive(item: Item, ctx: Context): void {
      ctx.output("late", item.seed);
    }

    async wait(op: Op): Promise<void> {
      await (op.op === "sleep" ? hooks.sleep(op.ms) : hooks.point());
    }
  }

  class Source extends Scripted {
    readonly trigger = this.addSlot("trigger", this.send);
    send({ items, n, gapMs }: Batch, ctx: Context): void {
      for (const [index, seed] of items.entries()) {
        const item: Item = { n, seed, kind: "number", v: makeValue("number", seed) };
        ctx.emit(this.output, item, { delayMs: index * gapMs });
      }
    }
  }
  class SyncStep extends Scripted {
    readonly input = this.addSlot("input", this.process);
    process(item: Item, ctx: Context): void {
      this.performAll(item, ctx as Context<never>);
    }
  }
  class AsyncStep extends Scripted {
    readonly input = this.addSlot("input", this.process, { timeoutMs: 1_000 });
    async process(item: Item, ctx: Context): Promise<void> {
      check(item);
      for (const [index, op] of this.ops.entries()) {
        await this.wait(op);
        this.perform(op, item, ctx as Context<never>, index);
      }
      await hooks.point();
    }
  }
  class CheckStep extends Scripted {
    readonly input = this.addSlot("input", this.process);
    async process(item: Item, ctx: Context<Map<string, number>>): Promise<void> {
      check(item);
      const from = ctx.progress?.get("next") ?? 0;
      for (const [index, op] of this.ops.entries()) {
        if (index < from) continue;
        await this.wait(op);
        this.perform(op, item, ctx as Context<never>, index);
        await ctx.checkpoint(new Map([["next", index + 1]]));
      }
      await hooks.point();
    }
  }
  class GeneratorStep extends Scripted {
    readonly input = this.addSlot("input", this.process);
    *process(item: Item, ctx: Context<number>): Generator<number, void, void> {
      check(item);
      for (let index = ctx.progress ?? 0; index < this.ops.length; index++) {
        this.perform(this.ops[index] as Op, item, ctx as Context<never>, index);
        yield index + 1;
      }
    }
  }
  class AsyncGeneratorStep extends Scripted {
    readonly input = this.addSlot("input", this.process);
    async *process(item: Item, ctx: Context<{ next: number }>): AsyncGenerator<{ next: number }, void, void> {
      check(item);
      for (let index = ctx.progress?.next ?? 0; index < this.ops.length; index++) {
        const op = this.ops[index] as Op;
        await this.wait(op);
        this.perform(op, item, ctx as Context<never>, index);
        yield { next: index + 1 };
        await hooks.point();
      }
    }
  }
  class Collector extends Scripted {
    readonly input = this.addSlot("input", this.collect, { merge: "append" });
    collect(lists: Lists, ctx: Context): void {
      const list = Array.from(lists.seed ?? []);
      this.performAll(lastOf(lists), ctx as Context<never>, list);
      if (list.length >= this.getConfig("batch", 3)) {
        ctx.output("batch", { seeds: lists.seed, values: lists.v });
        ctx.clear("input");
      }
    }
  }
  class Folder extends Scripted {
    readonly input = this.addSlot("input", this.process, { merge: this.fold });
    fold(old: Folded | undefined, next: Item): Folded {
      if (next.seed % 11 === 0) throw new RangeError(`cannot fold ${next.seed}`);
      return { item: next, sum: ((old?.sum ?? 0) + next.seed) % 1_000_003 };
    }
    async process({ item, sum }: Folded, ctx: Context): Promise<void> {
      await hooks.point();
      this.performAll(item, ctx as Context<never>, sum);
    }
  }
  class Totals extends Scripted {
    readonly input = this.addSlot("input", this.process, { merge: joinItems });
    process({ item, seeds }: Joined, ctx: Context): void {
      this.performAll(item, ctx as Context<never>, seeds);
      if (seeds.size > this.getConfig("batch", 3)) ctx.clear("input");
    }
  }
  class Checked extends Scripted {
    readonly input = this.addSlot("input", this.process, {
      schema: { "~standard": { version: 1, vendor: "test", validate: validateItem } },
    });
    process(item: Item, ctx: Context): void {
      this.performAll(item, ctx as Context<never>);
    }
  }
  class Desk extends Scripted {
    readonly store = this.addSlot("store", null, { merge: "append" });
    readonly input = this.addSlot("input", this.process);
    process(item: Item, ctx: Context): void {
      const { seed: seeds } = (ctx.slotData("store") ?? {}) as { readonly seed?: Collected<number> };
      this.performAll(item, ctx as Context<never>, seeds);
      if ((seeds?.length ?? 0) >= this.getConfig("batch", 3)) ctx.clear("store");
    }
  }
  class Shelf extends Scripted {
    readonly store = this.addSlot("store", null);
    readonly input = this.addSlot("input", this.process);
    process(item: Item, ctx: Context): void {
      this.performAll(item, ctx as Context<never>, ctx.slotData("store") ?? null);
      if (item.seed % 3 === 0) ctx.clear("store");
    }
  }

  return new Registry({
    ...{ Source, SyncStep, AsyncStep, CheckStep, GeneratorStep, AsyncGeneratorStep },
    ...{ Collector, Folder, Totals, Checked, Desk, Shelf, Point, joinItems },
  });
}
