import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { IS_LONG } from "../../support/gate_amount.ts";
import { type ProcessReport, type ProcessTask, runAndKill } from "../../support/run_and_kill.ts";
import { seededRandom } from "../../support/seeded_random.ts";

/**
 * How often processes are killed for each store in this runtime: 25 times in all runtimes together, 10 times in Deno KV, which takes
 * longest; in the long run 200 times in each. `KILLS=1000 deno test -A tests/durable/killed` kills as often for each.
 */
const KILLS: Readonly<Record<string, number>> = IS_LONG
  ? { file: 200, sqlite: 200, ..."Deno" in globalThis ? { deno_kv: 200 } : {} }
  : "Deno" in globalThis
  ? { file: 5, sqlite: 5, deno_kv: 10 }
  : { file: 10, sqlite: 10 };
const PATIENCE = { timeout: 1_200_000 };

for (const [store, most] of Object.entries(KILLS)) {
  test(
    `Invariant 5: a job in the ${store} store ends the same, however often its processes are killed`,
    PATIENCE,
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "routilux-"));
      try {
        await killAgainAndAgain(store, Number(process.env["KILLS"] ?? most), folder);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
}

async function killAgainAndAgain(store: string, most: number, folder: string): Promise<void> {
  const random = seededRandom(most);
  let kills = 0;
  for (let round = 0; kills < most; round++) {
    // The whole journal, to see that no step is in it twice, and one that is cut again and again.
    const snapshotLength = round % 2 === 0 ? Infinity : 20_000;
    const life = (name: string): ProcessTask => {
      return { store, place: join(folder, name), effects: join(folder, `${name}.txt`), jobId: "job", snapshotLength };
    };
    const undisturbed = await runAndKill(life(`calm_${round}`));
    const before = kills;
    let end: ProcessReport | undefined;
    while (end === undefined) {
      const isEarly = random.chance(0.1);
      const death = kills < most ? { afterMs: random.integer(isEarly ? 100 : 25), isEarly } : undefined;
      end = await runAndKill(life(`wild_${round}`), death);
      if (end === undefined) kills++;
    }
    check(end, undisturbed, life(`wild_${round}`), life(`calm_${round}`), kills - before);
  }
}

function check(
  end: ProcessReport,
  undisturbed: ProcessReport | undefined,
  wild: ProcessTask,
  calm: ProcessTask,
  kills: number,
): void {
  assert(undisturbed !== undefined);
  assertEquals(JSON.stringify(end.job), JSON.stringify(undisturbed.job));
  assertEquals(new Set(end.steps).size, end.steps.length, "a step was committed twice");
  const effects = readEffects(wild);
  const expected = readEffects(calm);
  assertEquals(expected.length, new Set(expected).size);
  assertEquals(new Set(effects), new Set(expected), "other effects, or under other keys");
  assertLessOrEqual(effects.length - expected.length, kills, "more effects again than processes were killed");
}

function readEffects({ effects }: ProcessTask): string[] {
  return readFileSync(effects, "utf8").trimEnd().split("\n");
}
