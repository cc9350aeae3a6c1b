import { type Case, withStore } from "./case.ts";
import { checkSame } from "./checks.ts";
import { createJob, enter, HEAD, inboxOf, sampleEntries, send, sendNew } from "./sample_jobs.ts";

/** Compaction: a snapshot replaces the entries up to it. */
export const compactionCases: readonly Case[] = [
  withStore("compact drops the entries up to its revision and keeps those after it", async (store) => {
    const job = await createJob(store, "job", 5, { dueAt: 3, claim: await enter(store, "engine") });
    const before = await store.load("job");
    await store.compact(job, 3, "snapshot at 3");
    const expected = { ...before, snapshot: "snapshot at 3", snapshotRevision: 3, entries: sampleEntries(3, 5) };
    checkSame(await store.load("job"), expected, "load after compact at 3 of 5");
    checkSame(await store.find("job"), before?.record, "find after compact");
    await store.append(job, 5, sampleEntries(5, 7));
    checkSame((await store.load("job"))?.entries, sampleEntries(3, 7), "the entries after another append");
    await store.compact(job, 6, "snapshot at 6");
    const last = await store.load("job");
    checkSame([last?.snapshot, last?.snapshotRevision], ["snapshot at 6", 6], "the second snapshot");
    checkSame(last?.entries, sampleEntries(6, 7), "the entries after the second snapshot");
  }),
  withStore("compact at the job's revision leaves no entries, and later appends succeed", async (store) => {
    const job = await createJob(store, "job", 4);
    await store.compact(job, 4, "snapshot at 4");
    const stored = await store.load("job");
    checkSame([stored?.snapshotRevision, stored?.record.revision, stored?.entries], [4, 4, []], "the job");
    await store.append(job, 4, [], HEAD);
    await store.append(job, 4, sampleEntries(4, 5));
    checkSame((await store.load("job"))?.entries, sampleEntries(4, 5), "the entries after the next append");
    checkSame((await store.find("job"))?.revision, 5, "the revision");
  }),
  withStore("compact at a revision that is not above the snapshot's has no effect", async (store) => {
    const job = await createJob(store, "job", 5);
    await store.compact(job, 0, "another beginning");
    checkSame((await store.load("job"))?.snapshotRevision, 0, "the snapshot's revision after compact at 0");
    await store.compact(job, 3, "snapshot at 3");
    const before = await store.load("job");
    for (const revision of [0, 2, 3]) {
      await store.compact(job, revision, "older");
      checkSame(await store.load("job"), before, `load after compact at ${revision}, the snapshot being at 3`);
    }
  }),
  withStore("compact at a revision that the job has not reached has no effect", async (store) => {
    const job = await createJob(store, "job", 2);
    const before = await store.load("job");
    await store.compact(job, 3, "never stored");
    checkSame(await store.load("job"), before, "load after compact at 3, the job being at 2");
    await store.append(job, 2, sampleEntries(2, 3));
    checkSame((await store.load("job"))?.entries, sampleEntries(0, 3), "the entries after the next append");
  }),
  withStore("compact of a deleted or unknown job, or of another life, has no effect", async (store) => {
    const former = await createJob(store, "job", 2);
    await store.delete(former);
    await store.compact(former, 2, "late");
    await store.compact({ jobId: "nobody", life: former.life }, 1, "late");
    checkSame(await store.load("job"), undefined, "load");
    checkSame(await store.list(), { jobs: [] }, "list");
    await createJob(store, "job", 2);
    await store.compact(former, 2, "late");
    const stored = await store.load("job");
    checkSame([stored?.snapshotRevision, stored?.entries], [0, sampleEntries(0, 2)], "the job made anew");
  }),
  withStore("compact does not change the inbox", async (store) => {
    const job = await createJob(store, "job", 2);
    await sendNew(store, "job", "first", "1");
    await store.compact(job, 2, "snapshot at 2");
    checkSame(await inboxOf(store, job), [{ sequence: 1, key: "1", text: "first" }], "inbox");
    checkSame(await send(store, job, "first", "1"), "known", "send under the same key");
    await sendNew(store, "job", "second", "2");
    checkSame(await inboxOf(store, job, 1), [{ sequence: 2, key: "2", text: "second" }], "inbox after 1");
  }),
];
