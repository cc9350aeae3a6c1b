import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { type CriticalOptions, type JobState, StateError } from "../../mod.ts";
import { addAct } from "../support/act.ts";
import { createWorld, type World } from "../support/world.ts";

/** A flow whose critical entry fails `times` times; `attempts` are the instants at which it was called. */
function createCritical(times: number, options: CriticalOptions): World & { readonly attempts: number[] } {
  const world = createWorld();
  const attempts: number[] = [];
  addAct(world.flow, "entry", (_data, ctx) => {
    attempts.push(ctx.now());
    if (ctx.attempt < times) throw new Error(`attempt ${ctx.attempt}`);
  }).setAsCritical(options);
  return { ...world, attempts };
}

async function finish({ flow, timers }: World): Promise<JobState> {
  const job = flow.execute("entry");
  while (await timers.advanceToNext());
  return job;
}

test("C171 C172 C173 a critical routine that fails and then succeeds leaves a completed job", async () => {
  const cases: readonly (readonly [number, CriticalOptions, readonly number[]])[] = [
    [2, { maxRetries: 5 }, [0, 1_000, 3_000]],
    [1, { maxRetries: 3 }, [0, 1_000]],
    [1, { maxRetries: 3, retryDelayMs: 200, retryBackoff: 1.5 }, [0, 200]],
    [3, { maxRetries: 3, retryDelayMs: 200, retryBackoff: 1.5 }, [0, 200, 500, 950]],
  ];
  for (const [times, options, instants] of cases) {
    const world = createCritical(times, options);
    const job = await finish(world);
    assertEquals([job.status, world.attempts], ["completed", [...instants]]);
    assertEquals([job.routineStates.entry?.status, job.retryCount("entry"), job.error], [
      "completed",
      times,
      undefined,
    ]);
  }
});

test("C174 a critical routine that always fails fails its job once the retries are spent", async () => {
  const world = createCritical(Infinity, { maxRetries: 2 });
  const job = await finish(world);
  assertEquals([job.status, job.routineStates.entry?.status], ["failed", "failed"]);
  assertEquals([world.attempts, job.retryCount("entry"), job.error?.message], [[0, 1_000, 3_000], 2, "attempt 2"]);
});

test("C125 once its retries are spent a job stays failed: nothing puts it back to running behind its back", async () => {
  const world = createCritical(Infinity, { maxRetries: 1 });
  const job = await finish(world);
  const before = JSON.stringify(job);
  assertThrows(() => Object.assign(job, { status: "running" }), TypeError);
  assertThrows(() => world.flow.resume(job), StateError);
  assertThrows(() => world.flow.deliver(job, "entry", "trigger", {}), StateError);
  assertEquals(await world.flow.waitForCompletion(job), true);
  await world.timers.advance(1_000_000);
  assertEquals([job.status, JSON.stringify(job), world.attempts.length], ["failed", before, 2]);
});
