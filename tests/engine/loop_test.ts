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
