import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Context, type ExecutionStrategy, Routine } from "../../mod.ts";
import type { ManualTimers } from "../../src/testing/mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { createTestFlow } from "../support/test_flow.ts";

function rest(timers: ManualTimers, ms: number): Promise<void> {
  return new Promise((resolve) => timers.setTimer(timers.now() + ms, resolve));
}

test("C101 an entry of 100 ms and three consumers of 200 ms take 300 ms; execute returns before any of it", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent" });
  const seen: string[] = [];
  addFunction(flow, "entry", async (_data, ctx) => {
    await rest(timers, 100);
    ctx.emit("output", {});
  });
  for (const id of ["a", "b", "c"]) {
    addFunction(flow, id, async () => {
      await rest(timers, 200);
      seen.push(`${id} at ${timers.now()}`);
    });
  }
  link(flow, "entry", "a", "b", "c");
  const job = flow.execute("entry");
  assertEquals([job.status, timers.now()], ["running", 0]);
  await timers.advance(299);
  assertEquals([job.status, seen], ["running", []]);
  await timers.advance(1);
  assertEquals([job.status, seen], ["completed", ["a at 300", "b at 300", "c at 300"]]);
});

test("C102 three events reach three consumers of 100 ms, which work at the same time", async () => {
  class Three extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly a = this.addEvent<{ n: number }>("a");
    readonly b = this.addEvent<{ n: number }>("b");
    readonly c = this.addEvent<{ n: number }>("c");
    send(_params: unknown, ctx: Context): void {
      for (const [index, event] of [this.a, this.b, this.c].entries()) ctx.emit(event, { n: index });
    }
  }
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent" });
  const seen: string[] = [];
  const three = flow.addRoutine(new Three(), "three");
  for (const id of ["a", "b", "c"] as const) {
    const consumer = addFunction(flow, `consumer ${id}`, async ({ n }: { n: number }) => {
      await rest(timers, 100);
      seen.push(`${id} ${n} at ${timers.now()}`);
    });
    flow.connect(three[id], consumer.trigger);
  }
  const job = flow.execute(three.trigger);
  assertEquals([job.status, timers.now()], ["running", 0]);
  await timers.advance(100);
  assertEquals([job.status, seen], ["completed", ["a 0 at 100", "b 1 at 100", "c 2 at 100"]]);
});

/** When a job with five consumers of 100 ms each has completed. */
async function fiveConsumers(executionStrategy: ExecutionStrategy, maxWorkers: number): Promise<number> {
  const { flow, timers } = createTestFlow({ executionStrategy, maxWorkers });
  const ids = ["a", "b", "c", "d", "e"];
  addSource(flow, "source", [{}]);
  for (const id of ids) addFunction(flow, id, () => rest(timers, 100));
  link(flow, "source", ...ids);
  const job = flow.execute("source");
  await timers.flush();
  while (job.status === "running" && await timers.advanceToNext());
  assertEquals([job.status, ids.map((id) => job.routineStates[id]?.status)], ["completed", Array(5).fill("completed")]);
  return timers.now();
}

test("C103 five consumers of 100 ms take 100 ms with five workers, 300 ms with two and 500 ms in sequence", async () => {
  assertEquals(await fiveConsumers("concurrent", 5), 100);
  assertEquals(await fiveConsumers("concurrent", 2), 300);
  assertEquals(await fiveConsumers("sequential", 1), 500);
});
