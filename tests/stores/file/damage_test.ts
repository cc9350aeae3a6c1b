import { test } from "node:test";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { JobClaim, Store, StoredJob } from "../../../src/ports/mod.ts";
import { fileStore } from "../../../src/stores/file_store.ts";
import {
  claimJob,
  claimOf,
  createJob,
  enter,
  HEAD,
  inboxOf,
  sampleJob,
  send,
  sendNew,
} from "../../../src/testing/store_contract/sample_jobs.ts";
import { MemoryDisk } from "../../support/memory_disk.ts";

const FOLDER = "/jobs";
const JOURNAL = "/jobs/job/journal.jsonl";
const INBOX = "/jobs/job/inbox.jsonl";
const SNAPSHOT = "/jobs/job/snapshot.jsonl";
const LINE_BREAK = 10;

function open(disk: MemoryDisk): Store {
  return fileStore(FOLDER, { sync: "none", files: disk });
}

/** Uses a store with a job, closes it, and returns the disk. */
async function diskAfter(use: (store: Store, claim: JobClaim) => unknown): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const store = open(disk);
  await use(store, await createJob(store, "job", 0));
  await store.close();
  return disk;
}

function withJournal(disk: MemoryDisk, bytes: Uint8Array): MemoryDisk {
  const other = disk.afterKill();
  other.edit(JOURNAL, () => bytes);
  return other;
}

function startOfLine(bytes: Uint8Array, index: number): number {
  let start = 0;
  for (let line = 0; line < index; line++) start = bytes.indexOf(LINE_BREAK, start) + 1;
  return start;
}

async function loaded(store: Store): Promise<StoredJob> {
  const job = await store.load("job");
  assert(job !== undefined);
  return job;
}

test("a journal that was cut at any byte of its last append has all entries before it, and can be continued", async () => {
  const disk = await diskAfter((store, claim) => {
    store.append(claim, 0, ['{"n":1}', "n 2\n"], { ...HEAD, status: "on" });
    store.append(claim, 2, ['{"n":"é 🚀"}', "n 4"], { ...HEAD, status: "off" });
  });
  const bytes = disk.readFileSync(JOURNAL);
  for (let length = startOfLine(bytes, 2); length < bytes.length; length++) {
    const cut = withJournal(disk, bytes.subarray(0, length));
    const store = open(cut);
    const { entries, record } = await loaded(store);
    assertEquals([entries, record.revision, record.status], [['{"n":1}', "n 2\n"], 2, "on"], `cut at ${length}`);
    store.append(record, 2, ["later"]);
    await store.close();
    const later = open(cut);
    assertEquals((await loaded(later)).entries, ['{"n":1}', "n 2\n", "later"], `cut at ${length}`);
  }
});

test("an inbox that was cut at any byte of its last command has all commands before it, and can be continued", async () => {
  const disk = await diskAfter(async (store) => {
    await sendNew(store, "job", "first", "1");
    await sendNew(store, "job", "second", "2");
  });
  const bytes = disk.readFileSync(INBOX);
  for (let length = startOfLine(bytes, 1); length < bytes.length; length++) {
    const cut = disk.afterKill();
    cut.edit(INBOX, () => bytes.subarray(0, length));
    const store = open(cut);
    assertEquals(await send(store, { jobId: "job" }, "again", "1"), "differs");
    await sendNew(store, "job", "later", "2");
    await store.close();
    const commands = [{ sequence: 1, key: "1", text: "first" }, { sequence: 2, key: "2", text: "later" }];
    const later = open(cut);
    assertEquals(await inboxOf(later, (await loaded(later)).record), commands, `cut at ${length}`);
  }
});

test("a journal that was cut at any byte of a claim or a release is as before it", async () => {
  const disk = await diskAfter(async (store, claim) => {
    store.append(claim, 0, ["1"], HEAD);
    const owner = await enter(store, "engine");
    const taken = await claimJob(store, owner, claim);
    assert(taken !== undefined);
    store.append(claimOf(taken), 1, [], { ...HEAD, status: "paused", releases: true });
  });
  const bytes = disk.readFileSync(JOURNAL);
  const [claimed, released] = [startOfLine(bytes, 1), startOfLine(bytes, 2)];
  for (let length = claimed; length <= bytes.length; length++) {
    const store = open(withJournal(disk, bytes.subarray(0, length)));
    const { record: { epoch, owner, status, revision }, entries } = await loaded(store);
    const expected = length === bytes.length
      ? [1, undefined, "paused"]
      : length >= released
      ? [1, "engine", "running"]
      : [0, undefined, "running"];
    assertEquals([[epoch, owner, status], revision, entries], [expected, 1, ["1"]], `cut at ${length}`);
  }
});

test("a changed byte in the middle of a journal is an error with file and line", async () => {
  const disk = await diskAfter((store, claim) => {
    for (let at = 0; at < 3; at++) store.append(claim, at, [`{"n":${at}}`], HEAD);
  });
  const bytes = disk.readFileSync(JOURNAL);
  for (let at = 0; at < startOfLine(bytes, 2); at++) {
    const changed = bytes.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    const line = at < startOfLine(bytes, 1) ? 1 : 2;
    const { message } = assertThrows(() => open(withJournal(disk, changed)), Error);
    assertStringIncludes(
      message,
      `Cannot open the file store in "/jobs": Cannot read "${JOURNAL}": line ${line} is damaged`,
    );
  }
});

