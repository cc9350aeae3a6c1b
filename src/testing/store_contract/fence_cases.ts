import type { JobClaim, Store } from "../../ports/store.ts";
import type { Case } from "./case.ts";
import { check, checkFenced, checkSame, existing } from "./checks.ts";
import { claimJob, claimOf, createJob, ENDED, enter, HEAD, sampleEntries } from "./sample_jobs.ts";

/** The revisions that a former owner tries. */
export const REVISIONS: readonly number[] = [0, 1, 2, 3, 4, 100];

/** Makes a job at revision 2 whose first owner has left and has lost it to the second one. */
export async function takeOver(first: Store, second: Store): Promise<readonly [former: JobClaim, present: JobClaim]> {
  const owner = await enter(first, "first");
  const former = await createJob(first, "job", 2, { claim: owner });
  await first.leave(owner);
  const taken = await claimJob(second, await enter(second, "second"), former);
  check(taken !== undefined, "the job of an owner that has left can be claimed");
  return [former, claimOf(taken)];
}

async function checkOwner(store: Store, revision: number): Promise<void> {
  const record = existing(await store.find("job"), "the job");
  const { owner, epoch, status } = record;
  const expected = ["second", 2, "running", revision];
  checkSame([owner, epoch, status, record.revision], expected, "the job after a former owner's write");
}

/** Fences: a write of anybody but the present owner is refused. */
export const fenceCases: readonly Case[] = [
  {
    name: "a former owner that writes after a new claim is refused, with and without a head or an entry",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      const [former, present] = await takeOver(first, second);
      const head = { ...HEAD, status: "late", releases: true };
      for (const expected of REVISIONS) {
        for (const [entries, late] of [[["late"], undefined], [["late"], head], [[], head]] as const) {
          const what = `a write at ${expected}, the job being at 2`;
          await checkFenced(() => first.append(former, expected, entries, late), "job", expected, 2, what);
        }
      }
      await checkOwner(first, 2);
      await second.append(present, 2, sampleEntries(2, 3));
      await checkFenced(() => first.append(former, 2, ["late"]), "job", 2, 3, "a write after the new owner's");
      await checkFenced(() => first.append(former, 3, ["late"]), "job", 3, 3, "a write at the new owner's revision");
      checkSame((await first.load("job"))?.entries, sampleEntries(0, 3), "entries");
    },
  },
  {
    name: "a former owner is still refused when a snapshot has replaced the entries of its revision",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      const [former, present] = await takeOver(first, second);
      await second.append(present, 2, sampleEntries(2, 5));
      for (const snapshot of [4, 5]) {
        await second.compact(present, snapshot, `snapshot at ${snapshot}`);
        for (const revision of [0, 1, 2, 3, 4]) {
          const what = `a write at ${revision}, the snapshot being at ${snapshot}`;
          await checkFenced(() => first.append(former, revision, ["late"]), "job", revision, 5, what);
          await checkFenced(
            () => first.append(present, revision, ["late"]),
            "job",
            revision,
            5,
            `the owner's: ${what}`,
          );
        }
      }
      await checkOwner(first, 5);
      await second.append(present, 5, sampleEntries(5, 6));
      checkSame((await second.load("job"))?.entries, sampleEntries(5, 6), "the entries after the snapshot");
    },
  },
  {
    name: "a revision above the job's is refused, before and after a snapshot",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      const [former, present] = await takeOver(first, second);
      for (const claim of [former, present]) {
        for (const revision of [3, 5, 100]) {
          const what = `a write at ${revision}`;
          await checkFenced(() => first.append(claim, revision, ["late"]), "job", revision, 2, what);
          await checkFenced(() => first.append(claim, revision, [], HEAD), "job", revision, 2, what);
        }
        await second.compact(present, 2, "snapshot at 2");
      }
      await checkOwner(first, 2);
    },
  },
  {
    name: "an epoch above the job's is refused",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      const [, present] = await takeOver(first, second);
      for (const epoch of [0, 3, 100]) {
        const write = () => second.append({ ...present, epoch }, 2, ["late"], { ...HEAD, status: "late" });
        await checkFenced(write, "job", 2, 2, `a write of epoch ${epoch}, the job being at epoch 2`);
      }
      await checkOwner(first, 2);
    },
  },
  {
    name: "an owner that has let go of a job is refused until it has claimed it again",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      const owner = await enter(first, "first");
      const job = await createJob(first, "job", 2, { claim: owner });
      const head = { ...HEAD, status: "late" };
      for (const releasing of [{ ...HEAD, status: "paused", releases: true }, ENDED]) {
        // Unreachable default: the job is there.
        const { epoch = 0, revision = 0 } = await first.find("job") ?? {};
        const claim = { ...job, epoch };
        checkSame(await first.append(claim, revision, ["rest"], releasing), "stored", "the release");
        const released = await second.load("job");
        for (
          const [entries, late] of [[["late"], undefined], [["late"], head], [[], { ...head, releases: true }]] as const
        ) {
          const write = () => second.append(claim, revision + 1, entries, late);
          await checkFenced(write, "job", revision + 1, revision + 1, `a write after the release of epoch ${epoch}`);
        }
        checkSame(await second.load("job"), released, "the job after it");
        const taken = await claimJob(second, owner, claim);
        check(taken !== undefined, "a job that was let go of can be claimed again");
        checkSame(await second.append(claimOf(taken), revision + 1, ["on"]), "stored", "a write by the new claim");
      }
    },
  },
  {
    name: "a former owner that compacts changes neither the journal nor the claim",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      const [former, present] = await takeOver(first, second);
      await second.append(present, 2, sampleEntries(2, 5));
      await first.compact(former, 2, "snapshot at 2");
      await checkOwner(second, 5);
      const stored = await second.load("job");
      checkSame([stored?.snapshotRevision, stored?.snapshot], [2, "snapshot at 2"], "the snapshot");
      checkSame(stored?.entries, sampleEntries(2, 5), "the entries");
      await second.compact(present, 5, "snapshot at 5");
      await first.compact(former, 2, "late");
      checkSame((await second.load("job"))?.snapshot, "snapshot at 5", "the snapshot after a late one");
    },
  },
  {
    name: "a repeated write is refused, and is stored once",
    async run(scope) {
      const store = await scope.open();
      const job = await createJob(store, "job", 0);
      checkSame(await store.append(job, 0, ["once"]), "stored", "append");
      await checkFenced(() => store.append(job, 0, ["once"]), "job", 0, 1, "the second time");
      checkSame((await store.load("job"))?.entries, ["once"], "the entries");
    },
  },
];
