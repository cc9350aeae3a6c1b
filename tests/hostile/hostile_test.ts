import { test } from "node:test";
import { assertEquals, assertGreater } from "@std/assert";
import { type Report, tryMutations } from "./campaign.ts";

const SEED = 20_251_123;
const PARTS = 20;
/** What the library does is the same in every runtime; what the runtime does is seen in fewer. */
const COUNT = globalThis.navigator?.userAgent.startsWith("Deno") ? 1_000 : 250;
const PATIENCE = { timeout: 300_000 };

const reports: Report[] = [];

for (let part = 0; part < PARTS; part++) {
  const seed = SEED + part * COUNT;
  test(
    `Invariant 7: mangled flows, jobs and commits are refused with a path, or lose nothing (seeds ${seed} to ${
      seed + COUNT - 1
    })`,
    PATIENCE,
    async () => {
      const report = await tryMutations(COUNT, seed);
      reports.push(report);
      assertEquals(report.failures.slice(0, 3), [], `${report.failures.length} of ${COUNT}`);
    },
  );
}

test("Invariant 7: mangled documents come to every end there is, so that all of it was tried", async () => {
  const { tally } = reports[0] ?? await tryMutations(COUNT, SEED);
  const ends = ["does not fit", "ends", "has ended", "is a commit", "is a flow", "no JSON", "refused", "rests"];
  for (const end of ends) assertGreater(tally[end] ?? 0, 5, `${end}: ${JSON.stringify(tally)}`);
});
