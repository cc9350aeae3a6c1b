import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { exportJobs } from "../../src/cli/export_jobs.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { sampleJob } from "../../src/testing/store_contract/sample_jobs.ts";

test("C536 an export asks for several jobs at once, and for no more than it needs next", async () => {
  const inner = memoryStore();
  for (let n = 0; n < 120; n++) await inner.create([sampleJob(`job ${n}`, { createdAt: n, snapshot: "{}" })]);
  let [pending, most, asked] = [0, 0, 0];
  const store: Store = {
    ...inner,
    async load(jobId) {
      asked++;
      most = Math.max(most, ++pending);
      await Promise.resolve();
      pending--;
      // It was deleted since it was listed.
      return jobId === "job 7" ? undefined : await inner.load(jobId);
    },
  };
  const found: string[] = [];
  const needed: number[] = [];
  for await (const { job } of exportJobs(store, undefined, () => 0)) {
    found.push(job.jobId);
    needed.push(asked);
  }
  assertEquals(found, Array.from({ length: 120 }, (_, n) => `job ${n}`).filter((it) => it !== "job 7"));
  assertEquals([most, needed[0], needed[48], needed[49], needed.at(-1)], [50, 50, 50, 100, 120]);
  const rest: string[] = [];
  const after = { createdAt: 117, jobId: "job 117" };
  for await (const { job } of exportJobs(store, after, () => 0)) rest.push(job.jobId);
  assertEquals(rest, ["job 118", "job 119"]);
});
