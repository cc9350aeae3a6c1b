import { test } from "node:test";
import { assertEquals } from "@std/assert";
import {
  type Context,
  Engine,
  ErrorHandler,
  type ErrorStrategy,
  Flow,
  JobState,
  Registry,
  Routine,
} from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { lateStore } from "../support/late_store.ts";

// A task that has failed may be put back, and ask then. What has come for it meanwhile is its answer: nobody would send it again.

/** Mails a question, fails before it has asked for the answer as long as the server is down, and is open until it is told to close. */
class Clerk extends Routine {
  readonly trigger = this.addSlot("trigger", this.ask);
  readonly answer = this.addSlot("answer", this.take);
  async ask(_: unknown, ctx: Context): Promise<void> {
    await Promise.resolve();
    if (Reflect.get(ctx.services, "isDown") === true) throw new Error("the server is down");
    ctx.expect(this.answer, { timeoutMs: 1_000 });
  }
  take(data: string, ctx: Context): void {
    ctx.output("answer", data);
  }
}

/** Keeps its job open until something comes. */
class Door extends Routine {
  readonly trigger = this.addSlot("trigger", this.open);
  readonly close = this.addSlot("close", this.end);
  readonly opened = this.addEvent<object>("opened");
  open(_: unknown, ctx: Context): void {
    ctx.emit(this.opened, {});
    ctx.expect(this.close);
  }
  end(): void {}
}

interface OfficeOptions {
  readonly isDown: boolean;
  readonly strategy?: ErrorStrategy;
  readonly timers?: ReturnType<typeof manualTimers>;
  readonly store?: Store;
}

function createOffice({ isDown, strategy = "continue", timers = manualTimers(), ...stored }: OfficeOptions) {
  const registry = new Registry({ Clerk, Door });
  const engine = new Engine({ timers, ids: manualIds(String(isDown)), registry, services: { isDown }, ...stored });
  const flow = new Flow({ id: "office", engine, registry, errorHandler: new ErrorHandler({ strategy }) });
  const clerk = flow.addRoutine(new Clerk(), "clerk");
  const door = flow.addRoutine(new Door(), "door");
  flow.connect(door.opened, clerk.trigger);
  return { engine, flow, clerk, door, timers, registry };
}

for (const strategy of ["stop", "continue"] as const) {
  test(`C512 an answer that comes before its asker has failed counts when that is put back, with ${strategy}`, async () => {
    const { flow, clerk, timers } = createOffice({ isDown: true, strategy });
    const before = flow.execute(clerk.trigger);
    flow.deliver(before, clerk.answer, "yes");
    await timers.flush();
    assertEquals([before.failures.length, before.toJSON().arrivals], [1, { clerk: { answer: [2] } }]);

    const later = createOffice({ isDown: false, strategy });
    const job = JobState.fromText(before.toText(), later.registry);
    later.flow.resume(job, { redrive: true });
    await later.timers.flush();
    assertEquals([job.status, job.outputLog.length, job.toJSON().arrivals], ["completed", 1, undefined]);
  });
}

test("C512 an answer that comes after its asker has failed counts when that is put back", async () => {
  const { flow, clerk, door, timers } = createOffice({ isDown: true });
  const before = flow.execute(door.trigger);
  await timers.flush();
  flow.deliver(before, clerk.answer, "yes");
  flow.deliver(before, door.close, {});
  await timers.flush();
  assertEquals([before.status, before.failures.length], ["completed", 1]);

  const later = createOffice({ isDown: false });
  const job = JobState.fromText(before.toText(), later.registry);
  later.flow.resume(job, { redrive: true });
  await later.timers.flush();
  assertEquals([job.status, job.outputLog.length, job.toJSON().arrivals], ["completed", 1, undefined]);
});

test("C512 nobody is answered by what has come for a task that was handled, discarded, or starts over with other data", async () => {
  for (const how of ["handled", "discarded", "other data"]) {
    const { flow, clerk, door, timers } = createOffice({ isDown: true });
    if (how === "handled") flow.connectFailure(clerk.trigger, door.close);
    const before = flow.execute(door.trigger);
    await timers.flush();
    flow.deliver(before, clerk.answer, "yes");
    await timers.flush();
    if (how === "discarded") {
      await flow.pause(before);
      flow.discard(before, true);
      flow.resume(before);
    }
    flow.deliver(before, clerk.trigger, {});
    flow.deliver(before, door.close, {});
    await timers.flush();
    assertEquals(before.toJSON().arrivals !== undefined, how === "other data", how);
    const [{ id: taskId } = { id: 0 }] = before.failures.map(({ task }) => task);

    const later = createOffice({ isDown: false });
    if (how === "handled") later.flow.connectFailure(later.clerk.trigger, later.door.close);
    const job = JobState.fromText(before.toText(), later.registry);
    later.flow.resume(job, { redrive: how === "other data" ? [{ taskId, data: {} }] : [taskId] });
    await later.timers.flush();
    assertEquals([job.status, job.awaiting.map(({ routine, slot }) => `${routine}.${slot}`)], ["running", [
      "clerk.answer",
    ]], how);
  }
});

test("C512 an early answer counts in a job with very many failures, too", async () => {
  const { flow, clerk, door, timers } = createOffice({ isDown: true });
  const before = flow.execute(door.trigger);
  for (let n = 0; n < 120; n++) flow.deliver(before, clerk.trigger, {});
  await timers.flush();
  await flow.pause(before);

  const later = createOffice({ isDown: false });
  const job = JobState.fromText(before.toText(), later.registry);
  later.flow.deliver(job, later.clerk.trigger, {});
  later.flow.deliver(job, later.clerk.answer, "yes");
  later.flow.deliver(job, later.door.close, {});
  later.flow.resume(job);
  await later.timers.flush();
  assertEquals([job.status, job.failures.length, job.outputLog.length], ["completed", 121, 1]);
});

test("C512 an answer that was stored before its asker has failed counts when that is put back by another process", async () => {
  const store = lateStore();
  const down = createOffice({ isDown: true, strategy: "stop", store });
  const { timers } = down;
  const handle = await down.flow.start("clerk", {}, { jobId: "letter" });
  await handle.deliver({ routine: "clerk", slot: "answer" }, "yes");
  const broken = down.engine.work();
  await timers.advance(5_000);
  await broken.stop();
  await down.engine.shutdown();
  assertEquals((await handle.read()).status, "failed");

  const up = createOffice({ isDown: false, strategy: "stop", store, timers });
  const worker = up.engine.work();
  const redriven = up.flow.handle("letter").redrive();
  await timers.advance(5_000);
  await redriven;
  const { status, outputLog } = await up.flow.handle("letter").read();
  assertEquals([status, outputLog.map(({ data }) => data)], ["completed", ["yes"]]);
  await worker.stop();
  await up.engine.close();
});
