import { Engine, type Flow, type JobState, type Registrable, type Routine } from "../../mod.ts";
import { manualEntropy, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";
import { moveJob, trialFlow, type TrialItem } from "./trial.ts";

/** A run that is repeated with stops. */
export interface StoppedRun {
  /** Makes the routine under trial anew. */
  readonly make: () => Routine<object>;
  /** What it gets. */
  readonly items: readonly TrialItem[];
  /** The events that are received. */
  readonly events?: readonly string[];
  /** What its functions and classes are called. */
  readonly registry?: Readonly<Record<string, Registrable>>;
}

/** How a host lets go of a job: by a pause, or by a snapshot of the live job, whose own line is forgotten. */
export type LettingGo = "pause" | "snapshot";

/** A run to the end. */
export interface Run {
  /** The text of the job at the end. */
  readonly end: string;
  /** How many commits each host has seen. */
  readonly commits: readonly number[];
}

interface Host {
  readonly flow: Flow;
  readonly job: JobState;
  readonly timers: ManualTimers;
}

/** Runs from host to host, each made anew from text; each stops after that many commits, or never. */
export async function runWithStops(
  run: StoppedRun,
  stopAfter: (host: number) => number | undefined,
  how: LettingGo,
): Promise<Run> {
  const commits: number[] = [];
  let host = begin(run);
  for (let index = 0;; index++) {
    const work = await workUntil(host, stopAfter(index), how);
    commits.push(work.commits);
    if (work.text === undefined) return { end: JSON.stringify(host.job), commits };
    host = moveJob(work.text, host.timers.now(), run);
  }
}

function begin({ make, items, events, registry }: StoppedRun): Host {
  const timers = manualTimers();
  const engine = new Engine({ timers, entropy: manualEntropy() });
  const flow = trialFlow(make(), engine, {
    ...(events === undefined ? {} : { events }),
    ...(registry === undefined ? {} : { registry }),
  });
  return { flow, job: flow.create("feed", { items }, { jobId: "job" }), timers };
}

async function workUntil(
  { flow, job, timers }: Host,
  stopAfter: number | undefined,
  how: LettingGo,
): Promise<{ readonly text: string | undefined; readonly commits: number }> {
  let commits = -1;
  let text: string | undefined;
  flow.resume(job);
  void flow.waitUntil(job, () => {
    if (++commits !== stopAfter || job.status !== "running") return false;
    if (how === "pause") void flow.pause(job);
    else text = JSON.stringify({ flow, job });
    return false;
  });
  do {
    await timers.flush();
    if (text !== undefined) {
      if (job.status === "running") flow.cancel(job);
      return { text, commits };
    }
    if (job.status === "paused") return { text: JSON.stringify({ flow, job }), commits };
  } while (job.status === "running" && await timers.advanceToNext());
  return { text: undefined, commits };
}
