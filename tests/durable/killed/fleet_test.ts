import { assertEquals } from "@std/assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { checkSteeredJob } from "../../support/check_steered_jobs.ts";
import { checkTrace } from "../../support/check_trace.ts";
import { IS_LONG } from "../../support/gate_amount.ts";
import { type FleetPlan, ProcessFleet } from "../../support/process_fleet.ts";
import { addressOf, missing } from "../../support/services.ts";
import { readTrace } from "../../support/process_trace.ts";
import { openPlace } from "../../support/working_process.ts";

/**
 * How often processes are killed for each store in this runtime. `KILLS=1000 SEED=7 deno test -A tests/durable/killed/fleet_test.ts`
 * kills as often for each, by another seed.
 */
const KILLS: Readonly<Partial<Record<FleetPlan["store"], number>>> = IS_LONG
  ? { sqlite: 200, postgres: 200, redis: 200, ..."Deno" in globalThis ? { deno_kv: 200 } : {} }
  : "Deno" in globalThis
  ? { sqlite: 25, deno_kv: 4, postgres: 6, redis: 3 }
  : { sqlite: 3, postgres: 2 };
const SEED = Number(process.env["SEED"] ?? (IS_LONG ? Date.now() % 2 ** 31 : 1));
/** A fleet is to be found that does not come to its end, not a slow machine. */
const LIMIT_MS = IS_LONG ? 1_800_000 : 600_000;

for (const store of ["sqlite", "deno_kv", "postgres", "redis"] as const) {
  if (KILLS[store] === undefined) continue;
  const kills = Number(process.env["KILLS"] ?? KILLS[store]);
  const server = store === "postgres" || store === "redis" ? store : undefined;
  const address = server && addressOf(server);
  const place = address && `${address}#fleet-${process.pid}`;
  const skip = server !== undefined && address === undefined && missing(server);
  test(
    `Invariants 8 to 10: four processes on one ${store} store lose and double nothing, however often they are killed`,
    { timeout: LIMIT_MS + 10_000, skip },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "routilux-"));
      const begin = performance.now();
      try {
        await prove({ seed: SEED, store, folder, place, kills, limitMs: LIMIT_MS }, begin);
      } catch (error) {
        throw new Error(`By SEED=${SEED}, see ${folder}`, { cause: error });
      }
      rmSync(folder, { recursive: true });
    },
  );
}

async function prove(plan: FleetPlan, begin: number): Promise<void> {
  const { jobs, ...report } = await new ProcessFleet(plan).run();
  const trace = readTrace(report.trace);
  const summary = checkTrace(trace);
  const [store, close] = await openPlace(plan.store, report.place);
  let refused = 0;
  for (const job of jobs) refused += await checkSteeredJob(job, store, trace);
  assertEquals(await store.count({}), jobs.length);
  await store.close();
  await close();
  if (!IS_LONG) return;
  const { kills, blocks, closes, commands, repeats } = report;
  const seconds = Math.round((performance.now() - begin) / 1_000);
  const counts = { kills, blocks, closes, jobs: jobs.length, commands, repeats, refused, ...summary, seconds };
  process.stdout.write(`${plan.store}, seed ${plan.seed}: ${JSON.stringify(counts)}\n`);
}
