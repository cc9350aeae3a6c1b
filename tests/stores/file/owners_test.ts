import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { dueOfAll, type Incarnation, nextDueOfAll, type Store } from "../../../src/ports/mod.ts";
import { fileStore } from "../../../src/stores/file_store.ts";
import { decodeLine, encodeLine } from "../../../src/stores/file_store/json_lines.ts";
import {
  addJob,
  claimJob,
  createJob,
  enter,
  HEAD,
  idsOf,
  LEASE_MS,
  NOW,
  sampleJob,
  sendNew,
  take,
} from "../../../src/testing/store_contract/sample_jobs.ts";
import { STORE_PROCESS } from "../../support/file_store_process.ts";
import { MemoryDisk } from "../../support/memory_disk.ts";
import { seededRandom } from "../../support/seeded_random.ts";
import { withProcess } from "../../support/started_process.ts";

const FOLDER = "/jobs";
const NUMBERS = "/jobs/.numbers.jsonl";
const open = (disk: MemoryDisk): Store => fileStore(FOLDER, { sync: "none", files: disk });

/** Changes the file of numbers, as if another process had written it. */
function writtenByAnother(disk: MemoryDisk): void {
  disk.edit(NUMBERS, (bytes) => {
    const { check: _check, ...fields } = JSON.parse(decodeLine(bytes.subarray(0, -1))?.fields ?? "");
    return encodeLine({ ...fields, process: "another" });
  });
}

test("what a killed process had claimed is due at once when the store is opened, whatever lease it had", {
  timeout: 120_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "routilux-store-"));
  await withProcess({ args: [STORE_PROCESS, "work", folder] }, async (worker) => {
    assertEquals(await worker.line("the job's claim"), "open");
  });
  const store = fileStore(folder);
  const record = await store.find("job");
  assertEquals([record?.owner, record?.incarnation, record?.heldUntil], ["engine", 1, undefined]);
  const owner = await enter(store, "engine");
  assertEquals(owner.incarnation, 2);
  assertEquals(await store.nextDueAt({ now: NOW }), record?.createdAt);
  const [job] = await take(store, owner);
  assertEquals([job?.record.epoch, job?.formerIncarnation], [2, 1]);
  await store.close();
  rmSync(folder, { recursive: true });
});

test("leases that another process was granted have ended when the store is opened; those of the same process have not", async () => {
  const disk = new MemoryDisk();
  const first = open(disk);
  const owner = await enter(first, "engine");
  await createJob(first, "job", 0, { claim: owner });
  await first.renew(owner, 5_000, NOW);
  await first.close();
  const second = open(disk);
  assertEquals((await second.find("job"))?.heldUntil, NOW + 5_000);
  assertEquals(await take(second, await enter(second, "other")), []);
  await second.close();
  writtenByAnother(disk);
  const third = open(disk);
  assertEquals((await third.find("job"))?.heldUntil, undefined);
  assertEquals(await third.renew(owner, 5_000, NOW), { now: NOW, isHeld: false });
  assertEquals(idsOf(await take(third, await enter(third, "other"))), ["job"]);
  await third.close();
});

test("the incarnations that have survived are known to later processes", async () => {
  const disk = new MemoryDisk();
  const store = open(disk);
  const owner = await enter(store, "engine");
  const { incarnation } = await enter(store, "engine", { now: NOW + LEASE_MS, again: owner.incarnation });
  await store.close();
  writtenByAnother(disk);
  const later = open(disk);
  const next = await enter(later, "engine");
  assertEquals([owner.incarnation, incarnation, next.incarnation], [1, 2, 3]);
  assertEquals((await later.take({ ...next, now: NOW, limit: 1 })).survived, [1]);
  await later.close();
});

