import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Context, Engine, Flow, Registry, Routine } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";

// A stored job has the limits of the flow that is stored with it, whoever reads it: one without its classes, one with another version of the
// flow, a parent that looks for it.

/** Nested deeper than values may be where no flow says otherwise. */
const DEEP = Array.from({ length: 400 }).reduce<unknown>((inner) => ({ inner }), 1);
const LIMITS = { depth: 900, outputs: 2_000 };
const answer = { routine: "asker", slot: "answer" };

class Asker extends Routine {
  readonly trigger = this.addSlot("trigger", this.ask);
  readonly answer = this.addSlot("answer", this.end);
  ask(_: unknown, ctx: Context): void {
    ctx.shared.set("deep", DEEP);
    for (let n = 0; n < 1_500; n++) ctx.output("n", n);
    ctx.expect(this.answer);
  }
  end(_: unknown, ctx: Context): void {
    ctx.result(DEEP);
  }
}

/** A later version, without the slot for answers. */
class Silent extends Routine {
  readonly trigger = this.addSlot("trigger", this.ask);
  ask(): void {}
}

/** A process, and a flow in it whose job waits for an answer; `classes` are those that it knows. */
function createProcess(
  store = memoryStore(),
  timers = manualTimers(),
  classes: Readonly<Record<string, typeof Asker | typeof Silent>> = { Asker },
) {
  const registry = new Registry(classes);
  const engine = new Engine({ store, timers, registry });
  const flow = new Flow({ id: "asking", engine, limits: LIMITS });
  flow.addRoutine(new (classes["Asker"] ?? Asker)(), "asker");
  return { store, timers, registry, engine, flow };
}

test("C535 a job is read within the limits of its own flow, by whoever has a handle, and as it was before", async () => {
  const { store, timers, registry, engine, flow } = createProcess();
  engine.work({ idleMs: 500 });
  await flow.start("asker", {}, { jobId: "job" });
  await timers.advance(5_000);
  const narrow = new Flow({ id: "asking", version: 2, engine, registry });
  const stranger = createProcess(store, timers, {});
  const handles = [flow.handle("job"), engine.handle("job"), narrow.handle("job"), stranger.engine.handle("job")];
  for (const handle of handles) {
    const { outputLog, sharedData } = await handle.read();
    assertEquals([outputLog.length, sharedData["deep"]], [1_500, DEEP]);
  }
  const states = [];
  for await (const { job } of engine.history("job")) states.push(job.sharedData["deep"] !== undefined);
  assertEquals(states.at(-1), true);
  const { job: copy } = await engine.fork("job", (await store.find("job"))?.revision ?? 0, { jobId: "copy" });
  assertEquals(copy.sharedData["deep"], DEEP);
  await engine.close();
});

test("C535 a parent learns how a child has ended whose values are deeper than others may be", async () => {
  const { timers, registry, engine, flow } = createProcess();
  const ends: string[] = [];
  class Parent extends Routine {
    readonly trigger = this.addSlot("trigger", this.begin);
    readonly ended = this.addSlot("ended", this.end);
    begin(_: unknown, ctx: Context): void {
      for (const key of ["cancelled", "completed", "deleted"]) ctx.child(flow, "asker", {}, { to: this.ended, key });
    }
    end({ jobId, status }: { jobId: string; status: string }): void {
      ends.push(`${jobId.split("/").at(-1)}: ${status}`);
    }
  }
  registry.register({ Parent });
  const parents = new Flow({ id: "parents", engine, limits: LIMITS });
  parents.addRoutine(new Parent(), "parent");
  engine.work({ idleMs: 500 });
  const job = await parents.start("parent", {}, { jobId: "job" });
  await timers.advance(5_000);
  assertEquals(await engine.delete("job/1/0/deleted"), true);
  await timers.advance(1_000);
  await job.pause();
  await engine.handle("job/1/0/completed").deliver(answer, {});
  await timers.advance(1_000);
  await job.cancel();
  await timers.advance(5_000);
  await job.redrive();
  await timers.advance(10_000);
  assertEquals([(await job.read()).status, ends.sort()], ["completed", [
    "cancelled: cancelled",
    "completed: completed",
    "deleted: cancelled",
  ]]);
  await engine.close();
});

test("C535 an unread delivery is in the way of an adoption, however deep its data is", async () => {
  const { store, timers, flow } = createProcess();
  await flow.start("asker", {}, { jobId: "job" });
  await flow.handle("job").deliver(answer, DEEP);
  const { flow: next } = createProcess(store, timers, { Asker: Silent });
  const findings = await next.handle("job").adopt({ dryRun: true });
  assertEquals(findings.map(({ code, path }) => [code, path]), [["unread_command", "inbox[1]"]]);
});
