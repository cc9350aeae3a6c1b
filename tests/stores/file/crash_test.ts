import { test } from "node:test";
import { assertEquals, assertGreater } from "@std/assert";
import type { Incarnation, Store } from "../../../src/ports/mod.ts";
import { fileStore, type FileStoreOptions } from "../../../src/stores/file_store.ts";
import { addJob, enter, HEAD, NOW, sampleJob, send, sendNew } from "../../../src/testing/store_contract/sample_jobs.ts";
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
  await tracker.replaceFlow(store, "a");
  await tracker.append(store, "a", 1, true);
  await tracker.compact(store, "a", 9);
  await Promise.all([tracker.append(store, "a", 1, true), tracker.append(store, "c", 2, false)]);
  await tracker.create(store, "b");
  await Promise.all([tracker.append(store, "b", 1, false), tracker.compact(store, "a", 10)]);
  await tracker.delete(store, "c");
  await tracker.append(store, "a", 2, true);
  await tracker.replaceFlow(store, "a");
  await tracker.replaceFlow(store, "a");
}

/** Uses a store until the call with this number; returns whether there was one. */
async function endAt(
  disk: MemoryDisk,
  sync: Sync,
  last: number,
  random: Random,
  use: (store: Store) => Promise<void>,
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
    await use(store);
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
    const isDead = await endAt(disk, sync, last, random, (store) => useStore(store, tracker));
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

/** What calls about claims have been answered, and what they may have done without an answer. */
class ClaimTracker {
  readonly #incarnations = new Set<number>();
  readonly #jobs = new Map<
    string,
    { life: number; confirmed: number; asked: number; sent: number; consumed: number }
  >();

  /** Uses a store: two owners take a job in turn, release it, and consume commands, so many that the inbox is rewritten. */
  async use(store: Store): Promise<void> {
    await this.enter(store, "first");
    for (let round = 0; round < 3; round++) {
      const owner = await this.enter(store, `owner ${round % 2}`);
      await this.create(store, `job ${round}`);
      for (const known of this.#jobs.values()) known.asked++;
      const { jobs } = await store.take({ ...owner, now: NOW, limit: 10 });
      for (const { record } of jobs) {
        this.at(record.jobId).confirmed = record.epoch;
        await this.send(store, record.jobId);
        const head = { ...HEAD, dueAt: 1, releases: true, consumed: this.at(record.jobId).sent };
        await store.append(record, record.revision, [], head);
        this.at(record.jobId).consumed = head.consumed;
      }
    }
  }

  async enter(store: Store, name: string): Promise<Incarnation> {
    const owner = await enter(store, name);
    if (this.#incarnations.has(owner.incarnation)) throw new Error(`incarnation ${owner.incarnation} was given twice`);
    this.#incarnations.add(owner.incarnation);
    return owner;
  }

  async create(store: Store, jobId: string): Promise<void> {
    const { life } = await addJob(store, sampleJob(jobId, { dueAt: 1 }));
    if ([...this.#jobs.values()].some((known) => known.life === life)) throw new Error(`life ${life} was given twice`);
    this.#jobs.set(jobId, { life, confirmed: 0, asked: 0, sent: 0, consumed: 0 });
  }

  async send(store: Store, jobId: string): Promise<void> {
    const known = this.at(jobId);
    const text = JSON.stringify({ text: "x".repeat(70_000) });
    await sendNew(store, jobId, text, `key ${known.sent + 1}`);
    known.sent++;
  }

  at(jobId: string): { life: number; confirmed: number; asked: number; sent: number; consumed: number } {
    const known = this.#jobs.get(jobId);
    if (known === undefined) throw new Error(`${jobId} was not created`);
    return known;
  }

  /** How a store that was opened later differs from what was answered. */
  async findings(store: Store): Promise<string[]> {
    const found: string[] = [];
    for (const [jobId, { life, confirmed, asked, sent, consumed }] of this.#jobs) {
      const record = await store.find(jobId);
      if (record === undefined || record.life !== life) found.push(`${jobId} is gone`);
      else {
        const { epoch } = record;
        if (epoch < confirmed || epoch > asked) {
          found.push(`${jobId} is at epoch ${epoch}, not ${confirmed} to ${asked}`);
        }
        if (record.sent < sent || record.consumed < consumed) found.push(`${jobId} has lost commands`);
        const { length } = (await store.inbox(record, 0, NOW)).commands;
        if (length !== record.sent - record.consumed) found.push(`${jobId} has ${length} commands`);
        for (let n = 1; n <= sent; n++) {
          if (await send(store, record, "", `key ${n}`) !== "differs") found.push(`${jobId} has forgotten key ${n}`);
        }
      }
    }
    await this.enter(store, "later");
    await this.create(store, "later");
    return found;
  }
}

for (
  const [sync, name, end] of [["full", "a kill", kill], ["full", "a loss of power", losePower], [
    "none",
    "a kill",
    kill,
  ]] as const
) {
  test(
    `claims, numbers and keys that a file store with sync "${sync}" has answered survive ${name} at any call`,
    LONG,
    async () => {
      const random = seededRandom(11);
      for (let last = 0, isDead = true; isDead; last++) {
        const [disk, tracker] = [new MemoryDisk(), new ClaimTracker()];
        isDead = await endAt(disk, sync, last, random, (store) => tracker.use(store));
        const left = end(disk, random);
        if (!left.has(FOLDER)) continue;
        left.rmSync(`${FOLDER}/.lock`, { recursive: false, force: true });
        const store = fileStore(FOLDER, { sync, files: left });
        assertEquals(await tracker.findings(store), [], `call ${last}`);
        await store.close();
      }
    },
  );
}

test("this test notices a device that confirms a flush too early", async () => {
  class Liar extends MemoryDisk {
    override fdatasync(_file: number, done: (error: Error | null) => void): void {
      queueMicrotask(() => done(null));
    }
  }
  const [findings] = await findEverywhere("full", losePower, 1, () => new Liar());
  assertGreater(findings.length, 0);
});
