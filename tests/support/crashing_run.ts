import { type DurabilityOptions, Engine, type Flow, type JobState } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";
import { buildFlow, type FlowSpec, jobOptions, propagate } from "./flow_spec.ts";
import { type Crash, CrashingStore } from "./crashing_store.ts";
import { chooseFailures, type Redrive } from "./scripted_host.ts";
import { NO_HOOKS, scriptedRegistry } from "./scripted_routines.ts";

/** The store options of the run, and the crashes of its processes. */
export interface CrashingRunOptions {
  /** Whether the store answers asynchronously. */
  readonly isAsync: boolean;
  /** The durability options of the engines. */
  readonly durability: DurabilityOptions;
  /** How its failures are put back when the job has ended, if they are: once, whoever dies meanwhile. */
  readonly redrive?: Redrive | undefined;
  /** The crash of the process of this number, if it is to die. */
  readonly deathOf: (process: number) => Crash | undefined;
}

/** The result of a run. */
export interface CrashingRun {
  /** The job's text at the end, as the store holds it. */
  readonly end: string;
  /** The number of processes that the job took. */
  readonly processes: number;
  /** The number of writes of the last process. */
  readonly writes: number;
}

const FOREVER = 100_000;
/** For jobs that are read only. */
const READER = scriptedRegistry();

/** Runs a generated flow in one process after the other; each recovers the job from the store that the previous one used. */
export async function runWithCrashes(spec: FlowSpec, setup: CrashingRunOptions): Promise<CrashingRun> {
  const data = memoryStore();
  let now = 0;
  for (let process = 0; process < FOREVER; process++) {
    const store = new CrashingStore(data, setup.deathOf(process), setup.isAsync);
    const timers = manualTimers(now);
    if (await work(spec, setup, store, timers, process)) {
      return { end: await textOf(data), processes: process + 1, writes: store.writes };
    }
    now = timers.now();
  }
  throw new Error("The job does not come to an end");
}

/** Works as one process; answers true when the job has ended, false when the process has died. */
async function work(
  spec: FlowSpec,
  setup: CrashingRunOptions,
  store: CrashingStore,
  timers: ManualTimers,
  process: number,
): Promise<boolean> {
  const registry = scriptedRegistry({
    ...NO_HOOKS,
    sleep: (ms) => new Promise((resolve) => void timers.setTimer(timers.now() + ms, resolve)),
  });
  const durability = { owner: "worker", takeOver: "at once", ...setup.durability } as const;
  const { redrive } = setup;
  const engine = new Engine({ timers, ids: manualIds(`${process}`), registry, store, durability, propagate });
  let found: { flow: Flow; job: JobState } | undefined;
  /** Whether nothing is asked of the job any more. */
  let isOver = redrive === undefined;
  let isAsking = false;
  const ask = async () => {
    isAsking = true;
    if (redrive === undefined || !await putBack(engine, redrive)) isOver = true;
    const { jobs: [taken] } = await engine.recover();
    if (taken === undefined) found = await engine.open("job");
    else found = taken;
    isAsking = false;
  };
  void engine.open("job").then(({ flow, job }) => {
    if (job.status === "running") flow.resume(job);
    found = { flow, job };
  }, () => {
    const flow = buildFlow(spec, registry, engine);
    const job = flow.create("source", spec.params, jobOptions(spec));
    found = { flow, job: flow.resume(job) };
  });
  for (let rounds = 0; rounds < FOREVER; rounds++) {
    await timers.flush();
    if (store.isDead) return false;
    if (found === undefined) continue;
    const { flow, job } = found;
    if (job.status === "paused") flow.resume(job);
    else if (job.status === "running") await timers.advanceToNext();
    else if (isOver) return true;
    else if (!isAsking) void ask();
  }
  throw new Error(`The job is stuck: ${JSON.stringify(found?.job)}`);
}

/** Puts failures of the job back, unless that was asked before. Returns false when it was carried out before, or there are none. */
async function putBack(engine: Engine, redrive: Redrive): Promise<boolean> {
  const handle = engine.handle("job");
  const outcome = await handle.command("redrive");
  if (outcome !== undefined) return outcome.status === "stored";
  const job = await handle.read();
  if (job.failures.length === 0 || job.error?.code === "STEP_LIMIT") return false;
  await handle.redrive({ key: "redrive", failures: chooseFailures(job, redrive, Infinity) });
  return true;
}

async function textOf(store: Store): Promise<string> {
  const { job } = await new Engine({ registry: READER, store, timers: manualTimers() }).open("job");
  return JSON.stringify(job);
}
