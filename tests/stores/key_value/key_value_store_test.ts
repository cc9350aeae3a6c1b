import { test } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FencedError } from "../../../src/ports/mod.ts";
import { type KeyValueStorage, keyValueStore } from "../../../src/stores/key_value_store.ts";
import { manualIds } from "../../../src/testing/mod.ts";
import { HEAD, sampleJob } from "../../../src/testing/store_contract/sample_jobs.ts";
import { createKeyValues, type KeyValues } from "../../support/shared_key_values.ts";

const LARGE = "x".repeat(3_000);

function open(storage: KeyValueStorage) {
  return keyValueStore(storage, { maxValueBytes: 1_000 });
}

function keysOf({ entries }: KeyValues, kind = ""): string[] {
  return [...entries.keys()].filter((key) => (key.split("/")[4] ?? "").startsWith(kind)).sort();
}

test("an append sets one key, and reads none if the same store made the last append", async () => {
  const values = createKeyValues();
  const calls: string[] = [];
  const store = keyValueStore(values.connect({ before: ({ name, key }) => void calls.push(`${name} ${key}`) }));
  await store.create(sampleJob("job"));
  await store.append("job", 0, ["entry"]);
  calls.length = 0;
  await store.append("job", 1, ["entry"], { ...HEAD, status: "paused" });
  await store.append("job", 2, ["entry", "entry"]);
  assertEquals(calls, ["set routilux/job/job", "set routilux/job/job"]);
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
  await store.create(sampleJob("job", {}, { snapshot: LARGE.repeat(100) }));
  const costs: number[] = [];
  for (let round = 0; round < 10; round++) {
    bytes = 0;
    for (let at = round * 1_000; at < (round + 1) * 1_000; at++) {
      await store.append("job", at, [`{"at":${at},"text":"${LARGE.slice(0, 150)}"}`]);
    }
    costs.push(Math.round(bytes / 1_000));
  }
  const [least, most] = [Math.min(...costs), Math.max(...costs)];
  assert(most < least * 1.3, `the bytes of an append must stay what they are, got ${costs.join()}`);
});

test("a write that loses a race removes its values", async () => {
  const values = createKeyValues();
  const [first, second] = [open(values.connect()), open(values.connect())];
  await first.create(sampleJob("job"));
  await first.append("job", 0, ["entry"]);
  await second.append("job", 1, ["entry"]);
  const before = keysOf(values);
  // The first handle has the job cached at revision 1, and notices the change only when it sets the key.
  await assertRejects(async () => await first.append("job", 1, [LARGE], { ...HEAD, status: LARGE }), FencedError);
  assertEquals(keysOf(values), before);
});

test("of two concurrent snapshots the loser removes its values", async () => {
  const values = createKeyValues();
  const second = open(values.connect());
  await second.create(sampleJob("job"));
  await second.append("job", 0, ["entry", "entry"]);
  let isSlow = true;
  const first = open(values.connect({
    async before({ name, key }) {
      if (!isSlow || name !== "set" || !key.includes("/s/1/")) return;
      isSlow = false;
      await second.compact("job", 2, LARGE);
    },
  }));
  await first.compact("job", 1, `late ${LARGE}`);
  assertEquals((await first.load("job"))?.snapshot, LARGE);
  assertEquals(new Set(keysOf(values, "s").map((key) => key.split("/")[5])), new Set(["2"]));
});

test("of two commands for the same sequence the loser takes the next one, and leaves nothing at the first", async () => {
  const values = createKeyValues();
  const second = open(values.connect());
  await second.create(sampleJob("job"));
  let isSlow = true;
  const first = open(values.connect({
    async before({ name, key }) {
      if (!isSlow || name !== "set" || !key.endsWith("/c/1")) return;
      isSlow = false;
      await second.send("job", `second ${LARGE}`, "second");
    },
  }));
  assertEquals(await first.send("job", `first ${LARGE}`, "first"), true);
  assertEquals((await first.inbox("job", 0)).map(({ key }) => key), ["second", "first"]);
  assertEquals(new Set(keysOf(values, "b").map((key) => key.split("/")[5])).size, 2);
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
  assertEquals(await store.create(sampleJob("job")), true);
  await store.append("job", 0, ["entry"]);
  await store.compact("job", 1, "snapshot");
  assertEquals(await store.send("job", "command", "key"), true);
  assertEquals((await store.load("job"))?.snapshot, "snapshot");
  assertEquals(await store.delete("job"), true);
  assertEquals(keysOf(values), []);
});

