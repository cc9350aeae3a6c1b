import { assert } from "@std/assert";
import { test } from "node:test";
import { runFleetOf } from "../support/fleet_seed.ts";
import { FLEET_STORES } from "../support/fleet_stores.ts";
import { IS_LONG } from "../support/gate_amount.ts";
import { runVersionFleetOf, seedsOnStores } from "../support/version_fleets.ts";

/** A handful in the gate; the memory store has its thousand in `tests/properties`. */
const SEEDS = IS_LONG ? 300 : 4;

for (const [name, openStore] of Object.entries(FLEET_STORES)) {
  const isThere = name !== "deno_kv" || typeof Deno !== "undefined";
  const options = { timeout: 600_000, skip: isThere ? false : "only Deno has Deno KV" };
  test(`fleets keep the promises of jobs in a store: ${name}`, options, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) await runFleetOf(seed, { openStore });
  });
  test(`fleets whose processes have two versions of the flows move jobs to the new one: ${name}`, options, async () => {
    let adopted = 0;
    for (const seed of seedsOnStores(300)) adopted += (await runVersionFleetOf(seed, { openStore })).adopted;
    assert(adopted > 0, "jobs were moved");
  });
}
