import { type Case, withStore } from "./case.ts";
import { check, checkNothingWorse, checkSame } from "./checks.ts";
import { together } from "./concurrency_cases.ts";
import {
  addJob,
  createJob,
  enter,
  HEAD,
  inboxOf,
  newRecord,
  sampleEntries,
  sampleJob,
  send,
  sendNew,
  sortedIds,
} from "./sample_jobs.ts";

/** Deletion. */
export const deleteCases: readonly Case[] = [
  withStore("delete removes a job with everything that belongs to it, and nothing of other jobs", async (store) => {
    const [former, ...others] = ["a", "ab", "a/", "a/b", "A", "b"];
    check(former !== undefined, "there is a first one");
    const job = await createJob(store, former, 2, { dueAt: 1 });
    const left = await Promise.all(others.map((jobId) => createJob(store, jobId, 2, { dueAt: 1 })));
    for (const jobId of [former, ...others]) await sendNew(store, jobId, `for ${jobId}`, "key");
    checkSame(await store.delete(job), true, "delete");
    checkSame(await store.delete(job), false, "delete once more");
    checkSame(await store.find("a"), undefined, "find");
    checkSame(await store.load("a"), undefined, "load");
    checkSame(await inboxOf(store, job), [], "inbox");
    checkSame(await send(store, { jobId: "a" }, "late", "late"), "unknown", "send");
    checkSame(sortedIds((await store.list()).jobs), others.toSorted(), "list");
    checkSame(await store.count(), others.length, "count");
    for (const other of left) {
      const { jobId } = other;
      checkSame((await store.load(jobId))?.entries, sampleEntries(0, 2), `the entries of "${jobId}"`);
      const inbox = [{ sequence: 1, key: "key", text: `for ${jobId}` }];
      checkSame(await inboxOf(store, other), inbox, `the inbox of "${jobId}"`);
    }
  }),
  withStore("a job that is created again after delete has nothing of the former one", async (store) => {
    const former = await createJob(store, "job", 3, { claim: await enter(store, "engine") });
    await store.compact(former, 2, "snapshot at 2");
    await sendNew(store, "job", "old", "key");
    check(await store.delete(former), "delete must be true");
    const anew = sampleJob("job", { createdAt: 2_000, token: "another" });
    const job = await addJob(store, anew);
    const { flow, snapshot } = anew;
    const record = { ...newRecord(anew), life: job.life };
    checkSame(await store.load("job"), { record, flow, snapshot, snapshotRevision: 0, entries: [] }, "load");
    checkSame(await inboxOf(store, job), [], "inbox");
    checkSame(await send(store, job, "new", "key"), "stored", "send under a key of the one before");
    checkSame(await inboxOf(store, job), [{ sequence: 1, key: "key", text: "new" }], "inbox after send");
    checkSame(await inboxOf(store, former), [], "the inbox of the former life");
    await store.append(job, 0, ["first"]);
    checkSame((await store.load("job"))?.entries, ["first"], "the entries");
  }),
  {
    name: "a delete that runs concurrently with other writes leaves nothing behind",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      for (let round = 0; round < 20; round++) {
        const former = await createJob(first, "job", 2);
        const calls = [
          () => first.append(former, 2, sampleEntries(2, 3), HEAD),
          () => second.delete(former),
          () => send(first, former, "command", "key"),
          () => first.compact(former, 2, "snapshot at 2"),
        ];
        const errors = await together(...[...calls.slice(round % 4), ...calls.slice(0, round % 4)]);
        for (const error of errors) checkNothingWorse(error, `a call of round ${round}`);
        checkSame(await first.find("job"), undefined, `find after round ${round}`);
        checkSame(await second.load("job"), undefined, `load after round ${round}`);
        checkSame(await first.list(), { jobs: [] }, `list after round ${round}`);
        const job = sampleJob("job");
        const [answer] = await second.create([job]);
        check(answer?.isNew === true, `create after round ${round} must make the job`);
        const { flow, snapshot } = job;
        const record = { ...newRecord(job), life: answer.record.life };
        const stored = { record, flow, snapshot, snapshotRevision: 0, entries: [] };
        checkSame(await first.load("job"), stored, `the job made anew after round ${round}`);
        checkSame(await inboxOf(first, record), [], `the inbox of the job made anew after round ${round}`);
        await second.delete(record);
      }
    },
  },
];
