import { test } from "node:test";
import { assertEquals, assertGreater, assertRejects, assertStringIncludes } from "@std/assert";
import { FencedError, type Store, type StoreEvent } from "../../src/ports/mod.ts";
import { denoKvStore } from "../../src/stores/deno_kv_store.ts";
import { storeContract } from "../../src/testing/store_contract.ts";
import { addJob, enter, HEAD, NOW, sampleJob, send, take } from "../../src/testing/store_contract/sample_jobs.ts";
import { FakeKv, type Fate } from "../support/fake_kv.ts";
import { StoreStateTracker } from "../support/store_state_tracker.ts";

// Tests with a fake client, which has the limits of Deno KV and fails on demand; tests/stores/deno_kv has tests with
// the real one.

/** Every second commit with a condition fails; so each write succeeds at its second attempt. */
function everyOther(fate: Fate): (hasChecks: boolean) => Fate {
  let commits = 0;
  return (hasChecks) => hasChecks && commits++ % 2 === 0 ? fate : "made";
}

const clients: Readonly<Record<string, () => FakeKv>> = {
  "that obeys": () => new FakeKv(),
  "that refuses every commit once": () => Object.assign(new FakeKv(), { fateOf: everyOther("refused") }),
  "whose database is locked every other time": () => Object.assign(new FakeKv(), { fateOf: everyOther("locked") }),
  "that never answers a commit": () =>
    Object.assign(new FakeKv(), { fateOf: (hasChecks: boolean) => hasChecks ? "unanswered" : "made" }),
};

/** Cases with many kinds of writes, and with writers that meet. */
const WRITES = /concurrent|at the same|beside|of two|repeat|delete|purge|snapshot replaces/;

for (const [what, makeClient] of Object.entries(clients)) {
  storeContract({
    test(name, run) {
      if (what === "that obeys" || WRITES.test(name)) test(name, { timeout: 60_000 }, run);
    },
    prefix: `denoKvStore() with a client ${what}: `,
    createPlace() {
      const kv = makeClient();
      return { open: () => denoKvStore(kv.client()) };
    },
  });
}

/** Longer than what Deno KV writes at once. */
const LONG = "x".repeat(130_000);

/** The keys of jobs and of all that belongs to them: not those of owners, of serial numbers, and of the bell. */
function jobKeysIn(kv: FakeKv): string[] {
  return kv.keys.filter((key) => !/^routilux\/(owner|last|survived|bell)/.test(key));
}

async function useStore(store: Store, tracker: StoreStateTracker): Promise<void> {
  await tracker.create(store, "a");
  await tracker.create(store, "b");
  await tracker.append(store, "a", 2, true);
  await tracker.send(store, "a", "first");
  await tracker.append(store, "a", 1, false);
  await tracker.compact(store, "a", 1);
  await tracker.append(store, "b", 2, true);
  await tracker.compact(store, "a", 3);
  await tracker.delete(store, "b");
  await tracker.create(store, "b");
  await tracker.append(store, "b", 1, true);
}

async function jobIdsIn(store: Store): Promise<string[]> {
  return (await store.list()).jobs.map(({ jobId }) => jobId);
}

/** Checks that the store finds the jobs by its index that are due by their records. */
async function assertFound(store: Store, what: string): Promise<void> {
  const { jobs } = await store.list();
  const isDue = ({ dueAt = Infinity, sent, consumed }: (typeof jobs)[number]) => dueAt <= NOW || sent > consumed;
  const owner = await enter(store, "finder");
  const taken = await take(store, owner);
  assertEquals(taken.map(({ record }) => record.jobId).sort(), jobs.filter(isDue).map(({ jobId }) => jobId), what);
  assertEquals((await store.held(owner)).length, taken.length, what);
  await store.leave(owner);
}

