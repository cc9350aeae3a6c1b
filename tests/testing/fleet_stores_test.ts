import { test } from "node:test";
import { runFleetOf } from "../support/fleet_seed.ts";
import { FLEET_STORES } from "../support/fleet_stores.ts";
import { IS_LONG } from "../support/gate_amount.ts";

/** A handful in the gate; the memory store has its thousand in `tests/properties`. */
const SEEDS = IS_LONG ? 300 : 6;

for (const [name, openStore] of Object.entries(FLEET_STORES)) {
  const isThere = name !== "deno_kv" || typeof Deno !== "undefined";
  const options = { timeout: 600_000, skip: isThere ? false : "only Deno has Deno KV" };
  test(`fleets keep the promises of jobs in a store: ${name}`, options, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) await runFleetOf(seed, { openStore });
  });
}
