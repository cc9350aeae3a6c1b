import { writeSync } from "node:fs";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { type Context, Engine, Flow, Registry, Routine } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { sqliteStore } from "../../src/stores/sqlite_store.ts";

// A process that holds a job in a SQLite database until it is killed, or its input ends: its handler does not end, its lease runs for an hour. Its argument
// is the path of the database; it prints a line when it holds the job.

/** The path of this script. */
export const HOLDING_PROCESS: string = fileURLToPath(import.meta.url);

const HOUR_MS = 3_600_000;

/** Makes an engine with a flow of one routine, whose handler ends if it was tried before. */
export function holdingFlow(store: Store, onBegin: () => void): { readonly engine: Engine; readonly flow: Flow } {
  class Holder extends Routine {
    readonly trigger = this.addSlot("trigger", this.hold);
    async hold({ ends }: { ends?: boolean }, ctx: Context<boolean>): Promise<void> {
      const isSecond = ctx.progress === true;
      await ctx.checkpoint(true);
      onBegin();
      if (!isSecond && ends !== true) await new Promise(() => {});
    }
  }
  const registry = new Registry({ Holder });
  const engine = new Engine({ registry, store, durability: { leaseMs: HOUR_MS } });
  const flow = new Flow({ id: "holding", registry, engine });
  flow.addRoutine(new Holder(), "holder");
  return { engine, flow };
}

const [script = "", path = ""] = process.argv.slice(1);
if (script === HOLDING_PROCESS && path !== "") {
  const store = sqliteStore(new DatabaseSync(path), { synchronous: "normal" });
  const { flow } = holdingFlow(store, () => writeSync(1, new TextEncoder().encode("holding\n")));
  flow.execute("holder", {}, { jobId: "job" });
  // Whoever has started it is gone. As long as it is there, this keeps the process from ending.
  process.stdin.on("end", () => process.exit(1)).resume();
}
