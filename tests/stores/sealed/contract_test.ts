import { test } from "node:test";
import { sealedStore } from "../../../src/stores/sealed_store.ts";
import { storeContract } from "../../../src/testing/store_contract.ts";
import { clockedStore } from "../../support/clocked_store.ts";
import { lateStore } from "../../support/late_store.ts";
import { memoryPlace } from "../../support/memory_store_place.ts";

const KEYS = [{ id: "old", key: new Uint8Array(32).fill(1) }];

storeContract({
  test: (name, run) => test(name, { timeout: 180_000 }, run),
  prefix: "sealedStore() over a memory store ",
  createPlace() {
    const { open, ...place } = memoryPlace();
    return { ...place, open: async () => sealedStore(lateStore(await open()), { keys: KEYS }) };
  },
  createClockedPlace() {
    const { open, ...place } = memoryPlace();
    return { ...place, open: async () => sealedStore(clockedStore(await open(), () => 5_000_000), { keys: KEYS }) };
  },
});
