import { assertEquals } from "@std/assert";
import { test } from "node:test";
import type { JobHead, Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { HEAD } from "../../src/testing/store_contract/sample_jobs.ts";
import { CrashingStore } from "../support/crashing_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

const NOW = 2_000_000;

/** What a case needs: a store that answers later, and a process beside it that has done nothing yet. */
function setUp() {
  const data = memoryStore();
  const store = new CrashingStore(data, undefined, true);
  const process = new StoredFlowProcess({ store, timers: manualTimers(NOW) });
  const { flow } = process;
  let createdAt = 1_000;
  const add = (jobId: string, text: string, head: Partial<JobHead>) => {
    const made = flow.create("source", { items: [1] }, { jobId });
    const snapshot = JSON.stringify({ ...JSON.parse(JSON.stringify(made)), status: "running" });
    data.create({
      jobId,
      createdAt: createdAt++,
      flow: text,
      snapshot,
      head: { ...HEAD, flowId: "workshop", ...head },
    });
  };
  return {
    data,
    store,
    process,
    /** A job of a process that has died. */
    healthy: (jobId: string) => add(jobId, JSON.stringify(flow), { owner: "dead", wakeAt: NOW - 1_000 }),
    /** A job whose flow cannot be read. */
    broken: (jobId: string) => add(jobId, "{}", { owner: "dead", wakeAt: NOW - 2_000 }),
    /** A job that another engine works on, which has not seen its last command yet. */
    busy(jobId: string) {
      add(jobId, JSON.stringify(flow), { owner: "other", wakeAt: NOW + 9_000 });
      data.send(jobId, "{}", "1");
    },
    /** The ids of the jobs that a recovery goes on with, and of those that cannot go on. */
    async recover(limit?: number): Promise<readonly [found: string[], failed: string[]]> {
      const { jobs, errors } = await process.engine.recover(limit === undefined ? {} : { limit });
      await process.settle();
      return [jobs.map(({ job }) => job.jobId), errors.map(({ jobId }) => jobId)];
    },
  };
}

test("jobs that cannot be read do not keep others from being recovered, however few at a time", async () => {
  const { broken, healthy, recover } = setUp();
  for (let index = 0; index < 5; index++) broken(`broken ${index}`);
  healthy("first");
  healthy("second");
  assertEquals(await recover(2), [[], ["broken 0", "broken 1"]]);
  assertEquals(await recover(2), [[], ["broken 2", "broken 3"]]);
  assertEquals(await recover(2), [["first"], ["broken 4"]]);
  assertEquals(await recover(2), [["second"], []]);
  assertEquals(await recover(2), [[], ["broken 0", "broken 1"]], "once all others are done, they are tried again");
  assertEquals(await recover(), [[], [0, 1, 2, 3, 4].map((index) => `broken ${index}`)], "without a limit, all are");
});

test("jobs that are busy elsewhere, or live here, do not count against the limit of a recovery", async () => {
  const { process, busy, healthy, recover } = setUp();
  for (let index = 0; index < 5; index++) busy(`busy ${index}`);
  for (let index = 0; index < 3; index++) process.start([index], `live ${index}`);
  healthy("first");
  healthy("second");
  assertEquals(await recover(1), [["first"], []]);
  assertEquals(await recover(1), [["second"], []]);
  assertEquals(await recover(1), [[], []]);
});

test("a paused job that was sent something is looked at once, and then the next", async () => {
  const { data, process, healthy, recover } = setUp();
  const jobs = [1, 2, 3].map((n) => process.start([n], `paused ${n}`));
  await Promise.all(jobs.map((job) => process.flow.pause(job)));
  for (const { jobId } of jobs) data.send(jobId, '{"format":"unknown"}', "1");
  healthy("last");
  const found = [await recover(2), await recover(2)];
  assertEquals(found.flatMap(([ids]) => ids), ["last"]);
});

test("a store that knows no exceptions is asked once", async () => {
  const { data, broken, healthy, process } = setUp();
  broken("broken");
  healthy("job");
  let asked = 0;
  const store: Store = {
    ...data,
    due({ except: _except, ...query }) {
      asked++;
      return data.due(query);
    },
  };
  const { engine } = new StoredFlowProcess({ store, timers: process.timers });
  const { errors } = await engine.recover({ limit: 1 });
  assertEquals([errors.length, asked], [1, 1]);
  assertEquals((await engine.recover({ limit: 1 })).jobs, [], "it gives the same job again");
  assertEquals(asked, 2);
});
