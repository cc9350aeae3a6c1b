import { test } from "node:test";
import { assert, assertEquals, assertGreater } from "@std/assert";
import { FencedError, type Store } from "../../../src/ports/mod.ts";
import { keyValueStore } from "../../../src/stores/key_value_store.ts";
import {
  claimJob,
  enter,
  HEAD,
  inboxOf,
  LATER,
  sampleJob,
  send,
} from "../../../src/testing/store_contract/sample_jobs.ts";
import { amountOf } from "../../support/gate_amount.ts";
import { type Around, createKeyValues } from "../../support/shared_key_values.ts";
import { type Random, seededRandom } from "../../support/seeded_random.ts";

// Several processes with different speeds work on one job at once, and one of them dies. Every confirmed write must be
// stored exactly once, at its position.

const JOB = sampleJob("job", { snapshot: "[]" });
const DEATH = "The process has died";

/** The answers that the processes got. */
interface Confirmed {
  readonly entries: Map<number, string>;
  readonly keys: Set<string>;
  compactions: number;
  claims: number;
}

/** Calls take a random number of microtasks; after the death of the process, all fail. */
function slowly(random: Random, diesAt: number): Around {
  const most = random.pick([1, 5, 30]);
  const wait = async () => {
    for (let turn = random.integer(most); turn > 0; turn--) await undefined;
  };
  return {
    async before({ index }) {
      await wait();
      if (index >= diesAt) throw new Error(DEATH);
    },
    async after({ index }) {
      await wait();
      if (index >= diesAt) throw new Error(DEATH);
    },
  };
}

/** The job's whole history: each snapshot lists the entries that it replaces. */
async function historyOf(store: Store): Promise<string[]> {
  const stored = await store.load("job");
  assert(stored !== undefined, "the job is there");
  const older: string[] = JSON.parse(stored.snapshot);
  assertEquals(older.length, stored.snapshotRevision);
  assertEquals(older.length + stored.entries.length, stored.record.revision);
  assertEquals(stored.record.dueAt ?? 0, stored.record.revision);
  return [...older, ...stored.entries];
}

async function actOnce(store: Store, name: string, random: Random, confirmed: Confirmed): Promise<void> {
  const choice = random.next();
  const job = await store.find("job");
  assert(job !== undefined, "the job is there");
  const { revision, epoch } = job;
  const isLetGo = job.owner === undefined && epoch > 0;
  if (choice < 0.5 && !isLetGo) {
    const texts = Array.from(
      { length: 1 + random.integer(3) },
      (_, index) => `${name} ${index} ${"x".repeat(random.integer(200))}`,
    );
    await store.append(job, revision, texts, {
      ...HEAD,
      dueAt: revision + texts.length,
      releases: random.next() < 0.5,
    });
    for (const [index, text] of texts.entries()) confirmed.entries.set(revision + index + 1, text);
  } else if (choice < 0.6) {
    const owner = await enter(store, name);
    if (await claimJob(store, owner, job) !== undefined) confirmed.claims++;
    await store.leave(owner);
  } else if (choice < 0.8) {
    const key = `key ${random.integer(15)}`;
    if (["stored", "known"].includes(await send(store, job, key, key))) confirmed.keys.add(key);
  } else {
    const history = await historyOf(store);
    const at = random.integer(history.length + 1);
    await store.compact(job, at, JSON.stringify(history.slice(0, at)));
    confirmed.compactions++;
  }
}

async function work(store: Store, name: string, random: Random, confirmed: Confirmed): Promise<void> {
  for (let round = 0; round < 15; round++) {
    try {
      await actOnce(store, `${name} in ${round}`, random, confirmed);
    } catch (error) {
      if (error instanceof Error && error.message === DEATH) return;
      if (!(error instanceof FencedError)) throw error;
    }
  }
}

async function race(seed: number): Promise<Confirmed> {
  const random = seededRandom(seed);
  const values = createKeyValues();
  const open = (around?: Around) => keyValueStore(values.connect(around), { maxValueBytes: 1_000 });
  const later = open();
  await later.create([JOB]);
  const confirmed: Confirmed = { entries: new Map(), keys: new Set(), compactions: 0, claims: 0 };
  const lives = [Infinity, Infinity, random.integer(60)];
  await Promise.all(
    lives.map((diesAt, index) =>
      work(open(slowly(random, diesAt)), `${index}`, seededRandom(seed * 10 + index), confirmed)
    ),
  );
  const history = await historyOf(later);
  for (const [revision, text] of confirmed.entries) assertEquals(history[revision - 1], text, `at ${revision}`);
  assertEquals(new Set(history).size, history.length, "an entry is there twice");
  const job = await later.find("job");
  assert(job !== undefined, "the job is there");
  assert(job.epoch >= confirmed.claims, "a claim is lost");
  await send(later, job, "last", "last");
  const inbox = await inboxOf(later, job);
  assertEquals(inbox.map(({ sequence }) => sequence), inbox.map((_, index) => index + 1));
  const keys = inbox.map(({ key }) => key);
  assertEquals(new Set(keys).size, keys.length, "a command is there twice");
  for (const key of confirmed.keys) assert(keys.includes(key), `${key} is lost`);
  const revision = history.length;
  const claim = await claimJob(later, await enter(later, "later", { now: LATER }), job, LATER);
  await later.append(claim?.record ?? job, revision, ["1", "2", "3", "4"], { ...HEAD, consumed: inbox.length });
  await later.compact(job, revision + 4, JSON.stringify([...history, "1", "2", "3", "4"]));
  const left = [...values.entries.keys()].map((key) => key.split("/")).filter(([, top]) => top === "data");
  assertEquals(left.filter(([, , , kind = ""]) => "ec".includes(kind)), [], "entries and commands are left");
  assertEquals(new Set(left.filter(([, , , kind]) => kind === "s").map(([, , , , at]) => at)).size, 1);
  await later.delete(job);
  assertEquals([await later.list(), await later.nextDueAt({ now: 0 })], [{ jobs: [] }, undefined]);
  const kept = /^routilux\/(owner|last|parts|survived)/;
  assertEquals([...values.entries.keys()].filter((key) => !kept.test(key)), [], "values are left");
  return confirmed;
}

test("keyValueStore() keeps confirmed writes despite concurrent writers and dying processes", {
  timeout: 60_000,
}, async () => {
  const total = { entries: 0, keys: 0, compactions: 0, claims: 0 };
  const seeds = amountOf(100, 1_500);
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      const { entries, keys, compactions, claims } = await race(seed);
      total.claims += claims;
      total.entries += entries.size;
      total.keys += keys.size;
      total.compactions += compactions;
    } catch (error) {
      throw new Error(`Seed ${seed}: ${error}`, { cause: error });
    }
  }
  assertGreater(Math.min(total.entries, total.keys, total.compactions), 2 * seeds, JSON.stringify(total));
  assertGreater(total.claims, seeds, JSON.stringify(total));
});
