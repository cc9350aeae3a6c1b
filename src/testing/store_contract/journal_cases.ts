import type { AppendHead } from "../../ports/store.ts";
import { type Case, withStore } from "./case.ts";
import { checkFails, checkFenced, checkSame, existing } from "./checks.ts";
import {
  addJob,
  claimJob,
  claimOf,
  createJob,
  enter,
  HEAD,
  inboxOf,
  LEASE_MS,
  newRecord,
  NOW,
  sampleEntries,
  sampleJob,
  sendNew,
} from "./sample_jobs.ts";

/** Appends, heads, deletion. */
export const journalCases: readonly Case[] = [
  withStore("an unknown job is neither found nor loaded", async (store) => {
    checkSame(await store.find("nobody"), undefined, "find");
    checkSame(await store.load("nobody"), undefined, "load");
  }),
  withStore("append adds entries in order, and each raises the revision by one", async (store) => {
    const job = await createJob(store, "job", 1);
    checkSame(await store.append(job, 1, sampleEntries(1, 4)), "stored", "append");
    checkSame(await store.append(job, 4, sampleEntries(4, 5), HEAD), "stored", "append with a head");
    const stored = await store.load("job");
    checkSame(stored?.entries, sampleEntries(0, 5), "the entries");
    checkSame(stored?.record.revision, 5, "the revision");
    checkSame((await store.find("job"))?.revision, 5, "the revision that find tells");
  }),
  withStore("append replaces the whole head if one is given, else keeps it", async (store) => {
    const owner = await enter(store, "engine");
    const first = sampleJob("job", { dueAt: 1, claim: owner, tags: { of: "user" } });
    const job = await addJob(store, first);
    for (let index = 0; index < 4; index++) await sendNew(store, "job", String(index));
    const record = { ...newRecord(first, NOW + LEASE_MS), life: job.life, sent: 4 };
    await store.append(job, 0, sampleEntries(0, 1));
    checkSame(await store.find("job"), { ...record, revision: 1 }, "the record without a new head");
    const paused = { status: "paused", dueAt: 7, endedAt: 5, consumed: 4 };
    await store.append(job, 1, sampleEntries(1, 2), { ...HEAD, ...paused });
    checkSame(await store.find("job"), { ...record, ...paused, revision: 2 }, "the record with a new head");
    await store.append(job, 2, sampleEntries(2, 3), { ...HEAD, consumed: 4 });
    const last = { ...record, dueAt: undefined, endedAt: undefined, consumed: 4, revision: 3 };
    checkSame(await store.find("job"), last, "the record with a head without dueAt and endedAt");
    await store.append(job, 3, sampleEntries(3, 4));
    checkSame(await store.find("job"), { ...last, revision: 4 }, "the last head, kept");
    checkSame((await store.load("job"))?.record, { ...last, revision: 4 }, "the record that load tells");
  }),
  withStore("a head that releases the job clears its owner, and keeps its epoch", async (store) => {
    const job = await createJob(store, "job", 1, { claim: await enter(store, "engine") });
    await store.append(job, 1, sampleEntries(1, 2), { ...HEAD, status: "paused", dueAt: 77, releases: true });
    const { status, dueAt, owner, incarnation, heldUntil, epoch } = existing(await store.find("job"), "the job");
    const expected = ["paused", 77, undefined, undefined, undefined, 1];
    checkSame([status, dueAt, owner, incarnation, heldUntil, epoch], expected, "the record");
  }),
  withStore("append of a head alone leaves the journal as it is", async (store) => {
    const owner = await enter(store, "engine");
    const job = await createJob(store, "job", 2, { claim: owner });
    const before = await store.load("job");
    const head: AppendHead = { ...HEAD, status: "waiting", dueAt: 5, releases: true };
    checkSame(await store.append(job, 2, [], head), "stored", "append");
    const after = existing(await store.load("job"), "the job");
    checkSame({ ...after, record: undefined }, { ...before, record: undefined }, "the job without its record");
    const { revision, status, dueAt } = after.record;
    checkSame([revision, status, dueAt, after.record.owner], [2, "waiting", 5, undefined], "the record");
    const taken = existing(await claimJob(store, owner, job), "the job that is claimed again");
    await store.append(claimOf(taken), 2, sampleEntries(2, 3));
    checkSame((await store.load("job"))?.entries, sampleEntries(0, 3), "the entries after another append");
  }),
  withStore("append of neither an entry nor a head fails", async (store) => {
    const job = await createJob(store, "job", 1);
    const before = await store.load("job");
    await checkFails(() => store.append(job, 1, []), "append of nothing");
    checkSame(await store.load("job"), before, "load after it");
  }),
  withStore("a refused append has changed nothing: neither entries nor head", async (store) => {
    const job = await createJob(store, "job", 3, { claim: await enter(store, "engine") });
    await sendNew(store, "job", "command");
    const before = await store.load("job");
    for (const revision of [0, 2, 4, 5, 1_000_000]) {
      const head = { ...HEAD, status: "failed", consumed: 1, releases: true };
      const write = () => store.append(job, revision, ["a", "b"], head);
      await checkFenced(write, "job", revision, 3, `append at revision ${revision} to a job at 3`);
    }
    checkSame(await store.load("job"), before, "load after the refused appends");
    checkSame((await inboxOf(store, job)).length, 1, "how many commands there are");
    await store.append(job, 3, sampleEntries(3, 4));
    checkSame((await store.load("job"))?.entries, sampleEntries(0, 4), "the entries after the next append");
  }),
  withStore("append to an unknown job is refused, and creates none", async (store) => {
    const write = () => store.append({ jobId: "nobody", life: 1, epoch: 0 }, 0, ["a"], HEAD);
    await checkFenced(write, "nobody", 0, undefined, "append");
    checkSame(await store.find("nobody"), undefined, "find");
    checkSame(await store.list(), { jobs: [] }, "list");
  }),
  withStore(
    "the store shares no objects with its callers: later changes have no effect on each other",
    async (store) => {
      const tags: Record<string, string> = { of: "user" };
      const job = await createJob(store, "job", 0, { tags });
      tags["of"] = "changed";
      const entries = sampleEntries(0, 2);
      await store.append(job, 0, entries);
      entries[0] = "changed";
      const loaded = await store.load("job");
      const found = await store.find("job");
      await sendNew(store, "job", "command");
      const inbox = await inboxOf(store, job);
      await store.append(job, 2, sampleEntries(2, 3));
      await store.append(job, 3, sampleEntries(3, 4), { ...HEAD, consumed: 1 });
      const stored = await store.load("job");
      checkSame(loaded?.entries, sampleEntries(0, 2), "the entries of the earlier load");
      checkSame([loaded?.record.revision, found?.revision], [2, 2], "the revision of the earlier load and find");
      checkSame(inbox.length, 1, "how many commands the earlier inbox has");
      checkSame([stored?.entries, stored?.record.tags], [sampleEntries(0, 4), { of: "user" }], "entries and tags");
    },
  ),
];
