import { appendFileSync } from "node:fs";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { type Context, Engine, Flow, Registry, Routine } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { sqliteStore } from "../../src/stores/sqlite_store.ts";

// A process that works on jobs in a database until it is killed, or its input ends: version_worker.ts DATABASE EFFECTS VERSION. Its version
// of the flow is the first or the second one, to which it moves what it takes. It prints a line for each step.

/** The path of this script. */
export const VERSION_WORKER: string = fileURLToPath(import.meta.url);

/** How many steps each job has. */
export const STEPS = 25;

interface OpenVersion {
  readonly engine: Engine;
  readonly flow: Flow;
  readonly store: Store;
  readonly database: DatabaseSync;
}

/** Opens a process that has a version of the flow `counting`; each step is told with its idempotency key. */
export function openVersion(path: string, version: number, onStep: (key: string) => void = () => {}): OpenVersion {
  /** Counts up to the end, one number after the other; each is kept by its commit. */
  class Counter extends Routine {
    readonly trigger = this.addSlot("trigger", this.count);
    readonly next = this.addEvent<{ n: number }>("next");
    async count({ n }: { n: number }, ctx: Context): Promise<void> {
      onStep(ctx.idempotencyKey);
      await new Promise((resolve) => setTimeout(resolve, 2));
      ctx.shared.update<readonly number[]>("counted", (all = []) => [...all, n]);
      if (n < STEPS) ctx.emit(this.next, { n: n + 1 });
    }
  }
  /** Says that the job has come by it: in the second version. */
  class Audit extends Routine {
    readonly input = this.addSlot("input", this.note);
    note({ n }: { n: number }, ctx: Context): void {
      if (n === STEPS) ctx.output("audited", n);
    }
  }
  const registry = new Registry({ Counter, Audit });
  const database = new DatabaseSync(path);
  // Processes die, the system does not.
  const store = sqliteStore(database, { synchronous: "normal" });
  const durability = { owner: `${version}-${process.pid}`, maxRecoveries: Infinity };
  const engine = new Engine({ registry, store, durability });
  const flow = new Flow({ id: "counting", version, registry, engine });
  const counter = flow.addRoutine(new Counter(), "counter");
  flow.connect(counter.next, counter.trigger);
  if (version > 1) flow.connect(counter.next, flow.addRoutine(new Audit(), "audit").input);
  return { engine, flow, store, database };
}

if (process.argv[1] === VERSION_WORKER) {
  const [, , place = "", effects = "", version = ""] = process.argv;
  const { engine, flow } = openVersion(place, Number(version), (key) => {
    appendFileSync(effects, `${key}\n`);
    process.stdout.write("a step\n");
  });
  // With so few at a time, both versions always have some.
  engine.work({ flows: [flow], onChange: "adopt", concurrency: 2, pollMs: 50 });
  // Whoever has started it is gone.
  process.stdin.on("end", () => process.exit(1)).resume();
}
