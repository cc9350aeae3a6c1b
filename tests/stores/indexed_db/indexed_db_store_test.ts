import { IDBFactory, IDBKeyRange, IDBObjectStore } from "fake-indexeddb";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import type { StoreEvent } from "../../../src/ports/mod.ts";
import { indexedDbStore, type IndexedDbStoreOptions } from "../../../src/stores/indexed_db_store.ts";
import { existing } from "../../../src/testing/store_contract/checks.ts";
import { ENDED, enter, sampleJob, send } from "../../../src/testing/store_contract/sample_jobs.ts";
import { indexedDbPlace } from "../../support/indexed_db_place.ts";
import { createLatch } from "../../support/latch.ts";

/** The result of a request. */
function resultOf(
  request: { result: unknown; addEventListener(type: string, listener: () => void): void },
): Promise<unknown> {
  return new Promise((resolve) => request.addEventListener("success", () => resolve(request.result)));
}

test("indexedDbStore() tells other pages what happens", async () => {
  const place = indexedDbPlace();
  const [store, other] = [place.open(), place.open()];
  const events: StoreEvent[] = [];
  const hasEnded = createLatch();
  other.watch?.((event) => {
    events.push(event);
    if (event.type === "ended") hasEnded.open();
  });
  const [answer] = await store.create([sampleJob("job", { dueAt: 5.5 })]);
  const { record } = existing(answer, "the job");
  await send(store, record, "command", "key");
  await store.append(record, 0, [], { ...ENDED, consumed: 1 });
  await hasEnded.passed;
  assertEquals(events, [{ type: "due", at: 5.5 }, { type: "command", jobId: "job" }, { type: "ended", jobId: "job" }]);
  await store.close();
  await other.close();
});

test("a database that is deleted while indexedDbStore() has it open is empty at the next call", async () => {
  const place = indexedDbPlace();
  const store = place.open();
  await store.create([sampleJob("job")]);
  const [{ name = "" } = {}] = await place.indexedDB.databases();
  await resultOf(place.indexedDB.deleteDatabase(name));
  assertEquals(await store.count(), 0);
  await store.create([sampleJob("another")]);
  assertEquals(await store.count(), 1);
  await store.close();
});

test("indexedDbStore() refuses a database of a newer version, and says what to do", async () => {
  const indexedDB = new IDBFactory();
  const request = indexedDB.open("newer", 99);
  await resultOf(request);
  request.result.close();
  const store = indexedDbStore({ name: "newer", indexedDB, IDBKeyRange });
  const message = 'the database "newer" cannot be opened: it has tables of a newer version; load the page anew';
  await assertRejects(async () => await store.count(), Error, message);
  await assertRejects(async () => await store.count(), Error, message);
  await store.close();
});

test("a write of indexedDbStore() that fails in the middle changes nothing", async () => {
  const place = indexedDbPlace();
  const store = place.open();
  const owner = await enter(store, "engine");
  const [answer] = await store.create([sampleJob("job", { claim: owner })]);
  const { record } = existing(answer, "the job");
  await send(store, record, "command", "key");
  const put = IDBObjectStore.prototype.put;
  const before = [await store.load("job"), await store.inbox(record, 0, 0), await store.count()];
  for (let good = 0; good < 4; good++) {
    let puts = 0;
    IDBObjectStore.prototype.put = function (...args: Parameters<typeof put>) {
      if (puts++ === good) throw new RangeError("There is no room");
      return put.apply(this, args);
    };
    try {
      const append = async () => await store.append(record, 0, ["a", "b"], { ...ENDED, consumed: 1 });
      await assertRejects(append, RangeError, "There is no room", `after ${good} puts`);
      puts = 0;
      if (good < 2) await assertRejects(async () => await store.create([sampleJob("other")]), RangeError);
    } finally {
      IDBObjectStore.prototype.put = put;
    }
    const now = [await store.load("job"), await store.inbox(record, 0, 0), await store.count()];
    assertEquals(now, before, `after ${good} puts`);
  }
  assertEquals(await store.append(record, 0, ["a", "b"], { ...ENDED, consumed: 1 }), "stored");
  await store.close();
});

test("indexedDbStore() refuses options that are none, and a place without IndexedDB", () => {
  const open = (options: unknown) => () => indexedDbStore(options as IndexedDbStoreOptions);
  assertThrows(open({ nam: "jobs" }), TypeError, 'did you mean "name"?');
  assertThrows(open({ name: "" }), TypeError, "name must be a text that is not empty");
  assertThrows(open({}), TypeError, "name must be a text that is not empty");
  assert(!("indexedDB" in globalThis));
  assertThrows(open({ name: "jobs" }), TypeError, "there is no IndexedDB here; pass indexedDB and IDBKeyRange");
});
