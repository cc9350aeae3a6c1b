import { test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { JobClaim, Store } from "../../../src/ports/mod.ts";
import { fileStore } from "../../../src/stores/file_store.ts";
import { createJob, HEAD, inboxOf, NOW, send, sendNew } from "../../../src/testing/store_contract/sample_jobs.ts";
import { CountedDisk } from "../../support/counted_disk.ts";

// How much of its files a store looks at, counted in bytes. Only what is read as a whole file is counted at each look.

const JOURNAL = "/jobs/job/journal.jsonl";
const INBOX = "/jobs/job/inbox.jsonl";
const LINE_BREAK = 10;
const open = (disk: CountedDisk) => fileStore("/jobs", { sync: "none", files: disk });

/** Stores an append of many objects after a small one, changes the journal, and returns the bytes of both. */
async function diskWith(object: object, change: (bytes: Uint8Array, second: number) => Uint8Array) {
  const disk = new CountedDisk();
  const store = open(disk);
  const claim = await createJob(store, "job", 0);
  await store.append(claim, 0, ['{"n":1}']);
  await store.append(claim, 1, [JSON.stringify({ objects: Array.from({ length: 10_000 }, () => object) })]);
  await store.close();
  disk.edit(JOURNAL, (bytes) => change(bytes, bytes.indexOf(LINE_BREAK) + 1));
  const { length } = disk.readFileSync(JOURNAL);
  disk.bytes = 0;
  return { disk, length };
}

const flipped = (bytes: Uint8Array, at: number) => bytes.with(at, (bytes[at] ?? 0) ^ 1);

test("C499 of an append of many objects that was cut short the store looks at each byte a few times", async () => {
  const { disk, length } = await diskWith({ n: { m: 1 } }, (bytes) => bytes.subarray(0, -10));
  const store = open(disk);
  assertEquals((await store.find("job"))?.revision, 1);
  await store.close();
  assert(disk.bytes < 10 * length, `${disk.bytes} bytes of ${length}`);
});

test("C499 so it does when the objects look like the beginnings of lines", async () => {
  const { disk, length } = await diskWith({ check: "00000000", n: 1 }, (bytes, at) => flipped(bytes, at + 40));
  const store = open(disk);
  assertEquals((await store.find("job"))?.revision, 1);
  await store.close();
  assert(disk.bytes < 10 * length, `${disk.bytes} bytes of ${length}`);
});

test("a line of a later write is found behind a damaged one that has lost its end, whatever stands between", async () => {
  const { disk } = await diskWith({ check: "00000000", n: 1 }, (bytes) => bytes);
  const store = open(disk);
  const record = await store.find("job");
  assert(record !== undefined);
  await store.append(record, 2, ['{"n":3}']);
  await store.close();
  disk.edit(JOURNAL, (bytes) => {
    const second = bytes.indexOf(LINE_BREAK) + 1;
    return flipped(bytes, bytes.indexOf(LINE_BREAK, second));
  });
  assertThrows(() => open(disk), Error, "line 2 is damaged");
});

test("C499 an owner that asks for new commands after each reads every command a few times, not all that came before", async () => {
  const disk = new CountedDisk();
  const writer = open(disk);
  await createJob(writer, "job", 0);
  for (let n = 1; n <= 50; n++) await sendNew(writer, "job", `{"n":${n}}`, `early ${n}`);
  await writer.close();
  disk.bytes = 0;
  const store = open(disk);
  const claim = await store.find("job");
  assert(claim !== undefined);
  for (let n = 51; n <= 300; n++) {
    await sendNew(store, "job", `{"n":${n}}`, `key ${n}`);
    const commands = await inboxOf(store, claim, n - 1);
    assertEquals(commands.map(({ sequence, text }) => [sequence, text]), [[n, `{"n":${n}}`]]);
    await store.append(claim, n - 51, ["{}"], { ...HEAD, consumed: n - 50 });
  }
  assertEquals((await inboxOf(store, claim, 40)).length, 50);
  assertEquals((await inboxOf(store, claim)).length, 50);
  await store.close();
  const { length } = disk.readFileSync(INBOX);
  assert(disk.bytes < 10 * length, `${disk.bytes} bytes of ${length}`);
});

test("damage of a command is told with its line, wherever reading began", async () => {
  const disk = new CountedDisk();
  const store = open(disk);
  const claim = await createJob(store, "job", 0);
  for (let n = 1; n <= 5; n++) await sendNew(store, "job", `{"n":${n}}`, `key ${n}`);
  disk.edit(INBOX, (bytes) => flipped(bytes, bytes.length - 3));
  assertThrows(() => void store.inbox(claim, 3, NOW), Error, "line 5 is damaged");
  disk.edit(INBOX, (bytes) => bytes.subarray(0, 20));
  assertThrows(() => void store.inbox(claim, 3, NOW), Error, "has ended at byte");
  await store.close();
});

/** Sends and consumes commands of a kilobyte, one by one, one each millisecond. */
async function consumeMany(store: Store, claim: JobClaim, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) {
    assertEquals(await send(store, claim, textOf(n), `key ${n}`, { now: NOW + n, keyRetentionMs: 100 }), "stored");
    const commands = await inboxOf(store, claim);
    assertEquals(commands, [{ sequence: n, key: `key ${n}`, text: textOf(n) }]);
    await store.append(claim, n - 1, ["{}"], { ...HEAD, consumed: n, at: NOW + n });
  }
}

