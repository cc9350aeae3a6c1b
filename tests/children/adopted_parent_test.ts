import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { type ChildEnd, type Context, Engine, Flow, PreflightError, Registry, Routine } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";
import { within } from "../support/flow_versions.ts";
import { lateStore } from "../support/late_store.ts";

/** Waits for an answer, which is its result. */
class Clerk extends Routine {
  readonly trigger = this.addSlot("trigger", this.ask);
  readonly answer = this.addSlot("answer", this.give);
  ask(_: unknown, ctx: Context): void {
    ctx.expect(this.answer);
  }
  give({ n }: { n: number }, ctx: Context): void {
    ctx.result(n);
  }
}

let hosts = 0;

/** A process in which the routine that asks for a child has an id. */
function createHost(store: Store, timers: ManualTimers, boss: string) {
  class Boss extends Routine {
    readonly trigger = this.addSlot("trigger", this.ask);
    readonly done = this.addSlot("done", this.end);
    ask(_: unknown, ctx: Context): void {
      ctx.child(clerks, "clerk", {}, { to: this.done, key: "clerk" });
    }
    end(end: ChildEnd, ctx: Context): void {
      ctx.output(ctx.routineId, end.status === "completed" ? end.result : end.status);
    }
  }
  const registry = new Registry({ Boss, Clerk });
  const engine = new Engine({ store, timers, registry, ids: manualIds(`host-${++hosts}`) });
  const clerks = new Flow({ id: "clerks", registry, engine });
  clerks.addRoutine(new Clerk(), "clerk");
  const flow = new Flow({ id: "bosses", registry, engine });
  flow.addRoutine(new Boss(), boss);
  return { engine, flow };
}

for (const [name, createStore] of Object.entries({ "at once": memoryStore, "later": lateStore })) {
  test(`C520 the child of a job that was adopted tells the routine by its new id, in a store that answers ${name}`, async () => {
    const [store, timers] = [createStore(), manualTimers()];
    const before = createHost(store, timers, "boss");
    await before.flow.start("boss", {}, { jobId: "job" });
    const worker = before.engine.work({ idleMs: 0 });
    await timers.advance(3_000);
    await within(timers, worker.stop());
    const [child] = (await store.list({ parentId: "job" })).jobs;
    const { engine, flow } = createHost(store, timers, "chief");
    const error = await within(timers, assertRejects(() => flow.handle("job").adopt(), PreflightError));
    const places = error.findings.map(({ code, path }) => `${code} ${path}`);
    assertEquals(places, [
      `unknown_routine children["${child?.jobId}"].routine`,
      "unknown_routine routineStates.boss",
    ]);
    await within(timers, flow.handle("job").adopt({ rename: { boss: "chief" } }));
    await engine.handle(child?.jobId ?? "").deliver({ routine: "clerk", slot: "answer" }, { n: 9 });
    const second = engine.work({ idleMs: 0 });
    const { status, outputLog } = await within(timers, engine.handle("job").ended());
    assertEquals([status, ...outputLog.map(({ type, data }) => `${type} ${data}`)], ["completed", "chief 9"]);
    await within(timers, second.stop());
  });
}
