import { assertEquals } from "@std/assert";
import process from "node:process";
import { after, test } from "node:test";
import { postgresStore } from "../../../src/stores/postgres_store.ts";
import { countingFlow, createCounts, readCounts, STEPS, untilCounted } from "../../support/counting_flow.ts";
import { COUNTING_PROCESS } from "../../support/counting_process.ts";
import { IS_LONG } from "../../support/gate_amount.ts";
import { openPg } from "../../support/postgres_clients.ts";
import { PostgresServer } from "../../support/postgres_server.ts";
import { addressOf, missing } from "../../support/services.ts";
import { StartedProcess } from "../../support/started_process.ts";
import { withTimeLimit } from "../../support/time_limit.ts";

const PROCESSES = 3;
const KILLS = IS_LONG ? 200 : 7;
/** How many steps there are for each kill: the processes are killed while they work. */
const STEPS_PER_KILL = 20;

const LIMIT_MS = IS_LONG ? 1_800_000 : 180_000;

/** In the long run the server is killed, too, with every so many of its workers: one that no other test uses. */
const KILLS_PER_SERVER = 10;

const server = IS_LONG ? await PostgresServer.start() : undefined;
after(() => server?.stop());
const address = server?.url ?? addressOf("postgres");
const skip = address === undefined && missing("postgres");

test(
  "each step that transacts counts once, however often its processes are killed",
  { timeout: LIMIT_MS + 60_000, skip },
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
    const start = () => new StartedProcess({ args: [COUNTING_PROCESS, address, schema], limitMs: LIMIT_MS });
    const processes = Array.from({ length: PROCESSES }, start);
    try {
      await withTimeLimit(async (limit) => {
        for (let kill = 0; kill < KILLS; kill++) {
          const least = kill * STEPS_PER_KILL;
          await limit.waitFor(`${least} steps`, untilCounted(client, jobs, least));
          await processes.shift()?.end();
          processes.push(start());
          if (server !== undefined && kill % KILLS_PER_SERVER === KILLS_PER_SERVER - 1) {
            server.kill();
            await limit.waitFor("the server", server.restart());
          }
        }
        for (const handle of handles) {
          const { status } = await limit.waitFor(`the end of ${handle.jobId}`, handle.ended());
          assertEquals(status, "completed");
        }
      }, LIMIT_MS);
      assertEquals(await readCounts(client, jobs), jobs.map(() => STEPS));
    } finally {
      for (const it of processes) await it.end();
      await engine.close();
      await close();
    }
  },
);
