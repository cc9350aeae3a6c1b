import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import process from "node:process";
import { parseArgs } from "node:util";
import { Engine, Flow, Registry, Routine } from "../../mod.ts";
import { sqliteStore } from "../../src/stores/sqlite_store.ts";
import { percentiles, print, round } from "../fleet/measured.ts";

// How late timers are while an engine takes over the jobs of one that has left them, on SQLite:
//   node bench/w10/main.ts [--jobs 20000] [--rounds 3]
// Durable steps of 200 jobs at once in one process, on PostgreSQL and beside others, are those of W8 with one worker:
//   node bench/w8/main.ts --workers 1 --jobs 200 --steps 200 --concurrency 200 --echoes 0 --idle 0

const { values } = parseArgs({
  options: { jobs: { type: "string", default: "20000" }, rounds: { type: "string", default: "3" } },
});
const [jobs, rounds] = [Number(values.jobs), Number(values.rounds)];
/** How often a timer is looked at, in milliseconds. */
const EVERY_MS = 5;

class Work extends Routine {
  readonly trigger = this.addSlot("trigger", this.work);

  work(): void {}
}

function openEngine(path: string): { readonly engine: Engine; readonly flow: Flow } {
  const registry = new Registry({ Work });
  const engine = new Engine({ registry, store: sqliteStore(new DatabaseSync(path), { synchronous: "normal" }) });
  const flow = new Flow({ id: "work", registry, engine });
  flow.addRoutine(new Work(), "work");
  return { engine, flow };
}

for (let turn = 0; turn < rounds; turn++) {
  const folder = mkdtempSync(join(tmpdir(), "routilux-bench-"));
  const path = join(folder, "jobs.db");
  const before = openEngine(path);
  for (let n = 0; n < jobs; n += 1_000) {
    await before.flow.startMany("work", Array.from({ length: 1_000 }, () => ({ params: {} })));
  }
  await before.engine.close();
  const { engine } = openEngine(path);
  const late: number[] = [];
  let due = performance.now() + EVERY_MS;
  const stop = setInterval(() => {
    late.push(Math.max(0, performance.now() - due));
    due = performance.now() + EVERY_MS;
  }, EVERY_MS);
  const [begin, cpu] = [performance.now(), process.cpuUsage()];
  await engine.recover();
  while (await engine.count({ status: "completed" }) < jobs) await new Promise((resolve) => setTimeout(resolve, 20));
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(stop);
  print("routilux", {
    recovered: jobs,
    seconds: round((performance.now() - begin) / 1_000),
    cpuSeconds: round((user + system) / 1e6),
    timersLateMs: { ...percentiles(late), most: round(Math.max(...late)) },
  });
  await engine.close();
  rmSync(folder, { recursive: true });
}
