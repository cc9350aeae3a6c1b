import { DatabaseSync } from "node:sqlite";
import { type Context, Engine, ErrorHandler, Flow, type JobState, Registry, Routine } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { sqliteStore } from "../../src/stores/sqlite_store.ts";
import { manualIds, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";
import { NOW } from "./run_command.ts";

/** Asks for an answer, and works on three items; one that is odd fails. */
class Office extends Routine {
  readonly trigger = this.addSlot("trigger", this.begin);
  readonly item = this.addSlot("item", this.work);
  readonly answer = this.addSlot("answer", this.end);
  readonly output = this.addEvent<{ n: number }>("output");
  begin({ items = 2, asks = true }: { items?: number; asks?: boolean }, ctx: Context): void {
    for (let n = 0; n < items; n++) ctx.emit(this.output, { n: n * 2 });
    if (asks) ctx.expect(this.answer);
  }
  work({ n }: { n: number }, ctx: Context): void {
    if (n % 2 === 1) throw new RangeError(`no ${n}`);
    ctx.shared.update("sum", (sum: number = 0) => sum + n);
    ctx.output("worked", n);
  }
  end({ n }: { n?: number }, ctx: Context): void {
    if (n !== undefined) ctx.emit(this.output, { n });
    ctx.output("answered", n ?? "nothing");
  }
}

/** An engine with jobs of an office in a store. */
export interface SampleEngine {
  readonly engine: Engine;
  readonly timers: ManualTimers;
  readonly flow: Flow;
  /** Starts a job, and lets it work until it only waits. */
  start(jobId: string, params?: { items?: number; asks?: boolean }, options?: StartLabels): Promise<void>;
  /** Takes what is due, and lets it work until it only waits or has ended. */
  recover(): Promise<readonly JobState[]>;
}

interface StartLabels {
  readonly queue?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** Makes an engine with a store. */
export function sampleEngine(store: Store, now: number = NOW): SampleEngine {
  const registry = new Registry({ Office });
  const timers = manualTimers(now);
  const engine = new Engine({ store, registry, timers, ids: manualIds(`at ${now} `) });
  const flow = new Flow({ id: "office", registry, engine });
  const office = flow.addRoutine(new Office(), "office");
  office.setErrorHandler(new ErrorHandler({ strategy: "stop" }));
  flow.connect(office.output, office.item);
  const recover = async () => {
    const { errors, jobs } = await engine.recover();
    if (errors[0] !== undefined) throw errors[0].error;
    for (const { flow, job } of jobs) await flow.settle(job);
    return jobs.map(({ job }) => job);
  };
  const start: SampleEngine["start"] = async (jobId, params = {}, options = {}) => {
    await flow.start(office.trigger, params, { jobId, ...options });
    await recover();
  };
  return { engine, timers, flow, start, recover };
}

/** Makes a SQLite store with jobs, and gives it back: nobody has them any more. */
export async function makeStore(path: string, make: (sample: SampleEngine) => Promise<void>): Promise<void> {
  await inStore(path, async (store) => {
    const sample = sampleEngine(store);
    await make(sample);
    await sample.engine.shutdown({ drain: false });
  });
}

/** Uses a SQLite store, and closes it. */
export async function inStore<T>(path: string, use: (store: Store) => Promise<T>): Promise<T> {
  const database = new DatabaseSync(path);
  const store = sqliteStore(database, { synchronous: "normal" });
  try {
    return await use(store);
  } finally {
    await store.close();
    database.close();
  }
}
