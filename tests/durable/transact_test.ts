import { assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { type Context, StateError } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { createLatch } from "../support/latch.ts";
import { addFunction } from "../support/function_routine.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { type CommitFault, type LedgerClient, transactingStore } from "../support/transacting_store.ts";

const write = (ctx: Context, line: string) => ctx.transact((client: LedgerClient) => client.write(line));

test("what a handler has done in a transaction is committed with its step, by one transaction", async () => {
  const store = transactingStore();
  const seen: unknown[] = [];
  const process = new StoredFlowProcess({
    store,
    async work(n, ctx) {
      await write(ctx, `first of ${n}`);
      seen.push(
        await ctx.transact((client: LedgerClient) => {
          client.write(`second of ${n}`);
          return n * 10;
        }),
      );
      seen.push([...store.ledger], store.open);
    },
  });
  const job = process.start([7]);
  await process.settle();
  assertEquals(job.status, "completed");
  assertEquals(seen, [70, [], 1], "nothing is stored before the step is");
  assertEquals([store.ledger, store.open], [["first of 7", "second of 7"], 0]);
});

test("the start of a job that is taken is stored before its first handler runs statements", async () => {
  for (const mode of ["strict", "relaxed"] as const) {
    const store = transactingStore();
    const gate = createLatch();
    const process = new StoredFlowProcess({
      store,
      durability: { mode },
      work: (_n, ctx) => ctx.transact(() => gate.passed),
    });
    await process.flow.start(process.flow.slot("worker", "input"), { n: 1 }, { jobId: "job" });
    const worker = process.engine.work();
    await process.timers.advance(1_000);
    assertEquals([process.begun, (await store.find("job"))?.status], [[1], "running"], mode);
    gate.open();
    await process.timers.advance(1_000);
    assertEquals((await store.find("job"))?.status, "completed", mode);
    await worker.stop();
  }
});

test("a step does not wait for the statements of a handler that runs them as soon as the step is committed", async () => {
  const [both, statements] = [createLatch(), createLatch()];
  const process = new StoredFlowProcess({
    store: transactingStore(),
    async work(n, ctx) {
      await both.passed;
      if (n === 1) return ctx.output("done", n);
      // The promise of the other handler has been looked at by then.
      await Promise.resolve();
      await ctx.transact(() => statements.passed);
    },
  });
  const outputs: unknown[] = [];
  const job = process.flow.execute("source", { items: [1, 2] }, {
    strategy: "concurrent",
    onOutput: ({ data }) => void outputs.push(data),
  });
  await process.settle();
  both.open();
  await process.settle();
  assertEquals(outputs, [1]);
  statements.open();
  await process.settle();
  assertEquals(job.status, "completed");
});

test("a transaction is rolled back when the handler fails, however it does", async () => {
  const store = transactingStore();
  const fails: Readonly<Record<string, (ctx: Context) => unknown>> = {
    "it throws": () => {
      throw new Error("no");
    },
    "it emits what cannot be stored": (ctx) => ctx.log({ fails: () => {} }),
    "it is cancelled": () => new Promise(() => {}),
  };
  for (const [how, fail] of Object.entries(fails)) {
    const process = new StoredFlowProcess({
      store,
      async work(_n, ctx) {
        await write(ctx, how);
        await fail(ctx);
      },
    });
    const job = process.start([1], how);
    await process.settle();
    if (job.status === "running") process.flow.cancel(job);
    await process.settle();
    assertEquals([store.ledger, store.open], [[], 0], how);
    assertEquals(job.status, how === "it is cancelled" ? "cancelled" : "failed", how);
  }
});

test("when a call fails, what it has done is undone, and the handler may go on", async () => {
  const store = transactingStore();
  const process = new StoredFlowProcess({
    store,
    async work(_n, ctx) {
      await write(ctx, "kept");
      const fail = (client: LedgerClient) => {
        client.write("undone");
        throw new RangeError("no");
      };
      await assertRejects(() => ctx.transact(fail), RangeError, "no");
      await write(ctx, "kept, too");
    },
  });
  const job = process.start([1]);
  await process.settle();
  assertEquals([job.status, store.ledger, store.open], ["completed", ["kept", "kept, too"], 0]);
});

test("each checkpoint commits the transaction that was used since the last one", async () => {
  const store = transactingStore();
  const seen: unknown[] = [];
  const process = new StoredFlowProcess({
    store,
    async work(_n, ctx) {
      await write(ctx, "before");
      await ctx.checkpoint();
      seen.push(...store.ledger, store.open);
      await write(ctx, "after");
      throw new Error("fails after the checkpoint");
    },
  });
  process.start([1]);
  await process.settle();
  assertEquals(seen, ["before", 0]);
  assertEquals([store.ledger, store.open], [["before"], 0]);
});

test("a handler that returns before its transaction is done fails, and one call is awaited before the next", async () => {
  const store = transactingStore();
  const [begun, gate] = [createLatch(), createLatch()];
  const process = new StoredFlowProcess({
    store,
    async work(_n, ctx) {
      const first = ctx.transact(async (client: LedgerClient) => {
        begun.open();
        await gate.passed;
        client.write("late");
      });
      await begun.passed;
      await assertRejects(() => write(ctx, "second"), StateError, "statements of ctx.transact() are being run");
      void first;
    },
  });
  const job = process.start([1]);
  await process.settle();
  assertEquals(job.status, "failed");
  assertEquals(job.failures.map(({ error }) => error.message), [
    'Cannot commit in routine "worker": statements of ctx.transact() are being run; await it before',
  ]);
  assertEquals(store.open, 1, "a transaction does not end while its statements are being run");
  gate.open();
  await process.settle();
  assertEquals([store.ledger, store.open], [[], 0]);
});

test("without a store, or with one that has no transactions, transact is refused", async () => {
  const { flow } = createTestFlow();
  const seen: unknown[] = [];
  addFunction(flow, "alone", async (_data, ctx) => {
    await assertRejects(() => write(ctx, "line"), TypeError, "the job is in no store").then(() => seen.push("refused"));
  });
  await flow.waitForCompletion(flow.execute("alone"));
  assertEquals(seen, ["refused"]);
  const process = new StoredFlowProcess({
    store: memoryStore(),
    work: async (_n, ctx) => await write(ctx, "line"),
  });
  const job = process.start([1]);
  await process.settle();
  assertEquals(job.failures.map(({ error }) => error.message), [
    'Cannot transact in routine "worker": its store has no transactions; that of PostgreSQL has, for instance',
  ]);
});

for (const fault of ["fails", "answer lost"] satisfies CommitFault[]) {
  test(`when nobody knows whether a transaction was committed, it counts once: the commit ${fault}`, async () => {
    const store = transactingStore();
    const begun: number[] = [];
    const process = new StoredFlowProcess({
      store,
      async work(n, ctx) {
        begun.push(n);
        await write(ctx, `line ${n}`);
      },
    });
    process.engine.work({ idleMs: Infinity });
    store.faults.push(fault);
    process.start([1, 2]);
    await process.timers.advance(60_000);
    await process.settle();
    assertEquals((await store.find("job"))?.status, "completed");
    assertEquals(begun, fault === "fails" ? [1, 2, 1, 2] : [1, 2]);
    assertEquals(store.ledger, ["line 1", "line 2"]);
    assertEquals(store.open, 0);
  });
}

test("a handler that is aborted while its transaction is being begun runs no statements", async () => {
  const store = transactingStore();
  const { begin } = store;
  const gate = createLatch();
  store.begin = async () => {
    await gate.passed;
    return await begin();
  };
  const process = new StoredFlowProcess({ store, work: async (_n, ctx) => await write(ctx, "late") });
  const job = process.start([1]);
  await process.settle();
  process.flow.cancel(job);
  await process.settle();
  gate.open();
  await process.settle();
  assertEquals([job.status, store.ledger, store.open], ["cancelled", [], 0]);
});

test("entries that come while a transaction waits for the store are written after it, each transaction by itself", async () => {
  const store = transactingStore();
  const { append } = store;
  const gate = createLatch();
  const writes: unknown[] = [];
  store.append = async (claim, revision, entries, head, within) => {
    if (revision > 0) await gate.passed;
    writes.push([entries.length, within !== undefined]);
    return await append(claim, revision, entries, head, within);
  };
  const process = new StoredFlowProcess({
    store,
    work: async (n, ctx) => n % 2 === 0 ? await write(ctx, `line ${n}`) : undefined,
  });
  const job = process.start([1, 2, 3, 4, 5]);
  await process.settle();
  gate.open();
  await process.settle();
  assertEquals([job.status, store.ledger.toSorted(), store.open], ["completed", ["line 2", "line 4"], 0]);
  assertEquals(writes.filter((it) => JSON.stringify(it).endsWith("true]")).length, 2);
});

test("a transaction that waits to be begun runs nothing when the job is lost", async () => {
  const store = transactingStore();
  const { append } = store;
  const gate = createLatch();
  store.append = async (claim, revision, entries, head, within) => {
    if (revision === 0) return await append(claim, revision, entries, head, within);
    await gate.passed;
    throw new Error("the store is away");
  };
  const process = new StoredFlowProcess({
    store,
    durability: { attempts: 1 },
    work: async (n, ctx) => n > 1 ? await write(ctx, `line ${n}`) : undefined,
  });
  process.start([1, 2, 3]);
  await process.settle();
  gate.open();
  await process.settle();
  await process.timers.advance(1_000);
  assertEquals([process.told("lost").length, store.ledger, store.open], [1, [], 0]);
});

test("transactions that wait for the write of another one are rolled back when the job is lost", async () => {
  const store = transactingStore();
  const { append } = store;
  const [gate, bothOpen] = [createLatch(), createLatch()];
  const writes: number[] = [];
  store.append = async (claim, revision, entries, head, within) => {
    if (within === undefined) return await append(claim, revision, entries, head);
    writes.push(entries.length);
    await gate.passed;
    store.faults.push("fails");
    return await append(claim, revision, entries, head, within);
  };
  const process = new StoredFlowProcess({
    store,
    durability: { attempts: 1 },
    async work(n, ctx) {
      await write(ctx, `line ${n}`);
      if (store.open === 2) bothOpen.open();
      await bothOpen.passed;
    },
  });
  process.flow.execute("source", { items: [1, 2] }, { strategy: "concurrent", maxWorkers: 2 });
  await process.settle();
  assertEquals([writes, store.open], [[1], 2], "one is being written, the other one waits");
  gate.open();
  await process.settle();
  assertEquals([process.told("lost").length, writes, store.ledger, store.open], [1, [1], [], 0]);
});

test("whether a transaction was committed is found out by a store that fails meanwhile, and by one that is ahead", async () => {
  for (const trouble of ["find fails", "release fails", "find is late"]) {
    const store = transactingStore();
    const { append, find } = store;
    const process = new StoredFlowProcess({ store, work: async (n, ctx) => await write(ctx, `line ${n}`) });
    process.engine.work({ idleMs: Infinity });
    store.faults.push(trouble === "find is late" ? "answer lost" : "fails");
    let fails = 1;
    store.find = async (jobId) => {
      const record = await find(jobId);
      if (trouble === "find fails" && fails-- > 0) throw new Error("the store is away");
      return trouble === "find is late" && record !== undefined ? { ...record, revision: record.revision - 1 } : record;
    };
    store.append = async (claim, revision, entries, head, within) => {
      if (trouble === "release fails" && head?.releases === true && fails-- > 0) throw new Error("the store is away");
      return await append(claim, revision, entries, head, within);
    };
    process.start([1]);
    await process.timers.advance(60_000);
    await process.settle();
    assertEquals((await find("job"))?.status, "completed", trouble);
    assertEquals([store.ledger, store.open], [["line 1"], 0], trouble);
  }
});
