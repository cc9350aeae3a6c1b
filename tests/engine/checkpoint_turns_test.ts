import { test } from "node:test";
import { assertEquals, assertLess, assertRejects } from "@std/assert";
import { CancelledError, type Context, Engine, Flow, type HandlerReturn, Registry, Routine } from "../../mod.ts";
import { Activation } from "../../src/engine/activation/activation.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { countListeners } from "../support/counted_signal.ts";
import { addFunction } from "../support/function_routine.ts";
import { heldStore } from "../support/held_store.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { tickingTimers } from "../support/ticking_timers.ts";

/** Far more checkpoints than any slice has. */
const MOST = 2_000;

/** No store, one that answers at once, and one that answers later. */
const STORES: { readonly [name: string]: () => Store | undefined } = {
  none: () => undefined,
  memory: memoryStore,
  later: heldStore,
};

class Walker extends Routine {
  readonly trigger = this.addSlot("trigger", this.walk);
  readonly pages = this.addSlot("pages", this.turnPages);
  async walk(_data: unknown, ctx: Context): Promise<void> {
    for (let n = 0; n < MOST; n++) await ctx.checkpoint(n);
  }
  async *turnPages(_data: unknown, ctx: Context): AsyncGenerator<number, void, void> {
    for (let n = 0; n < MOST; n++) {
      await ctx.checkpoint(n);
      yield n;
    }
  }
}

test("C488 a handler that waits for nothing but checkpoints lets others cancel its job", async () => {
  for (const [name, createStore] of Object.entries(STORES)) {
    for (const slot of ["trigger", "pages"] as const) {
      const timers = tickingTimers();
      const registry = new Registry({ Walker });
      const store = createStore();
      const engine = new Engine({ timers, registry, ...(store === undefined ? {} : { store }) });
      const flow = new Flow({ id: "walk", registry, engine });
      const walker = flow.addRoutine(new Walker(), "walker");
      const job = flow.execute(walker[slot]);
      timers.soon(() => timers.soon(() => flow.cancel(job)));
      await flow.waitForCompletion(job);
      assertEquals(job.status, "cancelled", `${name}, ${slot}`);
      assertLess(job.pendingTasks[0]?.step, MOST, `${name}, ${slot}`);
    }
  }
});

test("a checkpoint that waits for the host's event loop rejects when its job is cancelled meanwhile", async () => {
  const { flow, timers } = createTestFlow({}, { timers: tickingTimers() });
  const errors: unknown[] = [];
  addFunction(flow, "walk", async (_data, ctx) => {
    try {
      for (;;) await ctx.checkpoint();
    } catch (error) {
      errors.push(error === ctx.signal.reason);
      throw error;
    }
  });
  const job = flow.execute("walk");
  timers.soon(() => flow.cancel(job));
  await flow.waitForCompletion(job);
  await timers.flush();
  assertEquals([job.status, errors], ["cancelled", [true]]);
});

/** A flow whose one handler is given, with a store that answers later. */
function createStoredFlow(run: (ctx: Context) => HandlerReturn<unknown>) {
  class Act extends Routine {
    readonly trigger = this.addSlot("trigger", this.act);
    act(_data: unknown, ctx: Context): HandlerReturn<unknown> {
      return run(ctx);
    }
  }
  const registry = new Registry({ Act });
  const store = heldStore();
  const setup = createTestFlow({ registry }, { registry, store });
  setup.flow.addRoutine(new Act(), "act");
  return { ...setup, store };
}

test("C489 checkpoints leave nothing behind that an abort would call back, though the store answers later", async () => {
  const { onAbort } = Activation.prototype;
  let callbacks = 0;
  Activation.prototype.onAbort = function (callback) {
    const stop = onAbort.call(this, callback);
    callbacks++;
    return () => {
      callbacks--;
      stop();
    };
  };
  try {
    const seen: number[] = [];
    const { flow } = createStoredFlow(async (ctx) => {
      for (let n = 0; n < 100; n++) {
        const stored = ctx.checkpoint(n);
        seen.push(callbacks);
        await stored;
      }
    });
    await flow.run("act");
    assertEquals([seen.length, Math.max(...seen), callbacks], [100, 1, 0]);
  } finally {
    Activation.prototype.onAbort = onAbort;
  }
});

test("C489 checkpoints leave no listeners on the handler's signal, though the store answers later", async () => {
  const seen: number[] = [];
  const { flow } = createStoredFlow(async (ctx) => {
    const listeners = countListeners(ctx.signal);
    for (let n = 0; n < 100; n++) {
      await ctx.checkpoint(n);
      seen.push(listeners.size);
    }
  });
  const job = await flow.run("act");
  assertEquals([job.status, seen.length, Math.max(...seen)], ["completed", 100, 0]);
});

// A rejection that nobody handles fails the run in every runtime that these tests run in.
test("C502 checkpoints that are being stored reject when the job is cancelled; those that nobody awaits end nothing", async () => {
  const pending: Promise<void>[] = [];
  const { flow, timers, store } = createStoredFlow(async (ctx) => {
    store.hold();
    void ctx.checkpoint("not awaited");
    pending.push(ctx.checkpoint(1), ctx.checkpoint(2));
    await Promise.all(pending);
  });
  const job = flow.execute("act");
  await timers.flush();
  flow.cancel(job);
  for (const stored of pending) await assertRejects(() => stored, CancelledError);
  store.release();
  await timers.flush();
  assertEquals([job.status, timers.size], ["cancelled", 0]);
});

test("a checkpoint after the abort rejects with its reason; nobody need await it", async () => {
  const seen: unknown[] = [];
  const { flow, timers } = createTestFlow();
  addFunction(flow, "act", async (_data, ctx) => {
    await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
    void ctx.checkpoint("not awaited");
    await ctx.checkpoint().catch((error) => seen.push(error === ctx.signal.reason));
  });
  const job = flow.execute("act");
  await timers.flush();
  flow.cancel(job);
  await timers.flush();
  assertEquals([job.status, seen], ["cancelled", [true]]);
});

test("a checkpoint whose commit a listener answers by a cancel has an end as well, used up slice or not", async () => {
  for (let stopAt = 2; stopAt <= 12; stopAt++) {
    const timers = tickingTimers();
    const { flow } = createTestFlow({}, { timers });
    let isOver = false;
    addFunction(flow, "walk", async (_data, ctx) => {
      try {
        for (;;) await ctx.checkpoint();
      } finally {
        isOver = true;
      }
    });
    const job = flow.execute("walk");
    let commits = 0;
    await flow.waitForCompletion(job, {
      onProgress: () => {
        if (++commits === stopAt) flow.cancel(job);
      },
    });
    await new Promise<void>((resolve) => timers.soon(() => timers.soon(resolve)));
    assertEquals([job.status, isOver], ["cancelled", true], `at commit ${stopAt}`);
  }
});
