import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Context, Engine, type EngineOptions, Flow, Registry, Routine } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { lateStore } from "../support/late_store.ts";

// A reminder that an answer takes back does not go out when the answer was stored in time, however late a process looks.

class Invoice extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly paid = this.addSlot("paid", this.settle);
  readonly reminder = this.addTimer("reminder", this.remind);
  send({ delayMs }: { delayMs: number }, ctx: Context): void {
    ctx.emit(this.reminder, {}, { delayMs, key: "unpaid" });
  }
  settle({ by }: { by: string }, ctx: Context): void {
    ctx.cancelEmit(this.reminder, "unpaid");
    ctx.output("paid", by);
  }
  remind(_data: unknown, ctx: Context): void {
    ctx.output("reminded", ctx.now());
  }
}

const STORES: { readonly [name: string]: () => Store } = {
  "answers at once": () => memoryStore(),
  "answers later": () => lateStore(),
};

function createProcess(store: Store, number: number, options: EngineOptions = {}) {
  const { watch: _, ...deaf } = store;
  const registry = new Registry({ Invoice });
  const engine = new Engine({ ids: manualIds(`id-${number}`), registry, store: deaf, ...options });
  const flow = new Flow({ id: "invoices", engine, registry });
  const invoice = flow.addRoutine(new Invoice(), "invoice");
  return { engine, flow, invoice };
}

for (const [kind, createStore] of Object.entries(STORES)) {
  test(`C477 the answer that lies in the inbox when a reminder is due counts first, in a store that ${kind}`, async () => {
    const [store, timers] = [createStore(), manualTimers()];
    const { engine, flow, invoice } = createProcess(store, 1, { timers, durability: { commandPollMs: 60_000 } });
    const job = flow.execute(invoice.trigger, { delayMs: 2_000 }, { jobId: "invoice" });
    const other = flow.execute(invoice.trigger, { delayMs: 2_000 }, { jobId: "other" });
    await timers.advance(1_900);
    const elsewhere = createProcess(store, 2, { timers });
    await elsewhere.engine.handle("invoice").deliver({ routine: "invoice", slot: "paid" }, { by: "ada" });
    await timers.advance(1_000);
    assertEquals([job.status, job.outputLog.map(({ type }) => type)], ["completed", ["paid"]]);
    assertEquals([other.status, other.outputLog.map(({ type }) => type)], ["completed", ["reminded"]]);
    await engine.close();
  });

  test(`C477 the answer that came while no process ran counts before the reminder, in a store that ${kind}`, async () => {
    const [store, timers] = [createStore(), manualTimers()];
    const before = createProcess(store, 1, { timers });
    const handles = await Promise.all(["invoice", "other"].map((jobId) => {
      return before.flow.start(before.invoice.trigger, { delayMs: 2_000 }, { jobId });
    }));
    const first = before.engine.work();
    await timers.advance(1_000);
    await first.stop();
    await timers.advance(10_000);
    await before.engine.handle("invoice").deliver({ routine: "invoice", slot: "paid" }, { by: "ada" });
    await before.engine.shutdown();
    const after = createProcess(store, 2, { timers });
    const worker = after.engine.work();
    await timers.advance(1_500);
    const jobs = await Promise.all(handles.map(({ jobId }) => after.engine.handle(jobId).read()));
    assertEquals(jobs.map(({ status, outputLog }) => [status, outputLog.map(({ type }) => type)]), [
      ["completed", ["paid"]],
      ["completed", ["reminded"]],
    ]);
    await worker.stop();
    await after.engine.close();
  });
}
