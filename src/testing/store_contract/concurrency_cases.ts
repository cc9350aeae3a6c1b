import { FencedError } from "../../base/errors.ts";
import type { Store } from "../../ports/store.ts";
import type { Case } from "./case.ts";
import { check, checkSame, errorOf } from "./checks.ts";
import { createJob, HEAD, newRecord, sampleEntries, sampleJob, sortedIds } from "./sample_jobs.ts";

const JOBS = 100;

/** Starts all calls before it awaits any; returns their errors. */
async function together(...calls: (() => unknown)[]): Promise<unknown[]> {
  return await Promise.all(calls.map(errorOf));
}

function checkUnbroken(stored: Awaited<ReturnType<Store["load"]>>, what: string): void {
  check(stored !== undefined, `${what}: the job is not there`);
  const { record, snapshotRevision, entries } = stored;
  checkSame(entries, sampleEntries(snapshotRevision, record.revision), `${what}: the entries after the snapshot`);
  checkSame(record.epoch, record.revision, `${what}: the head that belongs to the revision`);
}

/** Concurrent writers. */
export const concurrencyCases: readonly Case[] = [
  {
    name: "of two claims at the same revision exactly one succeeds, in each of many rounds",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      await createJob(first, "job", 0);
      for (let round = 0; round < 50; round++) {
        const claim = (store: Store, owner: string) => () =>
          store.append("job", round, [`${owner} in ${round}`], { ...HEAD, owner, epoch: round + 1 });
        const claims = [claim(first, "first"), claim(second, "second")];
        const errors = await together(...round % 2 === 0 ? claims : claims.reverse());
        const lost = errors.filter((error) => error !== undefined);
        check(lost.length === 1, `round ${round}: exactly one claim must win, but ${2 - lost.length} did`);
        check(lost[0] instanceof FencedError, `round ${round}: the other must get a FencedError, got ${lost[0]}`);
        const stored = await (round % 3 === 0 ? first : second).load("job");
        checkSame(stored?.record.revision, round + 1, `the revision after round ${round}`);
        checkSame(stored?.entries.at(-1), `${stored?.record.owner} in ${round}`, `the last entry after round ${round}`);
      }
    },
  },
  {
    name: "of two concurrent creations of the same job exactly one succeeds",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      for (let round = 0; round < 20; round++) {
        const jobs = ["first", "second"].map((owner) => sampleJob(`job-${round}`, { owner }, { snapshot: owner }));
        const made = await Promise.all([first, second].map(async (store, index) => {
          const job = jobs[index];
          return job !== undefined && await store.create(job);
        }));
        checkSame([...made].sort(), [false, true], `the answers in round ${round}`);
        const stored = await first.load(`job-${round}`);
        const expected = made[0] === true ? "first" : "second";
        checkSame([stored?.snapshot, stored?.record.owner], [expected, expected], `the job of round ${round}`);
      }
    },
  },
  {
    name: "concurrent appends to many jobs are stored, each in its own job",
    async run(scope) {
      const stores = await scope.openTwo();
      const ids = Array.from({ length: JOBS }, (_, index) => `job-${index}`);
      for (const jobId of ids) await createJob(stores[0], jobId, 0);
      await Promise.all(ids.map(async (jobId, index) => {
        const store = index % 2 === 0 ? stores[0] : stores[1];
        for (let at = 0; at < 6; at += 2) {
          await store.append(jobId, at, [`${jobId} ${at}`, `${jobId} ${at + 1}`], { ...HEAD, epoch: at + 2 });
        }
      }));
      for (const jobId of ids) {
        const stored = await stores[1].load(jobId);
        checkSame(stored?.entries, [0, 1, 2, 3, 4, 5].map((at) => `${jobId} ${at}`), `the entries of ${jobId}`);
        checkSame([stored?.record.revision, stored?.record.epoch], [6, 6], `revision and head of ${jobId}`);
      }
    },
  },
  {
    name: "of concurrent appends only the fenced ones fail",
    async run(scope) {
      const store = await scope.open();
      const ids = Array.from({ length: JOBS }, (_, index) => `job-${index}`);
      for (const [index, jobId] of ids.entries()) if (index % 5 !== 4) await createJob(store, jobId, index % 5);
      const errors = await together(
        ...ids.map((jobId, index) => () =>
          store.append(jobId, 1, sampleEntries(1, 2), index % 2 === 0 ? HEAD : undefined)
        ),
      );
      for (const [index, jobId] of ids.entries()) {
        const revision = index % 5 === 4 ? undefined : index % 5 === 1 ? 2 : index % 5;
        checkSame((await store.find(jobId))?.revision, revision, `the revision of ${jobId}`);
        const isFenced = errors[index] instanceof FencedError;
        const error = errors[index];
        check(
          index % 5 === 1 ? error === undefined : isFenced,
          `the answer for ${jobId} at ${index % 5}: got ${error}`,
        );
      }
    },
  },
  {
    name: "load returns a consistent job while another handle appends and compacts",
    async run(scope) {
      const [writer, reader] = await scope.openTwo();
      await createJob(writer, "job", 0);
      for (let at = 0; at < 60; at++) {
        const errors = await together(
          async () => checkUnbroken(await reader.load("job"), `load before the append at ${at}`),
          () => writer.append("job", at, sampleEntries(at, at + 1), { ...HEAD, epoch: at + 1 }),
          async () => checkUnbroken(await reader.load("job"), `load beside the append at ${at}`),
          ...at % 7 === 6 ? [() => reader.compact("job", at - 2, `snapshot at ${at - 2}`)] : [],
          async () => checkUnbroken(await reader.load("job"), `load beside the compaction at ${at}`),
        );
        for (const error of errors) if (error !== undefined) throw error;
      }
      checkUnbroken(await reader.load("job"), "load at the end");
      checkSame((await reader.find("job"))?.revision, 60, "the revision");
    },
  },
  {
    name: "commands that are sent concurrently are all stored, once per key, numbered without a gap",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      await createJob(first, "job", 0);
      const sends = Array.from({ length: 20 }, (_, index) => [
        () => first.send("job", `first ${index}`, `first ${index}`),
        () => second.send("job", `second ${index}`, `second ${index}`),
        () => (index % 2 === 0 ? first : second).send("job", `both ${index % 5}`, `both ${index % 5}`),
      ]).flat();
      for (const error of await together(...sends)) if (error !== undefined) throw error;
      const inbox = await second.inbox("job", 0);
      checkSame(inbox.map(({ sequence }) => sequence), inbox.map((_, index) => index + 1), "the sequences");
      const keys = (from: string, count: number) => Array.from({ length: count }, (_, index) => `${from} ${index}`);
      const expected = [...keys("first", 20), ...keys("second", 20), ...keys("both", 5)].sort();
      checkSame(inbox.map(({ key }) => key).sort(), expected, "the keys");
      checkSame(inbox.map(({ text }) => text).sort(), expected, "the texts");
    },
  },
  {
    name: "a command that is sent while the owner releases the job is not lost: the job is due",
    async run(scope) {
      const [owner, sender] = await scope.openTwo();
      await createJob(owner, "job", 0);
      for (let round = 0; round < 30; round++) {
        const calls = [
          () => owner.append("job", round, sampleEntries(round, round + 1), { ...HEAD, consumed: round }),
          () => sender.send("job", `command ${round}`, `key ${round}`),
        ];
        const errors = await together(...round % 2 === 0 ? calls : calls.reverse());
        for (const error of errors) if (error !== undefined) throw error;
        checkSame(sortedIds(await owner.due({ now: 0 })), ["job"], `due after round ${round}`);
        checkSame((await owner.inbox("job", round)).map(({ text }) => text), [`command ${round}`], "inbox");
        checkSame((await owner.find("job"))?.revision, round + 1, "the revision");
      }
    },
  },
  {
    name: "a delete that runs concurrently with other writes leaves nothing behind",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      for (let round = 0; round < 20; round++) {
        await createJob(first, "job", 2);
        const calls = [
          () => first.append("job", 2, sampleEntries(2, 3), HEAD),
          () => second.delete("job"),
          () => first.send("job", "command", "key"),
          () => first.compact("job", 2, "snapshot at 2"),
        ];
        const errors = await together(...[...calls.slice(round % 4), ...calls.slice(0, round % 4)]);
        const bad = errors.find((error) => error !== undefined && !(error instanceof FencedError));
        if (bad !== undefined) throw bad;
        checkSame(await first.find("job"), undefined, `find after round ${round}`);
        checkSame(await second.load("job"), undefined, `load after round ${round}`);
        checkSame(await first.list(), { jobs: [] }, `list after round ${round}`);
        const job = sampleJob("job");
        checkSame(await second.create(job), true, `create after round ${round}`);
        const { flow, snapshot } = job;
        const stored = { record: newRecord(job), flow, snapshot, snapshotRevision: 0, entries: [] };
        checkSame(await first.load("job"), stored, `the job made anew after round ${round}`);
        checkSame(await first.inbox("job", 0), [], `the inbox of the job made anew after round ${round}`);
        await second.delete("job");
      }
    },
  },
];
