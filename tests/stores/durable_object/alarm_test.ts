import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { durableObjectStore } from "../../../src/stores/durable_object_store.ts";
import { sampleJob } from "../../../src/testing/store_contract/sample_jobs.ts";
import { FakeObjectStorage } from "../../support/durable_object.ts";

const LATER = Date.now() + 86_400_000;

function open() {
  const storage = new FakeObjectStorage(new DatabaseSync(":memory:"));
  return { storage, store: durableObjectStore(storage) };
}

test("the alarm of an object stands at the first instant at which something is due", async () => {
  const { storage, store } = open();
  assertEquals(storage.alarmAt, undefined);
  await store.create([{ ...sampleJob("b"), dueAt: LATER + 5 }]);
  assertEquals(storage.alarmAt, LATER + 5);
  await store.create([{ ...sampleJob("a"), dueAt: LATER }, { ...sampleJob("c"), dueAt: LATER + 9 }]);
  assertEquals(storage.alarmAt, LATER);
  const record = await store.find("a");
  assert(record !== undefined);
  await store.delete(record);
  assertEquals(storage.alarmAt, LATER + 5);
});

test("an object with nothing due has no alarm, and one that holds a job is woken when its lease has ended", async () => {
  const { storage, store } = open();
  await store.create([{ ...sampleJob("job"), dueAt: 1 }]);
  const { now, incarnation = 0 } = await store.enter({
    owner: "a",
    leaseMs: 30_000,
    now: LATER,
    token: "t",
    takesOver: false,
  });
  const { jobs: [job] } = await store.take({ owner: "a", incarnation, limit: 1, now });
  assert(job !== undefined);
  assertEquals(storage.alarmAt, LATER + 30_000);
  const head = { status: "paused", dueAt: undefined, endedAt: undefined, consumed: 0, at: now, releases: true };
  await store.append(job.record, 0, [], head);
  assertEquals(storage.alarmAt, undefined);
});

test("an alarm that has rung is set again, in a while for what nobody has taken", async () => {
  const { storage, store } = open();
  await store.create([{ ...sampleJob("job"), dueAt: 1 }]);
  assert((storage.alarmAt ?? Infinity) <= Date.now());
  storage.alarmAt = undefined;
  await store.rearm();
  assert((storage.alarmAt ?? 0) > Date.now());
});

test("a write whose alarm cannot be set fails, and the next one sets it", async () => {
  const { storage, store } = open();
  const { setAlarm } = storage;
  storage.setAlarm = () => Promise.reject(new Error("no alarm"));
  await assertRejects(async () => await store.create([{ ...sampleJob("job"), dueAt: LATER }]), Error, "no alarm");
  storage.setAlarm = setAlarm;
  await store.create([{ ...sampleJob("other"), dueAt: LATER + 1 }]);
  assertEquals(storage.alarmAt, LATER);
});

test("nothing is written by an object whose class has no alarm", async () => {
  const { storage, store } = open();
  storage.setAlarm = () => {
    throw new TypeError("Your class must have an alarm() handler");
  };
  await assertRejects(async () => await store.create([{ ...sampleJob("job"), dueAt: LATER }]), TypeError, "alarm()");
  assertEquals(await store.count(), 0);
});

test("opening the store ends the leases of those who had the object before", async () => {
  const { storage, store } = open();
  const { incarnation = 0 } = await store.enter({ owner: "a", leaseMs: 1e6, now: LATER, token: "t", takesOver: false });
  await store.create([{ ...sampleJob("job"), claim: { owner: "a", incarnation } }]);
  assertEquals((await store.find("job"))?.heldUntil, LATER + 1e6);
  const again = durableObjectStore(storage);
  assertEquals((await again.find("job"))?.heldUntil, undefined);
});
