import { test } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { memoryPlace } from "../support/memory_store_place.ts";
import { storeContract } from "../../src/testing/mod.ts";
import { sampleJob } from "../../src/testing/store_contract/sample_jobs.ts";

storeContract({
  test: (name, run) => test(name, { timeout: 60_000 }, run),
  prefix: "memoryStore() ",
  createPlace: () => memoryPlace(),
});

test("memoryStore() answers synchronously", () => {
  const store: Store = memoryStore();
  assertEquals(store.list(), { jobs: [] });
  assertEquals(store.find("job"), undefined);
});

test("memoryStore() refuses an append without an entry", () => {
  assertThrows(() => memoryStore().append("job", 0, []), RangeError, "at least one entry");
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
  const seen: string[] = [];
  store.create(sampleJob("job"));
  store.watch?.(() => {
    throw new Error("broken watcher");
  });
  store.watch?.(() => Promise.reject(new Error("broken watcher")));
  store.watch?.((jobId) => void seen.push(jobId));
  assertEquals([store.send("job", "{}", "key"), seen], [true, ["job"]]);
});
