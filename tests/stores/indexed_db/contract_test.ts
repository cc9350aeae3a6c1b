import { test } from "node:test";
import { storeContract } from "../../../src/testing/store_contract.ts";
import { compareWithMemory } from "../../support/compare_stores.ts";
import { amountOf } from "../../support/gate_amount.ts";
import { indexedDbPlace } from "../../support/indexed_db_place.ts";

storeContract({
  test: (name, run) => test(name, { timeout: 60_000 }, run),
  prefix: "indexedDbStore() ",
  createPlace: indexedDbPlace,
});

test("indexedDbStore() answers random calls as the store in memory does", { timeout: 60_000 }, async () => {
  for (let seed = 1; seed <= amountOf(10, 300); seed++) {
    const place = indexedDbPlace();
    await compareWithMemory(place.open(), seed, 150, async (store) => {
      await store.close();
      return place.open();
    });
  }
});
