import { isRecord } from "../../src/values/json.ts";
import {
  type Collected,
  type Context,
  type ExpectTimeout,
  type Failure,
  NonRetryableError,
  Registry,
  RetryError,
  Routine,
} from "../../mod.ts";
import { describe, Point } from "./sample_values.ts";
import {
  type Batch,
  type Folded,
  type Item,
  type Joined,
  joinItems,
  lastOf,
  type Lists,
  makeItem,
  mix,
  type Op,
  type Script,
  validateItem,
  validateResult,
  valueOf,
} from "./handler_script.ts";
import type { AnyContext, HandlerEffect } from "./run_listener.ts";

/** How the driver of a run gets between what handlers do. */
export interface Hooks {
  /** Called on the stack of a handler before each thing that it does. */
  onOp(): void;
  /** What handlers that wait wait for. */
  point(): Promise<void>;
  /** Waits for time to pass. */
  sleep(ms: number): Promise<void>;
  /** A handler has been called, or a generator begins. */
  started(ctx: AnyContext): void;
  /** A handler has done something. */
  did(ctx: AnyContext, effect: HandlerEffect): void;
  /** A handler is about to return. */
  returned(ctx: AnyContext): void;
  /** An item has come with another value than it was sent with. */
  mistook(ctx: AnyContext, got: string, sent: string): void;
}

/** For documents that are read only. */
export const NO_HOOKS: Hooks = {
  onOp: () => {},
  point: () => Promise.resolve(),
  sleep: () => Promise.resolve(),
  started: () => {},
  did: () => {},
  returned: () => {},
  mistook: () => {},
};

/** The error with which a handler fails at an item: of some items it says itself whether they are worth a retry. */
function failureOf({ seed }: Item, name: string): Error {
  const message = `failed ${seed}`;
  const cause = new Error("by script");
  if (seed % 11 === 4) return new NonRetryableError(message, { cause });
  if (seed % 11 === 7) return new RetryError({ message, cause, delayMs: 0 });
  if (seed % 11 === 2) return new AggregateError([new RangeError("one"), cause], message, { cause });
  const details = seed % 3 === 1 ? { code: "FIVE", seen: [seed, new Date(0)], left: () => seed } : {};
  return Object.assign(new Error(message, { cause }), { name, ...details });
}

/**
 * Makes a registry of routines whose handlers do what their config says: every way of handling and of merging there is.
 * The classes are new at each call, as on another host.
 */
