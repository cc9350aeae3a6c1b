import { RoutiluxError } from "../base/errors.ts";
import type { Fault, FaultKind } from "./faults.ts";

/** One step of a simulation. */
export interface TraceStep {
  /** The step's number, counted from 1 over all processes. */
  readonly step: number;
  /** The simulated time, in milliseconds since 1970. */
  readonly at: number;
  /** The number of the process, counted from 1. */
  readonly host: number;
  /**
   * The kind of step: a process starts to work on the job; a handler is called, begins to wait, or has done its work; a
   * commit; the clock moves; a fault; an intended stop; the end of the job.
   */
  readonly type: "start" | "call" | "wait" | "return" | "commit" | "clock" | "fault" | "stop" | "end";
  /** A description of the step. */
  readonly text: string;
}

/** The number of last steps shown in an error. */
const SHOWN = 12;

/** All steps of a simulation, in order. */
export class Trace {
  /** The steps. */
  readonly steps: TraceStep[] = [];
  /** The faults that have occurred. */
  readonly faults: Fault[] = [];

  /** Adds a step, and returns its number. */
  add(step: Omit<TraceStep, "step">): number {
    return this.steps.push({ step: this.steps.length + 1, ...step });
  }

  /** Adds a fault. */
  addFault(kind: FaultKind, text: string, where: Pick<TraceStep, "at" | "host">): void {
    this.faults.push({ kind, step: this.add({ ...where, type: "fault", text: `${kind}: ${text}` }) });
  }
}

/** Formats the last steps, one per line. */
function formatSteps(steps: readonly TraceStep[]): string {
  return steps.slice(-SHOWN).map(({ step, at, host, type, text }) => {
    return `  ${step}. ${at} ms, host ${host}, ${type}: ${text}`;
  }).join("\n");
}

/**
 * A simulation has found a violation: `seed` repeats the run, `step` says where the violation was found.
 *
 * @see `docs/errors/SIMULATION.md`: what it means, when it comes, and what to do
 *
 * @example
 * ```ts
 * import { SimulationError } from "@routilux/routilux/testing";
 *
 * // The seed to try again, if a simulation has failed.
 * const seedOf = (error: unknown): number | undefined => error instanceof SimulationError ? error.seed : undefined;
 * seedOf(new Error("another")); // undefined
 * ```
 */
export class SimulationError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "SimulationError";
  /** The kind of error. */
  readonly code = "SIMULATION" as const;
  /** The seed, which repeats the run step for step with the same flow and options. */
  readonly seed: number;
  /** The step at which the violation was found; 0 before the first step. */
  readonly step: number;
  /** All steps up to there. */
  readonly trace: readonly TraceStep[];

  /** Makes the error from a reason and the steps so far. */
  constructor(why: string, seed: number, trace: readonly TraceStep[], options?: ErrorOptions) {
    const step = trace.length;
    const last = step === 0 ? "" : `\nThe last steps were:\n${formatSteps(trace)}`;
    super(`Simulation failed with seed ${seed} at step ${step}: ${why}${last}`, options);
    this.seed = seed;
    this.step = step;
    this.trace = trace;
  }
}
