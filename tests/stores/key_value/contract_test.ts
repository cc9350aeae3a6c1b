import { test } from "node:test";
import { assertLessOrEqual } from "@std/assert";
import { type KeyValueEntry, type KeyValueStorage, keyValueStore } from "../../../src/stores/key_value_store.ts";
import { storeContract, type StorePlace } from "../../../src/testing/store_contract.ts";
import { type Around, createKeyValues } from "../../support/shared_key_values.ts";
import { seededRandom } from "../../support/seeded_random.ts";

/** Large jobs and long lists take time, and have no more to do with delays than small ones. */
const LARGE = /0,000|a megabyte|every text|any text|page by page/;

/** A place whose storage limits the size of values. */
function createPlace(maxValueBytes: number, around?: Around): StorePlace {
  const values = createKeyValues();
  return {
    open: () => keyValueStore(values.connect(around), { maxValueBytes }),
    dispose: () => assertLessOrEqual(values.longestValue, maxValueBytes),
  };
}

/** Answers after a random number of microtasks, so that calls overtake each other. */
function delays(seed: number): Around {
  const random = seededRandom(seed);
  const wait = async () => {
    for (let turn = random.integer(6); turn > 0; turn--) await undefined;
  };
  return { before: wait, after: wait };
}

/** A storage that answers synchronously. */
function storageOf(entries: Map<string, KeyValueEntry>): KeyValueStorage {
  let count = entries.size;
  return {
    get: (key) => entries.get(key),
    set(key, value, expected) {
      if (entries.get(key)?.version !== expected) return undefined;
      const version = `v${++count}`;
      entries.set(key, { value, version });
      return version;
    },
    delete(key, expected) {
      if (expected === undefined || entries.get(key)?.version === expected) entries.delete(key);
    },
    list: (prefix) => [...entries.keys()].filter((key) => key.startsWith(prefix)),
  };
}

storeContract({
  test: (name, run) => test(name, { timeout: 60_000 }, run),
  prefix: "keyValueStore() ",
  createPlace: () => createPlace(60_000),
});

for (const seed of [1, 2]) {
  storeContract({
    test: (name, run) => LARGE.test(name) || test(name, run),
    prefix: `keyValueStore() with small values and delays of seed ${seed}: `,
    createPlace: () => createPlace(1_000, delays(seed)),
  });
}

storeContract({
  test: (name, run) => LARGE.test(name) || test(name, run),
  prefix: "keyValueStore() on a storage that answers at once: ",
  createPlace() {
    const storage = storageOf(new Map());
    return { open: () => keyValueStore(storage, { prefix: "jobs-" }) };
  },
});
