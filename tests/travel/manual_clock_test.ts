import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Context, Routine } from "../../mod.ts";
import { createTestFlow } from "../support/test_flow.ts";

test("the manual clock lets a handler finish that needs no time, however many turns it takes, before it goes on", async () => {
  const seen: number[] = [];
  class Slow extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly input = this.addSlot("input", this.work);
    readonly output = this.addEvent("output");
    send(_data: unknown, ctx: Context): void {
      ctx.emit(this.output, {}, { delayMs: 100 });
    }
    async work(_data: unknown, ctx: Context): Promise<void> {
      for (let turns = 0; turns < 50; turns++) await Promise.resolve();
      seen.push(ctx.now());
    }
  }
  const { timers, flow } = createTestFlow();
  const slow = flow.addRoutine(new Slow(), "slow");
  flow.connect(slow.output, slow.input);
  const job = flow.execute(slow.trigger);
  await timers.advance(1_000);
  assertEquals([seen, job.status], [[100], "completed"]);
});
