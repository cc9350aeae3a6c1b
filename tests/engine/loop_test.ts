import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { Loop, Pacer } from "../../src/engine/execution/loop.ts";
import { manualTimers } from "../../src/testing/mod.ts";

test("a loop takes no turn inside another, even when it is told to", () => {
  const turns: string[] = [];
  const loop: Loop = new Loop(
    () => {
      turns.push("turn");
      loop.run();
    },
    () => turns.push("after"),
    new Pacer(manualTimers(), 10),
  );
  loop.run();
  loop.run();
  assertEquals(turns, ["turn", "after", "turn", "after"]);
});

interface Paced {
  readonly pacer: Pacer;
  /** Takes a turn that asks before each of its handlers, and says what it was told. */
  readonly turn: (...instants: readonly [number, ...number[]]) => boolean[];
  /** Lets the host's event loop come round: how many callbacks had been asked for. */
  readonly macrotask: () => Promise<number>;
}

/** A pacer whose macrotasks come when the test says so. */
function pacedBy(budgetMs: number): Paced {
  const timers = manualTimers();
  const macrotasks: (() => void)[] = [];
  const soon = (callback: () => void) => void macrotasks.push(callback);
  const pacer = new Pacer({ ...timers, soon }, budgetMs);
  return {
    pacer,
    turn: (...instants) => {
      pacer.enter({ at: instants[0] });
      return instants.map((at) => pacer.isSpent({ at }));
    },
    macrotask: async () => {
      const due = macrotasks.splice(0);
      for (const run of due) run();
      await timers.flush();
      return due.length;
    },
  };
}

test("a budget is spent by work, not by time in which the host's event loop comes round", async () => {
  const { turn, macrotask } = pacedBy(8);
  assertEquals([turn(0), turn(7)], [[false], [false]]);
  assertEquals(await macrotask(), 1);
  assertEquals([turn(1_000, 1_007, 1_008)], [[false, false, true]]);
});

test("a clock that is set ends a slice early, and lengthens none", async () => {
  const { turn, macrotask } = pacedBy(8);
  assertEquals([turn(1_000, 1_004, 400), await macrotask()], [[false, false, true], 0]);
  assertEquals([turn(400, 407), await macrotask()], [[true, true], 1]);
  assertEquals([turn(407, 414, 9_000)], [[false, false, true]]);
});

test("a single turn asks nothing of the host; the next one counts anew, if it comes late", async () => {
  const { turn, macrotask } = pacedBy(8);
  assertEquals([turn(0, 7), await macrotask()], [[false, false], 0]);
  assertEquals([turn(1_000, 1_007, 1_008), await macrotask()], [[false, false, true], 1]);
  assertEquals([turn(1_009), await macrotask()], [[false], 0]);
});

test("turns in a row, each of them too long, do not keep the host's event loop out", async () => {
  const { turn, macrotask } = pacedBy(8);
  assertEquals([turn(0), turn(10), turn(20), turn(30)], [[false], [false], [true], [true]]);
  assertEquals([await macrotask(), turn(40)], [1, [false]]);
});

test("whoever must wait for the host's event loop goes on in a slice of its own, which ends likewise", async () => {
  const { pacer, turn, macrotask } = pacedBy(8);
  const taken: boolean[] = [];
  assertEquals(turn(0, 9), [false, true]);
  pacer.defer(() => taken.push(...turn(1)));
  pacer.defer(() => taken.push(...turn(2)));
  assertEquals(turn(9), [true]);
  await macrotask();
  assertEquals([taken, turn(7)], [[false, false], [false]]);
  await macrotask();
  assertEquals([turn(20, 27, 28)], [[false, false, true]]);
});

test("a loop that was deferred twice takes one turn after the host's event loop, and a budget is spent until then", async () => {
  const { pacer, turn, macrotask } = pacedBy(8);
  let turns = 0;
  const loop = new Loop(() => void turns++, () => {}, pacer);
  assertEquals([turn(0, 8), loop.isDeferred], [[false, true], false]);
  loop.defer();
  loop.defer();
  assertEquals([loop.isDeferred, turn(1), turns], [true, [true], 0]);
  await macrotask();
  assertEquals([loop.isDeferred, turn(1), turns], [false, [false], 1]);
});

test("a slice ends after very many handlers, though the clock stands still", async () => {
  const { pacer, turn, macrotask } = pacedBy(8);
  assertEquals(Array.from({ length: 16_384 }, () => pacer.isSpent({ at: 0 })).includes(true), false);
  assertEquals(turn(0), [true]);
  pacer.defer(() => {});
  await macrotask();
  assertEquals(turn(0), [false]);
});

test("a turn that throws leaves its loop at rest: whoever wakes it gets another", async () => {
  const turns: string[] = [];
  const loop = new Loop(
    () => {
      turns.push("turn");
      if (turns.length === 1) throw new RangeError("a defect");
    },
    () => turns.push("after"),
    new Pacer(manualTimers(), 10),
  );
  assertThrows(() => loop.run(), RangeError);
  assertEquals(loop.isRunning, false);
  loop.wake();
  loop.wake();
  await Promise.resolve();
  assertEquals(turns, ["turn", "turn", "after"]);
});

test("what passes goes on at once, and in a macrotask when the slice is used up", async () => {
  const { pacer, macrotask } = pacedBy(8);
  const seen: number[] = [];
  const pass = (at: number) => pacer.pass({ at }, () => seen.push(at));
  pass(0);
  pass(7);
  assertEquals(seen, [0, 7]);
  pass(8);
  assertEquals(seen, [0, 7]);
  await macrotask();
  assertEquals(seen, [0, 7, 8]);
});

test("whoever breathes waits for a macrotask when the slice is used up, and not behind those that wait", async () => {
  let now = 0;
  const macrotasks: (() => void)[] = [];
  const soon = (callback: () => void) => void macrotasks.push(callback);
  const pacer = new Pacer({ ...manualTimers(), now: () => now, soon }, 8);
  await pacer.breathe();
  await pacer.breathe();
  now = 8;
  const seen: string[] = [];
  pacer.defer(() => seen.push("deferred"));
  const breath = pacer.breathe().then(() => seen.push("breathed"));
  await Promise.resolve();
  assertEquals(seen, []);
  macrotasks.at(-1)?.();
  await breath;
  assertEquals(seen, ["breathed"]);
});
