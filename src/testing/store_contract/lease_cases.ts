import type { Incarnation } from "../../ports/store.ts";
import { type Case, withStore } from "./case.ts";
import { check, checkSame, existing } from "./checks.ts";
import { AT_END, BEFORE_END, checkHeld, createHeld, isRenewed, UNKNOWN } from "./owner_cases.ts";
import { claimJob, enter, idsOf, LATER, LEASE_MS, NOW, take } from "./sample_jobs.ts";

/** Leases: how long they last, and their renewals. */
export const leaseCases: readonly Case[] = [
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
  {
    name: "a lease that was found to have ended, by whoever's clock, is not renewed by one that is behind",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      const [taker, late] = [await enter(second, "taker", { leaseMs: LATER }), await enter(first, "late")];
      const owners: Incarnation[] = [];
      for (const name of ["a", "b", "c"]) {
        const owner = await enter(first, name);
        await createHeld(first, owner, name);
        owners.push(owner);
      }
      const [taken = late, claimed = late, refused = late] = owners;
      checkSame(
        idsOf(await take(second, taker, { now: AT_END, limit: 1 })),
        ["a"],
        "take at the end of the leases",
      );
      const held = existing(await second.find("b"), "the second job");
      const claim = await claimJob(second, taker, held, AT_END);
      check(claim !== undefined, "claim at the end of the leases");
      checkSame(await isRenewed(first, refused, AT_END), false, "renew at the end of the lease");
      for (const [what, owner] of [["take", taken], ["claim", claimed], ["a refused renewal", refused]] as const) {
        checkSame(await isRenewed(first, owner, BEFORE_END), false, `renew by a clock that is behind, after ${what}`);
        checkSame(idsOf(await take(first, owner, { now: BEFORE_END })), [], `take by it, after ${what}`);
      }
      checkSame(await isRenewed(first, late, BEFORE_END), true, "renew of a lease that nobody found to have ended");
      checkSame(idsOf(await take(second, taker)), ["c"], "what is left of their jobs is due at once");
    },
  },
  withStore("a lease can be renewed for a shorter time", async (store) => {
    const owner = await enter(store, "engine");
    await createHeld(store, owner);
    checkSame(await isRenewed(store, owner, NOW, 10), true, "renew");
    checkSame((await store.find("job"))?.heldUntil, NOW + 10, "heldUntil");
    checkSame(idsOf(await take(store, await enter(store, "taker"), { now: NOW + 10 })), ["job"], "take");
  }),
];
