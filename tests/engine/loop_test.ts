import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { Loop } from "../../src/engine/loop.ts";
import { Pacer } from "../../src/engine/pacer.ts";
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

/** A pacer whose macrotasks come when the test says so. */
function pacedBy(budgetMs: number): { readonly pacer: Pacer; readonly macrotask: () => void } {
  const macrotasks: (() => void)[] = [];
  const soon = (callback: () => void) => void macrotasks.push(callback);
  const pacer = new Pacer({ ...manualTimers(), soon }, budgetMs);
  return { pacer, macrotask: () => macrotasks.splice(0).forEach((run) => run()) };
}

test("a budget is spent by work, not by time in which the host's event loop comes round", () => {
  const { pacer, macrotask } = pacedBy(8);
  assertEquals([pacer.isSpent(0), pacer.isSpent(7)], [false, false]);
  macrotask();
  assertEquals([pacer.isSpent(1_000), pacer.isSpent(1_007), pacer.isSpent(1_008)], [false, false, true]);
});

test("whoever must wait for the host's event loop goes on in a slice of its own, which ends likewise", () => {
  const { pacer, macrotask } = pacedBy(8);
  const taken: string[] = [];
  pacer.isSpent(0);
  assertEquals(pacer.isSpent(9), true);
  pacer.defer(() => taken.push("first"));
  pacer.defer(() => taken.push("second"));
  assertEquals(pacer.isSpent(9), true);
  macrotask();
  assertEquals([taken, pacer.isSpent(7)], [["first", "second"], false]);
  macrotask();
  assertEquals([pacer.isSpent(20), pacer.isSpent(27), pacer.isSpent(28)], [false, false, true]);
});
