import { assertEquals } from "@std/assert";
import { type PostgresClient, postgresStore } from "../../src/stores/postgres_store.ts";
import { countingFlow, createCounts, readCounts, STEPS } from "./counting_flow.ts";

/** Runs some jobs that count their steps, and checks that each step is counted once. */
export async function checkCounting(client: PostgresClient, schema: string): Promise<void> {
  const jobs = ["a", "b", "c"].map((it) => `${schema} ${it}`);
  await createCounts(client, jobs);
  const { flow, engine } = countingFlow({ store: postgresStore(client, { schema }) });
  engine.work();
  const handles = await Promise.all(jobs.map((jobId) => flow.start("counter", { left: STEPS }, { jobId })));
  for (const handle of handles) assertEquals((await handle.ended()).status, "completed");
  await engine.close();
  assertEquals(await readCounts(client, jobs), jobs.map(() => STEPS));
}
