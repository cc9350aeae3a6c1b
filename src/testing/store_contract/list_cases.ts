import type { JobClaim, JobFilter, NewJob, Store } from "../../ports/store.ts";
import { type Case, withStore } from "./case.ts";
import { checkSame, existing } from "./checks.ts";
import { addJob, createJob, ENDED, enter, HEAD, listAll, sampleEntries, sampleJob, sortedIds } from "./sample_jobs.ts";

/** Creates a job at an instant. */
export async function createAt(store: Store, jobId: string, createdAt: number): Promise<JobClaim> {
  return await addJob(store, sampleJob(jobId, { createdAt }));
}

/** The texts one after the other, again and again. */
function textAt(index: number, ...texts: readonly string[]): string {
  return existing(texts[index % texts.length], "a text");
}

type Filter = readonly [JobFilter, (job: NewJob) => boolean];

function part(filter: JobFilter, isMeant: (job: NewJob) => boolean): Filter {
  return [filter, isMeant];
}

/** Lists and counts, by what is asked for, page by page. */
export const listCases: readonly Case[] = [
  withStore("list is ordered by creation time, then by id", async (store) => {
    checkSame(await store.list(), { jobs: [] }, "the list of an empty store");
    for (const [jobId, at] of [["c", 20], ["b", 30], ["d", 20], ["a", 1_700_000_000_000], ["e", 7]] as const) {
      await createAt(store, jobId, at);
    }
    await createJob(store, "f", 1, { createdAt: 25, claim: await enter(store, "engine") });
    const { jobs, cursor } = await store.list();
    checkSame(jobs.map(({ jobId }) => jobId), ["e", "c", "d", "f", "b", "a"], "the order");
    checkSame(cursor, undefined, "the cursor of the only page");
    for (const record of jobs) checkSame(record, await store.find(record.jobId), `the record of "${record.jobId}"`);
  }),
  withStore(
    "list and count go by flow, status, queue, tags, parent and age, alone and together, page by page",
    async (store) => {
      const all: NewJob[] = [];
      for (let index = 0; index < 36; index++) {
        all.push(sampleJob(`job-${index}`, {
          createdAt: 100 + Math.floor(index / 2),
          flowId: textAt(index, "red", "blue", "Red"),
          status: textAt(index, "running", "paused", "completed", ""),
          queue: textAt(index, "slow", "fast", "slow", ""),
          tags: index % 5 === 0 ? {} : { tenant: textAt(index, "a", "b"), ...index % 3 === 0 ? { "": "x" } : {} },
          parentId: index % 6 === 0 ? "job-0" : undefined,
          endedAt: index % 4 === 2 ? 200 + index : undefined,
        }));
      }
      await store.create(all);
      const filters: readonly Filter[] = [
        [{}, () => true],
        ...["red", "Red", "grey", ""].map((flowId) => part({ flowId }, (job) => job.flowId === flowId)),
        ...["paused", "failed", ""].map((status) => part({ status }, (job) => job.status === status)),
        ...["slow", "", "Slow"].map((queue) => part({ queue }, (job) => job.queue === queue)),
        ...["job-0", "job-1", ""].map((parentId) => part({ parentId }, (job) => job.parentId === parentId)),
        ...[100, 101, 110, 1_000].map((at) => part({ createdBefore: at }, (job) => job.createdAt < at)),
        ...[202, 203, 1_000].map((at) => part({ endedBefore: at }, ({ endedAt = Infinity }) => endedAt < at)),
        part({ tags: {} }, () => true),
        part({ tags: { tenant: "a" } }, ({ tags }) => tags["tenant"] === "a"),
        part({ tags: { "": "x", tenant: "b" } }, ({ tags }) => tags[""] === "x" && tags["tenant"] === "b"),
        part({ tags: { tenant: "A" } }, () => false),
        part({ tags: { toString: "" } }, () => false),
      ];
      for (const [one, isOne] of filters) {
        for (const [other, isOther] of filters) {
          const filter = { ...one, ...other };
          const isMeant = (job: NewJob) =>
            isOther(job) && (Object.keys(one).some((name) => Object.hasOwn(other, name)) || isOne(job));
          const expected = all.filter(isMeant).map(({ jobId }) => jobId).sort();
          const what = JSON.stringify(filter);
          checkSame(await store.count(filter), expected.length, `count(${what})`);
          checkSame(sortedIds(await listAll(store, { ...filter, limit: 5 })), expected, `list(${what}), 5 on a page`);
        }
      }
      checkSame(await store.count(), all.length, "count of all");
      checkSame(sortedIds((await store.list({ flowId: undefined, tags: undefined })).jobs).length, 36, "list of all");
    },
  ),
  withStore("a tag is found whatever its name and its value", async (store) => {
    const names = [
      "",
      "a.b",
      '"',
      "a'b",
      "$.a",
      "[0]",
      "\0",
      "\ud800",
      "\ufeffa",
      "a",
      "constructor",
      "__proto__",
      "long".repeat(100),
    ];
    for (const [index, name] of names.entries()) {
      await createJob(store, `job-${index}`, 0, { tags: { [name]: name, other: "value" } });
    }
    for (const [index, name] of names.entries()) {
      const what = `of the tag ${JSON.stringify(name.slice(0, 20))}`;
      const { jobs } = await store.list({ tags: { [name]: name } });
      checkSame(sortedIds(jobs), [`job-${index}`], `list ${what}`);
      checkSame(jobs[0]?.tags, { [name]: name, other: "value" }, `the tags ${what}`);
      checkSame(await store.count({ tags: { [name]: "value" } }), 0, `count ${what} with another value`);
    }
  }),
  withStore("list uses the latest head: a job moves from one status to another", async (store) => {
    const job = await createAt(store, "job", 1);
    await store.append(job, 0, sampleEntries(0, 1), { ...HEAD, status: "paused" });
    checkSame(await store.list({ status: "running" }), { jobs: [] }, "the jobs that run");
    checkSame(sortedIds((await store.list({ status: "paused" })).jobs), ["job"], "the jobs that are paused");
    await store.append(job, 1, sampleEntries(1, 2));
    checkSame((await store.list({ status: "paused" })).jobs, [await store.find("job")], "the paused job's record");
    await store.append(job, 2, sampleEntries(2, 3), ENDED);
    checkSame(await store.count({ status: "paused" }), 0, "how many are paused after the end");
    checkSame(await store.count({ endedBefore: ENDED.at + 1 }), 1, "how many have ended");
  }),
];
