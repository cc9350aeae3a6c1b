import type { Incarnation, Store, TakeQuery } from "../../ports/store.ts";
import { type Case, withStore } from "./case.ts";
import { checkFenced, checkSame, existing } from "./checks.ts";
import {
  addJob,
  claimJob,
  claimOf,
  createJob,
  ENDED,
  enter,
  HEAD,
  heldBy,
  idsOf,
  LATER,
  LEASE_MS,
  NOW,
  sampleEntries,
  sampleJob,
  send,
  sendNew,
  take,
} from "./sample_jobs.ts";

/** Takes jobs, and lets go of them again, so that they are as they were. */
export async function takeAndRelease(
  store: Store,
  owner: Incarnation,
  query: Partial<TakeQuery> = {},
): Promise<string[]> {
  const taken = await take(store, owner, query);
  for (const job of taken) {
    const { status, dueAt, endedAt, consumed, revision } = job.record;
    await store.append(claimOf(job), revision, [], { ...HEAD, status, dueAt, endedAt, consumed, releases: true });
  }
  return idsOf(taken);
}

/** Which jobs are due, and what taking them does. */
export const takeCases: readonly Case[] = [
  withStore("take claims the jobs that are due, and returns them whole", async (store) => {
    const owner = await enter(store, "engine");
    const job = sampleJob("due", { dueAt: 1_000, tags: { of: "user" }, parentId: "parent" });
    const made = await addJob(store, job);
    await store.append(made, 0, sampleEntries(0, 3));
    await store.compact(made, 1, "snapshot at 1");
    await createJob(store, "not due", 1, { dueAt: NOW + 1 });
    await createJob(store, "never due", 1);
    const before = await store.load("due");
    const answer = await store.take({ ...owner, now: NOW, limit: 10 });
    checkSame(answer.now, NOW, "the time of the answer");
    const claim = { ...owner, epoch: 1, heldUntil: NOW + LEASE_MS };
    const expected = { ...before, record: { ...before?.record, ...claim } };
    checkSame(answer.jobs, [expected], "the taken jobs");
    checkSame(await store.load("due"), expected, "load");
    checkSame(await store.find("due"), expected.record, "find");
    checkSame(await heldBy(store, owner), ["due at epoch 1"], "held");
    checkSame(idsOf(await take(store, owner)), [], "the jobs that are taken next");
    await checkFenced(() => store.append(made, 3, ["late"]), "due", 3, 3, "a write at the epoch before");
    const [taken] = answer.jobs;
    if (taken !== undefined) checkSame(await store.append(claimOf(taken), 3, ["on"]), "stored", "a write of the owner");
  }),
  withStore("a job that nobody has is due once its dueAt has passed, also after its end", async (store) => {
    const owner = await enter(store, "engine", { leaseMs: LATER });
    await createJob(store, "early", 0, { dueAt: 1_000 });
    await createJob(store, "late", 0, { dueAt: 2_000 });
    await createJob(store, "never", 0);
    await createJob(store, "ended", 0, { endedAt: 1 });
    await createJob(store, "owing", 0, { dueAt: 3_000, endedAt: 1 });
    const ids = ["early", "late", "owing"];
    const expected = [[999, 0], [1_000, 1], [1_999, 1], [2_000, 2], [2_999, 2], [3_000, 3]] as const;
    for (const [now, count] of expected) {
      checkSame(await takeAndRelease(store, owner, { now }), ids.slice(0, count), `take at ${now}`);
    }
    checkSame(await takeAndRelease(store, owner, { now: NOW }), ids, "take later");
  }),
  withStore("take goes by the latest head: a later dueAt, none, and the end", async (store) => {
    const owner = await enter(store, "engine", { leaseMs: LATER });
    const job = await createJob(store, "job", 0, { dueAt: 1_000 });
    await store.append(job, 0, sampleEntries(0, 1), { ...HEAD, dueAt: 5_000 });
    checkSame(await takeAndRelease(store, owner, { now: 4_999 }), [], "take before the later instant");
    checkSame(await takeAndRelease(store, owner, { now: 5_000 }), ["job"], "take at the later instant");
    const [taken] = await take(store, owner, { now: 5_000 });
    const claim = claimOf(existing(taken, "the job"));
    await store.append(claim, 1, sampleEntries(1, 2), { ...HEAD, status: "paused", releases: true });
    checkSame(await takeAndRelease(store, owner), [], "take of a job without dueAt");
    const last = existing(await claimJob(store, owner, claim), "the job that is claimed again");
    await store.append(claimOf(last), 2, sampleEntries(2, 3), { ...ENDED, dueAt: 5_000 });
    checkSame(
      await takeAndRelease(store, owner),
      ["job"],
      "take of a job that has ended, and has something left to do",
    );
    const told = existing(await claimJob(store, owner, { ...claim, epoch: last.record.epoch + 1 }), "the ended job");
    await store.append(claimOf(told), 3, [], ENDED);
    checkSame(await takeAndRelease(store, owner), [], "take of a job that has ended");
  }),
  withStore(
    "a job with a command that is not consumed is due, whatever its dueAt, also after its end",
    async (store) => {
      const owner = await enter(store, "engine");
      await createJob(store, "job", 0, { dueAt: LATER });
      await createJob(store, "other", 0);
      const ended = await createJob(store, "ended", 0);
      await store.append(ended, 0, ["end"], ENDED);
      checkSame(idsOf(await take(store, owner)), [], "take before");
      for (const text of ["first", "second"]) await sendNew(store, "job", text);
      await send(store, ended, "redrive", "redrive", { reopens: true });
      const taken = await take(store, owner);
      checkSame(idsOf(taken).toSorted(), ["ended", "job"], "take with commands");
      for (const job of taken) {
        await store.append(claimOf(job), job.record.revision, [], {
          ...HEAD,
          consumed: 1,
          releases: true,
        });
      }
      const [left, ...more] = await take(store, owner);
      checkSame([left?.record.jobId, left?.record.consumed, more.length], ["job", 1, 0], "take with one consumed");
      const claim = claimOf(existing(left, "the job"));
      await store.append(claim, 0, sampleEntries(0, 1));
      await store.append(claim, 1, [], { ...HEAD, consumed: 1, releases: true });
      checkSame(await takeAndRelease(store, owner), ["job"], "take after an append without a head");
      const [last] = await take(store, owner);
      if (last !== undefined) await store.append(claimOf(last), 1, [], { ...HEAD, consumed: 2, releases: true });
      checkSame(await takeAndRelease(store, owner), [], "take with both consumed");
      await sendNew(store, "job", "third");
      checkSame(await takeAndRelease(store, owner), ["job"], "take with a third command");
    },
  ),
  withStore("a job that is held is not due, whatever it has", async (store) => {
    const [holder, other] = [await enter(store, "holder"), await enter(store, "other")];
    for (const [jobId, more] of [["due", { dueAt: 1 }], ["addressed", {}], ["idle", {}]] as const) {
      await createJob(store, jobId, 0, { ...more, claim: holder });
    }
    await sendNew(store, "addressed", "command");
    for (const owner of [other, holder]) checkSame(idsOf(await take(store, owner)), [], `take by ${owner.owner}`);
    checkSame((await store.find("due"))?.epoch, 1, "the epoch");
  }),
  withStore("take takes no more than its limit, and each job once", async (store) => {
    const owner = await enter(store, "engine");
    for (let index = 0; index < 9; index++) {
      await createJob(store, `${index}-due`, 0, { dueAt: 10, createdAt: index });
      await sendNew(store, `${index}-due`, "command");
      await createJob(store, `${index}-idle`, 0, { dueAt: LATER, createdAt: index });
      await createJob(store, `${index}-own`, 0, { dueAt: 10, createdAt: index, claim: owner });
    }
    const all = Array.from({ length: 9 }, (_, index) => `${index}-due`);
    for (const [limit, from, to] of [[1, 0, 1], [4, 1, 5], [10, 5, 9], [1, 9, 9]] as const) {
      checkSame(idsOf(await take(store, owner, { limit })), all.slice(from, to), `take of ${limit} after ${from}`);
    }
  }),
];
