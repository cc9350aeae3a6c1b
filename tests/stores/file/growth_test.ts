import { test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { fileStore } from "../../../src/stores/file_store.ts";
import { HEAD, sampleJob } from "../../../src/testing/store_contract/sample_jobs.ts";
import { CountedDisk } from "../../support/counted_disk.ts";

// How much of its files a store looks at, counted in bytes.

const JOURNAL = "/jobs/job/journal.jsonl";
const INBOX = "/jobs/job/inbox.jsonl";
const LINE_BREAK = 10;
const open = (disk: CountedDisk) => fileStore("/jobs", { sync: "none", files: disk });

/** Stores an append of many objects after a small one, changes the journal, and returns the bytes of both. */
async function diskWith(object: object, change: (bytes: Uint8Array, second: number) => Uint8Array) {
  const disk = new CountedDisk();
  const store = open(disk);
  await store.create(sampleJob("job"));
  await store.append("job", 0, ['{"n":1}']);
  await store.append("job", 1, [JSON.stringify({ objects: Array.from({ length: 1_000 }, () => object) })]);
  await store.close();
  disk.edit(JOURNAL, (bytes) => change(bytes, bytes.indexOf(LINE_BREAK) + 1));
  const { length } = disk.readFileSync(JOURNAL);
  disk.bytes = 0;
  return { disk, length };
}

const flipped = (bytes: Uint8Array, at: number) => bytes.with(at, (bytes[at] ?? 0) ^ 1);

test("of an append of many objects that was cut short the store looks at each byte a few times", async () => {
  const { disk, length } = await diskWith({ n: { m: 1 } }, (bytes) => bytes.subarray(0, -10));
  const store = open(disk);
  assertEquals((await store.find("job"))?.revision, 1);
  await store.close();
  assert(disk.bytes < 10 * length, `${disk.bytes} bytes of ${length}`);
});

test("so it does when the objects look like the beginnings of lines", async () => {
  const { disk, length } = await diskWith({ check: "00000000", n: 1 }, (bytes, at) => flipped(bytes, at + 40));
  const store = open(disk);
  assertEquals((await store.find("job"))?.revision, 1);
  await store.close();
  assert(disk.bytes < 10 * length, `${disk.bytes} bytes of ${length}`);
});

test("a line of a later write is found behind a damaged one that has lost its end, whatever stands between", async () => {
  const { disk } = await diskWith({ check: "00000000", n: 1 }, (bytes) => bytes);
  const store = open(disk);
  await store.append("job", 2, ['{"n":3}']);
  await store.close();
  disk.edit(JOURNAL, (bytes) => {
    const second = bytes.indexOf(LINE_BREAK) + 1;
    return flipped(bytes, bytes.indexOf(LINE_BREAK, second));
  });
  assertThrows(() => open(disk), Error, "line 2 is damaged");
});

test("an owner that asks for new commands after each reads every command a few times, not all that came before", async () => {
  const disk = new CountedDisk();
  const writer = open(disk);
  await writer.create(sampleJob("job"));
  for (let n = 1; n <= 50; n++) await writer.send("job", `{"n":${n}}`, `early ${n}`);
  await writer.close();
  disk.bytes = 0;
  const store = open(disk);
  for (let n = 51; n <= 300; n++) {
    await store.send("job", `{"n":${n}}`, `key ${n}`);
    const commands = await store.inbox("job", n - 1);
    assertEquals(commands.map(({ sequence, text }) => [sequence, text]), [[n, `{"n":${n}}`]]);
    await store.append("job", n - 51, ["{}"], { ...HEAD, consumed: n });
  }
  assertEquals((await store.inbox("job", 40)).length, 260);
  assertEquals((await store.inbox("job", 0)).length, 300);
  await store.close();
  const { length } = disk.readFileSync(INBOX);
  assert(disk.bytes < 10 * length, `${disk.bytes} bytes of ${length}`);
});

test("damage of a command is told with its line, wherever reading began", async () => {
  const disk = new CountedDisk();
  const store = open(disk);
  await store.create(sampleJob("job"));
  for (let n = 1; n <= 5; n++) await store.send("job", `{"n":${n}}`, `key ${n}`);
  disk.edit(INBOX, (bytes) => flipped(bytes, bytes.length - 3));
  assertThrows(() => void store.inbox("job", 3), Error, "line 5 is damaged");
  disk.edit(INBOX, (bytes) => bytes.subarray(0, 20));
  assertThrows(() => void store.inbox("job", 3), Error, "has ended at byte");
  await store.close();
});
