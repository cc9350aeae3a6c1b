import { JobState } from "@routilux/routilux";
import { chain, collection, pendingJob, registry, runChain, runCollection } from "./workloads.ts";

// Run with `deno task bench`. Results are asserted, so that the work cannot be left out; only functions declared async are
// awaited.

const COUNT = 10_000;

Deno.bench("10,000 numbers through 10 synchronous stages: 120,000 activations", async () => {
  await runChain(chain(10), 10, COUNT);
});

Deno.bench("10,000 numbers through 10 asynchronous stages: 120,000 activations", async () => {
  await runChain(chain(10, true), 10, COUNT);
});

Deno.bench("10,000 items into an append slot", async () => {
  await runCollection(collection(), COUNT);
});

const flow = chain(0);
const job = await pendingJob(flow, COUNT);
const text = JSON.stringify(job);

Deno.bench("write a job with 10,000 pending tasks", () => {
  if (JSON.stringify(job).length !== text.length) throw new Error("The job was not written whole");
});

Deno.bench("read a job with 10,000 pending tasks", () => {
  const { pendingTasks } = JobState.fromJSON(JSON.parse(text), registry).toJSON();
  if (pendingTasks.length !== COUNT + 1) throw new Error("The job was not read whole");
});
