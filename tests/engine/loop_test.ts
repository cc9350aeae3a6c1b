import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { Loop } from "../../src/engine/execution/loop.ts";
import { Pacer } from "../../src/engine/execution/pacer.ts";
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
      return instants.map((at) => pacer.isSpent({ at }, 1));
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

test("whoever must wait for the host's event loop must still when it asks again in the same moment", async () => {
  const { pacer, macrotask } = pacedBy(8);
  const loop = new Loop(() => {}, () => {}, pacer);
  const late = { at: 8 };
  assertEquals([{ at: 0 }, late, late].map((time) => loop.mustYield(time)), [false, true, true]);
  await macrotask();
  assertEquals(loop.mustYield({ at: 1 }), false);
});