test("no number of a life is given twice, though jobs are deleted and the store is opened again and again", async () => {
  const disk = new MemoryDisk();
  const lives = new Set<number>();
  for (let round = 0; round < 3; round++) {
    const store = open(disk);
    for (let n = 0; n < 1_100; n++) {
      const job = await addJob(store, sampleJob("job"));
      lives.add(job.life);
      await store.delete(job);
    }
    await store.close();
  }
  assertEquals(lives.size, 3_300);
});

test("without their file, numbers go on after those of the jobs that are there; a damaged file is an error", async () => {
  const disk = new MemoryDisk();
  const store = open(disk);
  const owner = await enter(store, "engine");
  const former = await createJob(store, "job", 0, { claim: owner });
  await store.close();
  const damaged = disk.afterKill();
  damaged.edit(NUMBERS, (bytes) => bytes.with(40, 0));
  const { message } = assertThrows(() => open(damaged), Error);
  assertStringIncludes(message, `Cannot open the file store in "/jobs": Cannot read "${NUMBERS}": line 1 is damaged`);
  damaged.rmSync(NUMBERS, { recursive: false, force: false });
  const later = open(damaged);
  assert((await addJob(later, sampleJob("new"))).life > former.life);
  assert((await enter(later, "engine")).incarnation > owner.incarnation);
  await later.close();
});

test("a claim is answered when it is stored: until then nobody sees it, and the job is not taken twice", async () => {
  const disk = new MemoryDisk();
  const store = fileStore(FOLDER, { files: disk });
  const [a, b] = [await enter(store, "a"), await enter(store, "b")];
  for (const jobId of ["1", "2", "3", "4"]) await createJob(store, jobId, 0, { dueAt: 1 });
  const seen: unknown[] = [];
  disk.onCall = ({ name }) => void (name === "fdatasync" && seen.push(store.list({ limit: 1 })));
  const taken = await Promise.all([a, b].map((owner) => store.take({ ...owner, now: NOW, limit: 2 })));
  assertEquals(taken.map(({ jobs }) => idsOf(jobs)), [["1", "2"], ["3", "4"]]);
  const [page] = seen;
  assert(page instanceof Object && "jobs" in page && Array.isArray(page.jobs));
  assertEquals(page.jobs[0].owner, undefined);
  await store.close();
});

test("a job whose files are damaged does not keep others from being taken; alone, it is told", async () => {
  const disk = new MemoryDisk();
  const store = open(disk);
  const bad = await createJob(store, "bad", 1, { dueAt: 1 });
  await createJob(store, "good", 1, { dueAt: 1 });
  disk.edit("/jobs/bad/snapshot.jsonl", (bytes) => bytes.with(bytes.length - 5, 0));
  const owner = await enter(store, "engine");
  assertEquals(idsOf(await take(store, owner)), ["good"]);
  assertEquals((await store.held(owner)).map(({ jobId, epoch }) => `${jobId} at epoch ${epoch}`), [
    "bad at epoch 1",
    "good at epoch 1",
  ]);
  assertEquals(await take(store, owner), []);
  assertThrows(
    () => store.claim({ ...owner, now: NOW, jobs: [{ ...bad, epoch: 1 }] }),
    Error,
    'Cannot read "/jobs/bad/snapshot.jsonl": line 3 is damaged',
  );
  await store.close();
});

test("jobs that wait cost nothing when others are taken, or asked for the next instant", async () => {
  const disk = new MemoryDisk();
  const store = open(disk);
  const [own, other] = [await enter(store, "own"), await enter(store, "other", { leaseMs: 1_000_000 })];
  for (let n = 0; n < 600; n++) {
    const place = [{ dueAt: 1_000_000 + n }, { claim: other }, { dueAt: 1, flowHash: "unknown" }][n % 3];
    await createJob(store, `wait ${n}`, 0, place);
  }
  const looked = countedSets();
  const query = { now: NOW, exceptFlows: looked.set(["unknown"]), exceptJobs: looked.set([]) };
  assertEquals(await take(store, own, query), []);
  assertEquals(await store.nextDueAt(query), 1_000_000);
  assertEquals(await store.commands(own, NOW), { now: NOW, jobs: [] });
  await createJob(store, "due", 0, { dueAt: 2 });
  assertEquals(await store.nextDueAt(query), 2);
  assertEquals(idsOf(await take(store, own, query)), ["due"]);
  assert(looked.count() < 50, `${looked.count()} looks at 600 jobs`);
  await store.close();
});

