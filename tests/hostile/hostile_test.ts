import { test } from "node:test";
import { assertEquals, assertGreater } from "@std/assert";
import { amountOf, IS_LONG, SHARE } from "../support/gate_amount.ts";
import { tryMutations } from "./campaign.ts";

const SEED = 20_251_123;
const PARTS = 20;
/** The cases of each part. */
const COUNT = amountOf(200, 2_000);
const PATIENCE = { timeout: 300_000 };

for (let part = 0; part < PARTS; part++) {
  const seed = SEED + part * COUNT;
  test(
    `Invariant 7: mangled flows, jobs and commits are refused with a path, or lose nothing (seeds ${seed} to ${
      seed + COUNT - 1
    })`,
    PATIENCE,
    async () => {
      const { failures } = await tryMutations(COUNT, seed);
      assertEquals(failures.slice(0, 3), [], `${failures.length} of ${COUNT}`);
    },
  );
}

/** Of few cases, not each end is met: this is for the runtime that tries all. */
const OF_ALL = { ...PATIENCE, skip: SHARE < 1 && !IS_LONG } as const;

test("Invariant 7: mangled documents come to every end there is, so that all of it was tried", OF_ALL, async () => {
  const { tally } = await tryMutations(1_000, SEED);
  const ends = ["does not fit", "ends", "has ended", "is a commit", "is a flow", "no JSON", "refused", "rests"];
  for (const end of ends) assertGreater(tally[end] ?? 0, 5, `${end}: ${JSON.stringify(tally)}`);
});
