import { assertEquals, assertLessOrEqual } from "@std/assert";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { IS_LONG } from "../../support/gate_amount.ts";
import { seededRandom } from "../../support/seeded_random.ts";
import { StartedProcess } from "../../support/started_process.ts";
import { openVersion, STEPS, VERSION_WORKER } from "../../support/version_worker.ts";

// Two processes on one database, of which one has the first version of a flow and the other the second one, are killed and come back with
// either version, as in a deploy that rolls forth and back.

const JOBS = IS_LONG ? 200 : 8;
const KILLS = IS_LONG ? 60 : 4;
const LIMIT_MS = IS_LONG ? 1_800_000 : 180_000;
const SEED = Number(process.env["SEED"] ?? (IS_LONG ? Date.now() % 2 ** 31 : 1));
/** How many jobs a worker has at a time. */
const AT_ONCE = 2;

test(
  "C524 C527 an old and a new version of a flow are killed and come back: each step counts once, and jobs are moved to the new one",
  { timeout: LIMIT_MS + 10_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "routilux-"));
    const [place, effects] = [join(folder, "jobs.db"), join(folder, "effects.txt")];
    const random = seededRandom(SEED);
    const start = (version: number) =>
      new StartedProcess({ args: [VERSION_WORKER, place, effects, String(version)], limitMs: LIMIT_MS });
    const { engine, flow, store, database } = openVersion(place, 1);
    const ids = Array.from({ length: JOBS }, (_, n) => `job-${n}`);
    await flow.startMany("counter", ids.map((jobId) => ({ jobId, params: { n: 1 } })));
    const workers = [start(1), start(2)];
    try {
      for (let kills = 0; kills < KILLS; kills++) {
        const at = kills % 2;
        const worker = workers[at] ?? start(1);
        // It dies while it works.
        for (let steps = 1 + random.integer(20); steps > 0; steps--) await worker.line("a step");
        await worker.end();
        // At last the new version is there alone.
        workers[at] = start(kills >= KILLS - 2 ? 2 : 1 + random.integer(2));
      }
      const [limit = start(2)] = workers;
      const jobs = await limit.waitFor("the ends", Promise.all(ids.map((id) => engine.handle(id).ended())));
      for (const { jobId, status, sharedData } of jobs) {
        assertEquals(
          [status, sharedData["counted"]],
          ["completed", Array.from({ length: STEPS }, (_, n) => n + 1)],
          jobId,
        );
      }
      const keys = readFileSync(effects, "utf8").trimEnd().split("\n");
      assertEquals(new Set(keys).size, JOBS * STEPS, "steps under other keys");
      assertLessOrEqual(keys.length - JOBS * STEPS, KILLS * AT_ONCE, "more steps again than could be cut off");
      const stored = await Promise.all(ids.map((id) => store.load(id)));
      const versions = stored.map((it) => JSON.parse(it?.flow ?? "{}").flowVersion ?? 1);
      const audited = versions.filter((_, at) => jobs[at]?.outputLog.length === 1);
      // A job that was moved just before its end has sent its last number by the first version.
      assertEquals([versions.includes(2), audited.includes(1)], [true, false]);
    } catch (error) {
      throw new Error(`By SEED=${SEED}, see ${folder}`, { cause: error });
    } finally {
      for (const worker of workers) await worker.end();
      await engine.close();
      database.close();
    }
    rmSync(folder, { recursive: true });
  },
);
