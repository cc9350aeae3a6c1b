import { test } from "node:test";
import { assert, assertEquals, assertGreater, assertLess, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { FencedError } from "../../../src/ports/mod.ts";
import { fileStore } from "../../../src/stores/file_store.ts";
import { jobName } from "../../../src/stores/file_store/job_name.ts";
import {
  claimJob,
  createJob,
  enter,
  HEAD,
  NOW,
  sampleJob,
  send,
} from "../../../src/testing/store_contract/sample_jobs.ts";
import { MemoryDisk } from "../../support/memory_disk.ts";
import { seededRandom } from "../../support/seeded_random.ts";

const FOLDER = "/jobs";
const CLAIM = { jobId: "job", life: 1, epoch: 0 };

function linesOf(disk: MemoryDisk, path: string): string[] {
  const lines = new TextDecoder().decode(disk.readFileSync(path)).trimEnd().split("\n");
  return lines.map((line) => line.replace(/"check":"[0-9a-f]{8}"/, '"check":"…"'));
}

test("people can read the files of a job: each text is a line of JSON, unchanged", async () => {
  const disk = new MemoryDisk();
  const store = fileStore(FOLDER, { sync: "none", files: disk });
  await store.create([sampleJob("job", { tags: { of: "user" }, dueAt: 5 })]);
  store.append(CLAIM, 0, ['{"n":1}', '{ "n": "é" }', "no\nJSON"], { ...HEAD, status: "busy" });
  store.append(CLAIM, 3, ['{"n":4}']);
  await send(store, CLAIM, '{"kind":"pause"}', "key");
  const owner = await enter(store, "engine");
  await claimJob(store, owner, CLAIM);
  const labels = '"flowId":"flow","flowHash":"hash","queue":"default","priority":0,"tags":{"of":"user"}';
  const header = '{"check":"…","format":"routilux/file-store","version":1,"jobId":"job","life":1,"createdAt":1000';
  assertEquals(linesOf(disk, "/jobs/job/snapshot.jsonl"), [
    `${header},${labels},"revision":0,"token":"token of job",` +
    '"head":{"status":"running","dueAt":5,"consumed":0,"epoch":0,"at":1000}}',
    '{"check":"…","flow":{"id":"flow","of":"job"}}',
    '{"check":"…","snapshot":{"revision":0,"of":"job"}}',
  ]);
  const journal = linesOf(disk, "/jobs/job/journal.jsonl");
  assertEquals(journal.map((line) => line.replace(/"back":\d+/, '"back":…')), [
    '{"check":"…","revision":1,"left":2,"entry":{"n":1}}',
    '{"check":"…","revision":2,"left":1,"back":…,"entry":{ "n": "é" }}',
    '{"check":"…","revision":3,"back":…,"head":{"status":"busy","consumed":0,"epoch":0,"at":10000},"entry":"no\\nJSON"}',
    '{"check":"…","revision":4,"entry":{"n":4}}',
    '{"check":"…","revision":4,"head":{"status":"busy","consumed":0,"epoch":1,"owner":"engine","incarnation":1,"at":10000}}',
  ]);
  assertEquals(linesOf(disk, "/jobs/job/inbox.jsonl"), [
    '{"check":"…","sequence":1,"key":"key","command":{"kind":"pause"}}',
  ]);
  for (const line of journal) assert(JSON.parse(line) instanceof Object);
  store.compact(CLAIM, 3, '{"the":"snapshot at 3"}');
  const [first = "", ...rest] = linesOf(disk, "/jobs/job/snapshot.jsonl");
  assertMatch(first, /"revision":3,.*"head":{"status":"busy",.*"epoch":1,"owner":"engine"/);
  assertEquals(rest, [
    '{"check":"…","flow":{"id":"flow","of":"job"}}',
    '{"check":"…","snapshot":{"the":"snapshot at 3"}}',
  ]);
  assertEquals(linesOf(disk, "/jobs/job/journal.jsonl"), journal.slice(3));
  assertMatch(
    linesOf(disk, "/jobs/.numbers.jsonl").join(),
    /"version":1,"lives":1000,"incarnations":1,"survived":\[\],"process":".*","owners":\[\["engine",{.*}\]\],"queues":\[\]}$/,
  );
  await store.close();
});

test("a file of a later version is refused", async () => {
  const disk = new MemoryDisk();
  const { encodeLine } = await import("../../../src/stores/file_store/json_lines.ts");
  const store = fileStore(FOLDER, { sync: "none", files: disk });
  await createJob(store, "job", 0);
  await store.close();
  disk.edit("/jobs/job/snapshot.jsonl", () => encodeLine({ format: "routilux/file-store", version: 2 }));
  const { message } = assertThrows(() => fileStore(FOLDER, { files: disk }), Error);
  assertMatch(message, /expected routilux\/file-store 1, got routilux\/file-store 2$/);
});

test("appends that arrive while one is being stored share one flush", async () => {
  const disk = new MemoryDisk();
  const store = fileStore(FOLDER, { files: disk });
  await createJob(store, "job", 0);
  await store.append(CLAIM, 0, ["{}"]);
  let waits = 0;
  disk.onCall = ({ name }) => void (name === "fdatasync" && waits++);
  await Promise.all(Array.from({ length: 100 }, (_, index) => store.append(CLAIM, index + 1, ["{}"])));
  assertEquals(waits, 1);
  const first = store.append(CLAIM, 101, ["{}"]);
  await Promise.resolve();
  const rest = Array.from({ length: 100 }, (_, index) => store.append(CLAIM, index + 102, ["{}"]));
  await Promise.all([first, ...rest]);
  assertEquals(waits, 3);
  await store.close();
});

test("a fenced append fails alone, not its group", async () => {
  const disk = new MemoryDisk();
  const store = fileStore(FOLDER, { files: disk });
  await createJob(store, "job", 0);
  const results = await Promise.allSettled([
    store.append(CLAIM, 0, ["1"]),
    store.append(CLAIM, 0, ["other"]),
    store.append(CLAIM, 1, ["2"]),
  ]);
  assertEquals(results.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  assertEquals((await store.load("job"))?.entries, ["1", "2"]);
  await assertRejects(async () => await store.append(CLAIM, 0, ["late"]), FencedError);
});

test("a write is not visible before it is stored", async () => {
  const disk = new MemoryDisk();
  const store = fileStore(FOLDER, { files: disk });
  await createJob(store, "job", 0);
  const seen: unknown[] = [];
  disk.onCall = ({ name }) => void (name === "fdatasync" && seen.push(store.find("job"), store.load("job")));
  await store.append(CLAIM, 0, ["1"], { ...HEAD, status: "done" });
  const [record, job] = seen;
  assert(record instanceof Object && "status" in record && "revision" in record);
  assertEquals([record.status, record.revision], ["running", 0]);
  assert(job instanceof Object && "entries" in job);
  assertEquals(job.entries, []);
  assertEquals((await store.find("job"))?.status, "done");
});

test('with sync "none" all methods answer at once', () => {
  const store = fileStore(FOLDER, { sync: "none", files: new MemoryDisk() });
  const by = { owner: "engine", incarnation: 1, now: NOW };
  const answers = [
    store.create([sampleJob("job"), sampleJob("job", { token: "other" })]),
    store.append(CLAIM, 0, ["1"]),
    store.compact(CLAIM, 1, "{}"),
    store.send(CLAIM, { key: "key", text: "{}", reopens: false, now: NOW, keyRetentionMs: 1, room: 1 }),
    store.enter({ owner: "engine", leaseMs: 1, now: NOW, token: "token", takesOver: false }),
    store.take({ ...by, limit: 1 }),
    store.claim({ ...by, jobs: [CLAIM] }),
    store.renew(by, 1, NOW),
    store.leave(by),
    store.purge({ endedBefore: NOW, limit: 1 }),
    store.delete(CLAIM),
    store.close(),
  ];
  for (const answer of answers) assert(!(answer instanceof Promise));
  assertEquals(answers[1], "stored");
});

test("a store with many jobs keeps few files open", async () => {
  const disk = new MemoryDisk();
  const store = fileStore(FOLDER, { files: disk });
  const ids = Array.from({ length: 500 }, (_, index) => `job-${index}`);
  const claims = await Promise.all(ids.map((jobId) => createJob(store, jobId, 0)));
  for (const revision of [0, 1]) await Promise.all(claims.map((claim) => store.append(claim, revision, ["{}"])));
  assertLess(disk.openFiles, 201);
  assertGreater(disk.openFiles, 100);
  assertEquals((await store.load("job-0"))?.entries.length, 2);
  await store.close();
  assertEquals(disk.openFiles, 0);
});

test("opening reads a small part of a long journal", async () => {
  const disk = new MemoryDisk();
  const store = fileStore(FOLDER, { sync: "none", files: disk });
  await createJob(store, "job", 0);
  for (let at = 0; at < 1_000; at++) store.append(CLAIM, at, [JSON.stringify({ at, text: "x".repeat(500) })], HEAD);
  await store.close();
  let bytes = 0;
  const counting = Object.assign(disk.afterKill(), {
    readSync(file: number, into: Uint8Array, offset: number, length: number, position: number): number {
      bytes += length;
      return MemoryDisk.prototype.readSync.call(this, file, into, offset, length, position);
    },
    readFileSync(path: string): Uint8Array {
      const read: Uint8Array = MemoryDisk.prototype.readFileSync.call(this, path);
      bytes += read.length;
      return read;
    },
  });
  const later = fileStore(FOLDER, { sync: "none", files: counting });
  assertEquals((await later.find("job"))?.revision, 1_000);
  assertLess(bytes, 140_000);
});

test("an append without an entry and an unknown `sync` are refused", () => {
  const store = fileStore(FOLDER, { sync: "none", files: new MemoryDisk() });
  store.create([sampleJob("job")]);
  assertThrows(() => store.append(CLAIM, 0, []), RangeError, "at least one entry");
  const sync: string = "fast";
  // @ts-expect-error: an unknown word
  assertThrows(() => fileStore(FOLDER, { sync }), TypeError);
});

test("the folder name of a job is valid in every file system", () => {
  const names: Readonly<Record<string, string>> = {
    "order-1": "order-1",
    "v1.2_b": "v1.2_b",
    "": "=",
    "A": "=41",
    "..": "=2e=2e",
    ".a.": "=2ea=2e",
    "-a": "=2da",
    "con": "=63on",
    "con.txt": "=63on.txt",
    "LPT1": "=4c=50=541",
    "lpt1": "=6cpt1",
    "console": "console",
    "a/b\\c:d": "a=2fb=5cc=3ad",
    "é🚀": "=c3=a9=f0=9f=9a=80",
    "=41": "=3d41",
    "a\0b": "a=00b",
  };
  for (const [jobId, name] of Object.entries(names)) assertEquals(jobName(jobId), name);
});

test("the folders of two jobs have different names, also where case is ignored", () => {
  const seed = 2024;
  const random = seededRandom(seed);
  const letters = ["a", "A", "=", "~", ".", "-", "4", "1", "é", "\ud83d", "\ude80", "con", "x".repeat(59)] as const;
  const ids = new Set<string>(["x".repeat(300), "X".repeat(300), `${"x".repeat(299)}y`, "\ufffd", "\ud800", "\udc00"]);
  while (ids.size < 3_000) {
    ids.add(Array.from({ length: random.integer(6) }, () => random.pick(letters)).join(""));
  }
  const names = new Set(Array.from(ids, jobName));
  assertEquals(names.size, ids.size, `seed ${seed}`);
  for (const name of names) {
    assertMatch(name, /^[a-z0-9_=][a-z0-9_=.~-]*$/);
    assert(name.length <= 130 && !name.endsWith("."), name);
  }
});

test("options that the store does not know are refused, and so is a word that means nothing", () => {
  const files = new MemoryDisk();
  assertThrows(() => fileStore(FOLDER, { synch: "none", files } as never), TypeError, 'did you mean "sync"?');
  assertThrows(
    () => fileStore(FOLDER, { sync: "some" as never, files }),
    TypeError,
    'sync must be one of "full", "none"',
  );
});
