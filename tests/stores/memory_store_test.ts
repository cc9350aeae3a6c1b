import { test } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { Store, StoreEvent } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { clockedStore } from "../support/clocked_store.ts";
import { memoryPlace } from "../support/memory_store_place.ts";
import { storeContract } from "../../src/testing/store_contract.ts";
import { lateStore } from "../support/late_store.ts";
import { sampleJob } from "../../src/testing/store_contract/sample_jobs.ts";

storeContract({
  test: (name, run) => test(name, { timeout: 60_000 }, run),
  prefix: "memoryStore() ",
  createPlace: () => memoryPlace(),
});

storeContract({
  test: (name, run) => test(name, { timeout: 60_000 }, run),
  prefix: "memoryStore() that answers later ",
  createPlace() {
    const { open, ...place } = memoryPlace();
    return { ...place, open: async () => lateStore(await open()) };
  },
  createClockedPlace() {
    const { open, ...place } = memoryPlace();
    return { ...place, open: async () => lateStore(clockedStore(await open(), () => 5_000_000)) };
  },
});

test("memoryStore() answers synchronously", () => {
  const store: Store = memoryStore();
  assertEquals(store.list(), { jobs: [] });
  assertEquals(store.find("job"), undefined);
});

test("memoryStore() refuses an append without an entry and a head", () => {
  assertThrows(
    () => memoryStore().append({ jobId: "job", life: 1, epoch: 0 }, 0, []),
    RangeError,
    "at least one entry",
  );
});

test("memoryStore() refuses an invalid cursor", () => {
  const store = memoryStore();
  for (const cursor of ["", "z", "{}", "[1]", '["a","b"]', "null"]) {
    const error = assertThrows(() => store.list({ cursor }), TypeError);
    assertStringIncludes(error.message, `Cannot list jobs: ${JSON.stringify(cursor)} is not a cursor`);
  }
});

test("memoryStore() refuses calls after close", () => {
  const store = memoryStore();
  store.close();
  const error = assertThrows(() => store.list(), Error);
  assertStringIncludes(error.message, "The memory store is closed");
});

test("memoryStore() tells all watchers of a command, whatever one of them throws or rejects with", () => {
  const store = memoryStore();
  const seen: StoreEvent[] = [];
  store.create([sampleJob("job")]);
  store.watch?.(() => {
    throw new Error("broken watcher");
  });
  store.watch?.(() => Promise.reject(new Error("broken watcher")));
  store.watch?.((event) => void seen.push(event));
  const command = { key: "key", text: "{}", reopens: false, now: 0, keyRetentionMs: 0, room: 1 };
  assertEquals(store.send({ jobId: "job" }, command), "stored");
  assertEquals(seen, [{ type: "command", jobId: "job" }]);
});

test("memoryStore() works in a copy made by spreading, too", () => {
  const store = { ...memoryStore() };
  store.create([sampleJob("job")]);
  assertEquals(store.count(), 1);
});