for (const [length, filler] of [["short", ""], ["long", LONG]] as const) {
  // Of long texts, a commit without an answer leaves what the failure of the next commit leaves.
  for (const end of filler === "" ? ["failed", "unanswered"] as const : ["failed"] as const) {
    test(`a process that ends at any commit leaves what it has confirmed: ${length} texts, a last commit ${end}`, async () => {
      for (let last = 0;; last++) {
        const [kv, tracker] = [new FakeKv(), new StoreStateTracker(filler)];
        let commits = 0;
        kv.fateOf = () => commits++ < last ? "made" : commits === last + 1 ? end : "failed";
        const error = await useStore(denoKvStore(kv.client()), tracker).then(() => undefined, (thrown) => thrown);
        kv.fateOf = () => "made";
        const store = denoKvStore(kv.client());
        assertEquals(await tracker.findings(store), [], `ended at commit ${last}`);
        await assertFound(store, `found after commit ${last}`);
        await tracker.adopt(store);
        for (const jobId of tracker.jobIds) await tracker.append(store, jobId, 2, true);
        assertEquals(await tracker.findings(store), [], `going on after commit ${last}`);
        for (const jobId of ["a", "b"]) {
          // The next creation removes the remains of an interrupted one.
          if (!(await jobIdsIn(store)).includes(jobId)) await tracker.create(store, jobId);
          await tracker.delete(store, jobId);
        }
        // Keys of lists and indexes that an interrupted write has left are removed by whoever meets them.
        assertEquals([await store.list(), await store.nextDueAt({ now: 0 })], [{ jobs: [] }, undefined]);
        assertEquals(jobKeysIn(kv), [], `left after commit ${last}`);
        if (error === undefined) {
          assertGreater(last, 11);
          return;
        }
        assertStringIncludes(String(error), "Deno KV");
      }
    });
  }

  test(`a failed commit has changed nothing, and the next one succeeds: ${length} texts`, async () => {
    for (let failing = 0;; failing++) {
      const [kv, tracker] = [new FakeKv(), new StoreStateTracker(filler)];
      let commits = 0;
      kv.fateOf = () => commits++ === failing ? "failed" : "made";
      const store = denoKvStore(kv.client());
      const attempt = async (write: () => Promise<void>) => {
        try {
          await write();
        } catch (error) {
          assertStringIncludes(String(error), "Deno KV is out of reach");
          assertEquals(await tracker.changes(store), [], `commit ${failing}`);
          await tracker.adopt(store);
          await write();
        }
      };
      await attempt(() => tracker.create(store, "a"));
      for (const count of [2, 1]) await attempt(() => tracker.append(store, "a", count, true));
      await attempt(() => tracker.compact(store, "a", 2));
      await attempt(() => tracker.send(store, "a", "first"));
      await attempt(() => tracker.append(store, "a", 1, false));
      assertEquals(await tracker.findings(store), [], `commit ${failing}`);
      await attempt(() => tracker.delete(store, "a"));
      if (commits < failing) return;
    }
  });
}

test("a snapshot removes all keys of the entries and snapshots before it", async () => {
  const kv = new FakeKv();
  const store = denoKvStore(kv.client());
  const tracker = new StoreStateTracker(LONG);
  await tracker.create(store, "a");
  for (let count = 1; count < 5; count++) await tracker.append(store, "a", count, count % 2 === 0);
  await tracker.compact(store, "a", 10);
  const few = kv.keys.length;
  for (let count = 1; count < 5; count++) await tracker.append(store, "a", count, count % 2 === 0);
  await tracker.compact(store, "a", 20);
  assertEquals(kv.keys.length, few);
  assertEquals(await tracker.findings(store), []);
});

/** Runs something between a conditional commit and the reads before it. */
function comeBetween(kv: FakeKv, work: () => Promise<unknown>): void {
  kv.beforeCommit = async (hasChecks) => {
    if (!hasChecks) return;
    kv.beforeCommit = async () => {};
    await work();
  };
}

test("a creation in parts is complete although others create and delete the same job meanwhile", async () => {
  const kv = new FakeKv();
  const [one, other] = [denoKvStore(kv.client()), denoKvStore(kv.client())];
  const tracker = new StoreStateTracker(LONG);
  comeBetween(kv, async () => {
    const others = new StoreStateTracker(LONG);
    await others.create(other, "a");
    await others.delete(other, "a");
  });
  await tracker.create(one, "a");
  assertEquals(await tracker.findings(one), []);
});

