import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { type Context, Engine, ErrorHandler, Routine, type Timers } from "../../mod.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { createTestFlow } from "../support/test_flow.ts";

const HOUR = 3_600_000;
const NOON = 12 * HOUR;

const endless = () => new Promise<void>(() => {});

/** A flow at noon, whose clock is set to some time before or after, while things wait. */
function flowAtNoon(options: Parameters<typeof createTestFlow>[0] = {}) {
  const timers = manualTimers(NOON);
  return { ...createTestFlow(options, { timers }), timers };
}

const SETS: readonly (readonly [string, number])[] = [["set back", -HOUR], ["set forward", HOUR]];

for (const [how, by] of SETS) {
  test(`C505 the clock is ${how}: timeouts of slots and jobs, grace and waits take as long as they were given`, async () => {
    const { flow, timers } = flowAtNoon();
    class Hanging extends Routine {
      readonly limited = this.addSlot("limited", endless, { timeoutMs: 100 });
      readonly free = this.addSlot("free", endless);
    }
    const hanging = flow.addRoutine(new Hanging(), "hanging");
    const limited = flow.execute(hanging.limited);
    const timed = flow.execute(hanging.free, {}, { timeoutMs: 100 });
    const paused = flow.execute(hanging.free);
    const awaited = flow.execute(hanging.free);
    const told: string[] = [];
    await timers.flush();
    void flow.pause(paused, { graceMs: 100 }).then(() => told.push("paused"));
    void flow.waitForCompletion(awaited, { timeoutMs: 100 }).then((hasEnded) => told.push(`ended: ${hasEnded}`));
    await timers.setClock(timers.now() + by);
    await timers.advance(99);
    assertEquals([limited, timed, paused].map(({ status }) => status), ["running", "running", "running"]);
    assertEquals(told, []);
    await timers.advance(1);
    assertEquals([limited, timed, paused].map(({ status }) => status), ["failed", "failed", "paused"]);
    assertEquals(told.toSorted(), ["ended: false", "paused"]);
  });

  test(`the clock is ${how}: a job has worked for as long as time has passed`, async () => {
    const { flow, timers } = flowAtNoon({ executionTimeoutMs: 1_000 });
    addFunction(flow, "act", async (n: number, ctx) => {
      await new Promise<void>((resolve) => void timers.after(40, resolve));
      if (n < 3) ctx.emit("output", n + 1, { delayMs: 10 });
    });
    link(flow, "act", "act");
    const job = flow.execute("act", 1);
    await timers.advance(20);
    await timers.setClock(timers.now() + by);
    await timers.advance(200);
    assertEquals([job.status, job.toJSON().ranMs], ["completed", 120]);
  });
}

test("C505 the clock is set back: retries, delays and deadlines come no later, those asked for before and after alike", async () => {
  const { flow, timers } = flowAtNoon({
    errorHandler: new ErrorHandler({ strategy: "retry", jitter: 0, retryDelayMs: 100 }),
  });
  const seen: string[] = [];
  const note = (text: string) => void seen.push(`${text} at ${timers.elapsed()}`);
  addFunction(flow, "retried", (_data, ctx) => {
    note(`attempt ${ctx.attempt}`);
    if (ctx.attempt === 0) throw new Error("not now");
  });
  class Waiting extends Routine {
    readonly trigger = this.addSlot("trigger", this.wait);
    readonly answer = this.addSlot("answer", () => {});
    readonly later = this.addTimer<{ name: string }>("later", this.note);
    wait({ name }: { name: string }, ctx: Context): void {
      ctx.expect("answer", { timeoutMs: 5_000 });
      ctx.emit(this.later, { name: `${name}, first` }, { delayMs: 1_000 });
      ctx.emit(this.later, { name: `${name}, second` }, { delayMs: 2_000 });
    }
    note({ name }: { name: string }): void {
      note(name);
    }
  }
  const waiting = flow.addRoutine(new Waiting(), "waiting");
  const retried = flow.execute("retried");
  const job = flow.execute(waiting.trigger, { name: "before" });
  await timers.advance(10);
  await timers.setClock(timers.now() - HOUR);
  await timers.advance(490);
  flow.deliver(job, waiting.trigger, { name: "after" });
  await timers.advance(10_000);
  assertEquals(seen, [
    "attempt 0 at 0",
    "attempt 1 at 100",
    "before, first at 1000",
    "after, first at 1500",
    "before, second at 2000",
    "after, second at 2500",
  ]);
  assertEquals([retried.status, job.status, job.error?.name], ["completed", "failed", "TimeoutError"]);
});

test("the clock is set back and forward again: what waits comes neither later nor earlier for it", async () => {
  const { flow, timers } = flowAtNoon();
  const seen: number[] = [];
  addSource(flow, "source", [{}, {}], { delayMs: 1_000 });
  addFunction(flow, "sink", () => void seen.push(timers.elapsed()));
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.advance(100);
  await timers.setClock(timers.now() - HOUR);
  flow.deliver(job, flow.slot("source", "trigger"), {});
  await timers.advance(100);
  await timers.setClock(timers.now() + HOUR);
  await timers.advance(5_000);
  assertEquals(seen, [200, 200, 1_000, 1_000]);
});

test("C505 the clock is set forward, or the machine sleeps: what is due by then is done, and the sleep is no work", async () => {
  const { flow, timers } = flowAtNoon({ executionTimeoutMs: 60_000 });
  const seen: number[] = [];
  addSource(flow, "source", [{}], { delayMs: HOUR });
  addFunction(flow, "sink", () => void seen.push(timers.elapsed()));
  link(flow, "source", "sink");
  addFunction(flow, "busy", () => new Promise<void>((resolve) => void timers.after(50, resolve)));
  const [waiting, working] = [flow.execute("source"), flow.execute("busy")];
  await timers.advance(20);
  await timers.setClock(timers.now() + 2 * HOUR);
  assertEquals([waiting.status, seen], ["completed", [20]]);
  await timers.advance(30);
  assertEquals([working.status, working.toJSON().ranMs], ["completed", 50]);
});

test("a small correction of the clock is none: a delay ends at its instant", async () => {
  const { flow, timers } = flowAtNoon();
  const seen: number[] = [];
  addSource(flow, "source", [{}], { delayMs: 5_000 });
  addFunction(flow, "sink", (_data, ctx) => void seen.push(ctx.now()));
  link(flow, "source", "sink");
  flow.execute("source");
  await timers.advance(10);
  await timers.setClock(timers.now() - 500);
  await timers.advance(10_000);
  assertEquals(seen, [NOON + 5_000]);
});

test("an engine refuses timers without one of their methods, by its name", () => {
  for (const name of ["now", "elapsed", "setTimer", "after", "soon"] as const) {
    const timers: Timers = { ...manualTimers() };
    Reflect.deleteProperty(timers, name);
    const message = `Cannot create engine: timers.${name} must be a function, current value is undefined`;
    assertThrows(() => new Engine({ timers }), TypeError, message);
  }
});
