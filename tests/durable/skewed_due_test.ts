import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Context, Engine, Flow, Registry, Routine } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { lateStore } from "../support/late_store.ts";

// A job that is due by the clock of its store, and not by that of the engine that takes it.

class Nap extends Routine {
  readonly trigger = this.addSlot("trigger", this.sleep);
  readonly woken = this.addSlot("woken", this.end);
  readonly wake = this.addEvent<object>("wake");
  end(): void {}
  sleep(_data: object, ctx: Context): void {
    ctx.emit(this.wake, {}, { delayMs: 1_000 });
  }
}

for (const aheadMs of [5, 15, 60, 400]) {
  for (const createStore of [memoryStore, lateStore]) {
    for (const concurrency of [1, 100]) {
      const which = `${aheadMs} ms, ${createStore.name}, at most ${concurrency}`;
      test(`C534 a job that is due by a store that is ahead is not taken again and again: ${which}`, async () => {
        const inner = createStore();
        let takes = 0;
        const store: Store = {
          ...inner,
          async take(query) {
            const answer = await inner.take({ ...query, now: query.now + aheadMs });
            takes += answer.jobs.filter(({ record }) => record.jobId === "job").length;
            if (takes > 1_000) throw new Error("taken again and again");
            return answer;
          },
          nextDueAt: (query) => inner.nextDueAt({ ...query, now: query.now + aheadMs }),
        };
        const timers = manualTimers();
        const registry = new Registry({ Nap });
        const engine = new Engine({ registry, store, timers });
        const flow = new Flow({ id: "nap", registry, engine });
        const nap = flow.addRoutine(new Nap(), "nap");
        flow.connect(nap.wake, nap.woken);
        const job = await flow.start(nap, {}, { jobId: "job" });
        const worker = engine.work({ idleMs: 0, concurrency });
        await timers.advance(1_000 - aheadMs + 1);
        // It makes the worker look, which takes all that is due by the store.
        await flow.start(nap, {}, { jobId: "other" });
        await timers.advance(3_000);
        assertEquals((await job.read()).status, "completed");
        assertEquals(takes, 2, "when it was started, and when it was due");
        await worker.stop();
      });
    }
  }
}
