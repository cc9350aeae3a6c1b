import type { Incarnation, Store } from "../../ports/store.ts";
import { type Case, withStore } from "./case.ts";
import { check, checkSame } from "./checks.ts";
import { createJob, enter, heldBy, idsOf, LATER, LEASE_MS, NOW, sendNew, take } from "./sample_jobs.ts";

/** When a lease ends that was granted at `NOW`. */
export const AT_END: number = NOW + LEASE_MS;
/** The last instant at which such a lease runs. */
export const BEFORE_END: number = AT_END - 1;
/** An incarnation that no store has given. */
export const UNKNOWN = 1_000_000;

/** Renews a lease; says whether it has been renewed. */
export async function isRenewed(
  store: Store,
  owner: Incarnation,
  now: number,
  leaseMs: number = LEASE_MS,
): Promise<boolean> {
  const answer = await store.renew(owner, leaseMs, now);
  checkSame(answer.now, now, "the time of the answer to renew");
  return answer.isHeld;
}

/** Makes a job claimed by an incarnation, with a `dueAt` that does not matter while it has an owner. */
export async function createHeld(store: Store, claim: Incarnation, jobId = "job"): Promise<void> {
  await createJob(store, jobId, 1, { claim, dueAt: LATER });
}

/** Checks that nothing is due at an instant. */
export async function checkHeld(store: Store, taker: Incarnation, now: number, what: string): Promise<void> {
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
        checkSame(await heldBy(later, claim), [`${jobId} at epoch 1`], `held, for the owner of the job "${jobId}"`);
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
        const { jobs } = await store.claim({ ...stranger, now, jobs: [job] });
        checkSame(idsOf(jobs), [], `claim ${what}`);
      }
      checkSame((await store.find("job"))?.epoch, 0, "the epoch");
      checkSame(idsOf(await take(store, present, { now: BEFORE_END })), ["job"], "take while the lease runs");
    },
  ),
];
