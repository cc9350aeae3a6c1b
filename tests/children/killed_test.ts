import { assertEquals } from "@std/assert";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { FAMILY_WORKER, openFamily } from "../support/family_worker.ts";
import { IS_LONG } from "../support/gate_amount.ts";
import { seededRandom } from "../support/seeded_random.ts";

// Map and reduce over children, on four processes of which one after the other is killed: each child counts once.

const isDeno = "Deno" in globalThis;
const CHILDREN = IS_LONG ? 10_000 : isDeno ? 1_000 : 100;
const KILLS = IS_LONG ? 60 : isDeno ? 6 : 1;
const SEED = Number(process.env["SEED"] ?? (IS_LONG ? Date.now() % 2 ** 31 : 1));

test(
  "C449 C450 a sum over children is exact, however often four workers are killed",
  { timeout: 1_800_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "routilux-"));
    const place = join(folder, "family.db");
    const random = seededRandom(SEED);
    const workers: ChildProcess[] = [];
    const start = (index: number) => {
      workers[index] = spawn(process.execPath, [FAMILY_WORKER, place, `worker ${index}`], { stdio: "inherit" });
    };
    const database = new DatabaseSync(place);
    const { engine, flow } = openFamily(database, "starter");
    const items = Array.from({ length: CHILDREN }, (_, n) => n);
    const job = await flow.start("sum", { items }, { jobId: "job" });
    const none = await flow.start("sum", { items: [] }, { jobId: "none" });
    for (let index = 0; index < 4; index++) start(index);
    const result = job.result();
    let isOver = false;
    void result.finally(() => isOver = true).catch(() => {});
    for (let kills = 0; kills < KILLS && !isOver; kills++) {
      await new Promise((resolve) => setTimeout(resolve, 200 + random.integer(400)));
      const index = random.integer(4);
      workers[index]?.kill("SIGKILL");
      start(index);
    }
    const sum = items.reduce((sum, n) => sum + n * n, 0);
    assertEquals([await result, await none.result()], [sum, 0], `by SEED=${SEED}, see ${folder}`);
    const completed = await engine.count({ parentId: "job", status: "completed" });
    assertEquals([completed, await engine.count()], [CHILDREN, CHILDREN + 2]);
    for (const worker of workers) worker.kill("SIGKILL");
    await engine.close();
    database.close();
    rmSync(folder, { recursive: true });
  },
);
