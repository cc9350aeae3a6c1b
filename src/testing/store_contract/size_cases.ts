import type { Case } from "./case.ts";
import { checkSame } from "./checks.ts";
import { addJob, createJob, inboxOf, sampleEntries, sampleJob, sendNew } from "./sample_jobs.ts";

const TASKS = 100_000;

/** Makes a document of about 20 MB: 100,000 pending tasks with 200 bytes each. */
function largeDocument(mark: string): string {
  const filler = "\u00e9".repeat(60) + "x".repeat(60);
  const tasks = Array.from(
    { length: TASKS },
    (_, id) => `{"data":{"mark":"${mark}","text":"${filler}"},"id":${id + 1}}`,
  );
  return `{"format":"routilux/job","pendingTasks":[${tasks.join(",")}]}`;
}

/** Large jobs and long journals. */
export const sizeCases: readonly Case[] = [
  {
    name: "a job with 100,000 pending tasks is stored, compacted and loaded",
    async run(scope) {
      const store = await scope.open();
      const [first, second] = [largeDocument("first"), largeDocument("second")];
      const job = await addJob(store, sampleJob("job", { snapshot: first }));
      await createJob(store, "small", 1);
      await store.append(job, 0, sampleEntries(0, 2));
      checkSame((await store.load("job"))?.snapshot, first, "the snapshot that the job was made with");
      await store.compact(job, 1, second);
      const stored = await (await scope.reopen()).load("job");
      checkSame(stored?.snapshot, second, "the snapshot after compact");
      checkSame([stored?.snapshotRevision, stored?.entries], [1, sampleEntries(1, 2)], "the journal after it");
    },
  },
  {
    name: "a journal of 10,000 entries is loaded in order, and a snapshot replaces any part of it",
    async run(scope) {
      const store = await scope.open();
      const job = await createJob(store, "job", 0);
      await store.append(job, 0, sampleEntries(0, 5_000));
      for (let at = 5_000; at < 9_000; at += 100) await store.append(job, at, sampleEntries(at, at + 100));
      for (let at = 9_000; at < 10_000; at++) await store.append(job, at, sampleEntries(at, at + 1));
      checkSame((await store.load("job"))?.entries, sampleEntries(0, 10_000), "the entries");
      await store.compact(job, 4_321, "snapshot at 4,321");
      const later = await scope.reopen();
      checkSame((await later.load("job"))?.entries, sampleEntries(4_321, 10_000), "the entries after a snapshot");
      await later.compact(job, 9_999, "snapshot at 9,999");
      checkSame((await later.load("job"))?.entries, sampleEntries(9_999, 10_000), "the entries after another");
    },
  },
  {
    name: "entries and commands of a megabyte are stored completely",
    async run(scope) {
      const store = await scope.open();
      const job = await createJob(store, "job", 0);
      const texts = ["a", "\u00e9", "\u{1f680}"].map((it) => it.repeat(1_000_000 / it.length));
      await store.append(job, 0, texts);
      for (const text of texts) await sendNew(store, "job", text, text.slice(0, 100));
      const later = await scope.reopen();
      checkSame((await later.load("job"))?.entries, texts, "the entries");
      checkSame((await inboxOf(later, job)).map(({ text }) => text), texts, "the commands");
    },
  },
];
