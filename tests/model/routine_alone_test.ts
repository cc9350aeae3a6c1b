import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Context, Routine } from "../../mod.ts";
import { runRoutine } from "../../src/testing/mod.ts";

class Teller extends Routine {
  readonly trigger = this.addSlot("trigger", this.tell);
  readonly input = this.addSlot("input", this.tell);
  readonly output = this.addEvent<{ n: number }>("output");
  tell({ n }: { n: number }, ctx: Context): void {
    ctx.emit(this.output, { n });
    ctx.emit(this.output, { n: n + 1 });
  }
}

test("C023 a routine that is connected to nothing emits without an error", async () => {
  const teller = new Teller();
  const { job, emitted } = await runRoutine(teller, teller.trigger, { n: 1 });
  assertEquals([job.status, job.error, job.pendingTasks], ["completed", undefined, []]);
  assertEquals(emitted, [{ event: "output", data: { n: 1 } }, { event: "output", data: { n: 2 } }]);
});

test("C081 an event cannot be emitted outside a job; a routine is tried alone by runRoutine, which makes one", async () => {
  const teller = new Teller();
  assertEquals(["emit" in teller, "emit" in teller.output, "receive" in teller.input], [false, false, false]);
  const { job, emitted } = await runRoutine(teller, teller.input, { n: 5 });
  assertEquals(emitted.map(({ data }) => data), [{ n: 5 }, { n: 6 }]);
  assertEquals(job.history().map(({ type }) => type), ["start", "emit", "emit"]);
});
