import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { memoryStore } from "../../src/adapters/memory_store.ts";
import { Process } from "../support/workshop.ts";

test("tasks of commits that gathered behind a slow write run when a quick one has stored them", async () => {
  const store = memoryStore();
  const { append } = store;
  let calls = 0;
  store.append = (...args) => ++calls === 2 ? Promise.resolve().then(() => append(...args)) : append(...args);
  const open: (() => void)[] = [];
  const process = new Process({
    store,
    work: async (n, ctx) => {
      await new Promise<void>((resolve) => void open.push(resolve));
      ctx.shared.update("sum", (sum) => Number(sum ?? 0) + n);
      if (n < 10) ctx.emit("item", { n: n * 10 });
    },
  });
  process.flow.connect("worker", "item", "worker", "input");
  const job = process.flow.execute("source", { items: [1, 2] }, {
    strategy: "concurrent",
    maxWorkers: 4,
    jobId: "job",
  });
  await process.settle();
  assertEquals([process.begun, calls], [[1, 2], 1]);
  for (const resolve of open.splice(0)) resolve();
  await process.settle();
  assertEquals(process.begun, [1, 2, 10, 20]);
  for (const resolve of open.splice(0)) resolve();
  await process.settle();
  assertEquals([job.status, job.sharedData], ["completed", { sum: 33 }]);
});