export function scriptedRegistry(hooks: Hooks = NO_HOOKS): Registry {
  abstract class Scripted extends Routine<Script> {
    readonly output = this.addEvent<Item>("output");
    readonly other = this.addEvent<Item>("other");
    readonly whole = this.addEvent<Item>("whole");
    readonly late = this.addSlot("late", this.receive);
    readonly told = this.addSlot("told", this.giveUp);
    readonly failed = this.addSlot("failed", this.recover);
    #ops: readonly Op[] | undefined;

    get ops(): readonly Op[] {
      return this.#ops ??= this.getConfig("ops", []);
    }

    start(item: Item, ctx: AnyContext): void {
      hooks.started(ctx);
      const got = describe(valueOf(item));
      if (got !== item.text) hooks.mistook(ctx, got, item.text);
    }

    perform(op: Op, item: Item, ctx: AnyContext, index: number, merged?: unknown): void {
      hooks.onOp();
      if (item.seed % op.every !== 0) return;
      switch (op.op) {
        case "emit":
          for (let i = 0; i < op.times && item.n > 0; i++) {
            const seed = mix(item.seed, index * 16 + i);
            const { event, delayMs, priority, key, value } = op;
            const options = key === undefined ? { delayMs, priority } : { delayMs, priority, key };
            ctx.emit(event, makeItem(item.n - 1, seed, value), options);
            hooks.did(ctx, { kind: "emit", event, seed, key });
          }
          return;
        case "recall":
          ctx.cancelEmit(op.event, op.key);
          return hooks.did(ctx, { kind: "recall", event: op.event, key: op.key });
        case "whole":
          ctx.emit(this.whole, item);
          return hooks.did(ctx, { kind: "emit", event: "whole", seed: item.seed, key: undefined });
        case "defer": {
          if (item.n <= 0) return;
          const seed = mix(item.seed, index * 16);
          ctx.defer(op.event, makeItem(item.n - 1, seed, op.value));
          return hooks.did(ctx, { kind: "defer", event: op.event, seed });
        }
        case "note":
          return ctx.log({ seed: item.seed, value: describe(valueOf(item)), slot: ctx.slotName });
        case "output":
          return this.put(ctx, "value", valueOf(item));
        case "result":
          return ctx.result({ seed: item.seed, value: valueOf(item) });
        case "now":
          return ctx.shared.set("now", ctx.now());
        case "key":
          return this.put(ctx, "key", ctx.idempotencyKey);
        case "pause":
          return ctx.pause("from inside", { seed: item.seed });
        case "sum":
          return ctx.shared.update<number>("sum", (sum = 0) => (sum + item.seed) % 1_000_003);
        case "tally":
          return ctx.state.update<number>("tally", (tally = 0) => tally + 1);
        case "drop":
          return ctx.state.set("tally", undefined);
        case "merged":
          return this.put(ctx, "merged", merged);
        case "keep":
          return (op.where === "shared" ? ctx.shared : ctx.state).set("kept", [item.seed, op.value]);
        case "fail":
          if (ctx.attempt >= op.attempts) return;
          throw failureOf(item, op.name);
        case "expect":
          ctx.expect("late", op.isTold ? { timeoutMs: op.timeoutMs, onTimeout: "told" } : { timeoutMs: op.timeoutMs });
          return hooks.did(ctx, { kind: "expect" });
        case "sleep":
          return;
      }
    }

    mayRetry(error: unknown, attempt: number): boolean | number {
      const seed = error instanceof Error ? Number(error.message.split(" ")[1] ?? 0) : 0;
      return attempt === 1 ? 0 : seed % 5 !== 4;
    }

    put(ctx: AnyContext, type: string, data: unknown): void {
      ctx.output(type, data);
      hooks.did(ctx, { kind: "output" });
    }

    performAll(item: Item, ctx: AnyContext, merged?: unknown): void {
      this.start(item, ctx);
      this.ops.forEach((op, index) => this.perform(op, item, ctx, index, merged));
    }

    receive(item: Item, ctx: AnyContext): void {
      this.start(item, ctx);
      this.put(ctx, "late", item.seed);
      hooks.returned(ctx);
    }

    recover({ data, error, reason }: Partial<Failure> & { readonly reason?: Failure["error"] }, ctx: AnyContext): void {
      hooks.started(ctx);
      const seed = isRecord(data) ? Number(data["seed"] ?? 0) : 0;
      if (seed % 4 === 3) throw new TypeError(`cannot recover ${seed}`);
      ctx.shared.update<number>("recovered", (sum = 0) => (sum + seed) % 1_000_003);
      this.put(ctx, "recovered", [error?.name ?? null, reason?.name ?? null, seed]);
      hooks.returned(ctx);
    }

    giveUp({ slot, timeoutMs }: ExpectTimeout, ctx: AnyContext): void {
      hooks.started(ctx);
      this.put(ctx, "told", `${slot} after ${timeoutMs}`);
      hooks.returned(ctx);
    }

    async wait(op: Op): Promise<void> {
      await (op.op === "sleep" ? hooks.sleep(op.ms) : hooks.point());
    }
  }

  class Source extends Scripted {
    readonly trigger = this.addSlot("trigger", this.send);
    send({ items, n, gapMs }: Batch, ctx: AnyContext): void {
      hooks.started(ctx);
      for (const [index, seed] of items.entries()) {
        ctx.emit(this.output, makeItem(n, seed, seed), { delayMs: index * gapMs });
        hooks.did(ctx, { kind: "emit", event: "output", seed, key: undefined });
      }
      hooks.returned(ctx);
    }
  }
  class SyncStep extends Scripted {
    readonly input = this.addSlot("input", this.process);
    process(item: Item, ctx: AnyContext): void {
      this.performAll(item, ctx);
      hooks.returned(ctx);
    }
  }
  class AsyncStep extends Scripted {
    readonly input = this.addSlot("input", this.process, { timeoutMs: 1_000 });
    async process(item: Item, ctx: AnyContext): Promise<void> {
      this.start(item, ctx);
      for (const [index, op] of this.ops.entries()) {
        await this.wait(op);
        this.perform(op, item, ctx, index);
      }
      await hooks.point();
      hooks.returned(ctx);
    }
  }
  class CheckStep extends Scripted {
    readonly input = this.addSlot("input", this.process);
    async process(item: Item, ctx: Context<Map<string, number>>): Promise<void> {
      this.start(item, ctx);
      const from = ctx.progress?.get("next") ?? 0;
      for (const [index, op] of this.ops.entries()) {
        if (index < from) continue;
        await this.wait(op);
        this.perform(op, item, ctx, index);
        await ctx.checkpoint(new Map([["next", index + 1]]));
      }
      await hooks.point();
      hooks.returned(ctx);
    }
  }
  class GeneratorStep extends Scripted {
    readonly input = this.addSlot("input", this.process);
    *process(item: Item, ctx: Context<number>): Generator<number, void, void> {
      this.start(item, ctx);
      for (let index = ctx.progress ?? 0; index < this.ops.length; index++) {
        this.perform(this.ops[index] as Op, item, ctx, index);
        yield index + 1;
      }
      hooks.returned(ctx);
    }
  }
  class AsyncGeneratorStep extends Scripted {
    readonly input = this.addSlot("input", this.process);
    async *process(item: Item, ctx: Context<{ next: number }>): AsyncGenerator<{ next: number }, void, void> {
      this.start(item, ctx);
      for (let index = ctx.progress?.next ?? 0; index < this.ops.length; index++) {
        const op = this.ops[index] as Op;
        await this.wait(op);
        this.perform(op, item, ctx, index);
        yield { next: index + 1 };
        await hooks.point();
      }
      hooks.returned(ctx);
    }
  }
  class Collector extends Scripted {
    readonly input = this.addSlot("input", this.collect, { merge: "append" });
    collect(lists: Lists, ctx: AnyContext): void {
      const list = Array.from(lists.seed ?? []);
      this.performAll(lastOf(lists), ctx, list);
      if (list.length >= this.getConfig("batch", 3)) {
        this.put(ctx, "batch", { seeds: lists.seed, values: lists.v });
        ctx.clear("input");
      }
      hooks.returned(ctx);
    }
  }
  class Folder extends Scripted {
    readonly input = this.addSlot("input", this.process, { merge: this.fold });
    fold(old: Folded | undefined, next: Item): Folded {
      if (next.seed % 11 === 10) throw new RangeError(`cannot fold ${next.seed}`);
      return { item: next, sum: ((old?.sum ?? 0) + next.seed) % 1_000_003 };
    }
    async process({ item, sum }: Folded, ctx: AnyContext): Promise<void> {
      await hooks.point();
      this.performAll(item, ctx, sum);
      hooks.returned(ctx);
    }
  }
  class Totals extends Scripted {
    readonly input = this.addSlot("input", this.process, { merge: joinItems });
    process({ item, seeds }: Joined, ctx: AnyContext): void {
      this.performAll(item, ctx, seeds);
      if (seeds.size > this.getConfig("batch", 3)) ctx.clear("input");
      hooks.returned(ctx);
    }
  }
  class Checked extends Scripted {
    readonly input = this.addSlot("input", this.process, {
      schema: { "~standard": { version: 1, vendor: "test", validate: validateItem } },
    });
    process(item: Item, ctx: AnyContext): void {
      this.performAll(item, ctx);
      hooks.returned(ctx);
    }
  }
  class Desk extends Scripted {
    readonly store = this.addSlot("store", null, { merge: "append" });
    readonly input = this.addSlot("input", this.process);
    process(item: Item, ctx: AnyContext): void {
      const { seed: seeds } = (ctx.slotData("store") ?? {}) as { readonly seed?: Collected<number> };
      this.performAll(item, ctx, seeds);
      if ((seeds?.length ?? 0) >= this.getConfig("batch", 3)) ctx.clear("store");
      hooks.returned(ctx);
    }
  }
  class Shelf extends Scripted {
    readonly store = this.addSlot("store", null);
    readonly input = this.addSlot("input", this.process);
    process(item: Item, ctx: AnyContext): void {
      this.performAll(item, ctx, ctx.slotData("store") ?? null);
      if (item.seed % 3 === 0) ctx.clear("store");
      hooks.returned(ctx);
    }
  }

  return new Registry({
    ...{ Source, SyncStep, AsyncStep, CheckStep, GeneratorStep, AsyncGeneratorStep },
    ...{ Collector, Folder, Totals, Checked, Desk, Shelf, Point, joinItems },
    Outcome: { "~standard": { version: 1, vendor: "test", validate: validateResult } },
  });
}
