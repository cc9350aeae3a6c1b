import { appendFileSync, writeSync } from "node:fs";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { type Collected, type Context, Engine, ErrorHandler, Flow, Registry, Routine } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { denoKvStore } from "../../src/stores/deno_kv_store.ts";
import { fileStore } from "../../src/stores/file_store.ts";
import { sqliteStore } from "../../src/stores/sqlite_store.ts";
import { webTimers } from "../../src/host/web_timers.ts";
import type { Timers } from "../../src/ports/timers.ts";

// A process that is killed at any instant. `STORE FOLDER EFFECTS JOB LENGTH` starts a job, or resumes it, and prints when it
// has begun to work and the job at its end. Its clock stands still, so that the end can be compared byte for byte.

/** The path of this script. */
export const KILLED_PROCESS: string = fileURLToPath(import.meta.url);

/** The number of steps of the job. */
export const STEPS = 300;

const NOON = Date.UTC(2026, 0, 1, 12);

const stores: Readonly<Record<string, (place: string) => Store | Promise<Store>>> = {
  file: (place) => fileStore(place),
  sqlite: (place) => sqliteStore(new DatabaseSync(place)),
  deno_kv: async (place) => denoKvStore(await Deno.openKv(place)),
};

/** Timers that fire when they should, by clocks that stand still. */
function standingTimers(): Timers {
  const host = webTimers();
  return { ...host, now: () => NOON, elapsed: () => 0, setTimer: (at, callback) => host.after(at - NOON, callback) };
}

function createRegistry(effects: string): Registry {
  const act = (ctx: Context) => appendFileSync(effects, `${ctx.idempotencyKey}\n`);
  /** Passes a number on, one higher each time; every tenth fails at first. */
  class Counter extends Routine {
    readonly trigger = this.addSlot("trigger", this.count);
    readonly next = this.addEvent<{ n: number }>("next");
    readonly seen = this.addEvent<{ n: number }>("seen");
    async count({ n }: { n: number }, ctx: Context): Promise<void> {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (n % 10 === 9 && ctx.attempt === 0) throw new Error(`not at first: ${n}`);
      act(ctx);
      ctx.state.update<number>("counted", (counted = 0) => counted + 1);
      if (n % 25 === 0) ctx.emit(this.seen, { n });
      if (n < STEPS) ctx.emit(this.next, { n: n + 1 }, n % 7 === 0 ? { priority: "high" } : {});
    }
  }
  /** Collects, and works in steps. */
  class Collector extends Routine {
    readonly input = this.addSlot("input", this.collect, { merge: "append" });
    async collect({ n }: { n: Collected<number> }, ctx: Context<number>): Promise<void> {
      const sum = n.toArray().reduce((a, b) => a + b, 0);
      for (let step = ctx.progress ?? 0; step < 3; step++) {
        act(ctx);
        ctx.output("step", { step, sum });
        await ctx.checkpoint(step + 1);
      }
      ctx.shared.update<number[]>("sums", (sums = []) => [...sums, sum]);
    }
  }
  return new Registry({ Counter, Collector });
}

async function work(kind: string, place: string, effects: string, jobId: string, length: number): Promise<void> {
  const store = await stores[kind]?.(place);
  if (store === undefined) throw new TypeError(`There is no store "${kind}"`);
  const registry = createRegistry(effects);
  const durability = { owner: "worker", takeOver: "at once", snapshotLength: length, maxRecoveries: Infinity } as const;
  const engine = new Engine({ registry, store, durability, timers: standingTimers() });
  const errorHandler = new ErrorHandler({ strategy: "retry", retryDelayMs: 0 });
  const flow = new Flow({ id: "killed", registry, engine, errorHandler });
  for (const [id, type] of [["counter", "Counter"], ["collector", "Collector"]] as const) {
    flow.addRoutine(new (registry.classOf(type) as new () => Routine)(), id);
  }
  flow.connect("counter", "next", "counter", "trigger");
  flow.connect("counter", "seen", "collector", "input");
  const job = flow.execute("counter", { n: 1 }, { jobId });
  await flow.waitUntil(job, () => true);
  tell("working");
  await flow.waitForCompletion(job);
  const { entries = [] } = await store.load(jobId) ?? {};
  tell(JSON.stringify({ job, steps: entries.flatMap(stepOf) }));
  await store.close();
}

/** The step that an entry commits. */
function stepOf(text: string): string[] {
  const { kind, task, step } = JSON.parse(text);
  return kind === "step" ? [`${task}/${step}`] : [];
}

function tell(line: string): void {
  writeSync(1, new TextEncoder().encode(`${line}\n`));
}

const [script = "", kind = "", place = "", effects = "", jobId = "", length = ""] = process.argv.slice(1);
if (script === KILLED_PROCESS && jobId !== "") await work(kind, place, effects, jobId, Number(length));
