import type { Incarnation, Store } from "../../ports/store.ts";
import { type Case, withStore } from "./case.ts";
import { check, checkSame } from "./checks.ts";
import { createJob, enter, HEAD, idsOf, LATER, LEASE_MS, NOW, sampleEntries, sendNew, take } from "./sample_jobs.ts";

const AT_END = NOW + LEASE_MS;
/** An incarnation that no store has given. */
const UNKNOWN = 1_000_000;
const BEFORE_END = AT_END - 1;

async function isRenewed(store: Store, owner: Incarnation, now: number, leaseMs = LEASE_MS): Promise<boolean> {
  const answer = await store.renew(owner, leaseMs, now);
  checkSame(answer.now, now, "the time of the answer to renew");
  return answer.isHeld;
}

/** Makes a job claimed by an incarnation, with a `dueAt` that does not matter while it has an owner. */
async function createHeld(store: Store, claim: Incarnation, jobId = "job"): Promise<void> {
  await createJob(store, jobId, 1, { claim, dueAt: LATER });
}

async function checkHeld(store: Store, taker: Incarnation, now: number, what: string): Promise<void> {
  checkSame(idsOf(await take(store, taker, { now })), [], `${what}: the jobs that are due at ${now}`);
}

/** Owners: incarnations and their leases. */
export const ownerCases: readonly Case[] = [
  {
    name: "each incarnation has a number that no other one has, whatever its name",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      const numbers: number[] = [];
      for (const owner of ["a", "b", "a", "A", "", "a"]) {
        for (const store of [first, second]) numbers.push((await enter(store, owner)).incarnation);
      }
      const left = await enter(second, "left");
      await second.leave(left);
      numbers.push(left.incarnation, (await enter(first, "left")).incarnation);
      numbers.push((await enter(await scope.reopen(), "a")).incarnation);
      checkSame(new Set(numbers).size, numbers.length, `how many of the incarnations ${numbers.join()} are different`);
    },
  },
  withStore(
    "a lease lasts from enter and from each renewal on, and a lease that has ended is not renewed",
    async (store) => {
      const owner = await enter(store, "engine");
      await createHeld(store, owner);
      checkSame((await store.find("job"))?.heldUntil, AT_END, "heldUntil after enter");
      const taker = await enter(store, "taker", { leaseMs: LATER });
      await checkHeld(store, taker, BEFORE_END, "before the end of the lease");
      checkSame(await isRenewed(store, owner, BEFORE_END), true, "renew before the end of the lease");
      checkSame((await store.find("job"))?.heldUntil, BEFORE_END + LEASE_MS, "heldUntil after renew");
      await checkHeld(store, taker, BEFORE_END + LEASE_MS - 1, "before the end of the renewed lease");
      checkSame(await isRenewed(store, owner, BEFORE_END + LEASE_MS), false, "renew at the end of the lease");
      checkSame(await isRenewed(store, owner, BEFORE_END + LEASE_MS + 1), false, "renew after the end of the lease");
      checkSame(
        await isRenewed(store, { owner: "nobody", incarnation: UNKNOWN }, NOW),
        false,
        "renew of nobody",
      );
      const [taken] = await take(store, taker, { now: BEFORE_END + LEASE_MS });
      checkSame(taken?.record.jobId, "job", "the job that is due at the end of the lease");
      checkSame(taken?.formerIncarnation, owner.incarnation, "the incarnation that had it before");
      checkSame(await store.held(owner), [], "what the former owner holds");
    },
  ),
  withStore("a lease can be renewed for a shorter time", async (store) => {
    const owner = await enter(store, "engine");
    await createHeld(store, owner);
    checkSame(await isRenewed(store, owner, NOW, 10), true, "renew");
    checkSame((await store.find("job"))?.heldUntil, NOW + 10, "heldUntil");
    checkSame(idsOf(await take(store, await enter(store, "taker"), { now: NOW + 10 })), ["job"], "take");
  }),
  withStore(
    "an enter that is repeated with its token gives the same incarnation, and renews its lease",
    async (store) => {
      const owner = await enter(store, "engine", { token: "once" });
      await createHeld(store, owner);
      const again = await enter(store, "engine", { token: "once", now: NOW + 500 });
      checkSame(again, owner, "the incarnation");
      checkSame((await store.find("job"))?.heldUntil, AT_END + 500, "heldUntil");
      const other = await enter(store, "other", { token: "once" });
      check(other.incarnation !== owner.incarnation, "the same token under another name must give another incarnation");
      const next = await enter(store, "engine", { token: "twice" });
      check(next.incarnation !== owner.incarnation, "another token must give another incarnation");
      checkSame(await isRenewed(store, next, NOW + 1), true, "renew by the next incarnation");
    },
  ),
  withStore(
    "a new incarnation ends the right of the former one to renew; the former jobs are free when its lease has ended",
    async (store) => {
      const former = await enter(store, "engine");
      await createHeld(store, former);
      const present = await enter(store, "engine", { now: NOW + 500, leaseMs: LATER });
      checkSame(await isRenewed(store, former, NOW + 501), false, "renew by the former incarnation");
      checkSame(await isRenewed(store, present, NOW + 501, LATER), true, "renew by the present incarnation");
      const record = await store.find("job");
      checkSame([record?.owner, record?.incarnation], ["engine", former.incarnation], "the owner of the job");
      checkSame(record?.heldUntil, AT_END, "heldUntil");
      checkSame(await store.held(former), [{ jobId: "job", epoch: 1 }], "what the former incarnation holds");
      checkSame(await store.held(present), [], "what the present incarnation holds");
      const third = await enter(store, "engine", { now: NOW + 600, leaseMs: LATER });
      for (const taker of [third, await enter(store, "other", { leaseMs: LATER })]) {
        await checkHeld(store, taker, BEFORE_END, "before the end of the former lease");
      }
      checkSame(idsOf(await take(store, third, { now: AT_END })), ["job"], "take at the end of the former lease");
    },
  ),
  withStore("a former incarnation may still write its jobs until they are claimed anew", async (store) => {
    const former = await enter(store, "engine");
    const job = await createJob(store, "job", 1, { claim: former });
    await enter(store, "engine");
    checkSame(await store.append(job, 1, sampleEntries(1, 2)), "stored", "append under the former lease");
    await store.leave(former);
    checkSame(await store.append(job, 2, sampleEntries(2, 3), { ...HEAD, releases: true }), "stored", "the release");
  }),
  withStore("an incarnation that takes over frees the jobs of all former ones at once", async (store) => {
    const [first, other] = [await enter(store, "engine"), await enter(store, "other")];
    await createHeld(store, first, "of the first");
    await createHeld(store, other, "of another");
    const second = await enter(store, "engine");
    await createHeld(store, second, "of the second");
    const third = await enter(store, "engine", { takesOver: true });
    checkSame((await store.find("of the first"))?.heldUntil, undefined, "heldUntil");
    const taken = await take(store, third);
    checkSame(idsOf(taken).toSorted(), ["of the first", "of the second"], "the jobs that are taken");
    const former = taken.map(({ formerIncarnation }) => formerIncarnation).toSorted((a = 0, b = 0) => a - b);
    checkSame(former, [first.incarnation, second.incarnation].toSorted((a, b) => a - b), "who had them before");
    checkSame(await isRenewed(store, first, NOW), false, "renew by the first");
  }),
  withStore("leave frees the jobs of an incarnation at once, and of no other one", async (store) => {
    const [owner, other] = [await enter(store, "engine"), await enter(store, "other")];
    await createHeld(store, owner);
    await createHeld(store, other, "of another");
    await store.leave({ owner: "nobody", incarnation: UNKNOWN });
    await store.leave({ owner: "engine", incarnation: UNKNOWN });
    checkSame((await store.find("job"))?.heldUntil, AT_END, "heldUntil after others have left");
    await store.leave(owner);
    await store.leave(owner);
    const record = await store.find("job");
    checkSame([record?.owner, record?.heldUntil], ["engine", undefined], "owner and heldUntil after leave");
    checkSame(await isRenewed(store, owner, NOW), false, "renew after leave");
    checkSame(idsOf(await take(store, owner)), [], "take by the one that has left");
    checkSame(idsOf(await take(store, other)), ["job"], "take by another one");
  }),
  withStore("leave of a former incarnation frees its jobs, and leaves the present one its lease", async (store) => {
    const former = await enter(store, "engine");
    await createHeld(store, former, "of the former");
    const present = await enter(store, "engine");
    await createHeld(store, present, "of the present");
    await store.leave(former);
    const taker = await enter(store, "taker");
    checkSame(idsOf(await take(store, taker)), ["of the former"], "take");
    checkSame(await isRenewed(store, present, NOW), true, "renew by the present one");
    await store.leave(present);
    const next = await enter(store, "engine");
    checkSame(idsOf(await take(store, next)), ["of the present"], "take by the next one");
  }),
  withStore("an engine that enters again is refused when another has entered under its name since", async (store) => {
    const first = await enter(store, "engine");
    const again = { again: first.incarnation, now: AT_END, token: "again" };
    const second = await enter(store, "engine", again);
    checkSame(await enter(store, "engine", again), second, "the answer to the repeated call");
    check(second.incarnation !== first.incarnation, "who enters again gets another incarnation");
    const query = { owner: "engine", leaseMs: LEASE_MS, takesOver: false };
    const refused = await store.enter({ ...query, now: AT_END + 1, token: "refused", again: first.incarnation });
    checkSame(refused, { now: AT_END + 1, incarnation: undefined }, "the answer to the first one");
    checkSame(await isRenewed(store, second, AT_END + 2), true, "renew by the second one");
    const anew = await enter(store, "fresh", { again: first.incarnation });
    check(anew.incarnation !== second.incarnation, "who enters under a fresh name gets an incarnation");
  }),
  {
    name: "the store remembers which incarnations have survived the loss of their lease",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      const [engine, other] = [await enter(first, "engine"), await enter(first, "other")];
      const survived = async (store: Store, by: Incarnation) => {
        const { survived } = await store.take({ ...by, now: NOW, limit: 1 });
        checkSame((await store.claim({ ...by, now: NOW, jobs: [] })).survived, survived, "what claim tells");
        return survived.toSorted((a, b) => a - b);
      };
      checkSame(await survived(first, other), [], "the survivors at first");
      const again = await enter(second, "engine", { again: engine.incarnation });
      checkSame(await survived(first, other), [engine.incarnation], "the survivors after one");
      await enter(first, "engine");
      await second.enter({
        ...{ owner: "engine", leaseMs: LEASE_MS, now: NOW, token: "refused" },
        ...{ takesOver: false, again: again.incarnation },
      });
      const all = [engine.incarnation, again.incarnation].toSorted((a, b) => a - b);
      checkSame(await survived(first, other), all, "the survivors, one of them refused");
      checkSame(await survived(await scope.reopen(), other), all, "the survivors in a store that was opened later");
    },
  },
  {
    name: "owners survive closing and reopening the store",
    async run(scope) {
      const store = await scope.open();
      const [former, other] = [await enter(store, "engine", { token: "1" }), await enter(store, "other")];
      await createHeld(store, former);
      const present = await enter(store, "engine", { token: "2", leaseMs: 2 * LEASE_MS });
      await createHeld(store, present, "of the present");
      await createHeld(store, other, "of one that has left");
      await store.leave(other);
      const later = await scope.reopen();
      const held = [["job", former, AT_END], ["of the present", present, AT_END + LEASE_MS]] as const;
      for (const [jobId, claim, end] of held) {
        const record = await later.find(jobId);
        checkSame(
          [record?.owner, record?.incarnation],
          ["engine", claim.incarnation],
          `the owner of the job "${jobId}"`,
        );
        if (scope.keepsLeases) checkSame(record?.heldUntil, end, `heldUntil of the job "${jobId}"`);
        checkSame(await later.held(claim), [{ jobId, epoch: 1 }], `held, for the owner of the job "${jobId}"`);
      }
      checkSame((await later.find("of one that has left"))?.heldUntil, undefined, "heldUntil of one that has left");
      checkSame(await isRenewed(later, former, NOW), false, "renew by the former one");
      if (!scope.keepsLeases) return;
      checkSame(await isRenewed(later, present, NOW), true, "renew by the present one");
      checkSame(await enter(later, "engine", { token: "2" }), present, "enter with its token");
    },
  },
  withStore(
    "an incarnation whose lease has ended, or that is not the present one, takes and claims nothing",
    async (store) => {
      const former = await enter(store, "engine", { leaseMs: LATER });
      const present = await enter(store, "engine");
      const job = await createJob(store, "job", 1, { dueAt: 1 });
      await sendNew(store, "job", "command");
      const strangers: readonly [Incarnation, number][] = [
        [former, NOW],
        [present, AT_END],
        [present, LATER],
        [{ owner: "nobody", incarnation: present.incarnation }, NOW],
        [{ owner: "engine", incarnation: present.incarnation + 1 }, NOW],
      ];
      for (const [stranger, now] of strangers) {
        const what = `by ${stranger.owner} ${stranger.incarnation} at ${now}`;
        checkSame(idsOf(await take(store, stranger, { now })), [], `take ${what}`);
        const { jobs } = await store.claim({ ...stranger, now, jobs: [{ jobId: "job", epoch: job.epoch }] });
        checkSame(idsOf(jobs), [], `claim ${what}`);
      }
      checkSame((await store.find("job"))?.epoch, 0, "the epoch");
      checkSame(idsOf(await take(store, present, { now: BEFORE_END })), ["job"], "take while the lease runs");
    },
  ),
];