/** Sets that count how often they are asked. */
function countedSets() {
  let count = 0;
  class CountedSet extends Set<string> {
    override has(value: string): boolean {
      count++;
      return super.has(value);
    }
  }
  return { set: (values: readonly string[]) => new CountedSet(values), count: () => count };
}

test("the index of what is due says the same as a look at all jobs, whatever happens", async () => {
  const disk = new MemoryDisk();
  const store = open(disk);
  const random = seededRandom(7);
  let now = NOW;
  const owners: Incarnation[] = [];
  for (let n = 0; n < 3_000; n++) {
    now += random.integer(40) - 10;
    const owner = owners[random.integer(owners.length + 1)];
    const jobId = `job ${random.integer(12)}`;
    const record = await store.find(jobId);
    const choice = random.integer(10);
    if (owner === undefined) owners.push(await enter(store, `owner ${random.integer(3)}`, { now, leaseMs: 200 }));
    else if (choice === 0) await store.leave(owner);
    else if (choice === 1) await store.renew(owner, 200, now);
    else if (record === undefined) {
      const labels = { priority: random.integer(3), queue: random.pick(["a", "b"] as const), createdAt: now - 50 };
      const dueAt = random.chance(0.5) ? now + random.integer(300) : undefined;
      await createJob(store, jobId, 0, { ...labels, dueAt, claim: random.chance(0.3) ? owner : undefined });
    } else if (choice === 2) await sendNew(store, jobId, `${n}`);
    else if (choice === 3) await store.delete(record);
    else if (choice === 4) await claimJob(store, owner, record, now);
    else if (choice < 8) {
      if (record.owner === undefined && record.epoch > 0) continue;
      const dueAt = random.chance(0.5) ? now + random.integer(300) : undefined;
      const releases = random.chance(0.5);
      await store.append(record, record.revision, [], { ...HEAD, at: now, dueAt, releases, consumed: record.sent });
    }
    const query = { now, queues: random.chance(0.5) ? ["a"] : undefined, exceptJobs: new Set([jobId]) };
    const { jobs } = await store.list();
    assertEquals(await store.nextDueAt(query), nextDueOfAll(jobs, query), `step ${n}`);
    const present = owners.at(-1);
    if (present === undefined || choice < 8) continue;
    const expected = dueOfAll(jobs, { ...query, ...present, limit: 2 });
    const taken = await take(store, present, { ...query, limit: 2 });
    if (taken.length > 0) assertEquals(idsOf(taken), expected.map((it) => it.jobId), `step ${n}`);
  }
  await store.close();
});

test("owners that have left are forgotten when another one enters, and others a day after the end of their lease", async () => {
  const disk = new MemoryDisk();
  const store = open(disk);
  const ownersOf = () => {
    const { owners } = JSON.parse(decodeLine(disk.readFileSync(NUMBERS).subarray(0, -1))?.fields ?? "");
    return owners.map(([name]: [string]) => name);
  };
  for (let n = 0; n < 100; n++) await store.leave(await enter(store, `left ${n}`));
  await enter(store, "lost");
  assertEquals(ownersOf(), ["lost"]);
  await enter(store, "other", { now: NOW + LEASE_MS + 86_400_000 - 1 });
  assertEquals(ownersOf(), ["lost", "other"]);
  await enter(store, "late", { now: NOW + LEASE_MS + 86_400_000 });
  assertEquals(ownersOf(), ["other", "late"]);
  await store.close();
});
