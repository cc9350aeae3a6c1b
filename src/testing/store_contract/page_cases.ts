import type { JobClaim, JobRecord, Store } from "../../ports/store.ts";
import { type Case, withStore } from "./case.ts";
import { check, checkSame } from "./checks.ts";
import { createAt } from "./list_cases.ts";
import { HEAD, listAll, sampleEntries, sortedIds } from "./sample_jobs.ts";

/** The jobs of a page, to be written. */
function claimsOf(jobs: readonly JobRecord[]): JobClaim[] {
  return jobs.map(({ jobId, life, epoch }) => ({ jobId, life, epoch }));
}

/** Creates jobs called `prefix-000`, `prefix-001`, …, with creation times `stepMs` apart. */
async function createMany(store: Store, prefix: string, count: number, firstAt: number, stepMs = 1): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, index) => `${prefix}-${String(index).padStart(3, "0")}`);
  for (const [index, jobId] of ids.entries()) await createAt(store, jobId, firstAt + index * stepMs);
  return ids;
}

/** Pages and their cursors. */
export const pageCases: readonly Case[] = [
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
  withStore("pages have the newest jobs first when they are asked to, in exactly the reverse order", async (store) => {
    // Names of different lengths, of which some begin others, at equal and at different instants.
    for (const id of ["a", "a-", "ab", "b", "a".repeat(80)]) await createAt(store, id, 5_000);
    const ids = await createMany(store, "job", 12, 4_995);
    const oldest = (await listAll(store, { limit: 100 })).map(({ jobId }) => jobId);
    checkSame(oldest.length, 5 + ids.length, "how many jobs there are");
    for (const limit of [1, 3, 100]) {
      const newest = (await listAll(store, { limit, newestFirst: true })).map(({ jobId }) => jobId);
      checkSame(newest, oldest.toReversed(), `the ids in pages of ${limit}, newest first`);
    }
    const some = await listAll(store, { limit: 2, newestFirst: true, createdBefore: 4_999 });
    checkSame(some.map(({ jobId }) => jobId), ["job-003", "job-002", "job-001", "job-000"], "those created before");
    checkSame((await store.list({ newestFirst: false, limit: 1 })).jobs[0]?.jobId, oldest[0], "the oldest job");
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
        const job = jobId?.startsWith("goes") ? await store.find(jobId) : undefined;
        if (job !== undefined) await store.delete(job);
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
      for (const [index, job] of claimsOf(jobs).entries()) {
        const head = index === jobs.length - 1 ? { ...HEAD, status: "completed" } : undefined;
        if (head !== undefined) left.delete(job.jobId);
        await store.append(job, 0, sampleEntries(0, 1), head);
      }
    });
    const seen = found.map(({ jobId }) => jobId);
    checkSame(seen, ids, "the ids");
    checkSame(sortedIds(await listAll(store, { limit: 5, status: "running" })), [...left], "those left");
  }),
];