test("a command that arrives while earlier ones are consumed leaves the job due", async () => {
  const kv = new FakeKv();
  const [one, other] = [denoKvStore(kv.client()), denoKvStore(kv.client())];
  const claim = await addJob(one, sampleJob("a"));
  await send(one, claim, "first", "1");
  comeBetween(kv, () => send(other, claim, "second", "2"));
  await one.append(claim, 0, ["{}"], { ...HEAD, consumed: 1 });
  assertEquals((await take(one, await enter(one, "me"))).map(({ record }) => record.jobId), ["a"]);
});

test("an append that is concurrent with a compaction, a command or a new creation ends as if it ran before or after", async () => {
  const kv = new FakeKv();
  const [one, other] = [denoKvStore(kv.client()), denoKvStore(kv.client())];
  const tracker = new StoreStateTracker(LONG);
  await tracker.create(one, "a");
  await tracker.append(one, "a", 3, true);
  comeBetween(kv, () => tracker.compact(other, "a", 2));
  await tracker.append(one, "a", 2, false);
  comeBetween(kv, () => tracker.send(other, "a", "first"));
  await tracker.append(one, "a", 1, true);
  assertEquals(await tracker.findings(one), []);
  comeBetween(kv, async () => {
    await tracker.delete(other, "a");
    await new StoreStateTracker().create(other, "a");
  });
  const error = await assertRejects(() => tracker.append(one, "a", 1, true), FencedError);
  assertEquals([error.expectedRevision, error.revision], [6, undefined]);
  assertEquals((await one.load("a"))?.entries, []);
});

test("stores with different prefixes are different stores", async () => {
  const client = new FakeKv().client();
  const [one, other] = [denoKvStore(client), denoKvStore(client, { prefix: ["other", 1] })];
  await addJob(one, sampleJob("a"));
  assertEquals(await other.list(), { jobs: [] });
  assertEquals(await jobIdsIn(one), ["a"]);
});

test("missing parts are an error that names their key", async () => {
  const kv = new FakeKv();
  const store = denoKvStore(kv.client());
  await new StoreStateTracker(LONG).create(store, "a");
  const client = kv.client();
  for await (const { key } of client.list({ start: ["routilux", "data/1/s"], end: ["routilux", "data/1/t"] })) {
    await client.atomic().delete(key).commit();
  }
  await assertRejects(async () => await store.load("a"), Error, 'no value under the key "data/1/s/');
});

test("watch tells, if asked to, that another process has done something, and of what the store itself does only once", async () => {
  const kv = new FakeKv();
  const open = () => denoKvStore(kv.client(), { watchesOthers: true });
  const [one, other] = [open(), open()];
  const events: StoreEvent[] = [];
  const stop = one.watch?.((event) => events.push(event));
  const heard = async (act: () => Promise<unknown>) => {
    events.length = 0;
    await act();
    for (let turns = 0; turns < 20; turns++) await undefined;
    return events.map(({ type }) => type);
  };
  const claim = await addJob(one, sampleJob("a"));
  assertEquals(await heard(() => send(one, claim, "first", "1")), ["command"]);
  assertEquals(await heard(() => send(other, claim, "second", "2")), ["gap"]);
  assertEquals(await heard(() => addJob(other, sampleJob("b", { dueAt: 5 }))), ["gap"]);
  assertEquals(await heard(async () => await other.append(claim, 0, ["{}"])), []);
  assertEquals(await heard(async () => await other.append(claim, 1, [], { ...HEAD, releases: true })), ["gap"]);
  stop?.();
  assertEquals(await heard(() => send(other, claim, "third", "3")), []);
  one.watch?.((event) => events.push(event));
  await one.close();
  assertEquals(await heard(() => send(other, claim, "fourth", "4")), []);
  assertEquals(kv.watched, 0);
  denoKvStore(kv.client()).watch?.(() => {});
  assertEquals(kv.watched, 0);
});

test("an append without an entry and without a head is refused", async () => {
  const store = denoKvStore(new FakeKv().client());
  const claim = await addJob(store, sampleJob("a"));
  await assertRejects(async () => await store.append(claim, 0, []), RangeError, "at least one entry");
});
