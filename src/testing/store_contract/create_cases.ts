import type { NewJob } from "../../ports/store.ts";
import { type Case, withStore } from "./case.ts";
import { check, checkSame } from "./checks.ts";
import { addJob, createJob, enter, heldBy, LEASE_MS, newRecord, NOW, sampleEntries, sampleJob } from "./sample_jobs.ts";

const FULL: Partial<NewJob> = {
  ...{ createdAt: 1_234, flowId: "orders", flowHash: "0f", queue: "slow", priority: -3, parentId: "parent" },
  ...{ tags: { tenant: "a", "": "empty" }, status: "pending", dueAt: 77, endedAt: 55 },
};

/** Creation: labels, tokens, claims from the beginning. */
export const createCases: readonly Case[] = [
  withStore(
    "create stores a job with its flow, its document, its labels and its head, at revision 0",
    async (store) => {
      const owner = await enter(store, "engine");
      const jobs = [sampleJob("bare"), sampleJob("full", FULL), sampleJob("claimed", { ...FULL, claim: owner })];
      for (const job of jobs) {
        const heldUntil = job.claim && NOW + LEASE_MS;
        const [answer] = await store.create([job]);
        const record = { ...newRecord(job, heldUntil), life: answer?.record.life };
        checkSame(answer, { isNew: true, record }, "the answer");
        checkSame(typeof answer?.record.life, "number", "the type of its life");
        checkSame(await store.find(job.jobId), record, "find");
        const { flow, snapshot } = job;
        const stored = { record, flow, snapshot, snapshotRevision: 0, entries: [] };
        checkSame(await store.load(job.jobId), stored, "load");
      }
      checkSame(await heldBy(store, owner), ["claimed at epoch 1"], "held");
    },
  ),
  withStore("create of an existing id says so, and changes nothing", async (store) => {
    await createJob(store, "job", 2);
    const before = await store.load("job");
    const more = { ...FULL, flow: "other", snapshot: "other", token: "another" };
    const answers = await store.create([sampleJob("job", more)]);
    checkSame(answers, [{ isNew: false, record: before?.record }], "the answer");
    checkSame(await store.load("job"), before, "load after the second create");
  }),
  withStore("a create that is repeated with its token says that the job is its own", async (store) => {
    const owner = await enter(store, "engine");
    const job = sampleJob("job", { claim: owner });
    const claim = await addJob(store, job);
    checkSame((await store.create([job]))[0]?.isNew, true, "whether the job is new to the call that made it");
    await store.append(claim, 0, sampleEntries(0, 2));
    const before = await store.load("job");
    checkSame(await store.create([job]), [{ isNew: true, record: before?.record }], "the answer after an append");
    checkSame((await store.create([{ ...job, token: "another" }]))[0]?.isNew, false, "whether it is new to another");
    checkSame(await store.load("job"), before, "load after them");
    checkSame(await store.count(), 1, "count");
  }),
  withStore("create makes several jobs at once, each for itself, and answers in order", async (store) => {
    const existing = await createJob(store, "b", 1);
    const jobs = ["c", "b", "a", "d", "a"].map((jobId, index) => sampleJob(jobId, { token: `token ${index}` }));
    const answers = await store.create(jobs);
    checkSame(answers.map(({ record }) => record.jobId), ["c", "b", "a", "d", "a"], "the ids of the answers");
    checkSame(answers.map(({ isNew }) => isNew), [true, false, true, true, false], "which are new");
    const lives = answers.map(({ record }) => record.life);
    checkSame([lives[1], lives[2]], [existing.life, lives[4]], "the lives of those that were there");
    check(new Set(lives).size === 4, `each job must have a life of its own, got ${lives.join()}`);
    checkSame(await store.count(), 4, "count");
    for (const { record } of answers) checkSame(await store.find(record.jobId), record, `find of "${record.jobId}"`);
    checkSame((await store.load("b"))?.entries, sampleEntries(0, 1), "the entries of the job that was there");
    checkSame(await store.create([]), [], "the answer to none");
  }),
];
