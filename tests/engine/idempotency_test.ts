import { test } from "node:test";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { type Context, JobState, Registry, Routine } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createTestFlow } from "../support/test_flow.ts";

/** A flow that asks a service for each of two orders, and then charges each: the service is waited for under the names. */
function createShop(engine: Parameters<typeof createTestFlow>[1] = {}) {
  const setup = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 4 }, engine);
  const handlers = new WaitingHandlers();
  const keys: Record<string, string> = {};
  class Shop extends Routine {
    readonly trigger = this.addSlot("trigger", this.order);
    readonly placed = this.addEvent<{ who: string }>("placed");
    readonly prepare = this.addSlot("prepare", this.ready);
    readonly priced = this.addEvent<{ who: string }>("priced");
    readonly pay = this.addSlot("pay", this.charge);
    order(_data: unknown, ctx: Context): void {
      for (const who of ["ada", "grace"]) ctx.emit(this.placed, { who });
      ctx.defer(this.priced, { who: "deferred" });
    }
    async ready({ who }: { who: string }, ctx: Context): Promise<void> {
      await handlers.wait(who);
      ctx.emit(this.priced, { who });
    }
    charge({ who }: { who: string }, ctx: Context): void {
      keys[who] = ctx.idempotencyKey;
    }
  }
  const shop = setup.flow.addRoutine(new Shop(), "shop");
  setup.flow.connect(shop.placed, shop.prepare);
  setup.flow.connect(shop.priced, shop.pay);
  const serve = async (...names: readonly string[]) => {
    for (const name of names) {
      handlers.release(name);
      await setup.timers.flush();
    }
  };
  return { ...setup, shop, keys, serve };
}

test("C496 keys name the same work when a job goes on from an older snapshot, in whatever order its tasks come then", async () => {
  const first = createShop();
  const job = first.flow.execute(first.shop.trigger, {}, { jobId: "j" });
  await first.timers.flush();
  const text = job.toText();
  await first.serve("ada", "grace");
  const second = createShop();
  const copy = JobState.fromText(text, second.flow.registry);
  assertEquals(copy.toText(), text);
  second.flow.resume(copy);
  await second.timers.flush();
  await second.serve("grace", "ada");
  assertEquals([job.status, copy.status, new Set(Object.values(first.keys)).size], ["completed", "completed", 3]);
  assertEquals(second.keys, first.keys);
  for (const key of Object.values(first.keys)) assert(/^j\/[0-9a-z]{12}\/0$/.test(key), key);
});

test("C496 calls that were never stored are other work than the calls that take their place", async () => {
  const keys: string[] = [];
  for (const at of [1, 2]) {
    const { flow, shop, timers, keys: found } = createShop();
    const job = flow.execute(shop.trigger, {}, { jobId: "j" });
    await timers.advance(at);
    flow.deliver(job, shop.pay, { who: "called" });
    await timers.flush();
    keys.push(found.called ?? "");
  }
  assertNotEquals(keys[0], keys[1]);
});

test("an answer has another key than another answer to the same question", async () => {
  const keys: string[] = [];
  for (const at of [1, 2]) {
    const { flow, timers } = createTestFlow({ executionStrategy: "concurrent" });
    class Asker extends Routine {
      readonly trigger = this.addSlot("trigger", (_data, ctx) => ctx.expect("answer"));
      readonly answer = this.addSlot("answer", (_data, ctx) => void keys.push(ctx.idempotencyKey));
    }
    const asker = flow.addRoutine(new Asker(), "asker");
    const job = flow.execute(asker.trigger, {}, { jobId: "j" });
    await timers.advance(at);
    flow.deliver(job, asker.answer, "yes");
    await timers.flush();
  }
  assertEquals(new Set(keys).size, 2);
});

test("C496 with a store in relaxed mode, a command that is carried out again has the key that it had", async () => {
  const keys: string[][] = [];
  for (const delay of [0, 5]) {
    const store = memoryStore();
    const seen: string[] = [];
    class Desk extends Routine {
      readonly trigger = this.addSlot("trigger", this.ask);
      readonly answer = this.addSlot("answer", this.end);
      ask(_data: unknown, ctx: Context): void {
        ctx.expect("answer");
      }
      end(_data: unknown, ctx: Context): void {
        seen.push(ctx.idempotencyKey);
      }
    }
    const registry = new Registry({ Desk });
    const options = { store, registry, durability: { mode: "relaxed", owner: "desk" } } as const;
    const { flow, timers, engine } = createTestFlow({ registry }, options);
    const desk = flow.addRoutine(new Desk(), "desk");
    const job = flow.execute(desk.trigger, {}, { jobId: "j" });
    await timers.advance(delay);
    await engine.handle("j").deliver({ routine: "desk", slot: "answer" }, 1);
    await timers.advance(10);
    assertEquals(job.status, "completed");
    keys.push(seen);
  }
  assertEquals([keys[0]?.length, keys[0]], [1, keys[1]]);
});

test("a sequential job without a store names its tasks by their ids", async () => {
  const { flow } = createTestFlow();
  const keys: string[] = [];
  class Two extends Routine {
    readonly trigger = this.addSlot("trigger", this.go);
    readonly next = this.addTimer("next", (_data: unknown, ctx: Context) => void keys.push(ctx.idempotencyKey));
    go(_data: unknown, ctx: Context): void {
      keys.push(ctx.idempotencyKey);
      ctx.emit(this.next, {});
    }
  }
  const two = flow.addRoutine(new Two(), "two");
  await flow.run(two.trigger, {}, { jobId: "j" });
  assertEquals(keys, ["j/1/0", "j/2/0"]);
});
