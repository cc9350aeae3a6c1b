import { test } from "node:test";
import { assertEquals, assertGreater } from "@std/assert";
import type { Store } from "../../../src/ports/mod.ts";
import { fileStore, type FileStoreOptions } from "../../../src/stores/file_store.ts";
import { MemoryDisk } from "../../support/memory_disk.ts";
import { type Random, seededRandom } from "../../support/seeded_random.ts";
import { StoreStateTracker } from "../../support/store_state_tracker.ts";

// Simulates the end of the process, or a loss of power, at every single call that changes a file.

const FOLDER = "/jobs";
const LONG = { timeout: 60_000 };
type Sync = FileStoreOptions["sync"];

async function useStore(store: Store, tracker: StoreStateTracker): Promise<void> {
  await tracker.create(store, "a");
  await Promise.all([tracker.create(store, "b"), tracker.create(store, "c")]);
  await tracker.append(store, "a", 1, true);
  await Promise.all([1, 2, 1].map((count, index) => tracker.append(store, "a", count, index === 1)));
  await Promise.all(["first", "second"].map((key) => tracker.send(store, "a", key)));
  await tracker.compact(store, "a", 3);
  await tracker.append(store, "a", 3, false);
  await Promise.all([tracker.append(store, "c", 2, true), tracker.delete(store, "b"), tracker.send(store, "c", "x")]);
  await tracker.compact(store, "a", 8);
  await Promise.all([tracker.append(store, "a", 1, true), tracker.append(store, "c", 2, false)]);
  await tracker.create(store, "b");
  await Promise.all([tracker.append(store, "b", 1, false), tracker.compact(store, "a", 9)]);
  await tracker.delete(store, "c");
  await tracker.append(store, "a", 2, true);
}

/** Uses a store until the call with this number; returns whether there was one. */
async function useUntil(
  disk: MemoryDisk,
  sync: Sync,
  last: number,
  tracker: StoreStateTracker,
  random: Random,
): Promise<boolean> {
  let calls = 0;
  let isDead = false;
  disk.onCall = ({ name }) => {
    if (isDead) throw new Error("This process is gone");
    if (calls++ < last) return;
    isDead = true;
    if (name === "writeSync") return random.integer(100);
    throw new Error("This process is gone");
  };
  try {
    const store = fileStore(FOLDER, { sync, files: disk });
    await useStore(store, tracker);
    await store.close();
  } catch (error) {
    if (!isDead) throw error;
  }
  return isDead;
}

/** Opens the remaining files, checks them, continues to use the store, and checks again. */
async function findingsAfter(disk: MemoryDisk, sync: Sync, tracker: StoreStateTracker): Promise<string[]> {
  const open = (): Store => {
    // The owner of the lock is this process, which is still running.
    disk.rmSync(`${FOLDER}/.lock`, { recursive: false, force: true });
    return fileStore(FOLDER, { sync, files: disk });
  };
  const store = open();
  const findings = await tracker.findings(store);
  if (findings.length > 0) return findings;
  const waste = disk.readdirSync(FOLDER).filter((name) => name.startsWith(".job-"));
  if (waste.length > 0) return [`${waste.join()} is left`];
  await tracker.adopt(store);
  for (const jobId of tracker.jobIds) {
    await tracker.append(store, jobId, 2, true);
    await tracker.send(store, jobId, "later");
  }
  await store.close();
  const again = open();
  const later = await tracker.findings(again);
  await again.close();
  return [...later, ...disk.openFiles > 0 ? [`${disk.openFiles} files are open`] : []];
}

type End = (disk: MemoryDisk, random: Random) => MemoryDisk;

/** Returns the errors after an end at each call in turn, and the number of calls. */
async function findEverywhere(
  sync: Sync,
  end: End,
  seed: number,
  makeDisk = () => new MemoryDisk(),
): Promise<[string[], number]> {
  const random = seededRandom(seed);
  const findings: string[] = [];
  for (let last = 0;; last++) {
    const [disk, tracker] = [makeDisk(), new StoreStateTracker()];
    const isDead = await useUntil(disk, sync, last, tracker, random);
    const left = end(disk, random);
    if (!left.has(FOLDER)) continue;
    const found = await findingsAfter(left, sync, tracker).catch((error) => [String(error)]);
    findings.push(...found.map((finding) => `seed ${seed}, call ${last}: ${finding}`));
    if (!isDead) return [findings, last];
  }
}

const kill: End = (disk) => disk.afterKill();
const losePower: End = (disk, random) => disk.afterPowerLoss(random);

for (const sync of ["full", "none"] as const) {
  test(`what a file store with sync "${sync}" has confirmed survives a kill at any call`, LONG, async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const [findings, calls] = await findEverywhere(sync, kill, seed);
      assertEquals(findings, []);
      assertGreater(calls, 50);
    }
  });
}

test('what a file store with sync "full" has confirmed is there after a loss of power at any call', LONG, async () => {
  for (let seed = 1; seed <= 15; seed++) assertEquals((await findEverywhere("full", losePower, seed))[0], []);
});

test("this test notices a device that confirms a flush too early", async () => {
  class Liar extends MemoryDisk {
    override fdatasync(_file: number, done: (error: Error | null) => void): void {
      queueMicrotask(() => done(null));
    }
  }
  const [findings] = await findEverywhere("full", losePower, 1, () => new Liar());
  assertGreater(findings.length, 0);
});
