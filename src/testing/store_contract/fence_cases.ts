import type { JobHead, Store } from "../../ports/store.ts";
import type { Case } from "./case.ts";
import { checkFenced, checkSame } from "./checks.ts";
import { createJob, HEAD, sampleEntries } from "./sample_jobs.ts";

const CLAIM = "claimed";

function ownedBy(owner: string, epoch: number): JobHead {
  return { ...HEAD, owner, epoch, wakeAt: 60_000 };
}

/** Makes a job at revision 3 whose first owner has lost it to the second one's claim. */
async function takeOver(first: Store, second: Store): Promise<void> {
  await createJob(first, "job", 2, ownedBy("first", 1));
  await second.append("job", 2, [CLAIM], ownedBy("second", 2));
}

async function checkOwner(store: Store, revision: number): Promise<void> {
  const record = await store.find("job");
  checkSame(
    [record?.owner, record?.epoch, record?.revision],
    ["second", 2, revision],
    "the owner after a former owner's write",
  );
}

/** Fences: a write after another owner's claim is refused. */
export const fenceCases: readonly Case[] = [
  {
    name: "a former owner that writes after a new claim is refused, with and without a head",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      await takeOver(first, second);
      for (const head of [undefined, ownedBy("first", 1)]) {
        await checkFenced(() => first.append("job", 2, ["late"], head), "job", 2, 3, "the old owner's write");
      }
      await checkOwner(first, 3);
      await second.append("job", 3, sampleEntries(3, 4));
      checkSame((await first.load("job"))?.entries, [...sampleEntries(0, 2), CLAIM, ...sampleEntries(3, 4)], "entries");
    },
  },
  {
    name: "a former owner is still refused when a snapshot has replaced the entries of its revision",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      await takeOver(first, second);
      await second.append("job", 3, sampleEntries(3, 5));
      for (const snapshot of [4, 5]) {
        await second.compact("job", snapshot, `snapshot at ${snapshot}`);
        for (const revision of [0, 1, 2, 3, 4]) {
          const write = () => first.append("job", revision, ["late"]);
          await checkFenced(write, "job", revision, 5, `a write at ${revision}, the snapshot being at ${snapshot}`);
        }
      }
      await checkOwner(first, 5);
      await second.append("job", 5, sampleEntries(5, 6));
      checkSame((await second.load("job"))?.entries, sampleEntries(5, 6), "the entries after the snapshot");
    },
  },
  {
    name: "a former owner with a revision above the job's is refused, before and after a snapshot",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      await takeOver(first, second);
      for (const revision of [4, 5, 100]) {
        await checkFenced(() => first.append("job", revision, ["late"]), "job", revision, 3, `a write at ${revision}`);
      }
      await second.compact("job", 3, "snapshot at 3");
      for (const revision of [4, 5, 100]) {
        const write = () => first.append("job", revision, ["late"], ownedBy("first", 1));
        await checkFenced(write, "job", revision, 3, `a write at ${revision}, the snapshot being at 3`);
      }
      await checkOwner(first, 3);
    },
  },
  {
    name: "a former owner that compacts changes neither the journal nor the claim",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      await takeOver(first, second);
      await second.append("job", 3, sampleEntries(3, 5));
      await first.compact("job", 2, "snapshot at 2");
      await checkOwner(second, 5);
      const stored = await second.load("job");
      checkSame([stored?.snapshotRevision, stored?.snapshot], [2, "snapshot at 2"], "the snapshot");
      checkSame(stored?.entries, [CLAIM, ...sampleEntries(3, 5)], "the entries");
      await second.compact("job", 5, "snapshot at 5");
      await first.compact("job", 2, "late");
      checkSame((await second.load("job"))?.snapshot, "snapshot at 5", "the snapshot after a late one");
    },
  },
  {
    name: "a former owner that writes to a deleted job is refused, and does not recreate it",
    async run(scope) {
      const [first, second] = await scope.openTwo();
      await takeOver(first, second);
      await second.delete("job");
      for (const revision of [0, 2, 3, 4]) {
        const write = () => first.append("job", revision, ["late"], ownedBy("first", 1));
        await checkFenced(write, "job", revision, undefined, `a write at ${revision} to a job that is gone`);
      }
      checkSame(await first.find("job"), undefined, "find");
      checkSame(await first.list(), { jobs: [] }, "list");
      await createJob(second, "job", 0);
      checkSame((await second.load("job"))?.entries, [], "the entries of the job made anew");
    },
  },
  {
    name: "a repeated write is refused, and is stored once",
    async run(scope) {
      const store = await scope.open();
      await createJob(store, "job", 0);
      await store.append("job", 0, ["once"]);
      await checkFenced(() => store.append("job", 0, ["once"]), "job", 0, 1, "the second time");
      checkSame((await store.load("job"))?.entries, ["once"], "the entries");
    },
  },
];