const textOf = (n: number): string => JSON.stringify({ n, text: "x".repeat(1_000) });

test("an inbox file grows with the commands that are not consumed and the keys that are remembered, not with all", async () => {
  const disk = new CountedDisk();
  const store = open(disk);
  const claim = await createJob(store, "job", 0);
  let most = 0;
  for (let n = 0; n < 1_000; n += 10) {
    await consumeMany(store, claim, n + 1, n + 10);
    most = Math.max(most, disk.readFileSync(INBOX).length);
  }
  assert(most < 150_000, `${most} bytes for 1,000 commands of a kilobyte`);
  const answers = async (store: Store, now: number) => {
    const more = { now, keyRetentionMs: 100 };
    return [
      await send(store, claim, textOf(990), "key 990", more),
      await send(store, claim, "other", "key 990", more),
      await send(store, claim, textOf(1_000), "key 1000", more),
    ];
  };
  assertEquals(await answers(store, NOW + 1_000), ["known", "differs", "known"]);
  await store.close();
  const later = open(disk);
  assertEquals(await answers(later, NOW + 1_000), ["known", "differs", "known"]);
  assertEquals(await send(later, claim, "again", "key 1", { now: NOW + 1_001, keyRetentionMs: 100 }), "stored");
  assertEquals((await inboxOf(later, claim)).map(({ sequence }) => sequence), [1_001]);
  await later.close();
});

test("when all keys have been forgotten, the numbers of commands go on", async () => {
  const disk = new CountedDisk();
  const store = open(disk);
  const claim = await createJob(store, "job", 0);
  await consumeMany(store, claim, 1, 61);
  assert(disk.readFileSync(INBOX).length > 61_000);
  const forgetting = { now: NOW + 100_000, keyRetentionMs: 100 };
  assertEquals(await send(store, claim, "other", "other key", forgetting), "stored");
  await store.close();
  const { length } = disk.readFileSync(INBOX);
  assert(length < 3_000, `${length} bytes`);
  const later = open(disk);
  assertEquals((await later.find("job"))?.sent, 62);
  assertEquals((await inboxOf(later, claim)).map(({ sequence }) => sequence), [62]);
  assertEquals(await send(later, claim, "second", "key 1", forgetting), "stored");
  assertEquals((await inboxOf(later, claim, 62)).map(({ sequence }) => sequence), [63]);
  await later.close();
});

test("a journal has a head near its end, however long none has changed", async () => {
  const disk = new CountedDisk();
  const store = open(disk);
  const claim = await createJob(store, "job", 0);
  await store.append(claim, 0, ["{}"], { ...HEAD, status: "on" });
  for (let n = 1; n < 1_000; n++) await store.append(claim, n, [textOf(n)]);
  await store.close();
  disk.bytes = 0;
  const later = open(disk);
  const record = await later.find("job");
  assertEquals([record?.revision, record?.status], [1_000, "on"]);
  assert(disk.bytes < 500_000, `${disk.bytes} bytes of a million`);
  await later.close();
});
