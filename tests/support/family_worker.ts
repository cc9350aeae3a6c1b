import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { webTimers } from "../../src/host/web_timers.ts";
import { sqliteStore } from "../../src/stores/sqlite_store.ts";
import { FamilyProcess } from "./family_process.ts";

// A process that works on parents and children in a database until it is killed, or its input ends: family_worker.ts DATABASE NAME. It
// prints a line for each child that begins.

/** The path of this script. */
export const FAMILY_WORKER: string = fileURLToPath(import.meta.url);

/** Opens a process of the family on a database; `onChild` is called when a child begins. */
export function openFamily(
  database: DatabaseSync,
  name: string,
  onChild: () => void = () => {},
): FamilyProcess<ReturnType<typeof webTimers>> {
  const durability = { owner: name, takeOver: "at once", leaseMs: 2_000, maxRecoveries: Infinity } as const;
  // Processes die, the system does not.
  const store = sqliteStore(database, { synchronous: "normal" });
  return new FamilyProcess(webTimers(), {
    ...{ store, name: `${name}-${process.pid}`, durability },
    work(n, ctx) {
      onChild();
      ctx.result(n * n);
    },
  });
}

if (process.argv[1] === FAMILY_WORKER) {
  const [, , place = "", name = ""] = process.argv;
  const { engine } = openFamily(new DatabaseSync(place), name, () => void process.stdout.write("a child begins\n"));
  engine.work({ concurrency: 50, pollMs: 50, idleMs: 100 });
  // Whoever has started it is gone.
  process.stdin.on("end", () => process.exit(1)).resume();
}
