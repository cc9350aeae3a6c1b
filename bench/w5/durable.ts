import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Context, Engine, Flow, Registry, Routine } from "@routilux/routilux";
import type { Store } from "@routilux/routilux/store";
import { fileStore } from "@routilux/routilux/stores/file";
import { memoryStore } from "@routilux/routilux/stores/memory";
import { sqliteStore, type SqliteSync } from "@routilux/routilux/stores/sqlite";
import { expectEqual, type Figures, runProgram, timeUnits } from "../harness/program.ts";
import { inPlace } from "./place.ts";

/** Steps in sequence: each is stored before the next starts. */
class Counter extends Routine {
  readonly trigger = this.addSlot("trigger", this.count);
  readonly next = this.addEvent<{ n: number }>("next");
  count({ n }: { n: number }, ctx: Context): void {
    if (n > 1) ctx.emit(this.next, { n: n - 1 });
    else ctx.shared.set("done", true);
  }
}
const registry = new Registry({ Counter });

interface Setup {
  readonly open: (folder: string) => Store;
  readonly mode?: "strict" | "relaxed";
  readonly jobs?: number;
}

function work({ open, mode = "strict", jobs = 1 }: Setup): (steps: number) => Promise<Figures> {
  return (steps) =>
    inPlace(async (folder) => {
      const store = open(folder);
      const flow = new Flow({ id: "steps", registry, engine: new Engine({ registry, store, durability: { mode } }) });
      const counter = flow.addRoutine(new Counter(), "counter");
      flow.connect(counter.next, counter.trigger);
      const each = Math.max(1, Math.floor(steps / jobs));
      const figures = await timeUnits(each * jobs, async () => {
        const all = Array.from({ length: jobs }, () => flow.run(counter.trigger, { n: each }));
        for (const job of await Promise.all(all)) expectEqual("The end", job.sharedData["done"], true);
      });
      await store.close();
      return figures;
    });
}

function sqlite(synchronous: SqliteSync): (folder: string) => Store {
  return (folder) => {
    const database = new DatabaseSync(join(folder, "jobs.db"));
    const store = sqliteStore(database, { synchronous });
    const close = async () => {
      await store.close();
      database.close();
    };
    return { ...store, close };
  };
}

await runProgram({
  memory: work({ open: () => memoryStore() }),
  normal: work({ open: sqlite("normal") }),
  full: work({ open: sqlite("full") }),
  "normal relaxed": work({ open: sqlite("normal"), mode: "relaxed" }),
  "normal 100 jobs": work({ open: sqlite("normal"), jobs: 100 }),
  "full 100 jobs": work({ open: sqlite("full"), jobs: 100 }),
  "file full": work({ open: (folder) => fileStore(folder) }),
  "file full 100 jobs": work({ open: (folder) => fileStore(folder), jobs: 100 }),
  "file none": work({ open: (folder) => fileStore(folder, { sync: "none" }) }),
});
