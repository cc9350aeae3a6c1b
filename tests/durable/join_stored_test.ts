import { assertEquals } from "@std/assert";
import { test } from "node:test";
import type { Context } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { createLatch } from "../support/latch.ts";
import { lateStore } from "../support/late_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

// `execute` and `run` of an id that the store has: the caller follows the one job there is, whoever of its own engine is taking it.

const STORES: Readonly<Record<string, () => Store>> = { "at once": memoryStore, "later": lateStore };

/** More turns than a worker takes to find a job, to claim it and to take it up. */
const TURNS = 45;

for (const [when, createStore] of Object.entries(STORES)) {
  test(`C538 whoever executes a stored job follows it to its end, at whatever moment a worker takes it, with a store that answers ${when}`, async () => {
    for (let turn = 0; turn < TURNS; turn++) {
      const latch = createLatch();
      const work = async (n: number, ctx: Context) => {
        await latch.passed;
        ctx.output("done", { n });
      };
      const process = new StoredFlowProcess({ store: createStore(), work });
      const outputs: unknown[] = [];
      await process.flow.start("source", { items: [1] }, { jobId: "job" });
      const worker = process.engine.work();
      for (let i = 0; i < turn; i++) await Promise.resolve();
      const run = process.flow.run("source", { items: [7] }, {
        jobId: "job",
        onOutput: ({ data }) => void outputs.push(data),
      });
      await process.settle();
      latch.open();
      const job = await run;
      const told = process.events.filter(({ type }) => type === "lost" || type.endsWith("error")).map(({ type }) =>
        type
      );
      const { status } = await process.engine.handle("job").read();
      assertEquals(
        { turn, status: job.status, stored: status, begun: process.begun, outputs, told },
        { turn, status: "completed", stored: "completed", begun: [1], outputs: [{ n: 1 }], told: [] },
      );
      await worker.stop();
    }
  });

  test(`C538 a stored job that nobody has taken goes on where it is executed, with a store that answers ${when}`, async () => {
    const process = new StoredFlowProcess({ store: createStore() });
    await process.flow.start("source", { items: [1, 2] }, { jobId: "job" });
    const { status, sharedData } = await process.flow.run("source", {}, { jobId: "job" });
    assertEquals([status, sharedData["sum"], process.begun], ["completed", 3, [1, 2]]);
  });
}