test("a missing line in a journal is an error with file and line", async () => {
  const disk = await diskAfter((store, claim) => {
    for (let at = 0; at < 4; at++) store.append(claim, at, [`{"n":${at}}`], HEAD);
  });
  const bytes = disk.readFileSync(JOURNAL);
  const [from, to] = [startOfLine(bytes, 1), startOfLine(bytes, 2)];
  const without = new Uint8Array([...bytes.subarray(0, from), ...bytes.subarray(to)]);
  const { message } = assertThrows(() => open(withJournal(disk, without)), Error);
  assertStringIncludes(message, `"${JOURNAL}": line 2 is damaged, it has number 3, and the one before it 1`);
  const beginning = withJournal(disk, bytes.subarray(from));
  const { message: other } = await errorOf(() => open(beginning).load("job"));
  assertStringIncludes(other, `Cannot read "${JOURNAL}": it has 3 entries after revision 0, expected 4`);
});

test("damage far from the end of a long journal is found when the job is loaded", async () => {
  const disk = await diskAfter((store, claim) => {
    for (let at = 0; at < 300; at++) store.append(claim, at, [JSON.stringify({ at, text: "x".repeat(500) })], HEAD);
  });
  disk.edit(JOURNAL, (bytes) => bytes.with(startOfLine(bytes, 6) + 60, 0));
  const store = open(disk);
  assertEquals((await store.find("job"))?.revision, 300);
  const { message } = await errorOf(() => store.load("job"));
  assertStringIncludes(message, `Cannot read "${JOURNAL}": line 7 is damaged`);
});

test("an incomplete write of several appends is ignored from its first damaged line on, even if later lines are intact", async () => {
  const disk = new MemoryDisk();
  const store = fileStore(FOLDER, { files: disk });
  const claim = await createJob(store, "job", 0);
  assertEquals((await store.create([sampleJob("job", { token: "other" })]))[0]?.isNew, false);
  await store.append(claim, 0, ["1"]);
  await Promise.all([1, 2, 3].map((revision) => store.append(claim, revision, [`${revision + 1}`])));
  await store.close();
  const bytes = disk.readFileSync(JOURNAL);
  for (let line = 1; line < 4; line++) {
    const lost = bytes.slice();
    lost.fill(0, startOfLine(bytes, line) + 5, startOfLine(bytes, line) + 20);
    const later = open(withJournal(disk, lost));
    assertEquals((await loaded(later)).entries, ["1", "2", "3", "4"].slice(0, line));
  }
  const first = bytes.with(5, 0);
  const { message } = assertThrows(() => open(withJournal(disk, first)), Error);
  assertStringIncludes(message, `"${JOURNAL}": line 1 is damaged`);
});

test("a damaged snapshot is an error with file and line", async () => {
  const disk = await diskAfter(() => {});
  const bytes = disk.readFileSync(SNAPSHOT);
  for (let line = 1; line <= 3; line++) {
    const damaged = disk.afterKill();
    damaged.edit(SNAPSHOT, () => bytes.with(startOfLine(bytes, line) - 3, 0));
    const { message } = await errorOf(() => open(damaged).load("job"));
    assertStringIncludes(message, `Cannot read "${SNAPSHOT}": line ${line} is damaged`);
  }
  const short = disk.afterKill();
  short.edit(SNAPSHOT, () => bytes.subarray(0, startOfLine(bytes, 2)));
  assertStringIncludes((await errorOf(() => open(short).load("job"))).message, `"${SNAPSHOT}": line 3 is damaged`);
});

test("a job without its snapshot, and one in the folder of another, are errors", async () => {
  const disk = await diskAfter((store, claim) => void store.append(claim, 0, ["1"]));
  const moved = disk.afterKill();
  moved.renameSync("/jobs/job", "/jobs/copy");
  assertStringIncludes(
    assertThrows(() => open(moved), Error).message,
    '"/jobs/copy" has job "job", whose folder must be "job"',
  );
  disk.rmSync(SNAPSHOT, { recursive: false, force: false });
  assertStringIncludes(assertThrows(() => open(disk), Error).message, '"/jobs/job" has no snapshot.jsonl');
});

test("a failed opening leaves no lock", async () => {
  const disk = await diskAfter((store, claim) => void store.append(claim, 0, ["1"]));
  const bytes = disk.readFileSync(SNAPSHOT);
  disk.edit(SNAPSHOT, () => new Uint8Array());
  assertThrows(() => open(disk), Error);
  disk.edit(SNAPSHOT, () => bytes);
  assertEquals((await loaded(open(disk))).entries, ["1"]);
});

test("folders and files that are not the store's are ignored", async () => {
  const disk = await diskAfter(() => {});
  disk.mkdirSync("/jobs/notes", { recursive: false });
  disk.closeSync(disk.openSync("/jobs/README", "w"));
  const store = open(disk);
  assertEquals((await store.list()).jobs.length, 1);
  assertEquals(disk.readdirSync("/jobs").filter((name) => !name.startsWith(".")).sort(), ["README", "job", "notes"]);
});

async function errorOf(call: () => unknown): Promise<Error> {
  try {
    await call();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("Expected an error");
}
