import type { Store } from "../../ports/store.ts";
import { type Case, withStore } from "./case.ts";
import { check, checkSame } from "./checks.ts";
import { HEAD, listAll, sampleEntries, sampleJob, sortedIds } from "./sample_jobs.ts";

async function createAt(
  store: Store,
  jobId: string,
  createdAt: number,
  flowId = "flow",
  status = "running",
): Promise<void> {
  await store.create(sampleJob(jobId, { flowId, status }, { createdAt }));
}

/** Creates jobs called `prefix-000`, `prefix-001`, …, with creation times `stepMs` apart. */
async function createMany(store: Store, prefix: string, count: number, firstAt: number, stepMs = 1): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, index) => `${prefix}-${String(index).padStart(3, "0")}`);
  for (const [index, jobId] of ids.entries()) await createAt(store, jobId, firstAt + index * stepMs);
  return ids;
}

/** Lists by flow, status and creation time, page by page. */
export const listCases: readonly Case[] = [
  withStore("list is ordered by creation time, then by id", async (store) => {
    checkSame(await store.list(), { jobs: [] }, "the list of an empty store");
    for (const [jobId, at] of [["c", 20], ["b", 30], ["d", 20], ["a", 1_700_000_000_000], ["e", 7]] as const) {
      await createAt(store, jobId, at);
    }
    const { jobs, cursor } = await store.list();
    checkSame(jobs.map(({ jobId }) => jobId), ["e", "c", "d", "b", "a"], "the order");
    checkSame(cursor, undefined, "the cursor of the only page");
    for (const record of jobs) checkSame(record, await store.find(record.jobId), `the record of "${record.jobId}"`);
  }),
  withStore("list filters by flow, status and age, alone and together, page by page", async (store) => {
    const flows = ["red", "blue", "Red"];
    const statuses = ["running", "paused", "completed"];
    const all: { jobId: string; flowId: string; status: string; createdAt: number }[] = [];
    for (let round = 0; round < 4; round++) {
      for (const [flowId, status] of statuses.flatMap((it) => flows.map((flow) => [flow, it] as const))) {
        const job = { jobId: `job-${all.length}`, flowId, status, createdAt: 100 + Math.floor(all.length / 2) };
        all.push(job);
        await createAt(store, job.jobId, job.createdAt, flowId, status);
      }
    }
    for (const flowId of [undefined, "red", "grey"]) {
      for (const status of [undefined, "paused", "failed"]) {
        for (const createdBefore of [undefined, 100, 101, 110, 1_000]) {
          const query = { flowId, status, createdBefore };
          const expected = all.filter((job) =>
            (flowId === undefined || job.flowId === flowId) && (status === undefined || job.status === status) &&
            (createdBefore === undefined || job.createdAt < createdBefore)
          ).map(({ jobId }) => jobId).sort();
          for (const limit of [undefined, 3]) {
            const found = sortedIds(await listAll(store, { ...query, limit }));
            checkSame(found, expected, `list(${JSON.stringify({ ...query, limit })})`);
          }
        }
      }
    }
  }),
  withStore("list uses the latest head: a job moves from one status to another", async (store) => {
    await createAt(store, "job", 1);
    await store.append("job", 0, sampleEntries(0, 1), { ...HEAD, status: "paused" });
    checkSame(await store.list({ status: "running" }), { jobs: [] }, "the jobs that run");
    checkSame(sortedIds((await store.list({ status: "paused" })).jobs), ["job"], "the jobs that are paused");
    await store.append("job", 1, sampleEntries(1, 2));
    checkSame((await store.list({ status: "paused" })).jobs, [await store.find("job")], "the paused job's record");
  }),
  withStore("a page has 100 jobs by default, and the last page has no cursor", async (store) => {
    await createMany(store, "job", 101, 1_000);
    const first = await store.list();
    checkSame(first.jobs.length, 100, "the jobs on the first page");
    check(first.cursor !== undefined, "the first page of two must have a cursor");
    const second = await store.list({ cursor: first.cursor });
    checkSame(sortedIds(second.jobs), ["job-100"], "the jobs on the second page");
    checkSame(second.cursor, undefined, "the cursor of the last page");
    const whole = await store.list({ limit: 101 });
    checkSame([whole.jobs.length, whole.cursor], [101, undefined], "a page that holds all just so");
  }),
  withStore("pages contain each job once when many were created at the same time", async (store) => {
    const ids = await createMany(store, "job", 25, 5_000, 0);
    for (const limit of [1, 2, 7, 25]) {
      const found = (await listAll(store, { limit })).map(({ jobId }) => jobId);
      checkSame(found, ids, `the ids in pages of ${limit}`);
    }
  }),
  {
    name: "a cursor is text, and works in another handle",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      const ids = await createMany(first, "job", 4, 5_000, 0);
      const { jobs, cursor } = await first.list({ limit: 2 });
      checkSame(typeof cursor, "string", "the type of the cursor");
      const rest = await second.list({ limit: 2, cursor: String(cursor) });
      checkSame([...jobs, ...rest.jobs].map(({ jobId }) => jobId), ids, "the ids");
    },
  },
  withStore("pages neither skip nor repeat a job while others are created and deleted", async (store) => {
    const staying = await createMany(store, "stays", 30, 1_000);
    const going = await createMany(store, "goes", 30, 1_000);
    let page = 0;
    const newest = new Set<string>();
    const found = await listAll(store, { limit: 5 }, async (jobs) => {
      page++;
      await createAt(store, `older-${page}`, page);
      if (page <= 5) {
        await createAt(store, `newer-${page}`, 9_000 + page);
        newest.add(`newer-${page}`);
      }
      // The job that the cursor refers to is among the deleted ones.
      for (const jobId of [jobs.at(-1)?.jobId, going.pop()]) {
        if (jobId?.startsWith("goes")) await store.delete(jobId);
      }
    });
    const ids = found.map(({ jobId }) => jobId);
    checkSame(new Set(ids).size, ids.length, "how many different jobs the pages have");
    checkSame(ids.filter((jobId) => jobId.startsWith("stays")), staying, "the jobs that stayed");
    checkSame(ids.filter((jobId) => jobId.startsWith("newer")), [...newest], "the newer jobs");
    checkSame(ids.filter((jobId) => jobId.startsWith("older")), [], "jobs from before the cursor");
  }),
  withStore("pages of a status contain each job once that keeps the status", async (store) => {
    const ids = await createMany(store, "job", 24, 1_000, 0);
    const left = new Set(ids);
    const found = await listAll(store, { limit: 5, status: "running" }, async (jobs) => {
      const jobId = jobs.at(-1)?.jobId ?? "";
      left.delete(jobId);
      await store.append(jobId, 0, sampleEntries(0, 1), { ...HEAD, status: "completed" });
      for (const { jobId: other } of jobs.slice(0, -1)) await store.append(other, 0, sampleEntries(0, 1));
    });
    const seen = found.map(({ jobId }) => jobId);
    checkSame(seen, ids, "the ids");
    checkSame(sortedIds(await listAll(store, { limit: 5, status: "running" })), [...left], "those left");
  }),
];
