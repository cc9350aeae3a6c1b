import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Context, Engine, ErrorHandler, Flow, type FlowOptions, Registry, Routine } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { type ManualTimers, manualTimers } from "../../src/testing/mod.ts";
import { heldStore } from "../support/held_store.ts";

// Workers have no such module without flags: these tests do nothing there.
const hooks = await import("node:async_hooks").catch(() => undefined);
const storage = hooks && new hooks.AsyncLocalStorage<string>();

/** Runs something in the context of a caller. */
function as<T>(caller: string, run: () => T): T {
  return storage === undefined ? run() : storage.run(caller, run);
}

const STORES: { readonly [name: string]: () => Store | undefined } = {
  none: () => undefined,
  memory: memoryStore,
  later: heldStore,
};

interface Item {
  readonly n: number;
}

/** Handlers of each kind, which note in whose context they run. */
function createContextFlow(timers: ManualTimers, store: Store | undefined, options: FlowOptions = {}) {
  const seen = new Map<string, Set<string | undefined>>();
  const note = (ctx: Context): void => {
    const callers = seen.get(ctx.jobId) ?? new Set();
    seen.set(ctx.jobId, callers.add(storage?.getStore()));
  };
  class Every extends Routine {
    readonly trigger = this.addSlot("trigger", this.begin);
    readonly next = this.addTimer<Item>("next", this.goOn);
    readonly pages = this.addTimer<Item>("pages", this.turnPages);
    readonly lists = this.addTimer<Item>("lists", this.list);
    readonly late = this.addTimer<Item>("late", this.hang, { timeoutMs: 5 });
    readonly waiting = this.addTimer<Item>("waiting", this.wait);
    readonly answer = this.addSlot<Item>("answer", this.goOn);
    begin(_data: unknown, ctx: Context): void {
      note(ctx);
      for (let n = 0; n < 5; n++) {
        for (const to of [this.next, this.pages, this.lists, this.late]) ctx.emit(to, { n }, { delayMs: n });
      }
      ctx.emit(this.waiting, { n: 0 });
    }
    async goOn({ n }: Item, ctx: Context): Promise<void> {
      note(ctx);
      await Promise.resolve();
      if (n === 1 && ctx.attempt === 0) throw new Error("once");
      await ctx.checkpoint();
      note(ctx);
      if (n < 3) ctx.emit(this.lists, { n: n + 1 });
    }
    *turnPages(_data: Item, ctx: Context): Generator<number, void, void> {
      for (let page = Number(ctx.progress ?? 0); page < 3; page++) {
        note(ctx);
        yield page + 1;
      }
    }
    list({ n }: Item, ctx: Context): void {
      note(ctx);
      if (n < 9) ctx.emit(this.lists, { n: n + 3 });
    }
    async hang(_data: Item, ctx: Context): Promise<void> {
      note(ctx);
      if (ctx.attempt === 0) await new Promise(() => {});
    }
    wait(_data: Item, ctx: Context): void {
      note(ctx);
      ctx.expect(this.answer);
    }
  }
  const registry = new Registry({ Every });
  let now = 0;
  const engine = new Engine({
    // Each look at the clock takes a part of the slice: jobs take turns after a few handlers.
    timers: { ...timers, now: () => timers.now() + (now += 0.01) },
    registry,
    ...(store === undefined ? {} : { store }),
  });
  const errorHandler = new ErrorHandler({ strategy: "retry", retryDelayMs: 1 });
  const flow = new Flow({ id: "contexts", registry, engine, errorHandler, ...options });
  return { flow, every: flow.addRoutine(new Every(), "every"), seen };
}

test("C503 handlers run in the asynchronous context of whoever has started their job, whatever wakes it", async () => {
  for (const [name, createStore] of Object.entries(STORES)) {
    for (const maxWorkers of [1, 3]) {
      const timers = manualTimers();
      const { flow, every, seen } = createContextFlow(timers, createStore(), {
        executionStrategy: maxWorkers === 1 ? "sequential" : "concurrent",
        ...(maxWorkers === 1 ? {} : { maxWorkers }),
      });
      const callers = ["ann", "bob", "cat"];
      const jobs = callers.map((caller) =>
        as(caller, () => flow.execute(every.trigger, {}, { jobId: `of ${caller}` }))
      );
      await as("clock", () => timers.advance(200));
      await as("somebody", async () => {
        for (const job of jobs) flow.deliver(job, every.answer, { n: 0 });
        await timers.flush();
      });
      await as("clock", () => timers.advance(200));
      assertEquals(jobs.map(({ status, error }) => error ?? status), Array(3).fill("completed"), name);
      const expected = callers.map((caller) => [`of ${caller}`, [storage === undefined ? undefined : caller]]);
      assertEquals(Array.from(seen, ([id, them]) => [id, Array.from(them)]), expected, `${name}, ${maxWorkers}`);
    }
  }
});

test("C503 a job that is resumed goes on in the context of the resume", async () => {
  for (const [name, createStore] of Object.entries(STORES)) {
    const timers = manualTimers();
    const { flow, every, seen } = createContextFlow(timers, createStore());
    const job = as("ann", () => flow.execute(every.trigger, {}, { jobId: "job" }));
    await as("clock", () => timers.advance(200));
    await as("bob", () => flow.pause(job));
    seen.clear();
    as("cat", () => flow.resume(job));
    as("dan", () => flow.deliver(job, every.answer, { n: 0 }));
    await as("clock", () => timers.advance(200));
    assertEquals(job.status, "completed", name);
    assertEquals(Array.from(seen.get("job") ?? []), [storage === undefined ? undefined : "cat"], name);
  }
});
