import { type Case, withStore } from "./case.ts";
import { check, checkFenced, checkSame, existing } from "./checks.ts";
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
  take,
} from "./sample_jobs.ts";

/** Claims of given jobs. */
export const claimCases: readonly Case[] = [
  withStore(
    "claim claims a job of the given epoch that nobody holds, due or not, and returns it whole",
    async (store) => {
      const [owner, left] = [await enter(store, "engine"), await enter(store, "left")];
      const free = await createJob(store, "free", 2, { dueAt: LATER });
      const ended = await createJob(store, "ended", 0);
      await store.append(ended, 0, ["end"], ENDED);
      const behind = await createJob(store, "left behind", 1, { claim: left });
      await store.leave(left);
      for (const claimed of [free, ended, behind]) {
        const { jobId, epoch } = claimed;
        const before = await store.load(jobId);
        checkSame(
          await claimJob(store, owner, { ...claimed, epoch: epoch + 1 }),
          undefined,
          `claim of "${jobId}" too late`,
        );
        checkSame(await store.load(jobId), before, `"${jobId}" after it`);
        const taken = await claimJob(store, owner, claimed);
        const claim = { ...owner, epoch: epoch + 1, heldUntil: NOW + LEASE_MS };
        const expected = { ...before, record: { ...before?.record, ...claim } };
        const formerIncarnation = epoch === 0 ? undefined : left.incarnation;
        checkSame(taken, { ...expected, formerIncarnation }, `claim of "${jobId}"`);
        checkSame(await store.load(jobId), expected, `"${jobId}" after claim`);
        checkSame(await claimJob(store, owner, claimed), undefined, `claim of "${jobId}" at the epoch before`);
      }
    },
  ),
  withStore("claim of a job that another one holds is refused until that one's lease has ended", async (store) => {
    const [owner, holder] = [await enter(store, "engine", { leaseMs: LATER }), await enter(store, "holder")];
    const job = await createJob(store, "job", 1, { claim: holder, dueAt: 1 });
    await enter(store, "holder", { leaseMs: LATER });
    for (const epoch of [0, 1, 2]) {
      checkSame(await claimJob(store, owner, { ...job, epoch }), undefined, `claim at epoch ${epoch}`);
    }
    checkSame(await claimJob(store, owner, job, NOW + LEASE_MS - 1), undefined, "claim before the lease ends");
    checkSame(await store.append(job, 1, sampleEntries(1, 2)), "stored", "a write of the holder");
    const taken = await claimJob(store, owner, job, NOW + LEASE_MS);
    checkSame(
      [taken?.record.epoch, taken?.formerIncarnation],
      [2, holder.incarnation],
      "claim when the lease has ended",
    );
  }),
  withStore("claim of one's own job raises its epoch, so that what was sent before is refused", async (store) => {
    const owner = await enter(store, "engine");
    const job = await createJob(store, "job", 1, { claim: owner });
    const taken = await claimJob(store, owner, job);
    checkSame([taken?.record.epoch, taken?.formerIncarnation], [2, owner.incarnation], "the claim");
    await checkFenced(() => store.append(job, 1, ["late"]), "job", 1, 1, "a write at the epoch before");
    if (taken !== undefined) {
      checkSame(await store.append(claimOf(taken), 1, ["on"]), "stored", "a write at the new one");
    }
  }),
  withStore("claim claims several jobs at once, each for itself", async (store) => {
    const [owner, holder] = [await enter(store, "engine"), await enter(store, "holder")];
    const a = await createJob(store, "a", 1);
    const b = await createJob(store, "b", 1);
    const c = await createJob(store, "c", 1);
    const held = await createJob(store, "held", 1, { claim: holder });
    const jobs = [a, held, { ...b, epoch: 1 }, { ...a, jobId: "nobody", life: a.life + 1_000 }, c];
    const answer = await store.claim({ ...owner, now: NOW, jobs });
    checkSame(answer.now, NOW, "the time of the answer");
    checkSame(idsOf(answer.jobs).toSorted(), ["a", "c"], "the claimed jobs");
    checkSame(await heldBy(store, owner), ["a at epoch 1", "c at epoch 1"], "held");
    checkSame((await store.claim({ ...owner, now: NOW, jobs: [] })).jobs, [], "claim of none");
  }),
  withStore(
    "a claim of a job that was deleted and created anew under its id is refused, at any epoch",
    async (store) => {
      const [owner, holder] = [await enter(store, "engine"), await enter(store, "holder")];
      for (const claim of [undefined, holder]) {
        const former = await addJob(store, sampleJob("job", { claim }));
        await store.delete(former);
        const present = await addJob(store, sampleJob("job", { claim, token: "another" }));
        for (const epoch of [0, 1]) {
          for (const by of [owner, holder]) {
            checkSame(
              await claimJob(store, by, { ...former, epoch }),
              undefined,
              `claim of the former life at ${epoch}`,
            );
          }
        }
        checkSame((await store.find("job"))?.epoch, present.epoch, "the epoch of the present life");
        check(await claimJob(store, holder, present) !== undefined, "claim of the present life");
        await store.delete(present);
      }
    },
  ),
  withStore("a job that was released has no former incarnation", async (store) => {
    const [owner, other] = [await enter(store, "engine"), await enter(store, "other")];
    await createJob(store, "job", 0, { dueAt: 1 });
    const [first] = await take(store, owner);
    checkSame([first?.record.epoch, first?.formerIncarnation], [1, undefined], "a job that was never claimed");
    await store.append(claimOf(existing(first, "the job")), 0, [], { ...HEAD, dueAt: 1, releases: true });
    const [second] = await take(store, other);
    checkSame([second?.record.epoch, second?.formerIncarnation], [2, undefined], "a job that was released");
  }),
  withStore("held tells which life of a job is held, when that was deleted and created anew", async (store) => {
    const owner = await enter(store, "engine");
    const former = await addJob(store, sampleJob("job", { claim: owner }));
    checkSame(await store.held(owner), [former], "held");
    await store.delete(former);
    checkSame(await store.held(owner), [], "held, after the job was deleted");
    const present = await addJob(store, sampleJob("job", { claim: owner, token: "another" }));
    checkSame(await store.held(owner), [present], "held, after it was created anew");
    check(present.life !== former.life, "a job that is created anew must have another life");
  }),
  withStore(
    "held lists what an incarnation has claimed and not released, also when its lease has ended",
    async (store) => {
      const owner = await enter(store, "engine");
      const jobs = [];
      for (const jobId of ["a", "b", "c"]) jobs.push(await createJob(store, jobId, 0, { claim: owner }));
      const [a, b] = jobs;
      if (a !== undefined) await store.append(a, 0, ["end"], { ...ENDED, releases: false });
      if (b !== undefined) await store.append(b, 0, [], { ...HEAD, status: "paused", releases: true });
      const held = ["a at epoch 1", "c at epoch 1"];
      checkSame(await heldBy(store, owner), held, "held");
      await store.leave(owner);
      checkSame(await heldBy(store, owner), held, "held by one that has left");
      checkSame(await store.held({ ...owner, incarnation: owner.incarnation + 1 }), [], "held by another incarnation");
      checkSame(idsOf(await take(store, await enter(store, "other"))).toSorted(), ["a", "c"], "take");
      checkSame(await store.held(owner), [], "held after it");
    },
  ),
  withStore("a job that has ended and was not released is due when its owner's lease has ended", async (store) => {
    const [owner, other] = [await enter(store, "engine"), await enter(store, "other", { leaseMs: LATER })];
    const job = await createJob(store, "job", 0, { claim: owner });
    await store.append(job, 0, ["end"], { ...ENDED, releases: false });
    checkSame(idsOf(await take(store, other)), [], "take while its owner holds it");
    const [taken] = await take(store, other, { now: NOW + LEASE_MS });
    checkSame([taken?.record.jobId, taken?.record.status], ["job", "completed"], "take when the lease has ended");
    await send(store, job, "redrive", "redrive", { reopens: true });
    checkSame(
      await store.append(claimOf(existing(taken, "the job")), 1, [], ENDED),
      "stored",
      "its release, beside a command",
    );
    checkSame(idsOf(await take(store, other)), ["job"], "take of the ended job with a command");
  }),
];
