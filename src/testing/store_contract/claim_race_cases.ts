import { FencedError } from "../../base/errors.ts";
import type { AppendHead, Store, TakenJob } from "../../ports/store.ts";
import type { Case } from "./case.ts";
import { check, checkNothingWorse, checkSame, errorOf, existing } from "./checks.ts";
import {
  claimJob,
  claimOf,
  createJob,
  enter,
  HEAD,
  idsOf,
  LATER,
  LEASE_MS,
  NOW,
  sampleEntries,
  sampleJob,
  take,
} from "./sample_jobs.ts";

/** Starts two calls, the first one first or second; returns their answers. */
async function race<A, B>(
  first: () => Promise<A>,
  second: () => Promise<B>,
  isInOrder: boolean,
): Promise<readonly [A, B]> {
  if (isInOrder) return await Promise.all([first(), second()]);
  const [later, earlier] = await Promise.all([second(), first()]);
  return [earlier, later];
}

function checkWhole({ record, snapshotRevision, entries }: TakenJob, what: string): void {
  checkSame(entries, sampleEntries(snapshotRevision, record.revision), `${what}: the entries`);
}

/** Engines that claim jobs at the same time. */
export const claimRaceCases: readonly Case[] = [
  {
    name: "of two claims at the same epoch exactly one succeeds, in each of many rounds",
    async run(scope) {
      const stores = await scope.openTwo();
      const owners = [await enter(stores[0], "first"), await enter(stores[1], "second")] as const;
      const job = await createJob(stores[0], "job", 0);
      for (let epoch = 0; epoch < 40; epoch++) {
        const claim = async (index: 0 | 1) => await claimJob(stores[index], owners[index], { ...job, epoch });
        const taken = await race(() => claim(0), () => claim(1), epoch % 2 === 0);
        const winners = taken.filter((it) => it !== undefined);
        const [winner] = winners;
        check(
          winners.length === 1 && winner !== undefined,
          `epoch ${epoch}: one claim must win, ${winners.length} did`,
        );
        const index = taken[0] === undefined ? 1 : 0;
        const { owner, epoch: present } = existing(await stores[0].find("job"), "the job");
        checkSame([owner, present], [owners[index].owner, epoch + 1], `owner and epoch after epoch ${epoch}`);
        await stores[index].append({ ...job, epoch: epoch + 1 }, 0, [], { ...HEAD, releases: true });
      }
    },
  },
  {
    name: "engines that take at the same time get different jobs, and all jobs together",
    async run(scope) {
      const stores = await scope.openTwo();
      const jobs = Array.from({ length: 60 }, (_, index) => sampleJob(`job-${index}`, { dueAt: index % 7 }));
      await stores[0].create(jobs);
      const takers = await Promise.all(Array.from({ length: 4 }, async (_, index) => {
        const store = stores[index % 2 === 0 ? 0 : 1];
        return { store, owner: await enter(store, `engine ${index}`) };
      }));
      const taken: string[] = [];
      for (let round = 0; taken.length < jobs.length; round++) {
        check(round < 60, `some jobs are taken by nobody: only ${taken.length} of 60 were taken`);
        const answers = await Promise.all(takers.map(async ({ store, owner }) => {
          const jobs = await take(store, owner, { limit: 3 });
          for (const { record } of jobs) checkSame([record.owner, record.epoch], [owner.owner, 1], "owner and epoch");
          return idsOf(jobs);
        }));
        taken.push(...answers.flat());
      }
      checkSame(new Set(taken).size, taken.length, "how many different jobs were taken");
      const held = await Promise.all(takers.map(async ({ store, owner }) => (await store.held(owner)).length));
      checkSame(held.reduce((sum, count) => sum + count), 60, "how many jobs are held");
    },
  },
  {
    name:
      "an engine that takes beside writes of the former owner gets the whole job, and the later of them are refused",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      const taker = await enter(second, "taker", { leaseMs: LATER });
      for (let round = 0; round < 30; round++) {
        const jobId = `job-${round}`;
        const job = await createJob(first, jobId, 2, { claim: await enter(first, "former") });
        const write = async (): Promise<number> => {
          for (let at = 2; at < 8; at++) {
            if (at === 5) await first.compact(job, 4, "snapshot at 4");
            const error = await errorOf(() =>
              first.append(job, at, sampleEntries(at, at + 1), at % 2 === 0 ? HEAD : undefined)
            );
            checkNothingWorse(error, `a write in round ${round}`);
            if (error !== undefined) return at;
          }
          return 8;
        };
        const taking = async () => (await take(second, taker, { now: NOW + LEASE_MS }))[0];
        const [taken, written] = await race(taking, write, round % 2 === 0);
        check(taken !== undefined, `round ${round}: the job must be taken`);
        checkWhole(taken, `the taken job of round ${round}`);
        checkSame(taken.record.revision, written, `the revision of the taken job, and the writes of round ${round}`);
        const late: AppendHead = { ...HEAD, status: "late", releases: true };
        const error = await errorOf(() => first.append(job, taken.record.revision, [], late));
        check(error instanceof FencedError, `a late write of round ${round} must be refused, got ${error}`);
        checkSame(
          await second.append(claimOf(taken), written, ["on"]),
          "stored",
          `a write of the owner in round ${round}`,
        );
      }
    },
  },
  {
    name: "of engines that enter under one name at the same time each gets an incarnation, and one may renew",
    async run(scope) {
      const stores = await scope.openTwo();
      for (let round = 0; round < 10; round++) {
        const entered = await Promise.all([0, 1, 0, 1, 0].map(async (index) => {
          const store: Store = stores[index === 0 ? 0 : 1];
          return { store, owner: await enter(store, "engine") };
        }));
        checkSame(new Set(entered.map(({ owner }) => owner.incarnation)).size, 5, "how many are different");
        const renewed = [];
        for (const { store, owner } of entered) renewed.push((await store.renew(owner, LEASE_MS, NOW)).isHeld);
        checkSame(renewed.filter((it) => it).length, 1, `how many may renew in round ${round}`);
        for (const { store, owner } of entered) {
          const jobId = `of ${owner.incarnation}`;
          await createJob(store, jobId, 0, { claim: owner });
          checkSame((await store.find(jobId))?.heldUntil, NOW + LEASE_MS, `heldUntil of a job in round ${round}`);
        }
      }
    },
  },
];
