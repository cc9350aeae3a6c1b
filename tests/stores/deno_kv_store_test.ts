import { test } from "node:test";
import { assert, assertEquals, assertGreater, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { FencedError } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { denoKvStore } from "../../src/stores/deno_kv_store.ts";
import { storeContract } from "../../src/testing/mod.ts";
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

for (const [what, makeClient] of Object.entries(clients)) {
  storeContract({
    test(name, run) {
      // Large jobs are slow, and have the same failures as small ones.
      if (what === "that obeys" || !name.includes("0,000")) test(name, { timeout: 60_000 }, run);
    },
    prefix: `denoKvStore() with a client ${what}: `,
    createPlace() {
      const kv = makeClient();
      return { open: () => denoKvStore(kv.client()) };
    },
  });
}

/** Longer than the maximum size of a value. */
const LONG = "\u00e9\u{1f680}".repeat(25_000);

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

for (const [length, filler] of [["short", ""], ["long", LONG]] as const) {
  for (const end of ["failed", "unanswered"] as const) {
    test(`a process that ends at any commit leaves what it has confirmed: ${length} texts, a last commit ${end}`, async () => {
      for (let last = 0;; last++) {
        const [kv, tracker] = [new FakeKv(), new StoreStateTracker(filler)];
        let commits = 0;
        kv.fateOf = () => commits++ < last ? "made" : commits === last + 1 ? end : "failed";
        const error = await useStore(denoKvStore(kv.client()), tracker).then(() => undefined, (thrown) => thrown);
        kv.fateOf = () => "made";
        const store = denoKvStore(kv.client());
        assertEquals(await tracker.findings(store), [], `ended at commit ${last}`);
        await tracker.adopt(store);
        for (const jobId of tracker.jobIds) await tracker.append(store, jobId, 2, true);
        assertEquals(await tracker.findings(store), [], `going on after commit ${last}`);
        for (const jobId of ["a", "b"]) {
          // The next creation removes the remains of an interrupted one.
          if (!(await jobIdsIn(store)).includes(jobId)) await tracker.create(store, jobId);
          await tracker.delete(store, jobId);
        }
        assertEquals(kv.keys, [], `left after commit ${last}`);
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
  await tracker.compact(store, "a", 8);
  const few = kv.keys.length;
  for (let count = 1; count < 5; count++) await tracker.append(store, "a", count, count % 2 === 0);
  await tracker.compact(store, "a", 18);
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
    await new StoreStateTracker(LONG).create(other, "a");
    await other.delete("a");
  });
  await tracker.create(one, "a");
  assertEquals(await tracker.findings(one), []);
});

test("a command that arrives while earlier ones are consumed leaves the job due", async () => {
  const kv = new FakeKv();
  const [one, other] = [denoKvStore(kv.client()), denoKvStore(kv.client())];
  await new StoreStateTracker().create(one, "a");
  await one.send("a", "first", "1");
  const record = await one.find("a");
  assert(record !== undefined);
  comeBetween(kv, async () => await other.send("a", "second", "2"));
  await one.append("a", 0, ["{}"], { ...record, consumed: 1 });
  assertEquals((await one.due({ now: 0 })).map(({ jobId }) => jobId), ["a"]);
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
    await other.delete("a");
    await new StoreStateTracker().create(other, "a");
  });
  const error = await assertRejects(() => tracker.append(one, "a", 1, true), FencedError);
  assertEquals([error.expectedRevision, error.revision], [6, 0]);
  assertEquals((await one.load("a"))?.entries, []);
});

test("stores with different prefixes are different stores", async () => {
  const client = new FakeKv().client();
  const [one, other] = [denoKvStore(client), denoKvStore(client, { prefix: ["other", 1] })];
  const tracker = new StoreStateTracker();
  await tracker.create(one, "a");
  assertEquals(await other.list(), { jobs: [] });
  assertEquals(await jobIdsIn(one), ["a"]);
});

test("missing parts are an error that names the job", async () => {
  const kv = new FakeKv();
  const store = denoKvStore(kv.client());
  await new StoreStateTracker(LONG).create(store, "a");
  const client = kv.client();
  const gone = { prefix: ["routilux", "life"] };
  for await (const { key } of client.list(gone)) if (key.includes("part")) await client.atomic().delete(key).commit();
  const error = await assertRejects(async () => await store.load("a"), Error);
  assertStringIncludes(
    error.message,
    'Cannot load job "a": it was changed concurrently 100 times, or parts of it',
  );
});

test("an error names the failed action", async () => {
  const kv = new FakeKv();
  const store = denoKvStore(kv.client());
  const tracker = new StoreStateTracker();
  await tracker.create(store, "a");
  kv.fateOf = () => "failed";
  const error = await assertRejects(() => tracker.append(store, "a", 1, true), Error);
  assertEquals(error.message, 'Cannot append to job "a": Deno KV is out of reach');
  assertStringIncludes(String(error.cause), "Deno KV is out of reach");
});

test("an append without an entry is refused", () => {
  const store = denoKvStore(new FakeKv().client());
  assertThrows(() => store.append("a", 0, []), RangeError, "at least one entry");
});
