import type { FlowSpec } from "./flow_spec.ts";
import { type CarriedJob, type HostChain, type Redrive, ScriptedHost } from "./scripted_host.ts";
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
  /** Which failures were put back, each time. */
  readonly redriven: readonly Redrive[];
}

/** The last redrive, the one before, and so on. */
const REDRIVES: readonly Redrive[] = ["all", "first"];

/** What happens to a job during a run. */
export interface MovingRunOptions {
  /** The stops to be made, in order; those that the run is too short for are left out. */
  readonly stops?: readonly Stop[];
  /** How often failures of the job are put back when it has ended: at last all, before only the first, and before one with another item. */
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
  const redriven: Redrive[] = [];
  let redrives = options.redrives ?? 0;
  let host = new ScriptedHost(given, chain);
  for (;;) {
    let carriedJob = await host.work();
    let redrive: Redrive | undefined;
    if (carriedJob === undefined && host.canRedrive && redrives > 0) {
      redrive = REDRIVES[--redrives] ?? "changed";
      redriven.push(redrive);
      carriedJob = host.carriedJob;
    }
    if (values.mistakes.length > 0) throw new Error(values.mistakes.join("\n"));
    if (carriedJob === undefined) return { end: host.text, carried, passed: chain.passed, stops: chain.made, redriven };
    carriedJob = options.onMove?.(carriedJob) ?? carriedJob;
    carried.push(carriedJob);
    host = new ScriptedHost(carriedJob, chain, redrive);
  }
}
