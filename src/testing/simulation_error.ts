import { RoutiluxError } from "../base/errors.ts";
import { formatSteps, type TraceStep } from "./trace.ts";

/** A simulation that has come to something that must not be: `seed` repeats it, `step` says where it was found. */
export class SimulationError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "SimulationError";
  /** The kind of error. */
  readonly code = "SIMULATION" as const;
  /** What repeats it, step for step, with the same flow and the same other options. */
  readonly seed: number;
  /** The step at which it was found; 0 before the first. */
  readonly step: number;
  /** All that had happened. */
  readonly trace: readonly TraceStep[];

  /** Makes the error from what must not be, and what led to it. */
  constructor(why: string, seed: number, trace: readonly TraceStep[], options?: ErrorOptions) {
    const step = trace.length;
    const last = step === 0 ? "" : `\nThe last steps were:\n${formatSteps(trace)}`;
    super(`Simulation failed with seed ${seed} at step ${step}: ${why}${last}`, options);
    this.seed = seed;
    this.step = step;
    this.trace = trace;
  }
}
