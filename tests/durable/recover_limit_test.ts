import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { hashText } from "../../src/base/text_hash.ts";
import type { NewJob } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { enter, sampleJob, sendNew } from "../../src/testing/store_contract/sample_jobs.ts";
import { lateStore } from "../support/late_store.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

const NOW = 2_000_000;

/** What a case needs: a store that answers later, and a process beside it that has done nothing yet. */
function setUp() {
  const data = memoryStore();
  const process = new StoredFlowProcess({ store: lateStore(data), timers: manualTimers(NOW) });
  const { flow, timers } = process;
  let createdAt = 1_000;
  const add = async (jobId: string, text: string, more: Partial<NewJob>) => {
    const made = flow.create("source", { items: [1] }, { jobId });
    const snapshot = JSON.stringify({ ...JSON.parse(JSON.stringify(made)), status: "running" });
    const labels = { createdAt: createdAt++, flowId: "workshop", flowHash: hashText(text), priority: 1 };
    await data.create([sampleJob(jobId, { ...labels, flow: text, snapshot, ...more })]);
  };
  return {
    data,
    timers,
    process,
    /** A job that is due. */
    healthy: (jobId: string) => add(jobId, JSON.stringify(flow), { dueAt: NOW - 1_000 }),
    /** A job whose flow cannot be read, due for longer. */
    broken: (jobId: string, text = `{"id":"${jobId}"}`) => add(jobId, text, { dueAt: NOW - 2_000 }),
    /** A job that another engine works on, which has not seen its last command yet. */
    async busy(jobId: string) {
      const claim = await enter(data, `owner of ${jobId}`, { now: NOW });
      await add(jobId, JSON.stringify(flow), { claim });
      await sendNew(data, jobId, "{}");
    },
    /** The ids of the jobs that a recovery goes on with, and of those that cannot go on. */
    async recover(limit?: number): Promise<readonly [found: string[], failed: string[]]> {
      const { jobs, errors } = await process.engine.recover(limit === undefined ? {} : { limit });
      await process.settle();
      return [jobs.map(({ job }) => job.jobId), errors.map(({ jobId }) => jobId)];
    },
  };
}

test("C487 jobs that cannot be read do not keep others from being recovered, however few at a time", async () => {
  const { broken, healthy, recover, timers } = setUp();
  for (let index = 0; index < 5; index++) await broken(`broken ${index}`);
  await healthy("first");
  await healthy("second");
  assertEquals(await recover(2), [[], ["broken 0", "broken 1"]]);
  assertEquals(await recover(2), [[], ["broken 2", "broken 3"]]);
  assertEquals(await recover(2), [["first"], ["broken 4"]]);
  assertEquals(await recover(2), [["second"], []]);
  assertEquals(await recover(2), [[], []], "they are left to others for a second");
  await timers.advance(1_000);
  assertEquals(await recover(2), [[], ["broken 0", "broken 1"]]);
  await timers.advance(1_000);
  assertEquals(await recover(9), [[], ["broken 2", "broken 3", "broken 4"]], "the first two for two seconds by now");
  const all = [0, 1, 2, 3, 4].map((index) => `broken ${index}`);
  const [found, failed] = await recover();
  assertEquals([found, failed.sort()], [[], all], "without a limit, all are tried");
});

test("an engine remembers the last thousand jobs that it could not go on with", async () => {
  const { broken, recover } = setUp();
  for (let index = 0; index <= 1_000; index++) await broken(`broken ${index}`);
  assertEquals((await recover())[1].length, 1_001);
  assertEquals(await recover(1), [[], ["broken 0"]]);
});

for (const minutes of [1, 60]) {
  test(`C487 nor when somebody asks every ${minutes * 60} seconds only`, async () => {
    const { broken, healthy, recover, timers } = setUp();
    for (let index = 0; index < 7; index++) await broken(`broken ${index}`);
    await healthy("healthy");
    const rounds: (readonly string[])[] = [];
    for (let round = 0; round < 6; round++) {
      rounds.push((await recover(3))[0]);
      await timers.advance(minutes * 60_000);
    }
    assertEquals(rounds, [[], [], ["healthy"], [], [], []]);
  });
}

test("of a flow that cannot be built here, one job is looked at, and the others are left to others unchanged", async () => {
  const { broken, data, healthy, recover, timers } = setUp();
  for (let index = 0; index < 3; index++) await broken(`broken ${index}`, "{}");
  await healthy("first");
  assertEquals(await recover(1), [[], ["broken 0"]]);
  assertEquals(await recover(9), [["first"], []]);
  const epochs = await Promise.all([0, 1, 2].map(async (index) => (await data.find(`broken ${index}`))?.epoch));
  assertEquals(epochs, [1, 0, 0]);
  await timers.advance(1_000);
  assertEquals(await recover(1), [[], ["broken 0"]], "it has its place again, before the others");
});

test("C487 jobs that are busy elsewhere, or live here, do not count against the limit of a recovery", async () => {
  const { process, busy, healthy, recover } = setUp();
  for (let index = 0; index < 5; index++) await busy(`busy ${index}`);
  for (let index = 0; index < 3; index++) process.start([index], `live ${index}`);
  await healthy("first");
  await healthy("second");
  assertEquals(await recover(1), [["first"], []]);
  assertEquals(await recover(1), [["second"], []]);
  assertEquals(await recover(1), [[], []]);
});

test("a paused job that was sent something is looked at once, and then the next", async () => {
  const { data, process, healthy, recover } = setUp();
  const jobs = [1, 2, 3].map((n) => process.start([n], `paused ${n}`));
  await Promise.all(jobs.map((job) => process.flow.pause(job)));
  for (const { jobId } of jobs) await sendNew(data, jobId, '{"format":"unknown"}');
  await healthy("last");
  const found = [await recover(2), await recover(2)];
  assertEquals(found.flatMap(([ids]) => ids), ["last"]);
  assertEquals(process.told("command_error").length, 3);
});
