import type { Incarnation, Store } from "../../ports/store.ts";
import { type Case, withStore } from "./case.ts";
import { check, checkSame } from "./checks.ts";
import { AT_END, BEFORE_END, checkHeld, createHeld, isRenewed, UNKNOWN } from "./owner_cases.ts";
import { createJob, enter, HEAD, heldBy, idsOf, LATER, LEASE_MS, NOW, sampleEntries, take } from "./sample_jobs.ts";

const DAY_MS = 86_400_000;

/** Engines that enter again, take over and leave under one name. */
export const incarnationCases: readonly Case[] = [
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
      checkSame(await heldBy(store, former), ["job at epoch 1"], "what the former incarnation holds");
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
  withStore(
    "an owner is remembered for a day after its leases have ended, and jobs of a forgotten one are due",
    async (store) => {
      const first = await enter(store, "engine");
      const present = await enter(store, "engine", { again: first.incarnation, now: AT_END });
      await createHeld(store, present);
      const dayAfter = AT_END + LEASE_MS + DAY_MS;
      const left = await enter(store, "left", { now: dayAfter - 2 });
      await createHeld(store, left, "of one that has left");
      await store.leave(left);
      await enter(store, "other", { now: dayAfter - 1 });
      checkSame((await store.find("job"))?.heldUntil, AT_END + LEASE_MS, "heldUntil within a day");
      const refused = {
        owner: "engine",
        leaseMs: LEASE_MS,
        token: "refused",
        again: first.incarnation,
        takesOver: false,
      };
      const { incarnation } = await store.enter({ ...refused, now: dayAfter - 1 });
      checkSame(incarnation, undefined, "the incarnation of a former one that enters again within a day");
      const taker = await enter(store, "taker", { now: dayAfter + 1 });
      checkSame(await isRenewed(store, present, dayAfter + 1), false, "renew of one that may have been forgotten");
      for (const [jobId, owner] of [["job", present], ["of one that has left", left]] as const) {
        checkSame(await heldBy(store, owner), [`${jobId} at epoch 1`], `held, for the owner of the job "${jobId}"`);
      }
      const next = await enter(store, "engine", { now: dayAfter + 1 });
      checkSame((await store.find("job"))?.incarnation, present.incarnation, "the incarnation that has the job");
      check(next.incarnation > present.incarnation, "who enters under a forgotten name must get a new incarnation");
      const taken = await take(store, taker, { now: dayAfter + 1 });
      checkSame(idsOf(taken).toSorted(), ["job", "of one that has left"], "the jobs that are due");
      const former = taken.map(({ formerIncarnation }) => formerIncarnation).toSorted((a = 0, b = 0) => a - b);
      checkSame(former, [present.incarnation, left.incarnation], "who had them before");
    },
  ),
];
