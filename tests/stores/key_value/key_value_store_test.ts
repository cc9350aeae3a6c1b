import { test } from "node:test";
import { assert, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { FencedError, type Store } from "../../../src/ports/mod.ts";
import { type KeyValueStorage, keyValueStore } from "../../../src/stores/key_value_store.ts";
import { manualIds } from "../../../src/testing/manual_ids.ts";
import {
  addJob,
  enter,
  HEAD,
  idsOf,
  inboxOf,
  NOW,
  sampleJob,
  send,
  take,
} from "../../../src/testing/store_contract/sample_jobs.ts";
import { createKeyValues, type KeyValues } from "../../support/shared_key_values.ts";

const LARGE = "x".repeat(3_000);
const DAY = 86_400_000;

function open(storage: KeyValueStorage): Store {
  return keyValueStore(storage, { maxValueBytes: 1_000 });
}

/** The keys of the values of jobs, of a kind: `e` for entries, `s` for snapshots, `c` for commands, `k` for used keys. */
function keysOf({ entries }: KeyValues, kind = ""): string[] {
  return [...entries.keys()].filter((key) => key.split("/")[1] === "data" && key.split("/")[3]?.startsWith(kind))
    .sort();
}

/** All keys but those of owners and serial numbers. */
function allKeysOf({ entries }: KeyValues): string[] {
  return [...entries.keys()].filter((key) => !/^routilux\/(owner|last|survived)/.test(key)).sort();
}

test("an append sets one key, and reads none if the same store made the last append", async () => {
  const values = createKeyValues();
  const calls: string[] = [];
  const store = keyValueStore(values.connect({ before: ({ name, key }) => void calls.push(`${name} ${key}`) }));
  const claim = await addJob(store, sampleJob("job", { claim: await enter(store, "me") }));
  calls.length = 0;
  await store.append(claim, 0, ["entry"]);
  await store.append(claim, 1, ["entry"], { ...HEAD, status: "waiting", dueAt: 5 });
  await store.append(claim, 2, ["entry", "entry"]);
  assertEquals(calls, Array.from({ length: 3 }, () => "set routilux/job/job"));
});

test("the size of an append depends neither on the length of the journal nor on the size of the job", async () => {
  const values = createKeyValues();
  let bytes = 0;
  const storage = values.connect();
  const store = keyValueStore({
    ...storage,
    set(key, value, expected) {
      bytes += value.length;
      return storage.set(key, value, expected);
    },
  });
  const claim = await addJob(store, sampleJob("job", { snapshot: LARGE.repeat(100) }));
  const costs: number[] = [];
  for (let round = 0; round < 10; round++) {
    bytes = 0;
    for (let at = round * 300; at < (round + 1) * 300; at++) {
      await store.append(claim, at, [`{"at":${at},"text":"${LARGE.slice(0, 150)}"}`]);
    }
    costs.push(Math.round(bytes / 300));
  }
  const [least, most] = [Math.min(...costs), Math.max(...costs)];
  assert(most < least * 1.3, `the bytes of an append must stay what they are, got ${costs.join()}`);
});

test("a write that loses a race removes its values", async () => {
  const values = createKeyValues();
  const [first, second] = [open(values.connect()), open(values.connect())];
  const claim = await addJob(first, sampleJob("job"));
  await first.append(claim, 0, ["entry"]);
  await second.append(claim, 1, ["entry"]);
  const before = allKeysOf(values);
  // The first handle has the job cached at revision 1, and notices the change only when it sets the key.
  const head = { ...HEAD, status: LARGE, dueAt: 7 };
  await assertRejects(async () => await first.append(claim, 1, [LARGE], head), FencedError);
  assertEquals(allKeysOf(values), before);
});

test("of two concurrent snapshots the loser removes its values", async () => {
  const values = createKeyValues();
  const second = open(values.connect());
  const claim = await addJob(second, sampleJob("job"));
  await second.append(claim, 0, ["entry", "entry"]);
  let isSlow = true;
  const first = open(values.connect({
    async before({ name, key }) {
      if (!isSlow || name !== "set" || !key.includes("/s/")) return;
      isSlow = false;
      await second.compact(claim, 2, LARGE);
    },
  }));
  await first.compact(claim, 1, `late ${LARGE}`);
  assertEquals((await first.load("job"))?.snapshot, LARGE);
  assertEquals(new Set(keysOf(values, "s").map((key) => key.split("/")[4])).size, 1);
});

test("of two commands that are sent at once the loser takes the next sequence, and leaves nothing at the first", async () => {
  const values = createKeyValues();
  const second = open(values.connect());
  const claim = await addJob(second, sampleJob("job"));
  let isSlow = true;
  const first = open(values.connect({
    async before({ name, key }) {
      if (!isSlow || name !== "set" || !key.includes("/c/")) return;
      isSlow = false;
      await send(second, claim, `second ${LARGE}`, "second");
    },
  }));
  assertEquals(await send(first, claim, `first ${LARGE}`, "first"), "stored");
  assertEquals((await inboxOf(first, claim)).map(({ key }) => key), ["second", "first"]);
  assertEquals(new Set(keysOf(values, "c").map((key) => key.split("/")[5])).size, 2);
});

test("a write whose answer was lost is looked up, and found", async () => {
  const values = createKeyValues();
  let isLost = false;
  const store = open(values.connect({
    after({ name, key }) {
      if (isLost && name === "set" && key.startsWith("routilux/job/")) throw new Error("The answer is lost");
    },
  }));
  isLost = true;
  const claim = await addJob(store, sampleJob("job"));
  await store.append(claim, 0, ["entry"]);
  await store.compact(claim, 1, "snapshot");
  assertEquals(await send(store, claim, "command", "key"), "stored");
  assertEquals((await store.load("job"))?.snapshot, "snapshot");
  assertEquals(await store.delete(claim), true);
  assertEquals(allKeysOf(values), []);
});

test("a write that was not made is an error, and nothing has changed", async () => {
  const values = createKeyValues();
  let isDown = false;
  const store = open(values.connect({
    before({ name }) {
      if (isDown && name === "set") throw new Error("The storage is down");
    },
  }));
  const claim = await addJob(store, sampleJob("job"));
  isDown = true;
  const before = allKeysOf(values);
  await assertRejects(async () => await store.append(claim, 0, ["entry"]), Error, "The storage is down");
  await assertRejects(async () => await store.append(claim, 0, [LARGE]), Error, "The storage is down");
  await assertRejects(async () => await send(store, claim, LARGE, "key"), Error, "The storage is down");
  await assertRejects(async () => await store.create([sampleJob("b")]), Error, "down");
  assertEquals(allKeysOf(values), before);
  isDown = false;
  assertEquals(await send(store, claim, LARGE, "key"), "stored");
  await store.append(claim, 0, ["entry"]);
  assertEquals((await store.load("job"))?.entries, ["entry"]);
});

test("a slow delete does not remove a job that was created since", async () => {
  const values = createKeyValues();
  const second = open(values.connect());
  const claim = await addJob(second, sampleJob("job"));
  const first = open(values.connect({
    async before({ name, key }) {
      if (name === "delete" && key === "routilux/job/job") await second.create([sampleJob("job", { createdAt: 2 })]);
    },
  }));
  assertEquals(await first.delete(claim), true);
  assertEquals((await second.load("job"))?.record.createdAt, 2);
  assertEquals((await second.list()).jobs.map(({ createdAt }) => createdAt), [2]);
});

test("the remains of a delete are removed by the next call that finds them", async () => {
  for (const come of ["list", "count", "delete", "create"] as const) {
    const values = createKeyValues();
    let isDown = false;
    const store = open(values.connect({
      before({ name }) {
        if (isDown && name === "delete") throw new Error("The storage is down");
      },
    }));
    const claim = await addJob(store, sampleJob("job", { snapshot: LARGE }));
    await store.append(claim, 0, [LARGE]);
    isDown = true;
    assertEquals(await store.delete(claim), true);
    assertEquals([await store.find("job"), await store.list()], [undefined, { jobs: [] }]);
    isDown = false;
    const later = open(values.connect());
    if (come === "list") await later.list();
    if (come === "count") await later.count();
    if (come === "delete") assertEquals(await later.delete(claim), false);
    if (come === "create") assertEquals(await later.delete(await addJob(later, sampleJob("job"))), true);
    assertEquals(allKeysOf(values), [], come);
  }
});

test("the remains of a creation that was interrupted are removed by the next creation", async () => {
  const values = createKeyValues();
  let isDown = false;
  const first = open(values.connect({
    before({ name, key }) {
      isDown ||= name === "set" && key.includes("/s/");
      if (isDown) throw new Error("The process has died");
    },
  }));
  await assertRejects(async () => await first.create([sampleJob("job", { flow: LARGE })]), Error, "died");
  const second = open(values.connect());
  assertEquals([await second.find("job"), await second.list()], [undefined, { jobs: [] }]);
  const claim = await addJob(second, sampleJob("job"));
  assertEquals(new Set(keysOf(values).map((key) => key.split("/")[2])), new Set([`${claim.life}`]));
});

test("a reader that comes while a job is being released neither takes it early nor prevents that it is found", async () => {
  const values = createKeyValues();
  const second = open(values.connect());
  const owner = await enter(second, "me");
  const claim = await addJob(second, sampleJob("job", { claim: owner }));
  const other = await enter(second, "other");
  const early: unknown[] = [];
  const first = open(values.connect({
    async before({ name, key }) {
      // The key by which the job will be found is there already.
      if (name !== "set" || key !== "routilux/job/job" || early.length > 0) return;
      early.push(await second.nextDueAt({ now: NOW }), idsOf(await take(second, other)));
    },
  }));
  await first.append(claim, 0, ["entry"], { ...HEAD, dueAt: 5, releases: true });
  assertEquals(early, [NOW + 1_000, []]);
  assertEquals([await second.nextDueAt({ now: NOW }), idsOf(await take(second, other))], [5, ["job"]]);
});

test("what is due is found by the names of keys: of the jobs that only wait, next to none is read", async () => {
  const values = createKeyValues();
  const calls: string[] = [];
  const store = open(values.connect({ before: ({ name }) => void calls.push(name) }));
  const jobs = Array.from({ length: 100 }, (_, index) => sampleJob(`${index}`, { dueAt: NOW + 1 + index % 50 }));
  await store.create(jobs);
  const owner = await enter(store, "me");
  calls.length = 0;
  assertEquals(await store.nextDueAt({ now: NOW }), NOW + 1);
  assertLess(calls.length, 5);
  calls.length = 0;
  assertEquals(await take(store, owner), []);
  assertLess(calls.length, 5);
  calls.length = 0;
  assertEquals((await store.commands(owner, NOW)).jobs, []);
  assertLess(calls.length, 5);
  calls.length = 0;
  assertEquals((await take(store, owner, { now: NOW + 1 })).length, 2);
  assertLess(calls.length, 40);
  calls.length = 0;
  await store.renew(owner, 1_000, NOW);
  assertEquals(calls, ["get", "set"]);
});

test("a key is forgotten after its time, and so is what the store kept of it", async () => {
  const values = createKeyValues();
  const store = open(values.connect());
  const claim = await addJob(store, sampleJob("job"));
  for (const key of ["1", "2"]) await send(store, claim, "command", key);
  await store.append(claim, 0, ["entry"], { ...HEAD, consumed: 2, at: NOW });
  assertEquals(keysOf(values, "k").length, 2);
  assertEquals(await send(store, claim, "command", "1", { now: NOW + 999 }), "known");
  assertEquals(await send(store, claim, "other", "1", { now: NOW + 999 }), "differs");
  assertEquals(await send(store, claim, "other", "1", { now: NOW + 1_000 }), "stored");
  assertEquals(keysOf(values, "k"), []);
});

test("owners that have left are forgotten when another one enters, and others a day after the end of their lease", async () => {
  const values = createKeyValues();
  const store = open(values.connect());
  const owners = () => [...values.entries.keys()].filter((key) => key.startsWith("routilux/owner/"));
  await store.leave(await enter(store, "left", { now: DAY }));
  const lost = await enter(store, "lost", { now: DAY });
  assertEquals(owners(), ["routilux/owner/lost"]);
  await enter(store, "late", { now: 2 * DAY + 1_000 });
  assertEquals(owners(), ["routilux/owner/late"]);
  assertEquals((await store.renew(lost, 1_000, DAY)).isHeld, false);
});

test("jobs of a newer version and damaged values are errors", async () => {
  const values = createKeyValues();
  const storage = values.connect();
  const store = open(storage);
  await store.create([sampleJob("job", { snapshot: LARGE })]);
  const key = "routilux/job/job";
  const entry = await storage.get(key);
  assert(entry !== undefined);
  const version = await storage.set(key, entry.value.replace('"version":1', '"version":2'), entry.version);
  const error = await assertRejects(async () => await store.load("job"), Error);
  assertEquals(
    error.message,
    "Cannot read a job of the key-value store: its version is 2, this version of routilux supports 1; use the newer version " +
      "that wrote it",
  );
  const other = await storage.set(key, "{}", version);
  await assertRejects(async () => await store.load("job"), TypeError, "instead of a job");
  await storage.set(key, entry.value, other);
  for (const part of keysOf(values, "s").slice(1)) await storage.delete(part);
  await assertRejects(async () => await store.load("job"), Error, "The storage has no value under the key");
  assertEquals((await store.find("job"))?.revision, 0);
});

test("keys have a prefix, and options out of range are refused", async () => {
  const values = createKeyValues();
  const ids = manualIds("uid");
  const store = keyValueStore(values.connect(), { prefix: "my-app/", ids });
  const claim = await addJob(store, sampleJob("a/\u{1f680}"));
  for (const key of values.entries.keys()) assert(key.startsWith("my-app/"), key);
  assert(values.entries.has("my-app/job/a-002f~d83d~de80"));
  assertEquals((await keyValueStore(values.connect()).list()).jobs, []);
  assertThrows(() => keyValueStore(values.connect(), { maxValueBytes: 999 }), RangeError, "maxValueBytes must be");
  await assertRejects(async () => await store.append(claim, 0, []), RangeError, "at least one entry");
  for (const cursor of ["", "z", "{}", "[1]"]) await assertRejects(async () => await store.list({ cursor }), Error);
});
