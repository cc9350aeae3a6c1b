import { assertEquals, assertGreater, assertRejects } from "@std/assert";
import { test } from "node:test";
import { Flow, Registry, Routine } from "../../mod.ts";
import { manualTimers, simulate, type SimulateOptions } from "../../src/testing/mod.ts";
import { seededRandom } from "../../src/testing/seeded_random.ts";
import { skewedTimers } from "../../src/testing/manual_timers.ts";

test("random numbers from a seed are equal in every runtime, and differ for another seed", () => {
  const numbers = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 6 }, () => random.integer(1_000));
  };
  assertEquals(numbers(1), [627, 2, 527, 981, 968, 281]);
  assertEquals(numbers(-1), numbers(2 ** 32 - 1));
  const random = seededRandom(7);
  const share = Array.from({ length: 10_000 }, () => random.chance(0.25)).filter(Boolean).length / 10_000;
  assertGreater(0.02, Math.abs(share - 0.25));
  assertEquals([random.chance(0), random.chance(1)], [false, true]);
  const { next } = random;
  assertEquals(Array.from({ length: 1_000 }, next).every((it) => it >= 0 && it < 1), true);
});

test("skewed timers fire later or earlier by the skew, never before they are set", async () => {
  const clock = manualTimers(100);
  let skew = 0;
  const shifts: number[] = [];
  const timers = skewedTimers(clock, () => skew, (by) => void shifts.push(by));
  const fired: string[] = [];
  const set = (name: string, at: number, by: number) => {
    skew = by;
    return timers.setTimer(at, () => void fired.push(`${name} at ${timers.now()}`));
  };
  set("on time", 110, 0);
  set("late", 110, 5);
  set("early", 120, -4);
  set("early, as far as it can be", 103, -50);
  set("overdue", 90, -5);
  set("stopped", 110, 1)();
  let isCalled = false;
  timers.soon(() => void (isCalled = true));
  await clock.advance(100);
  assertEquals(fired, [
    "overdue at 100",
    "early, as far as it can be at 100",
    "on time at 110",
    "late at 115",
    "early at 116",
  ]);
  assertEquals([shifts, isCalled], [[-3, 5, -4], true]);
});

test("skewed timers: durations are skewed as instants are; both clocks are those of the host", async () => {
  const clock = manualTimers(100);
  let skew = 0;
  const shifts: number[] = [];
  const timers = skewedTimers(clock, () => skew, (by) => void shifts.push(by));
  const fired: string[] = [];
  for (const [name, ms, by] of [["late", 10, 5], ["early", 20, -4], ["earliest", 3, -50], ["stopped", 9, 1]] as const) {
    skew = by;
    const stop = timers.after(ms, () => void fired.push(`${name} after ${timers.elapsed()}`));
    if (name === "stopped") stop();
  }
  await clock.advance(100);
  assertEquals(fired, ["earliest after 0", "late after 15", "early after 16"]);
  assertEquals([shifts, timers.now(), timers.elapsed()], [[-3, 5, -4], 200, 100]);
});

test("invalid options are refused before the simulation starts", async () => {
  class Idle extends Routine {
    readonly trigger = this.addSlot("trigger", this.rest);
    rest(): void {}
  }
  const flow = new Flow({ id: "idle", registry: new Registry({ Idle }) });
  const idle = flow.addRoutine(new Idle(), "idle");
  const refusals: readonly [Partial<SimulateOptions>, typeof RangeError | typeof TypeError, string][] = [
    [{ seed: 0.5 }, RangeError, "Cannot simulate: seed must be an integer"],
    [{ handlerMs: -1 }, RangeError, "Cannot simulate: handlerMs must be a number of milliseconds, between 0 and"],
    [{ maxSteps: 0 }, RangeError, "Cannot simulate: maxSteps must be an integer of at least 1"],
    [{ faults: { throw: 2 } }, RangeError, "Cannot simulate: faults.throw must be a number, between 0 and 1"],
    [{ faults: { hang: -1 } }, RangeError, "Cannot simulate: faults.hang must be"],
    [{ faults: { abort: NaN } }, RangeError, "Cannot simulate: faults.abort must be"],
    [{ faults: { death: 1.1 } }, RangeError, "Cannot simulate: faults.death must be"],
    [{ faults: { downtimeMs: -1 } }, RangeError, "Cannot simulate: faults.downtimeMs must be"],
    [{ faults: { timerLateMs: -1 } }, RangeError, "Cannot simulate: faults.timerLateMs must be"],
    [{ faults: { timerEarlyMs: -1 } }, RangeError, "Cannot simulate: faults.timerEarlyMs must be"],
    [{ entry: new Idle() }, TypeError, 'is not in flow "idle"'],
    [{ entry: new Idle().trigger }, TypeError, 'is not in flow "idle"'],
    [{ entry: "nobody" }, TypeError, 'routine "nobody" not found in flow "idle"'],
  ];
  for (const [options, Class, message] of refusals) {
    await assertRejects(() => simulate(flow, { entry: idle, seed: 1, ...options }), Class, message);
  }
  const seeds = [0, -5, Number.MAX_SAFE_INTEGER];
  for (const seed of seeds) assertEquals((await simulate(flow, { entry: "idle", seed })).job.status, "completed");
});

test("a flow that cannot be serialized cannot be simulated", async () => {
  class Local extends Routine {
    readonly trigger = this.addSlot("trigger", () => {});
  }
  const flow = new Flow({ id: "local", registry: new Registry({ Local }) });
  const local = flow.addRoutine(new Local(), "local");
  await assertRejects(() => simulate(flow, { entry: local, seed: 1 }), TypeError, "Cannot serialize");
});
