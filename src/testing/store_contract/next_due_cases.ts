import type { Incarnation, NextDueQuery, Store } from "../../ports/store.ts";
import { type Case, withStore } from "./case.ts";
import { check, checkSame } from "./checks.ts";
import { claimOf, createJob, ENDED, enter, HEAD, idsOf, LATER, LEASE_MS, NOW, sendNew, take } from "./sample_jobs.ts";

async function checkNext(store: Store, expected: number | undefined, what: string, query: Partial<NextDueQuery> = {}) {
  checkSame(await store.nextDueAt({ now: NOW, ...query }), expected, `nextDueAt ${what}`);
}

async function checkDueNow(store: Store, what: string, now = NOW): Promise<void> {
  const at = await store.nextDueAt({ now });
  check(at !== undefined && at <= now, `nextDueAt ${what} must be at most ${now}, got ${at}`);
}

/** Takes everything that is due, and leaves nothing due behind. */
async function settle(store: Store, owner: Incarnation, now = NOW): Promise<void> {
  for (const job of await take(store, owner, { now })) {
    const { sent: consumed, revision } = job.record;
    await store.append(claimOf(job), revision, [], { ...HEAD, consumed, releases: true });
  }
}

/** The instant at which something will be due. */
export const nextDueCases: readonly Case[] = [
  withStore("nextDueAt is the earliest dueAt of the jobs that nobody has", async (store) => {
    await checkNext(store, undefined, "of an empty store");
    await createJob(store, "never", 0);
    await createJob(store, "ended", 0, { endedAt: 1 });
    await checkNext(store, undefined, "when nothing will be due");
    const job = await createJob(store, "late", 0, { dueAt: NOW + 900 });
    await createJob(store, "early", 0, { dueAt: NOW + 500.5, flowHash: "early", queue: "early", flowId: "early" });
    await checkNext(store, NOW + 500.5, "of two jobs");
    await checkNext(store, NOW + 900, "except a job", { exceptJobs: new Set(["early"]) });
    await checkNext(store, NOW + 900, "except a flow", { exceptFlows: new Set(["early"]) });
    await checkNext(store, NOW + 900, "of a flow", { flows: ["flow", "other"] });
    await checkNext(store, NOW + 900, "of a queue", { queues: ["default"] });
    await checkNext(store, undefined, "of no flow", { flows: [] });
    await store.append(job, 0, ["on"], { ...HEAD, dueAt: NOW + 200 });
    await checkNext(store, NOW + 200, "after an append");
    await store.append(job, 1, ["end"], { ...ENDED, dueAt: NOW + 100 });
    await checkNext(store, NOW + 100, "after an end that leaves something to do");
    await store.append(job, 2, [], ENDED);
    await checkNext(store, NOW + 500.5, "after an end");
    await checkDueNow(store, "when a job is due", NOW + 501);
  }),
  withStore("nextDueAt is now when a job has a command that is not consumed, and nobody holds it", async (store) => {
    const owner = await enter(store, "engine");
    await createJob(store, "job", 0, { dueAt: NOW + 10 });
    await sendNew(store, "job", "command");
    await checkDueNow(store, "with a command");
    await settle(store, owner);
    await checkNext(store, undefined, "when it was consumed");
    const ended = await createJob(store, "ended", 0);
    await store.append(ended, 0, [], ENDED);
    await checkNext(store, undefined, "when a job has ended");
    const command = { key: "redrive", text: "redrive", reopens: true, now: NOW, keyRetentionMs: 1, room: 10 };
    await store.send({ jobId: "ended" }, command);
    await checkDueNow(store, "with a command to a job that has ended");
  }),
  withStore(
    "a job with a command, or without its owner, is due at once, also if its creator's clock was ahead",
    async (store) => {
      const [lost, taker] = [await enter(store, "lost"), await enter(store, "taker")];
      const createdAt = NOW + 1_000_000;
      await createJob(store, "addressed", 0, { createdAt });
      await checkNext(store, undefined, "without a command");
      await sendNew(store, "addressed", "command");
      await checkDueNow(store, "with a command");
      await createJob(store, "left behind", 0, { createdAt, claim: lost });
      await store.leave(lost);
      await checkDueNow(store, "with an owner that has left", NOW);
      checkSame(idsOf(await take(store, taker)), ["addressed", "left behind"], "the jobs that take claims");
    },
  ),
  withStore(
    "nextDueAt of what has been due for long is an instant that has passed, whatever clock asks",
    async (store) => {
      // An engine whose clock is behind would never reach the present instant of one whose clock is ahead.
      const [dead, gone] = [await enter(store, "dead"), await enter(store, "gone")];
      const ahead = NOW + 5 * LEASE_MS;
      const checkPassed = async (most: number, what: string, exceptJobs: readonly string[]) => {
        const at = await store.nextDueAt({ now: ahead, exceptJobs: new Set(exceptJobs) });
        check(at !== undefined && at <= most, `nextDueAt of a job ${what} must be at most ${most}, got ${at}`);
      };
      await createJob(store, "addressed", 0);
      await sendNew(store, "addressed", "command");
      await createJob(store, "of the dead", 0, { claim: dead });
      await createJob(store, "addressed, of the dead", 0, { claim: dead });
      await sendNew(store, "addressed, of the dead", "command");
      await createJob(store, "left behind", 0, { claim: gone });
      await store.leave(gone);
      await checkPassed(NOW, "with a command", ["of the dead", "addressed, of the dead", "left behind"]);
      await checkPassed(NOW + LEASE_MS, "whose owner has died", ["addressed", "addressed, of the dead", "left behind"]);
      await checkPassed(NOW + LEASE_MS, "with a command, whose owner has died", [
        "addressed",
        "of the dead",
        "left behind",
      ]);
      await checkPassed(NOW, "whose owner has left", ["addressed", "of the dead", "addressed, of the dead"]);
    },
  ),
  withStore("nextDueAt leaves out the jobs of an incarnation, as long as it has claimed them", async (store) => {
    const [asking, other] = [await enter(store, "asking"), await enter(store, "other", { leaseMs: 3 * LEASE_MS })];
    const { incarnation: exceptIncarnation } = asking;
    await createJob(store, "of the other", 0, { claim: other });
    const claim = await createJob(store, "own", 0, { claim: asking, dueAt: NOW + 1 });
    await createJob(store, "own, addressed", 0, { claim: asking });
    await sendNew(store, "own, addressed", "command");
    await checkNext(store, NOW + LEASE_MS, "of all jobs");
    await checkNext(store, NOW + 3 * LEASE_MS, "without those of the asking", { exceptIncarnation });
    const others = { exceptIncarnation, exceptJobs: new Set(["of the other"]) };
    await checkNext(store, undefined, "without those of the asking, and the other one", others);
    await checkNext(store, NOW + 3 * LEASE_MS, "when its lease has ended", {
      exceptIncarnation,
      now: NOW + 2 * LEASE_MS,
    });
    await createJob(store, "free", 0, { dueAt: NOW + 7 });
    await checkNext(store, NOW + 7, "with a job that nobody has", others);
    await store.append(claim, 0, [], { ...HEAD, dueAt: NOW + 3, releases: true });
    await checkNext(store, NOW + 3, "with a job that was let go of", others);
  }),
  withStore("nextDueAt is the end of the lease of a job that is held, whatever else it has", async (store) => {
    const [first, second] = [await enter(store, "first"), await enter(store, "second", { leaseMs: 2 * LEASE_MS })];
    await createJob(store, "of the second", 0, { claim: second, dueAt: 1 });
    await sendNew(store, "of the second", "command");
    await checkNext(store, NOW + 2 * LEASE_MS, "of a job that is held");
    await createJob(store, "of the first", 0, { claim: first, dueAt: LATER });
    await checkNext(store, NOW + LEASE_MS, "of two jobs that are held");
    await store.renew(first, 3 * LEASE_MS, NOW + 10);
    await checkNext(store, NOW + 2 * LEASE_MS, "after a renewal");
    await enter(store, "second", { leaseMs: 9 * LEASE_MS });
    await checkNext(store, NOW + 2 * LEASE_MS, "after another incarnation has entered");
    await createJob(store, "free", 0, { dueAt: NOW + 7 });
    await checkNext(store, NOW + 7, "with a job that nobody has");
    await checkNext(store, NOW + 2 * LEASE_MS, "without it", { exceptJobs: new Set(["free"]) });
    await createJob(store, "later", 0, { dueAt: NOW + 9 });
    await checkNext(store, NOW + 9, "without the first of two", { exceptJobs: new Set(["free"]) });
    await store.leave(first);
    await checkDueNow(store, "after one has left");
    await checkDueNow(store, "at the end of a lease", NOW + 2 * LEASE_MS);
  }),
  withStore("at the instant of nextDueAt take finds something, and before it nothing", async (store) => {
    const owner = await enter(store, "engine", { leaseMs: LATER });
    for (let index = 0; index < 12; index++) {
      const lapsing = index % 3 === 0
        ? { claim: await enter(store, `lapsing ${index}`, { leaseMs: 900 - 50 * index }) }
        : {};
      await createJob(store, `job-${index}`, 0, { dueAt: NOW + 1_000 + 37 * index % 600, ...lapsing });
    }
    let now = NOW;
    for (let round = 0; round < 12; round++) {
      const at = await store.nextDueAt({ now });
      check(at !== undefined && at > now, `nextDueAt after ${round} jobs, at ${now}, got ${at}`);
      checkSame(idsOf(await take(store, owner, { now: at - 1 })), [], `take before ${at}`);
      checkSame((await take(store, owner, { now: at, limit: 1 })).length, 1, `how many a take at ${at} finds`);
      now = at;
    }
    checkSame((await store.held(owner)).length, 12, "how many were taken");
  }),
];
