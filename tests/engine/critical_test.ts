import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { type CriticalOptions, type JobState, StateError } from "../../mod.ts";
import { addFunction } from "../support/function_routine.ts";
import { createTestFlow, type TestFlow } from "../support/test_flow.ts";

/** A flow whose critical entry fails `times` times; `attempts` are the instants at which it was called. */
function createCritical(times: number, options: CriticalOptions): TestFlow & { readonly attempts: number[] } {
  const setup = createTestFlow();
  const attempts: number[] = [];
  addFunction(setup.flow, "entry", (_data, ctx) => {
    attempts.push(ctx.now());
    if (ctx.attempt < times) throw new Error(`attempt ${ctx.attempt}`);
  }).setAsCritical(options);
  return { ...setup, attempts };
}

/** Whether the delays between attempts are as they would be without jitter, or up to a fifth shorter. */
function areDelayed(attempts: readonly number[], instants: readonly number[]): boolean {
  return attempts.length === instants.length && attempts.every((at, i) => {
    if (i === 0) return at === instants[0];
    const [delay, most] = [at - (attempts[i - 1] ?? 0), (instants[i] ?? 0) - (instants[i - 1] ?? 0)];
    return 0.8 * most <= delay && delay <= most;
  });
}

async function finish({ flow, timers }: TestFlow): Promise<JobState> {
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
    const setup = createCritical(times, options);
    const job = await finish(setup);
    assertEquals([job.status, areDelayed(setup.attempts, instants)], ["completed", true], `${setup.attempts}`);
    assertEquals([job.routineStates.entry?.status, job.retryCount("entry"), job.error], [
      "completed",
      times,
      undefined,
    ]);
  }
});

test("C174 a critical routine that always fails fails its job once the retries are spent", async () => {
  const setup = createCritical(Infinity, { maxRetries: 2 });
  const job = await finish(setup);
  assertEquals([job.status, job.routineStates.entry?.status], ["failed", "failed"]);
  assertEquals([job.retryCount("entry"), job.error?.message], [2, "attempt 2"]);
  assertEquals(areDelayed(setup.attempts, [0, 1_000, 3_000]), true, `${setup.attempts}`);
});

test("C125 once its retries are spent a job stays failed: nothing puts it back to running behind its back", async () => {
  const setup = createCritical(Infinity, { maxRetries: 1 });
  const job = await finish(setup);
  const before = JSON.stringify(job);
  assertThrows(() => Object.assign(job, { status: "running" }), TypeError);
  assertThrows(() => setup.flow.resume(job), StateError);
  assertThrows(() => setup.flow.deliver(job, "entry", "trigger", {}), StateError);
  assertEquals(await setup.flow.waitForCompletion(job), true);
  await setup.timers.advance(1_000_000);
  assertEquals([job.status, JSON.stringify(job), setup.attempts.length], ["failed", before, 2]);
});
