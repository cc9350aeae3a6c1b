import type { FlowSpec } from "./flow_spec.ts";
import { type CarriedJob, type HostChain, ScriptedHost } from "./scripted_host.ts";
import type { Place, Stop } from "./job_stops.ts";
import { type RunListener, ValueListener } from "./run_listener.ts";

/** The record of a run. */
export interface MovingRun {
  /** The text of the job at the end. */
  readonly end: string;
  /** The jobs that were carried from host to host, in order. */
  readonly carried: readonly CarriedJob[];
  /** How often each place was passed. */
  readonly passed: Readonly<Record<Place, number>>;
  /** The stops that were made. */
  readonly stops: readonly Stop[];
}

/** What happens to a job during a run. */
export interface MovingRunOptions {
  /** The stops to be made, in order; those that the run is too short for are left out. */
  readonly stops?: readonly Stop[];
  /** How often the failures of the job are put back when it has ended. */
  readonly redrives?: number;
  /** Hears of everything that happens. */
  readonly listener?: RunListener;
  /** Called at each place with a function that takes a snapshot there. */
  readonly onPlace?: (carriedJob: () => CarriedJob) => void;
  /** Changes what is carried to another host. */
  readonly onMove?: (carriedJob: CarriedJob) => CarriedJob;
}

/**
 * Runs a generated flow, or continues a carried job. At each stop the job moves to another host, which has a clock, a
 * registry and a flow of its own.
 *
 * @throws {Error} when a value came to a handler as another than was sent
 */
export async function runMoving(given: FlowSpec | CarriedJob, options: MovingRunOptions = {}): Promise<MovingRun> {
  const values = new ValueListener();
  const chain: HostChain = {
    stops: [...options.stops ?? []],
    made: [],
    passed: { commit: 0, op: 0, await: 0, idle: 0, start: 0 },
    onPlace: options.onPlace,
    listener: options.listener ?? values,
  };
  const carried: CarriedJob[] = [];
  let redrives = options.redrives ?? 0;
  let host = new ScriptedHost(given, chain);
  for (;;) {
    let carriedJob = await host.work();
    const isRedrive = carriedJob === undefined && host.canRedrive && redrives-- > 0;
    if (isRedrive) carriedJob = host.carriedJob;
    if (values.mistakes.length > 0) throw new Error(values.mistakes.join("\n"));
    if (carriedJob === undefined) return { end: host.text, carried, passed: chain.passed, stops: chain.made };
    carriedJob = options.onMove?.(carriedJob) ?? carriedJob;
    carried.push(carriedJob);
    host = new ScriptedHost(carriedJob, chain, isRedrive);
  }
}
