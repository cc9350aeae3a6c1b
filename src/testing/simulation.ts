import { describeError } from "../values/error_data.ts";
import { Flow } from "../flow.ts";
import { JobState } from "../documents/job_state.ts";
import type { Fault } from "./faults.ts";
import { FamilyLedger } from "./family_ledger.ts";
import { SimulatedProcess, type Stage } from "./simulated_process.ts";
import { SimulationError, Trace, type TraceStep } from "./trace.ts";

/** The result of a simulation. */
export interface Simulation {
  /** The seed, which repeats the simulation step for step. */
  readonly seed: number;
  /** The job at its end. */
  readonly job: JobState;
  /** All steps, in order. */
  readonly trace: readonly TraceStep[];
  /** All faults, in order. */
  readonly faults: readonly Fault[];
  /** The number of processes that have worked on the job. */
  readonly hosts: number;
  /** The simulated time of the end, in milliseconds since 1970. */
  readonly endedAt: number;
}

/** The setup of a simulation. State that belongs to one run is made in the run. */
export interface Setup extends Omit<Stage, "trace" | "ledger"> {
  /** The seed of `random`. */
  readonly seed: number;
  /** Makes the job in the first process. */
  readonly create: (flow: Flow) => JobState;
  readonly atEnd: ((job: JobState) => void) | undefined;
}

/** The result of a simulation, with a field that only the library needs. */
export interface Run extends Simulation {
  /** Whether a handler was waiting while the clock moved. */
  readonly hasTakenTime: boolean;
}

/**
 * Runs a job to its end, from process to process.
 *
 * @throws {SimulationError} for every violation that is found, with the seed and the step
 */
export async function runSimulation(setup: Setup): Promise<Run> {
  const { seed } = setup;
  const trace = new Trace();
  try {
    return await run({ ...setup, trace, ledger: new FamilyLedger() }, setup);
  } catch (error) {
    throw new SimulationError(describeError(error).message, seed, trace.steps, { cause: error });
  }
}

async function run(stage: Stage, { seed, create, atEnd }: Setup): Promise<Run> {
  const { trace, registry } = stage;
  let getJob = create;
  let now = 0;
  let hasTakenTime = false;
  for (let hosts = 1;; hosts++) {
    const host = new SimulatedProcess(stage, hosts, now, getJob);
    const text = await host.work();
    const { job, timers } = host;
    now = timers.now() + (text === undefined ? 0 : downtime(stage));
    hasTakenTime ||= host.hasTakenTime;
    checkRoundTrip(text ?? JSON.stringify(job), stage);
    if (text === undefined) {
      trace.add({ at: now, host: hosts, type: "end", text: job.status });
      await atEnd?.(job);
      const { steps, faults } = trace;
      return { seed, job, trace: steps, faults, hosts, endedAt: now, hasTakenTime };
    }
    getJob = ({ limits }) => JobState.fromJSON(JSON.parse(text), registry, { limits });
  }
}

/** The random time until the next process starts, in milliseconds. */
function downtime({ faults, random }: Stage): number {
  return faults.downtimeMs === 0 ? 0 : random.integer(faults.downtimeMs + 1);
}

/** Checks that reading and writing a text gives the same text. */
function checkRoundTrip(text: string, { flowText, registry }: Stage): void {
  const flow = Flow.fromJSON(JSON.parse(flowText), registry);
  if (JSON.stringify(flow) !== flowText) throw new Error("the flow's text changes when it is read and written");
  const again = JSON.stringify(JobState.fromJSON(JSON.parse(text), registry, { limits: flow.limits }));
  // Unreachable: a correct library never gets here; this is the check itself.
  if (again !== text) {
    throw new Error(`the job's text changes when it is read and written\nbefore: ${text}\nafter:  ${again}`);
  }
}