test("a write that was not made is an error, and nothing has changed", async () => {
  const values = createKeyValues();
  let isDown = false;
  const store = open(values.connect({
    before({ name }) {
      if (isDown && name === "set") throw new Error("The storage is down");
    },
  }));
  await store.create(sampleJob("job"));
  isDown = true;
  const before = keysOf(values);
  await assertRejects(async () => await store.append("job", 0, ["entry"]), Error, "The storage is down");
  await assertRejects(async () => await store.append("job", 0, [LARGE]), Error, "The storage is down");
  await assertRejects(
    async () => await store.compact("job", 0, LARGE) ?? await store.create(sampleJob("b")),
    Error,
    "down",
  );
  assertEquals(keysOf(values), before);
  isDown = false;
  await store.append("job", 0, ["entry"]);
  assertEquals((await store.load("job"))?.entries, ["entry"]);
});

test("a slow delete does not remove a job that was created since", async () => {
  const values = createKeyValues();
  const second = open(values.connect());
  await second.create(sampleJob("job"));
  const first = open(values.connect({
    async before({ name, key }) {
      if (name === "delete" && key === "routilux/job/job") await second.create(sampleJob("job", {}, { createdAt: 2 }));
    },
  }));
  assertEquals(await first.delete("job"), true);
  assertEquals((await second.load("job"))?.record.createdAt, 2);
});

test("the remains of a delete are removed by the next call that finds them", async () => {
  for (const come of ["list", "due", "delete", "create"] as const) {
    const values = createKeyValues();
    let isDown = false;
    const store = open(values.connect({
      before({ name }) {
        if (isDown && name === "delete") throw new Error("The storage is down");
      },
    }));
    await store.create(sampleJob("job", {}, { snapshot: LARGE }));
    await store.append("job", 0, [LARGE]);
    isDown = true;
    assertEquals(await store.delete("job"), true);
    assertEquals([await store.find("job"), await store.list()], [undefined, { jobs: [] }]);
    isDown = false;
    const later = open(values.connect());
    if (come === "list") await later.list();
    if (come === "due") await later.due({ now: 0 });
    if (come === "delete") assertEquals(await later.delete("job"), false);
    if (come === "create") {
      assertEquals([await later.create(sampleJob("job")), await later.delete("job")], [true, true]);
    }
    assertEquals(keysOf(values), [], come);
  }
});

test("a command that its sender could not count is counted by the next sender", async () => {
  const values = createKeyValues();
  let isDown = false;
  const store = open(values.connect({
    before({ name, key }) {
      if (isDown && name === "set" && key.startsWith("routilux/job/")) throw new Error("The storage is down");
    },
  }));
  await store.create(sampleJob("job"));
  isDown = true;
  await assertRejects(async () => await store.send("job", "first", "1"), Error, "down");
  assertEquals(await store.inbox("job", 0), []);
  isDown = false;
  const later = open(values.connect());
  await later.send("job", "second", "2");
  await later.send("job", "again", "1");
  assertEquals(await later.inbox("job", 0), [
    { sequence: 1, key: "1", text: "first" },
    { sequence: 2, key: "2", text: "second" },
  ]);
});

test("jobs of a newer version and damaged values are errors", async () => {
  const values = createKeyValues();
  const storage = values.connect();
  const store = open(storage);
  await store.create(sampleJob("job", {}, { snapshot: LARGE }));
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
  await storage.set(key, entry.value, version);
  for (const part of keysOf(values, "s").slice(1)) await storage.delete(part);
  await assertRejects(async () => await store.load("job"), Error, "The storage has no value under the key");
  assertEquals((await store.find("job"))?.revision, 0);
});

test("keys have a prefix, and options out of range are refused", async () => {
  const values = createKeyValues();
  const ids = manualIds("uid");
  const store = keyValueStore(values.connect(), { prefix: "my-app/", ids });
  await store.create(sampleJob("a/\u{1f680}"));
  assertEquals(keysOf(values), [
    "my-app/data/a~002f~d83d~de80/uid-1/f/0/0",
    "my-app/data/a~002f~d83d~de80/uid-1/s/0/uid-2/0",
    "my-app/job/a~002f~d83d~de80",
  ]);
  assertEquals((await keyValueStore(values.connect()).list()).jobs, []);
  assertThrows(() => keyValueStore(values.connect(), { maxValueBytes: 999 }), RangeError, "maxValueBytes must be");
  assertThrows(() => store.append("a/\u{1f680}", 0, []), RangeError, "at least one entry");
  for (const cursor of ["", "z", "{}", "[1]"]) await assertRejects(async () => await store.list({ cursor }), Error);
});
