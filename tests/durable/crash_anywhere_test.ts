import { assertEquals, assertGreater } from "@std/assert";
import { test } from "node:test";
import { type DurableSetup, survive } from "../support/durable_journey.ts";
import { generateFlow } from "../support/flow_generator.ts";
import { travel } from "../support/journey.ts";
import { withoutPausePoints } from "../support/outcomes.ts";
import { seededRandom } from "../support/random.ts";

const PATIENCE = { timeout: 120_000 };

async function check(seed: number, setup: DurableSetup, what: string): Promise<number> {
  const spec = generateFlow(seed, "strict");
  const undisturbed = await travel(spec, () => undefined);
  const { end, processes } = await survive(spec, setup);
  assertEquals(withoutPausePoints(end), withoutPausePoints(undisturbed.end), `seed ${seed}, ${what}`);
  return processes;
}

for (const isAsync of [false, true]) {
  const kind = isAsync ? "a store that answers later" : "a store that answers at once";

  test(`with ${kind} a job ends as without one, byte for byte`, PATIENCE, async () => {
    for (let seed = 1; seed <= 40; seed++) {
      await check(seed, { isAsync, durability: {}, deathOf: () => undefined }, kind);
    }
  });

  test(`Invariant 5: with ${kind}, processes that die at random writes change nothing`, PATIENCE, async () => {
    let processes = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const random = seededRandom(seed);
      const deaths = 1 + random.integer(12);
      const deathOf = (process: number) =>
        process >= deaths ? undefined : { write: 2 + random.integer(8), isWritten: random.chance(0.5) };
      const durability = { snapshotLength: random.pick([1, 2_000, 100_000]), maxRecoveries: 100 };
      processes += await check(seed, { isAsync, durability, deathOf }, `${kind}, ${deaths} deaths`);
    }
    assertGreater(processes, 120);
  });

  test(`Invariant 5: with ${kind}, a process that dies at each write in turn changes nothing`, PATIENCE, async () => {
    for (let seed = 5_001; seed <= 5_006; seed++) {
      const setup = { isAsync, durability: { snapshotLength: 3_000 } };
      const { writes } = await survive(generateFlow(seed, "strict"), { ...setup, deathOf: () => undefined });
      for (let write = 1; write <= Math.min(writes, 60); write++) {
        for (const isWritten of [false, true]) {
          const deathOf = (process: number) => process === 0 ? { write, isWritten } : undefined;
          await check(seed, { ...setup, deathOf }, `${kind}, death at write ${write}, written: ${isWritten}`);
        }
      }
    }
  });
}
