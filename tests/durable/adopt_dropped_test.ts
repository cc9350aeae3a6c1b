import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Context, Engine, Flow, Registry, Routine } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";
import { within } from "../support/flow_versions.ts";
import { lateStore } from "../support/late_store.ts";

type Waiting = "answer" | "child" | "time";

/** Waits for an answer, for a child that waits for one, or for an hour; what is left at the end is sent then. */
class Asker extends Routine {
  readonly trigger = this.addSlot("trigger", this.ask);
  readonly answer = this.addSlot("answer", this.take);
  readonly left = this.addEvent<object>("left");
  readonly hour = this.addTimer<object>("hour", this.take);
  ask({ waiting }: { waiting: Waiting }, ctx: Context): void {
    ctx.emit(this.left, {}, { priority: "last" });
    if (waiting === "answer") ctx.expect(this.answer);
    if (waiting === "child") ctx.child(askers, "asker", { waiting: "answer" }, { to: this.answer });
    if (waiting === "time") ctx.emit(this.hour, {}, { delayMs: 3_600_000 });
  }
  take(): void {}
}
class Note extends Routine {
  readonly input = this.addSlot("input", this.note);
  note(_: object, ctx: Context): void {
    ctx.output("noted");
  }
}
const registry = new Registry({ Asker, Note });
const askers = new Flow({ id: "askers", registry });
askers.addRoutine(new Asker(), "asker");

let hosts = 0;

/** A process whose version of the flow has a routine that asks, or has none any more. */
function createHost(store: Store, timers: ManualTimers, asks: boolean) {
  const engine = new Engine({ store, timers, registry, ids: manualIds(`host-${++hosts}`) });
  const flow = new Flow({ id: "orders", engine });
  const note = flow.addRoutine(new Note(), "note");
  if (asks) flow.connect(flow.addRoutine(new Asker(), "asker").left, note.input);
  return { engine, flow };
}

/** Starts a job that waits, and moves it to the version that does not wait any more. */
async function startAndMove(store: Store, timers: ManualTimers, waiting: Waiting, isPaused = false) {
  const before = createHost(store, timers, true);
  const worker = before.engine.work({ idleMs: 0 });
  const job = await within(timers, before.flow.start("asker", { waiting }, { jobId: "job" }));
  await timers.advance(3_000);
  if (isPaused) {
    await within(timers, job.pause());
    await timers.advance(3_000);
  }
  await within(timers, worker.stop());
  const after = createHost(store, timers, false);
  await within(timers, after.flow.handle("job").adopt({ drop: ["asker"] }));
  return after;
}

for (const [name, createStore] of [["at once", memoryStore], ["later", lateStore]] as const) {
  for (const waiting of ["answer", "child", "time"] as const) {
    test(`C568 a job that has lost the routine that waited goes on at once: for ${waiting}, in a store that answers ${name}`, async () => {
      const [store, timers] = [createStore(), manualTimers()];
      const { engine } = await startAndMove(store, timers, waiting);
      const worker = engine.work({ flows: ["orders"] });
      await timers.advance(5_000);
      const { status, outputLog } = await within(timers, engine.handle("job").read());
      assertEquals([status, ...outputLog.map(({ type }) => type)], ["completed", "noted"]);
      await within(timers, worker.stop());
    });
  }
}

test("C568 one that is paused stays so", async () => {
  const [store, timers] = [memoryStore(), manualTimers()];
  const { engine, flow } = await startAndMove(store, timers, "answer", true);
  const worker = engine.work();
  await timers.advance(5_000);
  assertEquals((await store.find("job"))?.dueAt, undefined);
  await within(timers, flow.handle("job").resume());
  assertEquals((await within(timers, engine.handle("job").ended())).status, "completed");
  await within(timers, worker.stop());
});
