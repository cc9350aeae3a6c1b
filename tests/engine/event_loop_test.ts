import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Context, Engine, Flow, Routine } from "../../mod.ts";

/** Far more than any host runs before a timer of 0 ms that it does not starve. */
const MOST = 3_000_000;

test("C488 a job that never waits lets the host's timers fire", { timeout: 120_000 }, async () => {
  let hasFired = false;
  let count = 0;
  class Busy extends Routine {
    readonly trigger = this.addSlot("trigger", this.work);
    *work(_data: unknown, _ctx: Context): Generator<undefined, void, void> {
      while (!hasFired && count < MOST) {
        count++;
        yield;
      }
    }
  }
  const flow = new Flow({ id: "busy", engine: new Engine() });
  const busy = flow.addRoutine(new Busy(), "busy");
  setTimeout(() => hasFired = true, 0);
  const job = await flow.run(busy.trigger);
  assertEquals([job.status, hasFired, count < MOST], ["completed", true, true]);
});
