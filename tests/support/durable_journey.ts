import { type DurabilityOptions, Engine, type Flow, type JobState, type Store } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";
import { buildFlow, type FlowSpec } from "./flow_spec.ts";
import { type Death, MortalStore } from "./mortal_store.ts";
import { NO_HOOKS, scriptedRegistry } from "./scripted_routines.ts";

/** How a job is kept while its processes die. */
export interface DurableSetup {
  /** Whether the store answers later. */
  readonly isAsync: boolean;
  /** How the engines keep jobs. */
  readonly durability: DurabilityOptions;
  /** How the process of a number dies, if it does. */
  readonly deathOf: (process: number) => Death | undefined;
}

/** What became of a job. */
export interface DurableJourney {
  /** Its text at the end, as the store has it. */
  readonly end: string;
  /** How many processes it took. */
  readonly processes: number;
  /** How often the last process wrote. */
  readonly writes: number;
}

const FOREVER = 100_000;

/** Runs a generated flow in one process after the other, each of which finds in the store what the one before left behind. */
export async function survive(spec: FlowSpec, setup: DurableSetup): Promise<DurableJourney> {
  const data = memoryStore();
  let now = 0;
  for (let process = 0; process < FOREVER; process++) {
    const store = new MortalStore(data, setup.deathOf(process), setup.isAsync);
    const timers = manualTimers(now);
    if (await work(spec, setup, store, timers)) {
      return { end: await textOf(data), processes: process + 1, writes: store.writes };
    }
    now = timers.now();
  }
  throw new Error("The job does not come to an end");
}

/** Works as one process: true when the job has ended, false when the process has died. */
async function work(spec: FlowSpec, setup: DurableSetup, store: MortalStore, timers: ManualTimers): Promise<boolean> {
  const registry = scriptedRegistry({
    ...NO_HOOKS,
    sleep: (ms) => new Promise((resolve) => void timers.setTimer(timers.now() + ms, resolve)),
  });
  const durability = { owner: "worker", ...setup.durability };
  const engine = new Engine({ timers, ids: manualIds(), registry, store, durability });
  let found: { flow: Flow; job: JobState } | undefined;
  void engine.open("job").then(({ flow, job }) => {
    if (job.status === "running") flow.resume(job);
    found = { flow, job };
  }, () => {
    const flow = buildFlow(spec, registry, engine);
    const job = flow.create("source", spec.params, { jobId: "job" });
    found = { flow, job: flow.resume(job) };
  });
  for (let rounds = 0; rounds < FOREVER; rounds++) {
    await timers.flush();
    if (store.isDead) return false;
    if (found === undefined) continue;
    const { flow, job } = found;
    if (job.status === "paused") flow.resume(job);
    else if (job.status !== "running") return true;
    else await timers.advanceToNext();
  }
  throw new Error(`The job is stuck: ${JSON.stringify(found?.job)}`);
}

async function textOf(store: Store): Promise<string> {
  const registry = scriptedRegistry();
  const { job } = await new Engine({ registry, store, timers: manualTimers() }).open("job");
  return JSON.stringify(job);
}
