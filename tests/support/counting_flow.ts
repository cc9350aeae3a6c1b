import { type Context, Engine, type EngineOptions, ErrorHandler, Flow, Registry, Routine } from "../../mod.ts";
import type { PostgresClient } from "../../src/stores/postgres_store.ts";

/** What handlers get to run statements by: `pg` and PGlite have a method `query`, Postgres.js and Bun `unsafe`. */
interface Connection {
  readonly query?: (text: string, values: string[]) => PromiseLike<unknown>;
  readonly unsafe?: (text: string, values: string[]) => PromiseLike<unknown>;
}

/** How many steps a job of a counting flow has. */
export const STEPS = 20;

class Counter extends Routine {
  readonly trigger = this.addSlot<{ left: number }>("trigger", this.count);
  readonly next = this.addEvent<{ left: number }>("next");

  async count({ left }: { left: number }, ctx: Context): Promise<void> {
    await ctx.transact(async (connection: Connection) => {
      const text = "UPDATE counted SET steps = steps + 1 WHERE job_id = $1";
      await (connection.query?.(text, [ctx.jobId]) ?? connection.unsafe?.(text, [ctx.jobId]));
    });
    if (left > 1) ctx.emit(this.next, { left: left - 1 });
  }
}

/** Makes a flow whose jobs count their steps in a table of the store's database, in the transactions of the steps. */
export function countingFlow(
  options: Omit<EngineOptions, "registry">,
): { readonly flow: Flow; readonly engine: Engine } {
  const registry = new Registry({ Counter });
  const engine = new Engine({ ...options, registry });
  const flow = new Flow({ id: "counting", registry, engine });
  const counter = flow.addRoutine(new Counter(), "counter");
  // Its statements fail while the server is away.
  counter.setErrorHandler(
    new ErrorHandler({ strategy: "retry", maxRetries: 1_000, retryDelayMs: 20, retryBackoff: 1 }),
  );
  flow.connect(counter.next, counter.trigger);
  return { flow, engine };
}

/** Makes the table, unless it is there, with a row for each job: no two tests have jobs of one id. */
export async function createCounts(client: PostgresClient, jobIds: readonly string[]): Promise<void> {
  // Another test may be making it.
  const make = () =>
    client.query("CREATE TABLE IF NOT EXISTS counted (job_id text PRIMARY KEY, steps integer NOT NULL)", []);
  await make().catch(make);
  for (const jobId of jobIds) await client.query("INSERT INTO counted VALUES ($1::text, 0)", [jobId]);
}

/** The counted steps of each job, in order. */
export async function readCounts(client: PostgresClient, jobIds: readonly string[]): Promise<readonly number[]> {
  const rows = await client.query("SELECT job_id, steps FROM counted", []);
  const steps = new Map(rows.map((row) => [row["job_id"], Number(row["steps"])]));
  return jobIds.map((jobId) => steps.get(jobId) ?? -1);
}

/** Waits until so many steps of the jobs are counted in all. */
export async function untilCounted(client: PostgresClient, jobIds: readonly string[], least: number): Promise<void> {
  while ((await readCounts(client, jobIds)).reduce((a, b) => a + b) < least) {
    await client.query("SELECT pg_sleep(0.01)", []);
  }
}
