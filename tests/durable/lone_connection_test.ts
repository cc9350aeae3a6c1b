import { assertEquals } from "@std/assert";
import { test } from "node:test";
import type { Context } from "../../mod.ts";
import { createLatch } from "../support/latch.ts";
import { loneConnectionStore } from "../support/lone_connection_store.ts";
import { StoredFlowProcess, type Work } from "../support/stored_flow_process.ts";
import type { LedgerClient } from "../support/transacting_store.ts";

// Handlers that transact on a store with one connection: nobody waits for himself.

const write = (ctx: Context, line: string) => ctx.transact((client: LedgerClient) => client.write(line));

/** Runs a job with workers, whose handlers begin together. */
async function run(work: Work, items: readonly number[], mode: "strict" | "relaxed" = "strict") {
  const store = loneConnectionStore();
  const process = new StoredFlowProcess({ store, work, durability: { mode } });
  const settings = { strategy: "concurrent", maxWorkers: 4 } as const;
  const job = process.flow.execute("source", { items }, { jobId: "job", ...settings });
  await process.timers.advance(5_000);
  return { store, process, job };
}

for (const mode of ["strict", "relaxed"] as const) {
  test(`C533 steps of a concurrent job beside a transaction are stored with it, ${mode}`, async () => {
    const gate = createLatch();
    const { store, process, job } = await run(
      async (n, ctx) => {
        if (n > 1) return void ctx.shared.set(`n ${n}`, n);
        await write(ctx, `in ${n}`);
        await gate.passed;
      },
      [1, 2, 3],
      mode,
    );
    assertEquals([process.begun, job.status, store.open], [[1, 2, 3], "running", 1]);
    gate.open();
    await process.timers.advance(1_000);
    assertEquals([job.status, store.ledger, store.open], ["completed", ["in 1"], 0]);
    assertEquals((await process.engine.handle("job").read()).status, "completed");
    assertEquals(process.told("store_error"), []);
  });

  test(`C533 several handlers of a job transact one after the other, ${mode}`, async () => {
    const { store, process, job } = await run(
      async (n, ctx) => {
        await write(ctx, `first of ${n}`);
        await ctx.checkpoint();
        await write(ctx, `second of ${n}`);
      },
      [1, 2, 3, 4],
      mode,
    );
    await process.timers.advance(5_000);
    assertEquals([job.status, store.ledger.length, store.open], ["completed", 8, 0]);
    assertEquals(process.told("store_error"), []);
  });

  for (const end of ["failed", "cancelled"] as const) {
    test(`C533 the end of a job whose handler transacts is stored when it has ${end}, ${mode}`, async () => {
      const gate = createLatch();
      const { store, process, job } = await run(
        async (n, ctx) => {
          if (n === 1) return;
          await write(ctx, `in ${n}`);
          await gate.passed;
          throw new RangeError("no");
        },
        [1, 2],
        mode,
      );
      assertEquals([job.status, store.open], ["running", 1]);
      if (end === "cancelled") process.flow.cancel(job);
      else gate.open();
      await process.timers.advance(5_000);
      assertEquals([store.open, store.ledger, job.status], [0, [], end]);
      assertEquals((await process.engine.handle("job").read()).status, end);
      assertEquals(process.told("store_error"), []);
    });
  }
}

test("C533 what comes to a job while its handler transacts waits for it", async () => {
  const gate = createLatch();
  const store = loneConnectionStore();
  const process = new StoredFlowProcess({
    store,
    async work(n, ctx) {
      if (n > 1) return;
      await write(ctx, "in 1");
      await gate.passed;
    },
  });
  const job = process.start([1]);
  await process.settle();
  process.flow.deliver(job, process.flow.slot("worker", "input"), { n: 2 });
  await process.timers.advance(3_000);
  assertEquals([store.open, process.begun], [1, [1]]);
  gate.open();
  await process.timers.advance(3_000);
  assertEquals([job.status, process.begun, store.ledger, store.open], ["completed", [1, 2], ["in 1"], 0]);
  assertEquals(process.told("store_error"), []);
});
