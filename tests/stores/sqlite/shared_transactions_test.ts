import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Context, Registry, Routine, type Timers } from "../../../mod.ts";
import { sqliteStore } from "../../../src/stores/sqlite_store.ts";
import * as statements from "../../../src/stores/sqlite_kit/statements.ts";
import { manualTimers } from "../../../src/testing/mod.ts";
import { createLatch } from "../../support/latch.ts";
import { recordDatabase } from "../../support/recorded_database.ts";
import { createTestFlow } from "../../support/test_flow.ts";

class Countdown extends Routine {
  readonly trigger = this.addSlot("trigger", this.count);
  readonly next = this.addEvent<{ n: number }>("next");
  count({ n }: { n: number }, ctx: Context): void {
    if (n > 1) ctx.emit(this.next, { n: n - 1 });
  }
}

test("jobs that run in turn share transactions, even across turns of the event loop", async () => {
  const { database, ran } = recordDatabase();
  const registry = new Registry({ Countdown });
  const timers = manualTimers();
  // Each reading of the clock advances it by a millisecond, so that slices end.
  let looks = 0;
  const clock: Timers = { ...timers, now: () => looks++ };
  const { flow } = createTestFlow({ registry }, { registry, store: sqliteStore(database), timers: clock, sliceMs: 50 });
  const countdown = flow.addRoutine(new Countdown(), "countdown");
  flow.connect(countdown.next, countdown.trigger);
  const jobs = Array.from({ length: 50 }, () => flow.execute(countdown.trigger, { n: 20 }));
  await timers.flush();
  assertEquals(new Set(jobs.map(({ status }) => status)), new Set(["completed"]));
  const entries = ran.filter((sql) => sql === statements.ADD_FENCED_ENTRY);
  // A statement outside of a transaction is its own transaction.
  const transactions = ran.join(";").replaceAll(/BEGIN.*?;COMMIT/gs, "transaction").split(";");
  assert(transactions.length * 10 < entries.length, `${entries.length} entries, ${transactions.length} transactions`);
});

test("jobs that a worker takes together begin in shared transactions, though their handlers take long", async () => {
  const { database, ran } = recordDatabase();
  const { passed, open } = createLatch();
  let begun = 0;
  class Slow extends Routine {
    readonly trigger = this.addSlot("trigger", this.wait);
    async wait(): Promise<void> {
      begun++;
      await passed;
    }
  }
  const registry = new Registry({ Slow });
  const timers = manualTimers();
  const { engine, flow } = createTestFlow({ registry }, { registry, store: sqliteStore(database), timers });
  flow.addRoutine(new Slow(), "slow");
  await flow.startMany("slow", Array.from({ length: 200 }, () => ({ params: {} })));
  ran.length = 0;
  engine.work({ concurrency: 200 });
  while (begun < 200) await timers.advance(1);
  const commits = ran.filter((sql) => sql === "COMMIT").length;
  assert(commits <= 50, `${commits} transactions`);
  open();
  await timers.flush();
  assertEquals(await engine.count({ status: "completed" }), 200);
  await engine.close();
});
