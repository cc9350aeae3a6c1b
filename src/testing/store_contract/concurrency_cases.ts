import { FencedError } from "../../base/errors.ts";
import type { Store, StoredJob } from "../../ports/store.ts";
import type { Case } from "./case.ts";
import { check, checkSame, errorOf } from "./checks.ts";
import { createJob, HEAD, sampleEntries, sampleJob } from "./sample_jobs.ts";

const JOBS = 100;

/** Starts all calls before it awaits any; returns their errors. */
export async function together(...calls: (() => unknown)[]): Promise<unknown[]> {
  return await Promise.all(calls.map(errorOf));
}

function checkUnbroken(stored: StoredJob | undefined, what: string): void {
  check(stored !== undefined, `${what}: the job is not there`);
  const { record, snapshotRevision, entries } = stored;
  checkSame(entries, sampleEntries(snapshotRevision, record.revision), `${what}: the entries after the snapshot`);
  checkSame(record.dueAt ?? 0, record.revision, `${what}: the head that belongs to the revision`);
}

/** Concurrent writers. */
export const concurrencyCases: readonly Case[] = [
  {
    name: "of two writes at the same revision exactly one succeeds, in each of many rounds",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      const job = await createJob(first, "job", 0);
      for (let round = 0; round < 50; round++) {
        const write = (store: Store, by: string) => () =>
          store.append(job, round, [`${by} in ${round}`], round % 5 === 4 ? undefined : { ...HEAD, status: by });
        const writes = [write(first, "first"), write(second, "second")];
        const errors = await together(...round % 2 === 0 ? writes : writes.reverse());
        const lost = errors.filter((error) => error !== undefined);
        check(lost.length === 1, `round ${round}: exactly one write must win, but ${2 - lost.length} did`);
        check(lost[0] instanceof FencedError, `round ${round}: the other must get a FencedError, got ${lost[0]}`);
        const stored = await (round % 3 === 0 ? first : second).load("job");
        checkSame(stored?.record.revision, round + 1, `the revision after round ${round}`);
        if (round % 5 === 4) continue;
        checkSame(
          stored?.entries.at(-1),
          `${stored?.record.status} in ${round}`,
          `the last entry after round ${round}`,
        );
      }
    },
  },
  {
    name: "of two concurrent creations of the same job exactly one succeeds",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      for (let round = 0; round < 20; round++) {
        const made = await Promise.all([first, second].map(async (store, index) => {
          const by = `${index}`;
          const [answer] = await store.create([sampleJob(`job-${round}`, { status: by, snapshot: by, token: by })]);
          return answer;
        }));
        checkSame(made.map((it) => it?.isNew).sort(), [false, true], `the answers in round ${round}`);
        checkSame(made[0]?.record, made[1]?.record, `the records in round ${round}`);
        const stored = await first.load(`job-${round}`);
        const expected = made[0]?.isNew === true ? "0" : "1";
        checkSame([stored?.snapshot, stored?.record.status], [expected, expected], `the job of round ${round}`);
      }
    },
  },
  {
    name: "concurrent appends to many jobs are stored, each in its own job",
    async run(scope) {
      const stores = await scope.openTwo();
      const jobs = [];
      for (let index = 0; index < JOBS; index++) jobs.push(await createJob(stores[0], `job-${index}`, 0));
      await Promise.all(jobs.map(async (job, index) => {
        const store = index % 2 === 0 ? stores[0] : stores[1];
        for (let at = 0; at < 6; at += 2) {
          const entries = [`${job.jobId} ${at}`, `${job.jobId} ${at + 1}`];
          await store.append(job, at, entries, { ...HEAD, dueAt: at + 2 });
        }
      }));
      for (const { jobId } of jobs) {
        const stored = await stores[1].load(jobId);
        checkSame(stored?.entries, [0, 1, 2, 3, 4, 5].map((at) => `${jobId} ${at}`), `the entries of ${jobId}`);
        checkSame([stored?.record.revision, stored?.record.dueAt], [6, 6], `revision and head of ${jobId}`);
      }
    },
  },
  {
    name: "of concurrent appends only the fenced ones fail",
    async run(scope) {
      const store = await scope.open();
      const jobs = [];
      for (let index = 0; index < JOBS; index++) jobs.push(await createJob(store, `job-${index}`, index % 5));
      for (const [index, job] of jobs.entries()) if (index % 5 === 4) await store.delete(job);
      const errors = await together(
        ...jobs.map((job, index) => () =>
          store.append(job, 1, sampleEntries(1, 2), index % 2 === 0 ? HEAD : undefined)
        ),
      );
      for (const [index, { jobId }] of jobs.entries()) {
        const revision = index % 5 === 4 ? undefined : index % 5 === 1 ? 2 : index % 5;
        checkSame((await store.find(jobId))?.revision, revision, `the revision of ${jobId}`);
        const error = errors[index];
        check(
          index % 5 === 1 ? error === undefined : error instanceof FencedError,
          `the answer for ${jobId} at ${index % 5}: got ${error}`,
        );
      }
    },
  },
  {
    name: "load returns a consistent job while another handle appends and compacts",
    async run(scope) {
      const [writer, reader] = await scope.openTwo();
      const job = await createJob(writer, "job", 0);
      for (let at = 0; at < 60; at++) {
        const errors = await together(
          async () => checkUnbroken(await reader.load("job"), `load before the append at ${at}`),
          () => writer.append(job, at, sampleEntries(at, at + 1), { ...HEAD, dueAt: at + 1 }),
          async () => checkUnbroken(await reader.load("job"), `load beside the append at ${at}`),
          ...at % 7 === 6 ? [() => reader.compact(job, at - 2, `snapshot at ${at - 2}`)] : [],
          async () => checkUnbroken(await reader.load("job"), `load beside the compaction at ${at}`),
        );
        for (const error of errors) if (error !== undefined) throw error;
      }
      checkUnbroken(await reader.load("job"), "load at the end");
      checkSame((await reader.find("job"))?.revision, 60, "the revision");
    },
  },
];
