import { assertEquals } from "@std/assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { FAMILY_WORKER, openFamily } from "../support/family_worker.ts";
import { IS_LONG } from "../support/gate_amount.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { StartedProcess } from "../support/started_process.ts";

// Map and reduce over children, on four processes of which one after the other is killed: each child counts once.

const CHILDREN = IS_LONG ? 10_000 : 1_000;
const KILLS = IS_LONG ? 60 : 6;
/** How many children a worker begins, at most, before it is killed: together they are far fewer than there are. */
const MOST_BEGUN = Math.ceil(CHILDREN / KILLS / 8);
const LIMIT_MS = IS_LONG ? 1_800_000 : 180_000;
const SEED = Number(process.env["SEED"] ?? (IS_LONG ? Date.now() % 2 ** 31 : 1));

test(
  "C449 C450 a sum over children is exact, however often four workers are killed",
  { timeout: LIMIT_MS + 60_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "routilux-"));
    const place = join(folder, "family.db");
    const random = seededRandom(SEED);
    const start = (index: number) =>
      new StartedProcess({ args: [FAMILY_WORKER, place, `worker ${index}`], limitMs: LIMIT_MS });
    const database = new DatabaseSync(place);
    const { engine, flow } = openFamily(database, "starter");
    const items = Array.from({ length: CHILDREN }, (_, n) => n);
    const job = await flow.start("sum", { items }, { jobId: "job" });
    const none = await flow.start("sum", { items: [] }, { jobId: "none" });
    const workers = [0, 1, 2, 3].map(start);
    /** Waits until a worker begins its next child. */
    const begins = async (index: number) => {
      await (workers[index] ?? start(index)).line("a child that begins");
      return index;
    };
    const lines = new Map<number, Promise<number>>();
    const listen = (index: number) => {
      const line = begins(index);
      // A worker that was killed begins none.
      line.catch(() => {});
      lines.set(index, line);
    };
    try {
      const result = job.result();
      let isOver = false;
      void result.finally(() => isOver = true).catch(() => {});
      for (const index of workers.keys()) listen(index);
      let kills = 0;
      for (; kills < KILLS && !isOver; kills++) {
        // It dies while it works, just after one of them has begun a child.
        let victim = random.integer(workers.length);
        for (let begun = random.integer(MOST_BEGUN); begun >= 0 && !isOver; begun--) {
          const last = victim;
          victim = await Promise.race([...lines.values(), result.then(() => last)]);
          // The others come first next time.
          lines.delete(victim);
          listen(victim);
        }
        await workers[victim]?.end();
        workers[victim] = start(victim);
        lines.delete(victim);
        listen(victim);
      }
      const limit = workers[0] ?? start(0);
      const sum = items.reduce((sum, n) => sum + n * n, 0);
      const results = await limit.waitFor("both results", Promise.all([result, none.result()]));
      assertEquals(results, [sum, 0], `by SEED=${SEED}, see ${folder}`);
      assertEquals(kills, KILLS, "the workers were killed before all was done");
      const completed = await engine.count({ parentId: "job", status: "completed" });
      assertEquals([completed, await engine.count()], [CHILDREN, CHILDREN + 2]);
    } finally {
      for (const worker of workers) await worker.end();
      await engine.close();
      database.close();
    }
    rmSync(folder, { recursive: true });
  },
);
