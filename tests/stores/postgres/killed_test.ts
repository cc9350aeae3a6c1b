import { assertEquals } from "@std/assert";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { test } from "node:test";
import { postgresStore } from "../../../src/stores/postgres_store.ts";
import { countingFlow, createCounts, readCounts, STEPS } from "../../support/counting_flow.ts";
import { COUNTING_PROCESS } from "../../support/counting_process.ts";
import { amountOf } from "../../support/gate_amount.ts";
import { openPg } from "../../support/postgres_clients.ts";
import { addressOf, missing } from "../../support/services.ts";

const PROCESSES = 3;
const KILLS = amountOf(7, 200);
/** How many steps there are for each kill: the processes are killed while they work. */
const STEPS_PER_KILL = 20;

const address = addressOf("postgres");
const skip = address === undefined && missing("postgres");

test(
  "each step that transacts counts once, however often its processes are killed",
  { timeout: 600_000, skip },
  async () => {
    if (address === undefined) return;
    const { client, close } = openPg(address);
    const schema = `counting ${process.pid}`;
    const store = postgresStore(client, { schema });
    const { flow, engine } = countingFlow({ store });
    const jobs = Array.from(
      { length: Math.ceil(KILLS * STEPS_PER_KILL / STEPS) + PROCESSES },
      (_, index) => `${schema} ${index}`,
    );
    await createCounts(client, jobs);
    const handles = await Promise.all(jobs.map((jobId) => flow.start("counter", { left: STEPS }, { jobId })));
    const start = (): ChildProcess =>
      spawn(process.execPath, [COUNTING_PROCESS, address, schema], { stdio: ["ignore", "ignore", "inherit"] });
    const processes = Array.from({ length: PROCESSES }, start);
    try {
      for (let kill = 0; kill < KILLS; kill++) {
        while (sum(await readCounts(client, jobs)) < kill * STEPS_PER_KILL) {
          await client.query("SELECT pg_sleep(0.002)", []);
        }
        const victim = processes.shift();
        victim?.kill("SIGKILL");
        processes.push(start());
      }
      for (const handle of handles) assertEquals((await handle.ended()).status, "completed");
    } finally {
      await Promise.all(processes.map((it) => {
        it.kill("SIGKILL");
        return once(it, "close");
      }));
    }
    assertEquals(await readCounts(client, jobs), jobs.map(() => STEPS));
    await engine.close();
    await close();
  },
);

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
