import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type End, type Life, live } from "../../support/kill.ts";
import { seededRandom } from "../../support/random.ts";

/** How often processes are killed in each runtime: more than 200 times for each store in all of them. */
const KILLS: Readonly<Record<string, number>> = "Deno" in globalThis
  ? { file: 70, sqlite: 70, deno_kv: 210 }
  : { file: 70, sqlite: 70 };
const PATIENCE = { timeout: 600_000 };

for (const [store, most] of Object.entries(KILLS)) {
  test(
    `Invariant 5: a job in the ${store} store ends the same, however often its processes are killed`,
    PATIENCE,
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "routilux-"));
      try {
        const random = seededRandom(most);
        let kills = 0;
        for (let round = 0; kills < most; round++) {
          // The whole journal, to see that no step is in it twice, and one that is cut again and again.
          const snapshotLength = round % 2 === 0 ? Infinity : 20_000;
          const life = (name: string): Life => {
            return {
              store,
              place: join(folder, name),
              effects: join(folder, `${name}.txt`),
              jobId: "job",
              snapshotLength,
            };
          };
          const undisturbed = await live(life(`calm_${round}`));
          let end: End | undefined;
          let killed = 0;
          while (end === undefined) {
            const isEarly = random.chance(0.1);
            end = await live(life(`wild_${round}`), { afterMs: random.integer(isEarly ? 100 : 25), isEarly });
            if (end === undefined) killed++;
          }
          kills += killed;
          check(end, undisturbed, life(`wild_${round}`), life(`calm_${round}`), killed);
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
}

function check(end: End, undisturbed: End | undefined, wild: Life, calm: Life, kills: number): void {
  assert(undisturbed !== undefined);
  assertEquals(JSON.stringify(end.job), JSON.stringify(undisturbed.job));
  assertEquals(new Set(end.steps).size, end.steps.length, "a step was committed twice");
  const effects = readEffects(wild);
  const expected = readEffects(calm);
  assertEquals(expected.length, new Set(expected).size);
  assertEquals(new Set(effects), new Set(expected), "other effects, or under other keys");
  assertLessOrEqual(effects.length - expected.length, kills, "more effects again than processes were killed");
}

function readEffects({ effects }: Life): string[] {
  return readFileSync(effects, "utf8").trimEnd().split("\n");
}
