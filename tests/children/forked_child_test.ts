import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { forkStored } from "../../src/stored_fork.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { FamilyProcess } from "../support/family_process.ts";
import { lateStore } from "../support/late_store.ts";

// A job that is forked from a child is nobody's: the parent waits for the other one.

const CHILD = "job/1/0/0";

for (const [name, createStore] of [["at once", memoryStore], ["later", lateStore]] as const) {
  for (const what of ["with", "without"]) {
    test(`C563 the end of what was forked from a child, ${what} its classes, is not told to the parent, with a store that answers ${name}`, async () => {
      const { timers, store, engine, flow, child, ends } = new FamilyProcess(manualTimers(), {
        store: createStore(),
        work: (_, ctx) => ctx.expect("answer"),
      });
      engine.work();
      const job = await flow.start("sum", { items: [1] }, { jobId: "job" });
      await timers.advance(2_000);
      if (what === "with") await engine.fork(CHILD, 1, { jobId: "fork" });
      else {
        const stored = await store.load(CHILD);
        assert(stored !== undefined);
        await forkStored(store, stored, 1, { jobId: "fork", ids: manualIds("fork"), now: timers.now() });
      }
      await timers.advance(2_000);
      await child.handle("fork").deliver({ routine: "square", slot: "answer" }, { n: 3 });
      await timers.advance(2_000);
      assertEquals([(await child.handle("fork").read()).result, (await store.find("job"))?.sent], [3, 0]);
      await child.handle(CHILD).deliver({ routine: "square", slot: "answer" }, { n: 4 });
      await timers.advance(2_000);
      assertEquals([(await job.read()).result, ends.map(({ jobId }) => jobId)], [4, [CHILD]]);
    });
  }
}
