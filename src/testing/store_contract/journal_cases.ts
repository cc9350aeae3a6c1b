import type { JobHead } from "../../ports/store.ts";
import { type Case, withStore } from "./case.ts";
import { check, checkFenced, checkSame } from "./checks.ts";
import { createJob, HEAD, newRecord, sampleEntries, sampleJob } from "./sample_jobs.ts";

/** Creation, appends, heads, deletion. */
export const journalCases: readonly Case[] = [
  withStore("create stores a job with its flow, its document and its head, at revision 0", async (store) => {
    const job = sampleJob("job", { status: "pending", wakeAt: 5, owner: "engine", epoch: 3, consumed: 2 });
    checkSame(await store.create(job), true, "create");
    checkSame(await store.find("job"), newRecord(job), "find");
    const { flow, snapshot } = job;
    const stored = { record: newRecord(job), flow, snapshot, snapshotRevision: 0, entries: [] };
    checkSame(await store.load("job"), stored, "load");
  }),
  withStore("create returns false for an existing id, and changes nothing", async (store) => {
    await createJob(store, "job", 2);
    const before = await store.load("job");
    const other = sampleJob("job", { status: "failed", wakeAt: 1 }, { flow: "other", snapshot: "other", createdAt: 9 });
    checkSame(await store.create(other), false, "the second create");
    checkSame(await store.load("job"), before, "load after the second create");
  }),
  withStore("an unknown job is neither found nor loaded", async (store) => {
    checkSame(await store.find("nobody"), undefined, "find");
    checkSame(await store.load("nobody"), undefined, "load");
  }),
  withStore("append adds entries in order, and each raises the revision by one", async (store) => {
    await createJob(store, "job", 1);
    await store.append("job", 1, sampleEntries(1, 4));
    await store.append("job", 4, sampleEntries(4, 5));
    const stored = await store.load("job");
    checkSame(stored?.entries, sampleEntries(0, 5), "the entries");
    checkSame(stored?.record.revision, 5, "the revision");
    checkSame((await store.find("job"))?.revision, 5, "the revision that find tells");
  }),
  withStore("append replaces the whole head if one is given, else keeps it", async (store) => {
    const job = sampleJob("job", { wakeAt: 1, owner: "first", epoch: 1, consumed: 1 });
    await store.create(job);
    await store.append("job", 0, sampleEntries(0, 1));
    checkSame(await store.find("job"), { ...newRecord(job), revision: 1 }, "the head without a new one");
    const next: JobHead = { flowId: "flow", status: "paused", wakeAt: 7, owner: "second", epoch: 2, consumed: 4 };
    await store.append("job", 1, sampleEntries(1, 2), next);
    checkSame(await store.find("job"), { ...newRecord(job), ...next, revision: 2 }, "the new head");
    await store.append("job", 2, sampleEntries(2, 3), { ...HEAD, status: "completed" });
    const last = { ...newRecord(job), ...HEAD, status: "completed", revision: 3 };
    checkSame(await store.find("job"), last, "the head without wakeAt and owner");
    await store.append("job", 3, sampleEntries(3, 4));
    checkSame(await store.find("job"), { ...last, revision: 4 }, "the last head, kept");
  }),
  withStore("a refused append has changed nothing: neither entries nor head", async (store) => {
    await createJob(store, "job", 3);
    const before = await store.load("job");
    for (const revision of [0, 2, 4, 5, 1_000_000]) {
      const write = () => store.append("job", revision, ["a", "b"], { ...HEAD, status: "failed", owner: "other" });
      await checkFenced(write, "job", revision, 3, `append at revision ${revision} to a job at 3`);
    }
    checkSame(await store.load("job"), before, "load after the refused appends");
    await store.append("job", 3, sampleEntries(3, 4));
    checkSame((await store.load("job"))?.entries, sampleEntries(0, 4), "the entries after the next append");
  }),
  withStore("append to an unknown job is refused, and creates none", async (store) => {
    await checkFenced(() => store.append("nobody", 0, ["a"], HEAD), "nobody", 0, undefined, "append");
    checkSame(await store.find("nobody"), undefined, "find");
    checkSame(await store.list(), { jobs: [] }, "list");
  }),
  withStore(
    "the store shares no arrays with its callers: later changes have no effect on each other",
    async (store) => {
      await createJob(store, "job", 0);
      const entries = sampleEntries(0, 2);
      await store.append("job", 0, entries);
      entries[0] = "changed";
      const loaded = await store.load("job");
      await store.append("job", 2, sampleEntries(2, 3));
      checkSame(loaded?.entries, sampleEntries(0, 2), "the entries of the earlier load");
      checkSame(loaded?.record.revision, 2, "the revision of the earlier load");
      checkSame((await store.load("job"))?.entries, sampleEntries(0, 3), "the entries");
    },
  ),
  withStore("delete removes a job with everything that belongs to it, and nothing of other jobs", async (store) => {
    for (const jobId of ["a", "ab", "a/", "a/b", "A", "b"]) {
      await createJob(store, jobId, 2, { wakeAt: 1 });
      await store.send(jobId, `for ${jobId}`, "key");
    }
    checkSame(await store.delete("a"), true, "delete");
    checkSame(await store.delete("a"), false, "delete once more");
    checkSame(await store.find("a"), undefined, "find");
    checkSame(await store.load("a"), undefined, "load");
    checkSame(await store.inbox("a", 0), [], "inbox");
    checkSame(await store.send("a", "late", "late"), false, "send");
    const left = (await store.list()).jobs.map(({ jobId }) => jobId);
    checkSame([...left].sort(), ["A", "a/", "a/b", "ab", "b"], "list");
    checkSame((await store.due({ now: 1 })).map(({ jobId }) => jobId).sort(), [...left].sort(), "due");
    for (const jobId of left) {
      checkSame((await store.load(jobId))?.entries, sampleEntries(0, 2), `the entries of "${jobId}"`);
      const inbox = [{ sequence: 1, key: "key", text: `for ${jobId}` }];
      checkSame(await store.inbox(jobId, 0), inbox, `the inbox of "${jobId}"`);
    }
  }),
  withStore("a job that is created again after delete has nothing of the former one", async (store) => {
    await createJob(store, "job", 3);
    await store.compact("job", 2, "snapshot at 2");
    await store.send("job", "old", "key");
    check(await store.delete("job"), "delete must be true");
    const job = sampleJob("job", { consumed: 0 }, { createdAt: 2_000 });
    checkSame(await store.create(job), true, "create");
    const { flow, snapshot } = job;
    const stored = { record: newRecord(job), flow, snapshot, snapshotRevision: 0, entries: [] };
    checkSame(await store.load("job"), stored, "load");
    checkSame(await store.inbox("job", 0), [], "inbox");
    checkSame(await store.send("job", "new", "key"), true, "send under a key of the one before");
    checkSame(await store.inbox("job", 0), [{ sequence: 1, key: "key", text: "new" }], "inbox after send");
    await store.append("job", 0, ["first"]);
    checkSame((await store.load("job"))?.entries, ["first"], "the entries");
  }),
];
